"""The schema of ``record.json``, explained in `docs/record.md`; ``neurochip schema record`` prints it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neurochip.config import Model
from neurochip.experiment.schema import Experiment
from neurochip.hardware import Hardware

SCHEMA = "neurochip record 2"
"""Name and version of the schema; the number rises with every change of the keys or their meaning."""

Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Named = dict[str, Count]


class EpochRow(Model):
    """One epoch."""

    epoch: int = Field(ge=1, description="Number of the epoch, from 1.")
    train_accuracy: Fraction = Field(
        description="Right predictions of training samples, each before its own update."
    )
    test_accuracy: Fraction = Field(description="Right predictions of test samples after the epoch.")
    validation_accuracy: Fraction | None = Field(
        None, description="Right predictions of validation samples after the epoch; absent if there are none."
    )
    seconds: float = Field(ge=0, description="Wall time of the epoch's training, in seconds.")
    samples_per_s: float = Field(ge=0, description="Training samples a second of wall time.")
    synaptic_ops: Count = Field(description="Synaptic operations of the epoch's training.")
    learning_rates: tuple[float, ...] = Field(
        description="Learning rate of each projection, as the update unit multiplied with it at first."
    )


class DataPart(Model):
    """One part of the data."""

    name: str = Field(description="Data set.")
    split: str = Field(description="Official part that the samples come from.")
    source: str = Field(description="Who made the data set.")
    licence: str = Field(description="Licence of the data set.")
    note: str = Field(description="What was done to the samples; empty for an official part as it is.")
    sha256: Sha256 = Field(description="Fingerprint of the samples in their order: inputs, then labels.")
    samples: Count = Field(description="Number of samples.")


class PopulationFacts(Model):
    """One population of neurons."""

    name: str = Field(description="Name of the population.")
    shape: tuple[int, int, int] = Field(description="Channels, height, width.")
    size: Count = Field(description="Number of neurons.")


class NetworkFacts(Model):
    """The network as built."""

    name: str = Field(description="Sizes of the populations.")
    neurons: Count = Field(description="Neurons of all populations, the input included.")
    synapses: Count = Field(description="Weights of all projections.")
    zero_weights: Count = Field(description="Weights that are zero at the end.")
    populations: tuple[PopulationFacts, ...] = Field(description="The populations, the input first.")


class EventCounts(Model):
    """How often each action of the chip happened."""

    total: Named = Field(description="Events by action.")
    phases: dict[str, Named] = Field(description="Events by phase of the rule (and update), then by action.")
    cores: dict[str, tuple[Count, ...]] = Field(description="Events by action, one number for each core.")
    table: dict[str, dict[str, dict[str, Named]]] = Field(
        description="Events by phase, kind of work, action and core; what did not happen is left out."
    )
    links: dict[str, Named] = Field(
        description="Flits that cross each link, by phase, then link (core * 4 + east, west, south, north)."
    )


class CountsSection(Model):
    """The events of a run."""

    training: EventCounts = Field(description="Events of all training.")
    inference: EventCounts = Field(description="Events of all evaluations.")
    training_samples: Count = Field(description="Samples trained on, over all epochs.")
    inference_samples: Count = Field(description="Samples classified, over all evaluations.")
    batches: Count = Field(description="Updates of the whole network in training.")


class Spent(Model):
    """Cycles of some work."""

    cycles: Count = Field(description="Cycles of the chip.")
    busy: tuple[Count, ...] = Field(description="Cycles in which each core works.")
    links: Named = Field(
        description="Flits that cross each link (core * 4 + east, west, south, north); 0 is left out."
    )


class TimedPart(Model):
    """Some samples, estimated tick by tick."""

    samples: int = Field(ge=1, description="Samples that were timed: the first ones of the part.")
    phases: dict[str, Spent] = Field(description="What each phase of the rule took, all samples together.")


class UpdateTime(Model):
    """The update of a batch: samples times ``sample``, plus ``batch``."""

    sample: Spent = Field(description="What each sample of a batch adds.")
    batch: Spent = Field(description="What a batch adds, whatever its size.")


class TimingSection(Model):
    """Cycles of the first samples with the last weights."""

    training: TimedPart = Field(description="Training samples, up to the update.")
    inference: TimedPart = Field(description="Test samples, up to the readout.")
    update: UpdateTime = Field(description="The update.")


class CellFacts(Model):
    """The cells of crossbars that do not hold weights exactly."""

    cells: Count = Field(description="Cells of all synapses.")
    writes: Count = Field(description="Writes of all cells, those in vain included.")
    most_written: Count = Field(description="Writes of the cell that was written most often.")
    stuck: Count = Field(description="Cells that were stuck from the first.")
    worn_out: Count = Field(description="Cells that take no more writes.")


class RecordModel(Model):
    """All that a run leaves behind but its weights."""

    schema_: Literal["neurochip record 2"] = Field(
        alias="schema", description="Name and version of this schema."
    )
    neurochip_version: str = Field(description="Version of neurochip.")
    commit: str | None = Field(description="Commit that neurochip ran from, if it ran from a repository.")
    software: dict[str, str] = Field(description="Versions of python, numpy and numba.")
    complete: bool = Field(description="Whether all epochs are done.")
    seed: int = Field(ge=0, lt=1 << 32, description="Seed of all random draws.")
    experiment: Experiment = Field(
        description="The experiment as resolved: after all overrides, with defaults."
    )
    hardware: Hardware = Field(description="The hardware as resolved.")
    data: dict[str, DataPart] = Field(
        description="The parts of the data: train, test and, if any, validation."
    )
    network: NetworkFacts = Field(description="The network as built.")
    placement: dict[str, tuple[Count, Count]] = Field(
        description="[used, available] of cores, crossbars, cells, neurons and axons of the chip."
    )
    epochs: tuple[EpochRow, ...] = Field(description="One row for each epoch done.")
    counts: CountsSection = Field(description="How often each action of the chip happened.")
    timing: TimingSection | None = Field(
        None,
        description="Cycles estimated tick by tick; null before the last epoch, or if they are not known.",
    )
    saturations: Named = Field(
        description="Values that did not fit, by register, in training and evaluations."
    )
    cells: CellFacts | None = Field(None, description="The cells' wear; absent where cells are exact.")
    weights_sha256: Sha256 = Field(
        description="Fingerprint of the integer weights, then biases, by projection, as little-endian int32."
    )
    threads: int = Field(ge=1, description="Threads of the last process; results do not depend on it.")
    wall_seconds: float = Field(
        ge=0, description="Wall time of all processes that worked on the run, in seconds."
    )
