"""Experiments: the schema and its messages, loading with overrides, and what a run does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import yaml
from numba import njit
from pydantic import BaseModel
from small_runs import compiled, lasting, tiny

from neurochip.config import presets
from neurochip.datasets import info
from neurochip.datasets import load as dataset
from neurochip.errors import ConfigError, DataError, DoesNotFit, NeurochipError
from neurochip.experiment import Experiment, Observer, Run, Setup, execute, load, load_hardware, record
from neurochip.experiment.compiling import announcing
from neurochip.experiment.feed import Feed
from neurochip.fixed import Format
from neurochip.mapping import place
from neurochip.network import Network

EXPERIMENTS = [name for name, _ in presets("experiments")]
FOLDER = Path(__file__).parent.parent / "hw_configs"


def refused(*sets: str, experiment: str | Path = "digits_ep", **keys: Any) -> list[str]:
    """Every message for an experiment after overrides."""
    with pytest.raises(ConfigError) as caught:
        load(experiment, sets=sets, **keys)
    return [str(problem) for problem in caught.value.problems]


# --- schema -------------------------------------------------------------------------------------------------

BAD = [
    ("name", '""', "name must be text with a length of at least 1, not ''"),
    ("name", "7", "name must be text, not 7"),
    ("description", "[]", "description must be text, not a list of 0"),
    ("hardware", "3", "hardware must be text, not 3"),
    ("data.name", "digit", "data.name must be one of digits, mnist, .*, not 'digit'; did you mean digits?"),
    ("data.train", "0", "data.train must be at least 1, not 0"),
    ("data.train", "1438", "data.train must be at most 1437, all training samples of digits, not 1438"),
    ("data.train", "1.5", "data.train must be an integer.*, not 1.5"),
    ("data.test", "0", "data.test must be at least 1, not 0"),
    ("data.test", "361", "data.test must be at most 360, all test samples of digits, not 361"),
    ("data.validation", "-1", "data.validation must be at least 0, not -1"),
    ("data.validation", "1437", "data.validation must be at most 1436, not 1437"),
    ("data.labels", "shufled", "data.labels must be one of true, shuffled, not .*did you mean shuffled?"),
    ("data", "digits", "data must be a mapping of keys, not 'digits'"),
    ("network.layers", "[]", "network.layers must be a list of at least 1, not a list of 0"),
    ("network.layers.0.kind", "dens", "network.layers.0.kind must be .*dense.*, not 'dens'"),
    ("network.layers.0.units", "0", r"network.layers.0.units must be 1\.\.1048576, not 0"),
    ("network.layers.1.units", "12", "network.layers.1.units must be 10, one output for each .*, not 12"),
    ("network.layers.1", "{kind: conv, channels: 9, kernel: 3}", "network.layers.1.kind must be dense: the"),
    ("network.gain", "-1", r"network.gain must be 0\.\.100, not -1"),
    ("network.gain", ".nan", "network.gain must be a finite number, not nan"),
    ("placement", "[]", "placement must be a mapping of keys, not a list of 0"),
    ("placement.fold_pooling", "1", "placement.fold_pooling must be true or false, not 1"),
    ("rule.name", "epp", "rule.name must be ep, not 'epp'"),
    ("rule.variant", "symetric", "rule.variant must be one of symmetric, .*did you mean symmetric?"),
    ("rule.beta", "0", "rule.beta must be .*, not 0"),
    ("rule.beta", "1", "rule.beta must be .*, not 1"),
    ("rule.ticks.free", "0", r"rule.ticks.free must be 1\.\.10000, not 0"),
    ("rule.ticks.nudged", "10001", r"rule.ticks.nudged must be 1\.\.10000, not 10001"),
    ("rule.neuron.decode_shift", "9", "rule.neuron.decode_shift must be .*"),
    ("rule.neuron.step_shift", "[[1, 2]]", "rule.neuron.step_shift must begin at tick 0"),
    ("rule.neuron.spikes", "both", "rule.neuron.spikes must be one of signed, unsigned, not 'both'"),
    ("rule.learning_rate", "-0.1", r"rule.learning_rate must be 0\.\.1000, not -0.1"),
    ("rule.learning_rate", "1001", r"rule.learning_rate must be 0\.\.1000, not 1001"),
    ("rule.learning_rate", "[0.1]", "rule.learning_rate must be one number or 2, one for each layer, not 1"),
    ("rule.learning_rate", "[0.1, -1]", r"rule.learning_rate must be 0\.\.1000, not -1"),
    ("rule.learning_rate", "fast", "rule.learning_rate must be a number or a list, not 'fast'"),
    (
        "rule.schedule",
        "linear",
        "rule.schedule must be one of constant, cosine, cosine_by_batch, not 'linear'",
    ),
    ("epochs", "0", r"epochs must be 1\.\.100000, not 0"),
    ("batch", "65537", r"batch must be 1\.\.65536, not 65537"),
    ("batch", "true", "batch must be an integer, not true"),
    ("seed", "-1", "seed must be at least 0 and less than 4294967296, not -1"),
    ("seed", "4294967296", "seed must be at least 0 and less than 4294967296, not 4294967296"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "message"), BAD, ids=[f"{key}={value}" for key, value, _ in BAD])
def test_a_bad_value_is_named_with_its_rule_and_place(key: str, value: str, message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{message}.* \(--set experiment\.{key}\)$"):
        load("digits_ep", sets=[f"experiment.{key}={value}"])


def leaves(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """The dotted keys of a record's values; of a list of records those of its first item."""
    for name, field in model.model_fields.items():
        kinds = [field.annotation, *get_args(field.annotation)]
        below = next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)
        step = f"{prefix}{name}." + ("0." if below in get_args(field.annotation) else "")
        yield from leaves(below, step) if below else [prefix + name]


def test_every_key_has_a_bad_value_here() -> None:
    assert [key for key in leaves(Experiment) if key not in {key for key, _, _ in BAD}] == []


def test_training_and_validation_samples_do_not_overlap() -> None:
    message = (
        "data.train and data.validation must be at most 1437, all training samples of digits, not 1400 and 50"
    )
    assert refused("experiment.data.train=1400", "experiment.data.validation=50") == [
        f"{message} (--set experiment.data.train)"
    ]


def test_all_mistakes_are_listed_at_once() -> None:
    assert len(refused("experiment.epochs=0", "experiment.batch=0", "experiment.rule.beta=2")) == 3
    three = (
        "experiment.rule.learning_rate=-1",
        "experiment.data.test=999",
        "experiment.network.layers.1.units=3",
    )
    assert len(refused(*three)) == 3


# --- loading ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_presets_load_and_fit_their_chip(name: str) -> None:
    experiment, hardware = load(name)
    assert experiment.name == name
    data = info(experiment.data.name)
    network = Network.build(experiment.network.layers, data.shape, len(data.classes))
    placement = place(network, hardware, experiment.rule.program(hardware.update_unit.rate_bits).feedback)
    used, available = placement.summary()["crossbars"]
    assert 0 < used <= available


@pytest.mark.parametrize(
    ("override", "read"),
    [
        ("hardware.crossbar.rows=64", lambda s: s.hardware.crossbar.rows == 64),
        ("hardware.registers.weight.bits=4", lambda s: s.hardware.registers.weight.bits == 4),
        ("experiment.epochs=3", lambda s: s.experiment.epochs == 3),
        ("experiment.batch=7", lambda s: s.experiment.batch == 7),
        ("experiment.rule.beta=0.25", lambda s: s.experiment.rule.beta == 0.25),
        ("experiment.rule.learning_rate=[0.1, 1]", lambda s: s.experiment.rule.learning_rate == (0.1, 1)),
        ("experiment.network.layers.0.units=9", lambda s: s.experiment.network.layers[0].units == 9),
        ("experiment.data.train=30", lambda s: s.experiment.data.train == 30),
        ("experiment.data.train=null", lambda s: s.experiment.data.train is None),
        ("experiment.hardware=ideal", lambda s: s.hardware.name == "ideal"),
        (" experiment.seed = 5 ", lambda s: s.experiment.seed == 5),
    ],
)
def test_an_override_goes_to_its_section(override: str, read: Any) -> None:
    assert read(load("digits_ep", sets=[override]))
    assert not read(load("digits_ep", sets=["experiment.data.train=31"]))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("foo", "--set needs section.key=value, not 'foo' (--set foo)"),
        ("hardware.core.neurons", "--set needs section.key=value, not 'hardware.core.neurons' "
         "(--set hardware.core.neurons)"),
        ("=3", "--set needs section.key=value, not '=3' (--set =3)"),
        ("", "--set needs section.key=value, not '' (--set )"),
        ("epochs=3", "epochs must begin with hardware. or experiment.; did you mean experiment.epochs? "
         "(--set epochs)"),
        ("core.neurons=3", "core.neurons must begin with hardware. or experiment.; did you mean "
         "hardware.core.neurons? (--set core.neurons)"),
        ("chip.rows=3", "chip.rows must begin with hardware. or experiment. (--set chip.rows)"),
        ("hardware=tiny", "hardware must begin with hardware. or experiment.; --hardware replaces the whole "
         "chip (--set hardware)"),
        ("hardware.=3", "a key must be names joined by single dots, not '' (--set hardware.)"),
        ("experiment..batch=3", "a key must be names joined by single dots, not '.batch' "
         "(--set experiment..batch)"),
        ("experiment.network.layers.2.units=3", "the index in network.layers must be 0..1, not '2' "
         "(--set experiment.network.layers.2.units)"),
        ("experiment.batch.x=3", "batch is 20: it has no key x (--set experiment.batch.x)"),
        ("experiment.batch=", "batch must be an integer, not null (--set experiment.batch)"),
        ("experiment.epoch=3", "unknown key epoch; did you mean epochs? (--set experiment.epoch)"),
        ("hardware.core.neuron=3", "unknown key core.neuron; did you mean neurons? "
         "(--set hardware.core.neuron)"),
    ],
)  # fmt: skip
def test_a_bad_override_is_refused(override: str, message: str) -> None:
    assert refused(override) == [message]


def test_a_value_that_is_no_yaml_is_refused() -> None:
    [message] = refused("experiment.epochs=[")
    assert message.startswith("not valid YAML: ")
    assert message.endswith("(--set experiment.epochs)")


def test_problems_of_both_documents_and_of_the_overrides_come_at_once() -> None:
    found = refused("foo", "experiment.batch=0", "hardware.core.neurons=0", "hardware.nope=1", epochs=0)
    assert [message.rpartition(" (")[2] for message in found] == [
        "--set foo)", "--epochs)", "--set experiment.batch)", "--set hardware.core.neurons)",
        "--set hardware.nope)",
    ]  # fmt: skip


def test_keys_beside_the_overrides_replace_those_of_the_experiment() -> None:
    setup = load("digits_ep", "ideal", ["experiment.seed=1", "experiment.hardware=tiny"], seed=2, epochs=3)
    assert (setup.experiment.seed, setup.experiment.epochs) == (2, 3)
    assert (setup.experiment.hardware, setup.hardware.name) == ("ideal", "ideal")
    assert load("digits_ep", seed=None, epochs=None) == load("digits_ep")


def write(path: Path, **changes: Any) -> Path:
    """The digits experiment in a file, after changes."""
    data = yaml.safe_load((FOLDER / "experiments" / "digits_ep.yaml").read_text(encoding="utf-8")) | changes
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return path


def test_files_are_given_by_path(tmp_path: Path) -> None:
    chip = tmp_path / "a: chip #1.yaml"
    chip.write_bytes((FOLDER / "tiny.yaml").read_bytes())
    setup = load(write(tmp_path / "mine.yaml", name="mine"), chip)
    assert (setup.experiment.name, setup.hardware.name) == ("mine", "tiny")
    assert setup.experiment.hardware == str(chip)
    assert load(write(tmp_path / "mine.yml", hardware=str(chip))).hardware.name == "tiny"


def test_a_chip_beside_the_experiment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lab").mkdir()
    monkeypatch.chdir(tmp_path)
    for path, preset in ((Path("chip.yaml"), "ideal"), (Path("lab/chip.yaml"), "tiny")):
        path.write_bytes((FOLDER / f"{preset}.yaml").read_bytes())
    experiment = write(Path("lab/mine.yaml"), hardware="chip.yaml")
    assert load(experiment).hardware.name == "tiny"
    Path("lab/chip.yaml").unlink()
    assert load(experiment).hardware.name == "ideal"
    Path("chip.yaml").unlink()
    place = next(i for i, line in enumerate(experiment.read_text().splitlines(), 1) if "hardware" in line)
    assert refused(experiment=experiment) == [
        f"hardware chip.yaml: there is no such file (lab/mine.yaml:{place})"
    ]


def test_documents_of_the_wrong_kind_are_named() -> None:
    chip, experiment = FOLDER / "tiny.yaml", FOLDER / "experiments" / "digits_ep.yaml"
    asked = "this is a hardware file, not an experiment file: give it with --hardware"
    assert [message.rpartition(" (")[0] for message in refused(experiment=chip)] == [asked]
    asked = "tiny is a hardware preset, not an experiment preset: give it with --hardware (hw_configs)"
    assert refused(experiment="tiny") == [asked]
    with pytest.raises(
        ConfigError, match=r"^this is an experiment file, not a hardware file: give it to neuro"
    ):
        load("digits_ep", experiment)
    with pytest.raises(ConfigError, match=r"^digits_ep is an experiment preset, not a hardware preset"):
        load_hardware("digits_ep")
    assert refused("experiment.hardware=digits_ep") == [
        "hardware digits_ep: digits_ep is an experiment preset, not a hardware preset: give it to neurochip "
        "run (--set experiment.hardware)"
    ]


def test_unknown_presets_are_named() -> None:
    with pytest.raises(
        ConfigError, match=r"^unknown preset 'digit_ep'; did you mean digits_ep\? presets: dig"
    ):
        load("digit_ep")
    with pytest.raises(
        ConfigError, match=r"^unknown preset 'tinny'; did you mean tiny\? presets: digital_28nm"
    ):
        load("digits_ep", "tinny")


def test_hardware_alone_takes_the_overrides_of_its_section() -> None:
    assert load_hardware("tiny", ["hardware.core.neurons=9", "experiment.batch=1"]).core.neurons == 9
    with pytest.raises(
        ConfigError, match=r"^core.neurons must be 1..65536, not 0 \(--set hardware.core.neurons\)$"
    ):
        load_hardware("tiny", ["hardware.core.neurons=0"])


def test_a_network_too_large_for_the_chip_is_refused() -> None:
    with pytest.raises(
        DoesNotFit, match=r"^network 64-128-10 does not fit tiny \(mesh 2x2\):\n  needs 160 cross"
    ):
        Run(load("digits_ep", "tiny"))


# --- data ---------------------------------------------------------------------------------------------------


def samples(run: Run, part: str) -> set[bytes]:
    return {sample.tobytes() for sample in run.data[part].inputs}


def test_parts_are_cut_as_asked() -> None:
    run = Run(tiny("experiment.data.validation=30"))
    assert {name: len(part) for name, part in run.data.items()} == {"train": 60, "test": 40, "validation": 30}
    assert not samples(run, "train") & samples(run, "validation")
    assert not samples(run, "train") & samples(run, "test")


def test_shuffled_labels_are_the_same_labels_in_another_order() -> None:
    mixed = "experiment.data.labels=shuffled"
    plain, shuffled, other = Run(tiny()).data, Run(tiny(mixed)).data, Run(tiny(mixed, seed=1)).data
    assert np.array_equal(plain["train"].inputs, shuffled["train"].inputs)
    assert np.array_equal(np.sort(plain["train"].labels), np.sort(shuffled["train"].labels))
    assert (plain["train"].labels != shuffled["train"].labels).mean() > 0.5
    assert not np.array_equal(other["train"].labels, shuffled["train"].labels)
    assert plain["test"].sha256 == shuffled["test"].sha256
    assert shuffled["train"].note == "subset, 60 of 1437; labels shuffled"


def test_missing_data_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^mnist: found neither train-images"):
        Run(load("mnist_ep_dense"), data_dir=tmp_path)


def test_a_chip_receives_channels_innermost_in_steps_of_its_membrane() -> None:
    pixels = np.random.default_rng(0).integers(0, 17, (5, 3, 4, 2)).astype(np.uint8)
    data = replace(dataset("digits", "test"), inputs=pixels, labels=np.arange(5, dtype=np.uint8))
    feed, indices = Feed.of(data, Format(16, 7)), np.array([3, 0, 3])
    expected = np.moveaxis(pixels[indices], 1, 3).reshape(3, 24) * 8  # 16 steps are 1.0, which is 128
    inputs, targets, labels = feed.take(indices)
    assert np.array_equal(inputs, expected)
    assert np.array_equal(targets, 128 * np.eye(10, dtype=int)[[3, 0, 3]])
    assert labels.tolist() == [3, 0, 3]
    for wrong in (5, -6):
        with pytest.raises(IndexError):
            feed.take(np.array([0, wrong]))


def test_a_feed_writes_where_there_is_room() -> None:
    feed = Feed.of(dataset("digits", "test"), Format(16, 7))
    one, other = feed.take(np.arange(4))[0], feed.take(np.arange(7, 10))[0]
    room = feed.take(np.arange(7, 10), one)[0]
    assert np.array_equal(room, other)
    assert np.shares_memory(room, one)
    assert not np.shares_memory(feed.take(np.arange(5), one)[0], one)


def test_pixels_beyond_full_scale_are_refused() -> None:
    inputs = np.full((1, 1, 8, 8), 17, np.uint8)
    with pytest.raises(DataError, match=r"^digits: inputs must be 0\.\.16, not 17$"):
        replace(dataset("digits", "test"), inputs=inputs, labels=np.zeros(1, np.uint8))


# --- runs ---------------------------------------------------------------------------------------------------

CHANCE = (
    "experiment.data.train=300", "experiment.data.test=360", "experiment.network.layers.0.units=32",
    "experiment.rule.ticks.free=16", "experiment.rule.ticks.nudged=8",
)  # fmt: skip


@compiled
def test_a_small_run_learns_and_its_controls_do_not() -> None:
    def final(*sets: str) -> float:
        return float(execute(tiny(*CHANCE, *sets, epochs=3))["epochs"][-1]["test_accuracy"])

    assert final() > 0.5
    assert 0.05 < final("experiment.data.labels=shuffled") < 0.17
    assert 0.05 < final("experiment.rule.learning_rate=0") < 0.17


@compiled
def test_without_a_learning_rate_nothing_changes() -> None:
    run = Run(tiny("experiment.rule.learning_rate=0"))
    before = record.weights_sha256(run)
    rows = [run.train_epoch() for _ in range(2)]
    assert record.weights_sha256(run) == before
    assert rows[0]["learning_rates"] == [0.0, 0.0]
    assert run.counts(run.training).total("weight_writes") == 0


@compiled
@pytest.mark.parametrize("still", [0, 1])
def test_each_layer_has_its_own_learning_rate(still: int) -> None:
    rates = [0.5, 0.5]
    rates[still] = 0.0
    run = Run(tiny(f"experiment.rule.learning_rate={rates}"))
    before = [*zip(run.chip.masters, run.chip.biases, strict=True)]
    row = run.train_epoch()
    after = [*zip(run.chip.masters, run.chip.biases, strict=True)]
    changed = [
        not (np.array_equal(master, old_master) and np.array_equal(bias, old_bias))
        for (master, bias), (old_master, old_bias) in zip(after, before, strict=True)
    ]
    assert changed == [index != still for index in range(2)]
    assert row["learning_rates"] == pytest.approx(rates, rel=2**-8)


@compiled
@pytest.mark.parametrize("rate", ["1e-15", "1e-20", "1e-25", "1e-40", "1e-300"])
def test_a_learning_rate_too_small_for_the_chip_changes_no_weight(rate: str) -> None:
    run = Run(tiny(f"experiment.rule.learning_rate={rate}"))
    before = run.chip.weights
    row = run.train_epoch()
    assert all(np.array_equal(a, b) for a, b in zip(before, run.chip.weights, strict=True))
    assert all(0 <= found <= float(rate) * 1.01 for found in row["learning_rates"])


@compiled
def test_the_same_seed_gives_the_same_bits_for_any_threads() -> None:
    runs = [execute(tiny(), threads=threads) for threads in (1, 2, 3)]
    assert [run["threads"] for run in runs] == [1, 2, 3]
    assert lasting(runs[0]) == lasting(runs[1]) == lasting(runs[2])
    assert execute(tiny(seed=1))["weights_sha256"] != runs[0]["weights_sha256"]


@pytest.mark.parametrize("threads", [0, -1, 1025])
def test_threads_have_a_range(threads: int) -> None:
    with pytest.raises(NeurochipError, match=rf"^threads must be 1\.\.1024, not {threads}$"):
        Run(tiny(), threads)


@compiled
def test_warming_up_changes_nothing() -> None:
    cold, warm = Run(tiny()), Run(tiny())
    before = record.weights_sha256(warm)
    warm.warm_up()
    assert record.weights_sha256(warm) == before
    assert warm.chip.tally.samples == 0
    rows = [{**run.train_epoch(), "seconds": 0, "samples_per_s": 0} for run in (cold, warm)]
    assert rows[0] == rows[1]
    assert record.weights_sha256(cold) == record.weights_sha256(warm)
    assert np.array_equal(cold.training.spikes, warm.training.spikes)


@compiled
def test_the_observer_hears_everything() -> None:
    heard: list[tuple[Any, ...]] = []

    class Ear(Observer):
        def started(self, facts: dict[str, Any]) -> None:
            heard.append(("started", facts["experiment"], facts["epochs"], facts["epoch"]))

        def batch(self, done: int, samples: int, correct: int) -> None:
            assert 0 <= correct <= done <= samples == 60
            heard.append(("batch", done))

        def evaluated(self, done: int, samples: int) -> None:
            heard.append(("evaluated", done, samples))

        def epoch(self, row: dict[str, Any], epochs: int) -> None:
            heard.append(("epoch", row["epoch"], epochs))

    execute(tiny(epochs=2), observer=Ear())
    one = [("batch", 20), ("batch", 40), ("batch", 60), ("evaluated", 40, 40)]
    assert heard == [("started", "digits_ep", 2, 0), *one, ("epoch", 1, 2), *one, ("epoch", 2, 2)]


@compiled
def test_compiling_is_told_once_and_before_it_is_done() -> None:
    told: list[bool] = []

    def twice(x: int) -> int:
        return 2 * x

    first, second = njit(twice), njit(lambda x: x + 1)
    with announcing(lambda: told.append(bool(first.signatures))):
        assert first(2) == 4
        assert second(2) == 3
        assert first(3) == 6
    assert told == [False]


@compiled
def test_predictions_are_of_one_part() -> None:
    run = Run(tiny())
    predicted = run.predict("test")
    assert run.evaluate("test") == (predicted == run.part("test").labels).mean()
    assert predicted.shape == (40,)
    with pytest.raises(NeurochipError, match=r"^split must be one of train, test, not 'validation'$"):
        run.predict("validation")


@compiled
def test_a_probe_records_every_tick_and_learns_nothing() -> None:
    run = Run(tiny())
    before = record.weights_sha256(run)
    trace = run.probe(3, population=1, neurons=5)
    assert {values.shape for values in trace.values()} == {(8 + 4 + 4, 5)}
    assert set(np.unique(trace["spikes"])) <= {-1, 0, 1}
    assert record.weights_sha256(run) == before
    assert run.chip.tally.samples == 0
    with pytest.raises(NeurochipError, match=r"^sample must be 0\.\.39 of the test part, not 40$"):
        run.probe(40)


def test_a_setup_is_an_experiment_and_its_hardware() -> None:
    assert isinstance(tiny(), Setup)
