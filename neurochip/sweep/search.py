"""Multi-objective search with Optuna, in rounds whose results do not depend on who was quick.

A round of ``population`` settings is asked for, run, and told in order; draws come from the sweep's own seed.
So a search is the same for any number of workers, and it resumes by being done again: what is finished is
found in the store, and Optuna is told what it was told before.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from neurochip.errors import NeurochipError
from neurochip.files import replacing
from neurochip.sweep.axes import Axis
from neurochip.sweep.plan import Planner, Point
from neurochip.sweep.schema import Sweep
from neurochip.sweep.settings import Setting
from neurochip.sweep.stats import spread
from neurochip.sweep.work import Result

VIOLATION = "violation"
STUDY = "study.log"
_WORST = 1e12
"""Stands for the cost of what does not fit; the constraint keeps it from being compared."""

Evaluate = Callable[[Sequence[Point]], Mapping[str, Result]]


def search(planner: Planner, evaluate: Evaluate, folder: Path) -> list[Point]:
    """Search, and return the points of all settings that were tried, each setting once, in order.

    ``evaluate`` runs points and gives results by key. Leaves the study in ``folder`` for Optuna's own tools.
    Raises NeurochipError if Optuna is missing.
    """
    sweep = planner.sweep
    with _quiet() as optuna:
        study = _study(optuna, sweep)
        tried: dict[str, list[Point]] = {}
        for size in _rounds(sweep):
            _round(study, planner, evaluate, tried, size)
        _export(optuna, study, sweep.name, folder / STUDY)
    return [point for points in tried.values() for point in points]


def _study(optuna: Any, sweep: Sweep) -> Any:
    ways = [way.replace("ise", "ize") for way in (sweep.objectives or {}).values()]
    return optuna.create_study(sampler=_sampler(optuna, sweep), directions=ways)


def _sampler(optuna: Any, sweep: Sweep) -> Any:
    """Constraint: a setting that does not fit the chip is worse than any that does."""
    known = {"seed": sweep.sampling_seed, "constraints_func": _constraints}
    if sweep.strategy == "nsga2":
        return optuna.samplers.NSGAIISampler(population_size=sweep.population, **known)
    return optuna.samplers.TPESampler(constant_liar=True, multivariate=True, **known)


def _rounds(sweep: Sweep) -> Iterator[int]:
    left = sweep.points or 0
    while left > 0:
        yield min(left, sweep.population)
        left -= sweep.population


def _round(
    study: Any, planner: Planner, evaluate: Evaluate, tried: dict[str, list[Point]], size: int
) -> None:
    trials = [study.ask() for _ in range(size)]
    chosen = [_suggest(trial, planner.sweep) for trial in trials]
    for setting in chosen:
        if repr(setting) not in tried:
            tried[repr(setting)] = planner.points_of([setting], len(tried))
    results = evaluate([point for setting in chosen for point in tried[repr(setting)]])
    for trial, setting in zip(trials, chosen, strict=True):
        values, violation = _outcome(tried[repr(setting)], results, planner.sweep)
        trial.set_user_attr(VIOLATION, violation)
        trial.set_user_attr("setting", setting)
        study.tell(trial, values)


def _suggest(trial: Any, sweep: Sweep) -> Setting:
    return {name: _value(trial, name, axis) for name, axis in sweep.axes.items()}


def _value(trial: Any, name: str, axis: Axis) -> Any:
    """Levels in order of size are searched by their number, other levels as names without order."""
    if axis.number is None:
        suggest = trial.suggest_int if axis.whole else trial.suggest_float
        value = suggest(name, axis.low, axis.high, log=axis.scale == "log")
        return value if axis.whole else float(f"{value:.6g}")
    if _ordered(axis.values):
        return axis.level(trial.suggest_int(name, 0, axis.number - 1))
    return axis.level(trial.suggest_categorical(name, list(range(axis.number))))


def _ordered(values: Sequence[Any] | None) -> bool:
    """Whether values, or those of a range, are numbers in order of size."""
    found = list(values or ())
    numbers = all(isinstance(it, int | float) and not isinstance(it, bool) for it in found)
    return numbers and found == sorted(found)


def _outcome(
    points: Sequence[Point], results: Mapping[str, Result], sweep: Sweep
) -> tuple[list[float], float]:
    """The objectives' means over seeds and 0, or the worst values and 1 if some seed lacks them."""
    objectives = sweep.objectives or {}
    found = [results[point.key] for point in points if point.key]
    rows = [it["row"] for it in found]
    unpriced = any(it["status"] == "not_priced" and objectives.keys() - it["row"].keys() for it in found)
    if len(rows) < len(points) or not all(rows) or unpriced:
        return [0.0 if way == "maximise" else _WORST for way in objectives.values()], 1.0
    missing = [name for name in objectives if name not in rows[0]]
    if missing:
        raise NeurochipError(
            f"objectives: these runs have no {', '.join(missing)}; they have {', '.join(rows[0])}"
        )
    return [spread([row[name] for row in rows]).mean for name in objectives], 0.0


def _constraints(trial: Any) -> tuple[float]:
    return (float(trial.user_attrs[VIOLATION]),)


def _export(optuna: Any, study: Any, name: str, path: Path) -> None:
    """The study as a journal that Optuna and its dashboard read; the search itself does not need it."""
    with replacing(path) as temporary:
        journal = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(temporary)))
        copy = optuna.create_study(storage=journal, study_name=name, directions=study.directions)
        copy.add_trials(study.trials)


@contextmanager
def _quiet() -> Iterator[Any]:
    """Optuna without its own log lines and its notes on features that may change."""
    try:
        import optuna
    except ImportError:
        raise NeurochipError(
            "the strategies nsga2 and tpe need Optuna: pip install 'neurochip[search]'"
        ) from None
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield optuna
    finally:
        with suppress(ValueError):
            optuna.logging.set_verbosity(before)
