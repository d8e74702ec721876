"""``neurochip check``: is a document valid, and does the network fit?"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from neurochip.chip import Chip
from neurochip.cli.tables import percent, say, table
from neurochip.datasets import info
from neurochip.errors import ConfigError, NeurochipError, Problem
from neurochip.experiment import Setup, documents, load, load_hardware
from neurochip.hardware import Hardware
from neurochip.mapping import place
from neurochip.network import Network


def check_documents(names: Sequence[str], hardware: str | None, sets: Sequence[str]) -> None:
    """Check each document and show what it describes; raises the problems of all of them at once."""
    errors: list[tuple[str, NeurochipError]] = []
    for document in names:
        try:
            _check(document, hardware, sets)
        except NeurochipError as error:
            errors.append((document, error))
    if len(errors) == 1:
        raise errors[0][1]
    found = [problem for document, error in errors for problem in _problems(document, error)]
    if found:
        raise ConfigError(dict.fromkeys(found))


def _problems(document: str, error: NeurochipError) -> Sequence[Problem]:
    return error.problems if isinstance(error, ConfigError) else [Problem(str(error), document)]


def _check(document: str, hardware: str | None, sets: Sequence[str]) -> None:
    if documents.kind_of(document) == "experiment":
        _show_experiment(document, load(document, hardware, sets))
    else:
        _show_hardware(document, load_hardware(document, sets))


def _ok(document: str, words: str) -> None:
    say(Text.assemble(("ok", "bold green"), f" {document}: {words}\n"))


def _show_hardware(document: str, hardware: Hardware) -> None:
    _ok(document, f"hardware {hardware.name}, {hardware.description}")
    core, crossbar = hardware.core, hardware.crossbar
    size = f"{crossbar.rows:,} x {crossbar.cols:,}"
    rows = [
        ("cores", f"{hardware.mesh.rows} x {hardware.mesh.cols}"),
        ("crossbars per core", f"{core.crossbars:,} of {size}, {crossbar.device}"),
        ("feedback", crossbar.feedback),
        ("neurons per core", f"{core.neurons:,}"),
        ("axons per core", f"{core.axons:,}"),
    ]
    table("chip", ("", ""), rows, left=2)
    formats = hardware.registers.formats()
    registers = [
        (name, it.overflow, it.rounding, str(it.bits), str(it.frac), it.lo * it.lsb, it.hi * it.lsb, it.lsb)
        for name, it in formats.items()
    ]
    columns = ("register", "overflow", "rounding", "bits", "frac", "lowest", "highest", "step")
    table("registers", columns, registers, left=3, optional=("rounding", "overflow", "step", "frac"))
    bits = hardware.registers.fraction.bits
    step = 2.0 ** -(formats["weight"].frac + bits)
    say(f"weight fraction: {bits} bits below the weight, steps of {step:.4g} in the update unit\n")


def _show_experiment(document: str, setup: Setup) -> None:
    experiment, hardware = setup
    data = info(experiment.data.name)
    network = Network.build(experiment.network.layers, data.shape, len(data.classes))
    program = experiment.rule.program(hardware.update_unit.rate_bits)
    placement = place(network, hardware, program.feedback, fold=experiment.placement.fold_pooling)
    Chip(hardware, placement, program)  # refuses registers that do not work together
    _ok(
        document,
        f"{network.name} learns {data.name} by {experiment.rule.name} on {hardware.name}; "
        f"{network.synapses:,} synapses, {program.ticks} ticks a sample",
    )
    rows = [(it.projection, it.blocks, it.mirror_blocks, it.cores, it.cells) for it in placement.layers()]
    columns = ("projection", "blocks", "mirrors", "cores", "synapse cells")
    table("placement", columns, rows, optional=("cores", "mirrors", "blocks"))
    shares = placement.summary().items()
    used = [(name, it.used, it.available, percent(it.used / it.available)) for name, it in shares]
    table("utilisation", ("of", "used", "available", "share"), used, optional=("share",))
    say(f"expected traffic: {placement.traffic.improved:,.1f} packet hops a tick\n")
