"""Equilibrium propagation in NumPy, on the same network, phases and batch: the float twin with rates."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from neurochip.compare.subject import initial_weights, real_inputs, twin_of
from neurochip.reference import Coding
from speed.table import Table, in_turns, ratio
from speed.training import NETS, trained

SAMPLES = 200


def measure(table: Table, folder: Path | None, rounds: int) -> None:
    """Part d: real-valued and spiking equilibrium propagation in float64, beside the chip."""
    name = "dense 784-512-10"
    preset, sets, _ = NETS[name]
    run = trained(preset, sets, SAMPLES, folder)
    inputs, labels = real_inputs(run, "train", np.arange(SAMPLES)), run.part("train").labels[:SAMPLES]
    order = np.arange(SAMPLES)
    codings: tuple[Coding, ...] = ("rates", "spikes")
    twins = {coding: twin_of(run, initial_weights(run), coding) for coding in codings}

    def twin(coding: Coding) -> float:
        began = perf_counter()
        twins[coding].train_epoch(inputs, labels, order, run.experiment.batch, run.real_rates, None)
        return SAMPLES / (perf_counter() - began)

    def chip() -> float:
        return float(run.train_epoch()["samples_per_s"])

    here, real, spiking = in_turns([chip, lambda: twin("rates"), lambda: twin("spikes")], rounds)
    note = f"{name}, 40 + 20 + 20 ticks, batch {run.experiment.batch}, one thread"
    table.add("d", "float EP in NumPy, rates", median(real), "samples/s", note)
    table.add("d", "float EP in NumPy, spikes", median(spiking), "samples/s")
    table.add("d", "the chip", median(here), "samples/s")
    for coding, there in (("rates", real), ("spikes", spiking)):
        table.add("d", f"the chip over float EP, {coding}", ratio(here, there), "x")
