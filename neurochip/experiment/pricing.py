"""Pricing a run, while it is there or from what it left behind."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from neurochip.cost import Priced, PriceTable, document
from neurochip.counts import Counts
from neurochip.errors import CheckpointError
from neurochip.experiment import record as records
from neurochip.experiment.consistent import require_consistent
from neurochip.experiment.run import Run
from neurochip.experiment.schema import Experiment
from neurochip.experiment.timed import timed
from neurochip.files import write_json
from neurochip.hardware import Hardware
from neurochip.mapping import place
from neurochip.network import Network

COST = "cost.json"


def cost_of(
    run: Run, prices: str | Path | None = None, timing: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What a run has cost so far, as ``cost.json`` has it; ``prices`` replaces the hardware's table.

    ``timing``: what `timed` found, if that was asked already. Raises ConfigError if the table is not valid,
    or lacks the price of something that was counted.
    """
    zero = sum(int((weights == 0).sum()) for weights in run.chip.weights)
    chip = Priced(run.hardware, run.placement, run.program)
    counted = run.counts(run.training), run.inference_counts()
    table = PriceTable.load(prices or run.hardware.prices)
    return document(*counted, chip, table, run.experiment.batch, zero, timing or timed(run))


def price(
    run: str | Path | dict[str, Any], prices: str | Path | None = None, sets: Iterable[str] = ()
) -> dict[str, Any]:
    """What a run cost by a table, from its folder or record alone: nothing is run again.

    ``sets``: ``key=value`` overrides of the table. Raises CheckpointError if there is no record, or if it
    does not fit itself, ConfigError as `cost_of` does.
    """
    found = run if isinstance(run, dict) else records.read(run)
    chip, experiment = priced(found)
    require_consistent(found, chip)
    table = PriceTable.load(prices or chip.hardware.prices, sets)
    counts, cores = found["counts"], chip.cores
    training = Counts.from_json(counts["training"], cores, counts["training_samples"], counts["batches"])
    inference = Counts.from_json(counts["inference"], cores, counts["inference_samples"], 0)
    zero = found["network"]["zero_weights"]
    return document(training, inference, chip, table, experiment.batch, zero, found.get("timing"))


def write(folder: Path, cost: dict[str, Any], name: str = COST) -> None:
    """Write ``cost.json``. Raises NeurochipError if it cannot be written."""
    write_json(folder / name, cost)


def priced(record: dict[str, Any]) -> tuple[Priced, Experiment]:
    """The chip of a record with its network placed as it was, and the experiment."""
    try:
        experiment = Experiment.model_validate_json(json.dumps(record["experiment"]))
        hardware = Hardware.model_validate_json(json.dumps(record["hardware"]))
        shape, *_, last = record["network"]["populations"]
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"the record is damaged: {error}") from error
    channels, height, width = shape["shape"]
    network = Network.build(experiment.network.layers, (channels, height, width), last["size"])
    program = experiment.rule.program(hardware.update_unit.rate_bits)
    placement = place(network, hardware, program.feedback, fold=experiment.placement.fold_pooling)
    return Priced(hardware, placement, program), experiment
