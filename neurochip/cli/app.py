"""The commands and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

app = typer.Typer(
    name="neurochip",
    help="Emulate a neuromorphic chip that learns on the chip, bit for bit.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Hardware = Annotated[Optional[str], typer.Option("--hardware", help="Hardware preset or YAML; replaces the experiment's.")]  # noqa: UP045
Sets = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--set", metavar="KEY=VALUE", help="Override a key, such as hardware.registers.weight.bits=4 (repeatable)."),
]
DataDir = Annotated[Optional[Path], typer.Option("--data-dir", help="Folder with the data files.")]  # noqa: UP045
Threads = Annotated[Optional[int], typer.Option("--threads", min=1, help="Threads; the results do not depend on it.")]  # noqa: UP045


def _version(wanted: bool) -> None:
    if wanted:
        from neurochip import __version__

        print(f"neurochip {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass


@app.command()
def check(
    documents: Annotated[list[str], typer.Argument(metavar="HW_OR_EXPERIMENT...", help="Presets or YAML files.")],
    hardware: Hardware = None,
    sets: Sets = None,
) -> None:
    """Validate hardware or experiments; show registers, placement and utilisation."""
    from neurochip.cli.check import check_documents

    check_documents(documents, hardware, sets or [])


@app.command()
def run(
    experiment: Annotated[str, typer.Argument(help="Experiment preset or YAML file.")],
    hardware: Hardware = None,
    sets: Sets = None,
    seed: Annotated[Optional[int], typer.Option("--seed", min=0, help="Seed of all random draws.")] = None,  # noqa: UP045
    threads: Threads = None,
    out: Annotated[Optional[Path], typer.Option("--out", help="Folder of the run; default: a new one in runs/.")] = None,  # noqa: UP045
    data_dir: DataDir = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the folder's checkpoint.")] = False,
    epochs: Annotated[Optional[int], typer.Option("--epochs", min=1, help="Passes over the training samples.")] = None,  # noqa: UP045
) -> None:
    """Train a network on a chip and leave the record in a folder."""
    from neurochip.cli.run import run_experiment
    from neurochip.experiment import load

    setup = load(experiment, hardware, sets or [], seed=seed, epochs=epochs)
    run_experiment(setup, out, threads, data_dir, resume)


@app.command("eval")
def evaluate(
    run_dir: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Folder of a run.")],
    split: Annotated[str, typer.Option("--split", help="Part of the data: test, train, or validation if there is one.")] = "test",
    threads: Threads = None,
    data_dir: DataDir = None,
) -> None:
    """Classify a part of the data with the weights that a run has learned."""
    from neurochip.cli.evaluate import evaluate_run

    evaluate_run(run_dir, split, threads, data_dir)


@app.command()
def schema(kind: Annotated[Literal["hardware", "experiment"], typer.Argument(help="Which document.")]) -> None:
    """Print the JSON Schema of the hardware or the experiment YAML, for editors."""
    import json

    from neurochip.experiment import Experiment
    from neurochip.hardware import Hardware

    record = Hardware if kind == "hardware" else Experiment
    print(json.dumps(record.json_schema(), indent=2))


@app.command()
def presets() -> None:
    """List the hardware and the experiments that come with neurochip."""
    from neurochip.cli.tables import presets_table

    presets_table()
