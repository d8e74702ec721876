"""Sweeps as they run: the same table from any executor, nothing done twice, whatever is killed."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pytest
import sweep_work
from small_runs import TINY, compiled
from sweep_work import bits, deadly, in_threads, killed_once, made_up, text

from neurochip.cli.sweep import happened
from neurochip.config.preset_files import presets_folder
from neurochip.errors import CheckpointError, ConfigError, DataError, NeurochipError
from neurochip.experiment import execute, load, price
from neurochip.sweep import Outcome, Planner, Store, dask, given, processes, run_sweep
from neurochip.sweep.plan import task_of
from neurochip.sweep.pool import AHEAD
from neurochip.sweep.work import run_point

BATCH = "  batch: {keys: [experiment.batch], low: 1, high: 40, step: 1}"
SMALL = ("hardware.mesh.rows=1", "hardware.mesh.cols=1", "experiment.epochs=1")
CROSSBAR = "  crossbar: {keys: [hardware.crossbar.rows, hardware.crossbar.cols], values: [4, 16, 64]}"


def written(tmp_path: Path, *lines: str, **keys: Any) -> Path:
    path = tmp_path / "sweep.yaml"
    path.write_text(text("axes:", *lines, **keys), encoding="utf-8")
    return path


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """A sweep of four real settings, one of which does not fit, with two seeds."""
    sets = (*TINY, *SMALL)
    return written(
        tmp_path, bits("[4, 8]"), CROSSBAR.replace("4, 16, 64", "4, 16"), "seeds: [0, 1]", sets=sets
    )


def tables(folder: Path) -> dict[str, bytes]:
    """Without the hidden temporary file that a killed process may leave behind."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("[!.]*.csv"))}


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "table.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def finished(folder: Path) -> set[str]:
    return {path.stem for path in (folder / "store").glob("??/*.json") if not path.name.startswith(".")}


# --- the same table -----------------------------------------------------------------------------------------


@compiled
def test_one_worker_two_workers_and_a_dask_cluster_give_the_same_table(real: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with processes(1) as pool:
        run_sweep(real, tmp_path / "one", pool)
    with processes(2) as pool:
        two = run_sweep(real, tmp_path / "two", pool)
    with dask("local", 2) as pool:
        assert (pool.workers, pool.threads) == (2, max(1, two.account["threads"]))
        cluster = run_sweep(real, tmp_path / "cluster", pool)
    assert tables(tmp_path / "one") == tables(tmp_path / "two") == tables(tmp_path / "cluster")
    for outcome in (two, cluster):
        assert outcome.account["statuses"] == {"ok": 4, "does_not_fit": 4}
        assert (outcome.account["ran"], outcome.account["found"]) == (8, 0)
        assert (outcome.account["lost"], outcome.account["restarts"]) == ([], 0)
    assert "Dask cluster" in cluster.account["where"]
    assert len({result["pid"] for result in stored(tmp_path / "two")}) == 2


def stored(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in (folder / "store").glob("??/*.json")]


@compiled
def test_what_has_no_price_says_so_and_keeps_the_rest(tmp_path: Path) -> None:
    table = (presets_folder("energy") / "digital_28nm.yaml").read_text(encoding="utf-8")
    start = table.index("  synaptic_ops:")
    rest = re.search(r"^  \w+:", table[start + 3 :], re.MULTILINE)
    assert rest is not None
    lacking = tmp_path / "lacking.yaml"
    lacking.write_text(table[:start] + table[start + 3 + rest.start() :], encoding="utf-8")
    axis = f"  prices: {{keys: [hardware.prices], values: [digital_28nm, {lacking}]}}"
    path = written(tmp_path, axis, sets=(*TINY, *SMALL))
    outcome = in_threads(path, tmp_path / "out", run_point)
    priced, other = rows_of(tmp_path / "out")
    assert (priced["status"], other["status"]) == ("ok", "not_priced")
    assert "actions.synaptic_ops is missing: this run counted it, and it has no price" in other["reason"]
    empty = {"training_energy_nj", "inference_energy_nj", "training_latency_us", "memory_bits", "area_mm2"}
    assert all(other[name] == "" != priced[name] for name in empty)
    assert other["weights_sha256"] == priced["weights_sha256"]
    assert other["test_accuracy"] == priced["test_accuracy"]
    assert [outcome.means[index]["status"] for index in outcome.best] == ["ok"]
    again = in_threads(path, tmp_path / "out", run_point, resume=True)
    assert (again.account["ran"], again.account["found"]) == (0, 2)


@compiled
def test_a_row_is_that_of_a_run_with_the_same_configuration(real: Path, tmp_path: Path) -> None:
    outcome = in_threads(real, tmp_path / "out", run_point)
    row = rows_of(tmp_path / "out")[6]
    assert (row["weight_bits"], row["crossbar"], row["seed"], row["status"]) == ("8", "16", "0", "ok")
    sets = [*TINY, *SMALL, "hardware.crossbar.rows=16", "hardware.crossbar.cols=16"]
    record = execute(load("digits_ep", sets=sets, seed=0), threads=2)
    assert row["weights_sha256"] == record["weights_sha256"]
    assert float(row["test_accuracy"]) == record["epochs"][-1]["test_accuracy"]
    total = record["counts"]["training"]["total"]
    assert float(row["training_synaptic_ops"]) == total["synaptic_ops"] / 60
    assert float(row["used_crossbars"]) == record["placement"]["crossbars"][0] / 8
    assert int(row["synapse_bits"]) == (64 * 8 + 8 * 10) * (8 + 16)
    cost = price(record)
    for part in ("training", "inference"):
        energy, time = cost[part]["energy_pj"]["per_sample"], cost[part]["time"]
        assert 0 < float(row[f"{part}_energy_nj"]) == pytest.approx(energy / 1e3)
        assert 0 < float(row[f"{part}_latency_us"]) == pytest.approx(time["latency_ns"] / 1e3)
        assert float(row[f"{part}_busy"]) == pytest.approx(time["utilisation"][time["critical_core"]])
    roles = cost["memory"]["roles"].values()
    assert int(row["memory_bits"]) == sum(role["used_bits"] for role in roles)
    assert int(row["core_memory_bits"]) == max(map(sum, zip(*(role["cores"] for role in roles), strict=True)))
    assert 0 < float(row["used_memory"]) < 1
    assert 0 < float(row["area_mm2"]) == pytest.approx(sum(part["area_mm2"] for part in cost["area"]))
    refused = rows_of(tmp_path / "out")[0]
    assert refused["status"] == "does_not_fit"
    assert "needs 38 crossbars of 4x4 but the chip has 8" in refused["reason"]
    assert refused["test_accuracy"] == ""
    assert outcome.account["statuses"] == {"does_not_fit": 4, "ok": 4}


def test_threads_in_each_worker_leave_no_core_with_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurochip.sweep.pool.cores", lambda: 8)
    for workers, threads in ((None, 1), (1, 8), (2, 4), (3, 2), (16, 1)):
        with processes(workers) as pool:
            assert (pool.workers, pool.threads) == (workers or 8, threads)
    with pytest.raises(NeurochipError, match=r"workers must be 1\.\.1024, not 0"), processes(0):
        pass
    with pytest.raises(NeurochipError, match=r"threads must be 1\.\.1024, not 0"), processes(1, 0):
        pass


def test_what_is_no_address_of_a_cluster_is_refused_at_once() -> None:
    pytest.importorskip("distributed")
    message = r"must be local or an address such as .*, not 'nonsense'"
    with pytest.raises(NeurochipError, match=message), dask("nonsense"):
        pass
    with pytest.raises(NeurochipError, match=r"threads must be 1\.\.1024, not -1"), dask("local", 1, -1):
        pass


def test_kernels_are_compiled_once_for_each_set_of_registers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a point that fits: the first of each set does not."""
    tried: list[tuple[int, int]] = []

    def warmed(task: Any) -> bool:
        chip = task["hardware"]
        tried.append((chip["registers"]["weight"]["bits"], chip["crossbar"]["rows"]))
        return tried[-1][1] > 4

    monkeypatch.setattr("neurochip.sweep.drive.warm_up", warmed)
    monkeypatch.setattr("neurochip.sweep.drive.run_point", made_up)
    in_threads(written(tmp_path, bits("[4, 8]"), CROSSBAR), tmp_path / "out")
    assert tried == [(4, 4), (4, 16), (8, 4), (8, 16)]


def test_kernels_of_other_cells_are_compiled_before_workers_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def warmed(task: Any) -> bool:
        tried.append(task["hardware"]["crossbar"]["device"])
        return True

    monkeypatch.setattr("neurochip.sweep.drive.warm_up", warmed)
    monkeypatch.setattr("neurochip.sweep.drive.run_point", made_up)
    lists = [
        "  chip: {keys: [experiment.hardware], values: [digital_28nm, rram_crossbar]}",
        "  batch: {keys: [experiment.batch], values: [5, 10]}",
    ]
    in_threads(written(tmp_path, *lists), tmp_path / "out")
    assert tried == ["sram", "resistive"]


def test_kernels_of_convolutions_are_compiled_before_workers_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[list[str]] = []

    def warmed(task: Any) -> bool:
        tried.append([layer["kind"] for layer in task["experiment"]["network"]["layers"]])
        return True

    monkeypatch.setattr("neurochip.sweep.drive.warm_up", warmed)
    monkeypatch.setattr("neurochip.sweep.drive.run_point", made_up)
    first = "[{kind: dense, units: 8}, {kind: dense, units: 10}]"
    second = "[{kind: conv, channels: 2, kernel: 3}, {kind: dense, units: 10}]"
    lists = [
        f"  layers: {{keys: [experiment.network.layers], values: [{first}, {second}]}}",
        "  batch: {keys: [experiment.batch], values: [5, 10]}",
    ]
    in_threads(written(tmp_path, *lists), tmp_path / "out")
    assert tried == [["dense", "dense"], ["conv", "dense"]]


# --- nothing twice ------------------------------------------------------------------------------------------


def test_finished_points_are_found_also_by_another_sweep(tmp_path: Path) -> None:
    store = tmp_path / "shared"
    first = in_threads(written(tmp_path, bits("[4, 6]"), "seeds: [0, 1]"), tmp_path / "a", store=store)
    assert (first.account["found"], first.account["ran"]) == (0, 4)
    more = written(tmp_path, bits("[6, 8]"), "seeds: [1, 2]", name="other")
    second = in_threads(more, tmp_path / "b", store=store)
    assert (second.account["found"], second.account["ran"]) == (1, 3)
    again = in_threads(more, tmp_path / "b", store=store, resume=True)
    assert (again.account["found"], again.account["ran"]) == (4, 0)
    assert again.table == second.table


def test_a_folder_with_a_sweep_is_taken(tmp_path: Path) -> None:
    path = written(tmp_path, bits("[4, 6]"))
    in_threads(path, tmp_path / "a")
    with pytest.raises(
        CheckpointError, match=r"a already holds a sweep: resume it \(--resume\), or name anot"
    ):
        in_threads(path, tmp_path / "a")
    with pytest.raises(CheckpointError, match=r"sweep\.yaml is a file"):
        in_threads(path, path)
    before = (tmp_path / "a" / "table.csv").read_bytes()
    other = written(tmp_path, bits("[8]"), name="other")
    with pytest.raises(CheckpointError, match=r"a holds the sweep 'small', not 'other': name another folder"):
        in_threads(other, tmp_path / "a", resume=True)
    assert (tmp_path / "a" / "table.csv").read_bytes() == before


def test_a_result_of_the_wrong_kind_is_a_damaged_point(tmp_path: Path) -> None:
    path = written(tmp_path, bits("[4, 6]"))
    first = in_threads(path, tmp_path / "a")
    file = min((tmp_path / "a" / "store").rglob("*.json"))
    for name in ("row", "reason"):
        text = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps({**text, name: 3}), encoding="utf-8")
        second = in_threads(path, tmp_path / "a", resume=True)
        assert (second.account["damaged"], second.account["ran"]) == ([file.name], 1)
        assert second.table == first.table


@pytest.mark.parametrize("wrong", ["", "{", "[]", '{"format": "neurochip point 1"}', "\0" * 99])
def test_a_damaged_point_is_run_again_and_the_account_says_so(wrong: str, tmp_path: Path) -> None:
    path = written(tmp_path, bits("[4, 6]"))
    first = in_threads(path, tmp_path / "a")
    file = next((tmp_path / "a" / "store").glob("??/*.json"))
    file.write_text(wrong, encoding="utf-8")
    second = in_threads(path, tmp_path / "a", resume=True)
    assert (second.account["found"], second.account["ran"]) == (1, 1)
    assert second.account["damaged"] == [file.name]
    assert second.table == first.table
    assert ("damaged", "1 file of the store, run again") in happened(second.account)


def test_a_stores_file_is_moved_to_another_name_in_vain(tmp_path: Path) -> None:
    in_threads(written(tmp_path, bits("[4, 6]")), tmp_path / "a")
    store = Store(tmp_path / "a" / "store")
    one, other = sorted((tmp_path / "a" / "store").glob("??/*.json"))
    shutil.copy(one, other)
    assert store.get(one.stem) is not None
    assert store.get(other.stem) is None


def test_ten_thousand_points_with_one_missing_run_one(tmp_path: Path) -> None:
    """Small here; benchmarks/sweep.py measures ten thousand."""
    path = written(tmp_path, BATCH, "seeds: [0, 1, 2, 3, 4]")
    first = in_threads(path, tmp_path / "a")
    assert first.account["ran"] == 200
    next((tmp_path / "a" / "store").glob("??/*.json")).unlink()
    ran: list[str] = []

    def counted(task: Any) -> Any:
        ran.append(task["key"])
        return made_up(task)

    second = in_threads(path, tmp_path / "a", counted, resume=True)
    assert (second.account["found"], len(ran)) == (199, 1)
    assert second.table == first.table


# --- what is killed -----------------------------------------------------------------------------------------

KILLS = 20


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
def test_killed_twenty_times_and_resumed_it_is_as_if_nothing_had_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, log = written(tmp_path, BATCH, "seeds: [0, 1, 2]"), tmp_path / "log"
    undisturbed = in_threads(path, tmp_path / "calm")
    draw, out = random.Random(5), tmp_path / "killed"
    context = multiprocessing.get_context("fork")  # quick: nothing is imported again
    began: list[str] = []
    for _ in range(KILLS):
        before, goal = finished(out), len(finished(out)) + draw.randint(0, 5)
        process = context.Process(target=sweep_work.child, args=(str(path), str(out), str(log)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on forking beside threads: these do nothing
            process.start()
        while len(finished(out)) < goal:
            time.sleep(0.001)
        time.sleep(draw.uniform(0, 0.02))
        assert process.is_alive(), "it ended before it was killed"
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        lines = log.read_text(encoding="utf-8").split() if log.exists() else []
        assert not before.intersection(lines[len(began) :])
        began = lines
    assert len(finished(out)) < len(undisturbed.table.rows)
    monkeypatch.setenv("SWEEP_LOG", str(log))
    end = in_threads(path, out, sweep_work.slow, resume=True)
    assert end.table == undisturbed.table
    assert tables(out) == tables(tmp_path / "calm")
    # What had begun in vain at a kill: two points in each of two threads.
    runs = len(log.read_text(encoding="utf-8").split())
    assert len(undisturbed.table.rows) <= runs <= len(undisturbed.table.rows) + 2 * AHEAD * KILLS


@compiled
@pytest.mark.slow
def test_the_command_killed_twenty_times(tmp_path: Path) -> None:
    """The same with real runs in two processes: workers end with their parent, points are whole or absent."""
    path = written(tmp_path, BATCH.replace("40", "20"), bits("[4, 8]"), sets=(*TINY, *SMALL))
    out, draw = tmp_path / "out", random.Random(7)
    words = [
        sys.executable,
        "-c",
        "from neurochip.cli import main; main()",
        "sweep",
        str(path),
        "--workers",
        "2",
    ]
    kills = 0
    for _ in range(KILLS):
        before = {file: (out / "store").stat().st_mtime_ns for file in finished(out)}
        with subprocess.Popen([*words, "--out", str(out), "--resume"], stdout=subprocess.DEVNULL) as process:
            time.sleep(draw.uniform(1.5, 5))
            kills += process.poll() is None
            process.kill()
        assert before.keys() <= finished(out)
    assert kills
    left = out / f".table.{'0' * 32}.csv"  # as a kill in the moment of writing leaves it
    left.write_text("half", encoding="utf-8")
    os.utime(left, (0, 0))
    subprocess.run([*words, "--out", str(out), "--resume"], check=True, stdout=subprocess.DEVNULL)
    assert not left.exists()
    subprocess.run([*words, "--out", str(tmp_path / "calm")], check=True, stdout=subprocess.DEVNULL)
    assert tables(out) == tables(tmp_path / "calm")


def test_a_worker_is_killed_and_its_points_run_elsewhere(tmp_path: Path) -> None:
    path = written(tmp_path, bits("[4, 6, 8, 10]"), "seeds: [0, 1]")
    calm = in_threads(path, tmp_path / "calm")
    with processes(2) as pool:
        outcome = run_sweep(path, tmp_path / "out", pool, work=killed_once, data_dir=tmp_path)
    account = outcome.account
    assert outcome.table == calm.table
    assert account["restarts"] == 1
    assert account["lost"]
    assert not any(it["given_up"] for it in account["lost"])
    assert account["ran"] == 8
    words = dict(happened(account))["lost"]
    assert words.startswith("1 time a worker was killed and the workers started anew; ")
    assert words.endswith("in flight or waiting there ran again")


def test_a_point_that_ends_its_worker_is_given_up_and_the_others_are_not(tmp_path: Path) -> None:
    path = written(tmp_path, bits("[4, 6, 8]"), "seeds: [0, 1]")
    with processes(2) as pool:
        outcome = run_sweep(path, tmp_path / "out", pool, work=deadly)
    assert [row["status"] for row in outcome.table.rows] == ["crashed"] * 2 + ["ok"] * 4
    assert (
        outcome.table.rows[0]["reason"]
        == "its worker was killed 3 times, at last with no other point running"
    )
    assert dict(happened(outcome.account))["given up"].startswith("2 points that ended workers")
    assert len(finished(tmp_path / "out")) == 4
    again = in_threads(path, tmp_path / "out", resume=True)
    assert again.account["statuses"] == {"ok": 6}


def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    """A sweep that is killed leaves no process behind."""
    file = tmp_path / "sleeper.py"
    file.write_text(
        "import os, sys, time\n"
        "from neurochip.sweep import processes\n"
        "def nap(task):\n"
        "    print(os.getpid(), flush=True)\n"
        "    time.sleep(60)\n"
        "if __name__ == '__main__':\n"
        "    with processes(2) as pool:\n"
        "        for _ in range(2):\n"
        "            future = pool.submit(nap, None)\n"
        "        future.result()\n",
        encoding="utf-8",
    )
    with subprocess.Popen([sys.executable, str(file)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        workers = [int(process.stdout.readline()) for _ in range(2)]
        process.kill()
    deadline = time.monotonic() + 20
    while any(alive(pid) for pid in workers):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return False
    return state != "Z"


def test_somebodys_own_executor_that_breaks_is_not_replaced(tmp_path: Path) -> None:
    path = written(tmp_path, bits("[4, 6]"))
    with processes(1) as own:
        executor = own.make()
        with (
            executor,
            given(executor, 1) as pool,
            pytest.raises(NeurochipError, match="broke; what is finished"),
        ):
            run_sweep(path, tmp_path / "out", pool, work=deadly)


# --- what goes wrong ----------------------------------------------------------------------------------------


def test_other_sources_on_a_worker_are_noticed(tmp_path: Path) -> None:
    point = Planner(written(tmp_path, bits("[4, 6]"))).points()[0]
    task = {**task_of(point, 1, None), "code": "other"}
    result = run_point(task)
    assert (result["status"], result["row"]) == ("error", {})
    assert "this worker has other sources of neurochip" in result["reason"]


def test_what_may_go_well_another_day_is_not_kept(tmp_path: Path) -> None:
    path = written(tmp_path, bits("[4, 6]"))

    def fails(task: Any) -> Any:
        good = made_up(task)
        return (
            good
            if task["hardware"]["registers"]["weight"]["bits"] == 6
            else {**good, "status": "error", "row": {}}
        )

    first = in_threads(path, tmp_path / "a", fails)
    assert first.account["statuses"] == {"error": 1, "ok": 1}
    second = in_threads(path, tmp_path / "a", resume=True)
    assert (second.account["found"], second.account["ran"]) == (1, 1)
    assert second.account["statuses"] == {"ok": 2}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConfigError([]), "invalid"),
        (DataError("gone"), "error"),
        (MemoryError(), "error"),
        (ValueError("x"), "error"),
    ],
)
def test_no_error_of_a_point_ends_the_others(
    error: Exception, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr("neurochip.sweep.work.execute", fail)
    result = run_point(task_of(Planner(written(tmp_path, bits("[4]"))).points()[0], 1, None))
    assert (result["status"], result["row"]) == (status, {})
    if not isinstance(error, NeurochipError):
        assert result["reason"].startswith(type(error).__name__)


def test_missing_data_is_said_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sets = ("experiment.data.name=mnist",)
    path = written(tmp_path, bits("[4]"), sets=sets)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="mnist"):
        in_threads(path, tmp_path / "out", data_dir=tmp_path / "empty")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "127.0.0.1:9"])
def test_a_cluster_that_cannot_be_reached(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("neurochip.sweep.pool.PATIENCE", "1s")
    with pytest.raises(NeurochipError, match=rf"the Dask cluster {address} cannot be reached"), dask(address):
        pass


def test_a_pool_that_grows_is_given_more() -> None:
    with processes(2) as pool:
        assert pool.room == 4
        pool.grown = lambda: 10
        assert pool.room == 20


def test_extras_are_named_where_they_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(NeurochipError, match=r"--cluster needs Dask: pip install 'neurochip\[cluster\]'"),
        dask("local"),
    ):
        pass


def test_heavy_packages_are_imported_when_they_are_used() -> None:
    heavy = {"dask", "distributed", "optuna", "pyarrow", "scipy.stats", "matplotlib", "pandas"}
    program = f"import sys, neurochip.sweep, neurochip.cli.sweep; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0


def test_an_outcome_names_the_best(tmp_path: Path) -> None:
    outcome: Outcome = in_threads(written(tmp_path, BATCH), tmp_path / "out")
    best = [outcome.means[index] for index in outcome.best]
    for row in best:
        for other in outcome.means:
            better = other["test_accuracy"] > row["test_accuracy"]
            assert not (better and other["training_energy_nj"] <= row["training_energy_nj"])


@pytest.mark.slow
def test_a_worker_of_a_dask_cluster_is_killed(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    path = written(tmp_path, bits("[4, 6, 8, 10]"), "seeds: [0, 1]")
    calm = in_threads(path, tmp_path / "calm")
    with dask("local", 2) as pool:
        outcome = run_sweep(path, tmp_path / "out", pool, work=killed_once, data_dir=tmp_path)
    assert outcome.table == calm.table
    assert outcome.account["lost_workers"] >= 1
    assert dict(happened(outcome.account))["lost"].endswith("the cluster ran their points elsewhere")
