"""``neurochip check``: is a document valid, and does the network fit?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neurochip.cli.tables import console, percent, table
from neurochip.config import Source, build, presets
from neurochip.config.text import suggestion
from neurochip.datasets import info
from neurochip.errors import ConfigError, NeurochipError, Problem
from neurochip.experiment import EXPERIMENTS, Setup, load
from neurochip.hardware import Hardware, hardware_source
from neurochip.mapping import place
from neurochip.network import Network


def check_documents(documents: Sequence[str], hardware: str | None, sets: Sequence[str]) -> None:
    """Check each document and show what it describes; raises ConfigError with the problems of all of them."""
    found: list[Problem] = []
    for document in documents:
        try:
            _check(document, hardware, sets)
        except ConfigError as error:
            found += error.problems
        except NeurochipError as error:
            found.append(Problem(str(error), document))
    if found:
        raise ConfigError(found)


def _check(document: str, hardware: str | None, sets: Sequence[str]) -> None:
    if _is_experiment(document):
        _show_experiment(document, load(document, hardware, sets))
    else:
        own = [item.removeprefix("hardware.") for item in sets if item.startswith("hardware.")]
        _show_hardware(document, build(hardware_source(document, own), Hardware))


def _is_experiment(document: str) -> bool:
    """A name is looked up in both folders; a file is an experiment if it has an experiment's keys."""
    if Path(document).suffix in (".yaml", ".yml") or Path(document).is_file():
        data = Source.read(document).data
        return bool({"rule", "network", "data", "epochs"} & data.keys())
    experiments, chips = ([name for name, _ in presets(folder)] for folder in (EXPERIMENTS, "."))
    if document not in experiments and document not in chips:
        known = [*chips, *experiments]
        hint = suggestion(document, known) or ";"
        raise ConfigError([Problem(f"unknown preset {document!r}{hint} presets: {', '.join(known)}", document)])
    return document in experiments


def _show_hardware(document: str, hardware: Hardware) -> None:
    console.print(f"[bold green]ok[/] {document}: hardware {hardware.name}, {hardware.description}\n")
    core, crossbar = hardware.core, hardware.crossbar
    table(
        "chip",
        ("what", "size"),
        [
            ("cores", f"{hardware.mesh.rows} x {hardware.mesh.cols}"),
            ("crossbars per core", f"{core.crossbars} of {crossbar.rows} x {crossbar.cols}, {crossbar.device}"),
            ("feedback", crossbar.feedback),
            ("neurons per core", f"{core.neurons:,}"),
            ("axons per core", f"{core.axons:,}"),
        ],
    )
    rows = [
        (name, it.overflow, it.rounding, it.bits, it.frac, it.lo * it.lsb, it.hi * it.lsb, it.lsb)
        for name, it in hardware.registers.formats().items()
    ]
    bits = hardware.registers.fraction.bits
    rows.append(("fraction", "", "", bits, hardware.registers.formats()["weight"].frac + bits, 0.0, 0.0, 0.0))
    columns = ("register", "overflow", "rounding", "bits", "frac", "lowest", "highest", "step")
    table("registers", columns, rows, left=3)


def _show_experiment(document: str, setup: Setup) -> None:
    experiment, hardware = setup
    data = info(experiment.data.name)
    network = Network.build(experiment.network.layers, data.shape, len(data.classes))
    program = experiment.rule.program(hardware.update_unit.rate_bits)
    placement = place(network, hardware, program.feedback)
    console.print(
        f"[bold green]ok[/] {document}: {network.name} learns {data.name} by {experiment.rule.name} on {hardware.name}; "
        f"{network.synapses:,} synapses, {program.ticks} ticks a sample\n"
    )
    rows = [(row.projection, row.blocks, row.mirror_blocks, row.cores, row.cells) for row in placement.layers()]
    table("placement", ("projection", "blocks", "mirrors", "cores", "synapse cells"), rows)
    used = [(name, pair.used, pair.available, percent(pair.used / pair.available)) for name, pair in placement.summary().items()]
    table("utilisation", ("of", "used", "available", "share"), used)
    console.print(f"expected traffic: {placement.traffic.improved:,.1f} packet hops a tick\n")
