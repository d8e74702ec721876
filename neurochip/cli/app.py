"""The commands and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="neurochip",
    help="Emulate a neuromorphic chip that learns on the chip, bit for bit.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

# Numbers are checked by the library, so that every message reads alike.
Experiment = Annotated[str, typer.Argument(metavar="EXPERIMENT", help="Experiment preset or YAML file.")]
Documents = Annotated[list[str], typer.Argument(metavar="HW_OR_EXPERIMENT...", help="Presets or YAML files.")]
Hardware = Annotated[
    str | None,
    typer.Option("--hardware", metavar="HW", help="Hardware preset or YAML file; replaces the experiment's."),
]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a key, such as hardware.registers.weight.bits=4 or experiment.batch=10 (repeatable).",
    ),
]
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", metavar="DIR", help="Folder with the data files.")
]
Threads = Annotated[
    int | None,
    typer.Option("--threads", metavar="N", help="Threads; results do not depend on it. Default: all cores."),
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed of all random draws.")]
Epochs = Annotated[
    int | None, typer.Option("--epochs", metavar="N", help="Passes over the training samples.")
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Folder of the run; default: a new one in runs/."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in the run's folder.")]
RunDir = Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Folder of a run.")]
Prices = Annotated[
    str | None,
    typer.Option("--prices", metavar="TABLE", help="Price table, preset or YAML file; replaces the chip's."),
]
PriceSets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the price table (repeatable)."),
]
CostOut = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Where the cost goes; default: cost.json of the run."),
]
ReportOut = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Folder of the report; default: the run's."),
]
Split = Annotated[
    str,
    typer.Option("--split", metavar="PART", help="test, train, or validation if there is one."),
]
Kind = Annotated[str, typer.Argument(metavar="KIND", help="hardware, experiment, sweep, prices or record.")]


def _version(wanted: bool) -> None:
    if wanted:
        from neurochip import __version__

        print(f"neurochip {__version__}")
        raise typer.Exit


Against = Annotated[str, typer.Option("--against", help="Witnesses, with commas: float, bptt, brian2.")]
Seeds = Annotated[int, typer.Option("--seeds", min=1, help="Seeds of the accuracies, from --seed on.")]
Samples = Annotated[int, typer.Option("--samples", min=1, help="Samples that are followed tick by tick.")]


SweepFile = Annotated[Path, typer.Argument(metavar="SWEEP", help="YAML file of a sweep.")]
Workers = Annotated[
    int | None, typer.Option("--workers", metavar="N", help="Points run side by side. Default: all cores.")
]
Cluster = Annotated[
    str | None,
    typer.Option("--cluster", metavar="ADDRESS", help="Dask scheduler, tcp://...; local: one started here."),
]
SweepOut = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Folder of the sweep; default: a new one in runs/."),
]
SweepResume = Annotated[bool, typer.Option("--resume", help="Go on in a folder that holds a sweep.")]
Store = Annotated[
    Path | None,
    typer.Option(
        "--store", metavar="DIR", help="Folder of finished points, may be shared; default: in --out."
    ),
]
PointThreads = Annotated[
    int | None, typer.Option("--threads", metavar="N", help="Threads of a point; default: cores / workers.")
]
Clocked = Annotated[int, typer.Option("--samples", metavar="N", help="Training samples, from the first one.")]
Ticks = Annotated[
    str | None,
    typer.Option("--ticks", metavar="A:B", help="Ticks of the first sample in the timelines; default: 0:10."),
]


Version = Annotated[
    bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
]


@app.callback()
def _options(version: Version = False) -> None:
    pass


@app.command()
def check(documents: Documents, hardware: Hardware = None, sets: Sets = None) -> None:
    """Validate hardware or experiments; show registers, placement and utilisation."""
    from neurochip.cli.check import check_documents

    check_documents(documents, hardware, sets or [])


@app.command()
def run(
    experiment: Experiment,
    hardware: Hardware = None,
    sets: Sets = None,
    seed: Seed = None,
    threads: Threads = None,
    out: Out = None,
    data_dir: DataDir = None,
    resume: Resume = False,
    epochs: Epochs = None,
) -> None:
    """Train a network on a chip and leave the record in a folder."""
    from neurochip.cli.run import run_experiment
    from neurochip.experiment import load

    setup = load(experiment, hardware, sets or [], seed=seed, epochs=epochs)
    run_experiment(setup, out, threads, data_dir, resume)


@app.command()
def compare(
    experiment: Experiment,
    hardware: Hardware = None,
    sets: Sets = None,
    against: Against = "float,bptt,brian2",
    seed: Seed = None,
    seeds: Seeds = 1,
    samples: Samples = 4,
    threads: Threads = None,
    out: Out = None,
    data_dir: DataDir = None,
    epochs: Epochs = None,
) -> None:
    """Hold the chip against its references: float twin, exact gradients, Brian2."""
    from neurochip.cli.compare import compare_experiment
    from neurochip.experiment import load

    setup = load(experiment, hardware, sets or [], seed=seed, epochs=epochs)
    compare_experiment(setup, against, out, threads, data_dir, seeds, samples)


@app.command()
def sweep(
    sweep: SweepFile,
    workers: Workers = None,
    cluster: Cluster = None,
    out: SweepOut = None,
    resume: SweepResume = False,
    store: Store = None,
    threads: PointThreads = None,
    data_dir: DataDir = None,
) -> None:
    """Run an experiment again and again with chosen keys changed: tables, pictures, a page to explore."""
    from neurochip.cli.sweep import sweep_file

    sweep_file(sweep, workers, cluster, out, resume, store, threads, data_dir)


@app.command()
def price(run_dir: RunDir, prices: Prices = None, sets: PriceSets = None, out: CostOut = None) -> None:
    """Price a finished run, again or with another table; nothing is run again."""
    from neurochip.cli.price import price_run

    price_run(run_dir, prices, sets or [], out)


@app.command()
def report(run_dir: RunDir, prices: Prices = None, out: ReportOut = None) -> None:
    """Write one page about a finished run: what it learned, what it cost, and every price with its source."""
    from neurochip.cli.report import report_run

    report_run(run_dir, prices, out)


@app.command()
def trace(
    experiment: Experiment,
    hardware: Hardware = None,
    sets: Sets = None,
    seed: Seed = None,
    samples: Clocked = 2,
    ticks: Ticks = None,
    out: Out = None,
    data_dir: DataDir = None,
) -> None:
    """Run a few training samples clock by clock: cycles, estimate, timelines; compares both engines."""
    from neurochip.cli.trace import trace_experiment
    from neurochip.experiment import load

    trace_experiment(load(experiment, hardware, sets or [], seed=seed), samples, ticks, out, data_dir)


@app.command("eval")
def evaluate(
    run_dir: RunDir, split: Split = "test", threads: Threads = None, data_dir: DataDir = None
) -> None:
    """Classify a part of the data with the weights that a run has learned."""
    from neurochip.cli.evaluate import evaluate_run

    evaluate_run(run_dir, split, threads, data_dir)


@app.command()
def schema(kind: Kind) -> None:
    """Print the JSON Schema of the hardware, experiment, sweep or price YAML, or of a run's record.json."""
    from neurochip.cli.schema import print_schema

    print_schema(kind)


@app.command()
def presets() -> None:
    """List the hardware, the experiments and the price tables that come with neurochip."""
    from neurochip.cli.tables import presets_table

    presets_table()
