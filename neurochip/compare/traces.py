"""Samples tick by tick: do chip, float twin and Brian2 agree, and if not, which is wrong, and where?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurochip.compare.differences import Difference, first_difference
from neurochip.compare.subject import Sample, initial_weights, on_the_grid, sample_of, twin_of
from neurochip.compare.witnesses import SAME, Agreement, agreement, breach, chip_record
from neurochip.experiment import Run
from neurochip.reference import REGISTERS, Record, Twin

CHIP, FLOAT, BRIAN2 = "chip", "float", "brian2"


@dataclass
class Trial:
    """One sample: the witnesses' records, where each breaks the equations, and where pairs of them part."""

    sample: Sample
    records: dict[str, Record]
    breaches: dict[str, Difference | None]
    agreement: Agreement | None = None
    parted: Difference | None = None
    distance: dict[str, float] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """What is wrong, where first, in one line; or that nothing is."""
        for name, found in self.breaches.items():
            if found:
                return f"{name} departs from the equations first at {found}"
        if self.parted:
            return f"float and brian2 part first at {self.parted}"
        if self.agreement and not self.agreement.explained:
            place = self.agreement.first or self.agreement.first_spike
            return f"chip and float part by more than rounding first at {place}"
        return "all witnesses agree"

    def as_json(self) -> dict[str, Any]:
        """Everything but the records."""
        found: dict[str, Any] = {"sample": self.sample.index, "verdict": self.verdict}
        found["breaches"] = {name: it.as_json() if it else None for name, it in self.breaches.items()}
        if self.agreement:
            it = self.agreement
            found["chip_float"] = {
                "explained_by_rounding": it.explained,
                "first_difference": it.first.as_json() if it.first else None,
                "first_spike_difference": it.first_spike.as_json() if it.first_spike else None,
                "margin_of_that_spike": it.margin,
                "bound_on_that_margin": it.bound,
                "spikes": it.spikes,
                "ties": it.ties,
                "ties_unexplained": it.unexplained,
                "largest_error_as_share_of_bound": it.largest,
            }
        if self.distance:
            found["float_brian2"] = {
                "largest_distance": self.distance,
                "first_difference": self.parted.as_json() if self.parted else None,
            }
        return found


def judge(run: Run, twin: Twin, sample: Sample, records: Mapping[str, Record]) -> Trial:
    """What witnesses' records of one sample say. ``twin``: with the weights that all should have."""
    breaches = {name: breach(run, twin, name, record, sample) for name, record in records.items()}
    trial = Trial(sample, dict(records), breaches)
    if CHIP in records:
        free = (
            twin.record(sample.inputs, sample.target, sample.sign) if FLOAT not in records else records[FLOAT]
        )
        trial.agreement = agreement(run, twin, records[CHIP], free, sample)
    if FLOAT in records and BRIAN2 in records:
        first, second = records[FLOAT], records[BRIAN2]
        trial.parted = first_difference(first, second, SAME, run.network, twin.timeline)
        trial.distance = {name: float(np.abs(first[name] - second[name]).max()) for name in REGISTERS}
    return trial


def trials(run: Run, samples: Sequence[int], with_brian2: int, split: str = "test") -> list[Trial]:
    """Judge samples with the run's initial weights; Brian2 is heard for the first ``with_brian2`` of them."""
    twin = twin_of(run, on_the_grid(run, initial_weights(run)))
    found = []
    for number, index in enumerate(samples):
        sample = sample_of(run, index, split)
        arguments = (sample.inputs, sample.target, sample.sign)
        records = {CHIP: chip_record(run, sample), FLOAT: twin.record(*arguments)}
        if number < with_brian2:
            records[BRIAN2] = twin.brian2(*arguments)
        found.append(judge(run, twin, sample, records))
    return found


def summary(found: Sequence[Trial]) -> dict[str, Any]:
    """What all trials say together, and each by itself."""
    agreements = [trial.agreement for trial in found if trial.agreement]
    distances = [trial.distance for trial in found if trial.distance]
    wrong = [trial for trial in found if trial.verdict != "all witnesses agree"]
    together: dict[str, Any] = {
        "samples": len(found),
        "verdict": f"sample {wrong[0].sample.index}: {wrong[0].verdict}" if wrong else "all witnesses agree",
        "samples_with_equal_spikes": sum(it.first_spike is None for it in agreements),
        "samples_explained_by_rounding": sum(it.explained for it in agreements),
        "spikes": sum(it.spikes for it in agreements),
        "ties": sum(it.ties for it in agreements),
        "ties_unexplained": sum(it.unexplained for it in agreements),
        "largest_error_as_share_of_bound": {
            name: max(it.largest[name] for it in agreements) for name in REGISTERS[:-1]
        },
    }
    if distances:
        together["float_brian2_largest_distance"] = {
            name: max(distance[name] for distance in distances) for name in REGISTERS
        }
    return {**together, "trials": [trial.as_json() for trial in found]}
