"""The hardware record: one chip, as its YAML describes it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from neurochip.config import Model, Source, broken, build, find_preset, require_one_of
from neurochip.devices import DEVICES, Adc, Resistive, Sram
from neurochip.hardware.registers import Registers

MOST_ANALOG_BITS = 12
"""Of a weight on cells that do not hold it exactly: what a cell holds needs steps finer than a weight's."""


class Technology(Model):
    """The process that the chip is made in; a price table has its own, and costs note where they differ."""

    node_nm: float = Field(ge=1, le=1000, description="Process node in nanometres.")
    voltage_v: float = Field(ge=0.1, le=5, description="Supply voltage in volts.")


class Mesh(Model):
    """The grid of cores."""

    rows: int = Field(ge=1, le=64, description="Rows of cores.")
    cols: int = Field(ge=1, le=64, description="Columns of cores.")


class Core(Model):
    """One core: its crossbars, neuron slots, axon table and input FIFO."""

    crossbars: int = Field(ge=1, le=1024, description="Crossbar arrays in a core.")
    neurons: int = Field(ge=1, le=65536, description="Neuron slots in a core.")
    axons: int = Field(
        ge=1, le=1048576, description="Axon table entries: rows and columns that arriving spikes may drive."
    )
    fifo_depth: int = Field(ge=1, le=65536, description="Spikes that wait at the core's input.")
    lanes: int = Field(ge=1, le=65536, description="Neurons updated side by side.")
    neuron_cycles: int = Field(ge=1, le=1024, description="Cycles in which the lanes update their neurons.")


class Crossbar(Model):
    """One synapse array."""

    rows: int = Field(ge=1, le=65536, description="Rows: one for each presynaptic unit.")
    cols: int = Field(ge=1, le=65536, description="Columns: one for each postsynaptic unit.")
    feedback: Literal["transposed", "mirrored"] = Field(
        description="How feedback reads weights: by a column port, or from a second array of the same bits."
    )
    device: str = Field(description="Synapse cell.", json_schema_extra={"enum": list(DEVICES)})
    column_adders: int = Field(
        ge=1, le=65536, description="Columns of an active row that are read and added together."
    )
    access_cycles: int = Field(
        default=1, ge=1, le=1024, description="Cycles to read and add so many columns of a row."
    )
    cell: Resistive | None = Field(
        default=None, description="What the device's cells are like; null: without imperfections."
    )
    adc: Adc | None = Field(
        default=None, description="Converter of column sums; null: one that rounds to a step of the weight."
    )

    @field_validator("device")
    @classmethod
    def _known_device(cls, value: str) -> str:
        return require_one_of(value, DEVICES)

    @model_validator(mode="after")
    def _cell_is_of_the_device(self) -> Crossbar:
        if self.cell is not None and not isinstance(self.cell, DEVICES[self.device]):
            raise broken(("cell", f"must be null for the device {self.device}, which has no such keys"))
        return self

    @property
    def cells(self) -> Sram | Resistive:
        """The record of the device: that of `cell`, or the device without imperfections."""
        return self.cell or DEVICES[self.device]()

    @property
    def converts(self) -> bool:
        """Whether column sums go through a converter: of an array with one, or of conductances."""
        return self.adc is not None or not self.cells.exact


class UpdateUnit(Model):
    """The unit that changes the weights."""

    rate_bits: int = Field(
        ge=1, le=16, description="Bits of the integer multiplier m of a learning rate m * 2**-k."
    )
    lanes: int = Field(ge=1, le=65536, description="Synapses updated in one cycle.")


class Noc(Model):
    """The network on chip: a mesh of routers, one for each core."""

    flit_bits: int = Field(ge=8, le=1024, description="Bits of a flit, the unit that a link moves.")
    router_cycles: int = Field(ge=1, le=64, description="Cycles for a flit to pass a router.")
    link_cycles: int = Field(ge=1, le=64, description="Cycles for a flit to pass a link.")
    fifo_flits: int = Field(ge=1, le=1024, description="Flits that a router's input buffers, per port.")


class Barrier(Model):
    """The tree that ends a tick when all cores are done."""

    cycles_per_level: int = Field(ge=0, le=1024, description="Cycles for each level of the tree.")


class Hardware(Model):
    """A chip. Every number that bounds a run or costs something is a key here."""

    name: str = Field(min_length=1, description="Name of the chip in reports.")
    description: str = Field(description="What the chip is for, in one line.")
    clock_mhz: float = Field(ge=0.001, le=10000, description="Clock in megahertz.")
    technology: Technology = Field(description="The process it is made in.")
    mesh: Mesh = Field(description="The grid of cores.")
    core: Core = Field(description="What each core has.")
    crossbar: Crossbar = Field(description="What each synapse array is.")
    registers: Registers = Field(description="Width and arithmetic of every register.")
    update_unit: UpdateUnit = Field(description="What changes the weights.")
    noc: Noc = Field(description="The network between the cores.")
    barrier: Barrier = Field(description="What ends a tick.")
    prices: str = Field(
        default="digital_28nm", min_length=1, description="Price table: a preset, or the path of a YAML file."
    )

    @model_validator(mode="after")
    def _cells_have_finer_steps(self) -> Hardware:
        if not DEVICES[self.crossbar.device].exact and self.registers.weight.bits > MOST_ANALOG_BITS:
            device, bits = self.crossbar.device, self.registers.weight.bits
            rule = f"must be at most {MOST_ANALOG_BITS} for the device {device}, not {bits}"
            raise broken(("registers.weight.bits", rule))
        return self

    @classmethod
    def load(cls, name_or_path: str | Path, sets: Iterable[str] = ()) -> Hardware:
        """The hardware of a preset or YAML file, after ``key=value`` overrides; ConfigError if not valid."""
        return build(hardware_source(name_or_path, sets), cls)


def hardware_source(name_or_path: str | Path, sets: Iterable[str] = ()) -> Source:
    """The document of a hardware preset or file, after ``key=value`` overrides; ConfigError."""
    return Source.read(find_preset(name_or_path)).override_all(sets)
