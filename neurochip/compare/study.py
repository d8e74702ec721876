"""All comparisons of one experiment, put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from neurochip.compare import accuracy, gradients, traces, widths
from neurochip.compare.accuracy import Course, Race
from neurochip.compare.gradients import Estimate
from neurochip.compare.subject import initial_weights, twin_of
from neurochip.compare.traces import Trial
from neurochip.compare.widths import Sweep
from neurochip.errors import ConfigError, Problem
from neurochip.experiment import Run, Setup, provenance
from neurochip.reference import require

AGAINST = ("float", "bptt", "brian2")
SCHEMA = "neurochip compare 1"
PACKAGES = ("brian2", "autograd")
"""Of others, whose versions are noted."""


@dataclass
class Study:
    """What was found. ``setup``: what was compared; ``run``: the chip before training."""

    setup: Setup
    run: Run
    against: tuple[str, ...]
    trials: list[Trial] = field(default_factory=list)
    sweeps: list[Sweep] = field(default_factory=list)
    estimates: list[Estimate] = field(default_factory=list)
    courses: list[Course] = field(default_factory=list)

    @property
    def phases(self) -> list[tuple[str, int]]:
        """(name, ticks) of the phases of a sample, in order."""
        return twin_of(self.run, initial_weights(self.run)).timeline.phases

    def as_json(self) -> dict[str, Any]:
        """Everything as a JSON object; see docs/references.md."""
        found: dict[str, Any] = {
            "schema": SCHEMA,
            "neurochip_version": provenance.neurochip_version(),
            "commit": provenance.commit(),
            "software": {**provenance.software(), **{name: _version(name) for name in PACKAGES}},
            "against": list(self.against),
            "seed": self.setup.experiment.seed,
            "experiment": self.setup.experiment.model_dump(mode="json"),
            "hardware": self.setup.hardware.model_dump(mode="json"),
            "network": self.run.network.name,
            "projections": [self.run.network.label(i) for i in range(len(self.run.network.projections))],
            "data": {name: part.sha256 for name, part in self.run.data.items()},
        }
        if self.trials:
            found["traces"] = traces.summary(self.trials)
        if self.sweeps:
            found["widths"] = [sweep.as_json() for sweep in self.sweeps]
        if self.estimates:
            found["gradients"] = [estimate.as_json() for estimate in self.estimates]
        if self.courses:
            found["accuracy"] = accuracy.summary(self.courses)
        return found


def compare(
    setup: Setup,
    against: Sequence[str] = AGAINST,
    *,
    seeds: int = 1,
    samples: int = 4,
    tell: Callable[[str], None] = lambda line: None,
    **how: Any,
) -> Study:
    """Compare an experiment on its chip with its references.

    ``against``: float (the twin: ticks, widths, accuracy), bptt (gradients after one epoch), brian2 (ticks).
    ``seeds``: how many seeds are trained, from the experiment's on; ``samples``: how many test samples are
    followed tick by tick. ``tell`` hears of the progress; ``how``: threads and data_dir of `Run`. Raises
    ConfigError, DataError, DoesNotFit, or NeurochipError if a package is missing.
    """
    chosen = _checked(against, seeds, samples)
    require(*chosen)
    study = Study(setup, Run(setup, **how), chosen)
    samples = min(samples, len(study.run.part("test")))
    if "float" in chosen or "brian2" in chosen:
        tell(f"{samples} samples, tick by tick")
        study.trials = traces.trials(study.run, range(samples), samples if "brian2" in chosen else 0)
    if "float" in chosen:
        tell("errors against widths")
        study.sweeps = widths.sweeps(setup, samples, **how)
    if "bptt" in chosen:
        tell("gradients after one epoch")
        trained = Run(setup, **how)
        trained.train_epoch()
        study.estimates = gradients.table(setup, trained, **how)
    if "float" in chosen:
        for seed in range(setup.experiment.seed, setup.experiment.seed + seeds):
            race = Race.of(setup, seed, **how)
            study.courses.append(accuracy.course(race, setup.experiment.epochs, tell))
            if study.estimates and len(study.courses) == 1:
                study.estimates += gradients.at_the_setting(race.run, gradients.LAST)
    return study


def _checked(against: Sequence[str], seeds: int, samples: int) -> tuple[str, ...]:
    found = [
        Problem(f"--against must name some of {', '.join(AGAINST)}, not {name!r}", "--against")
        for name in against
        if name not in AGAINST
    ]
    for name, value in (("seeds", seeds), ("samples", samples)):
        if value < 1:
            found.append(Problem(f"--{name} must be 1 or more, not {value}", f"--{name}"))
    if found or not against:
        raise ConfigError(
            found or [Problem(f"--against must name some of {', '.join(AGAINST)}", "--against")]
        )
    return tuple(dict.fromkeys(against))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
