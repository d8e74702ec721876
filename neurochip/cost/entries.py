"""The entries of a price table: what they say about a price, and what it is a price of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from neurochip.config import Model, broken, require_one_of
from neurochip.cost.memories import MEMORIES
from neurochip.cost.sram import LARGEST_NODE, SMALLEST_NODE, Cells

Basis = Literal["measured", "simulated", "derived", "modelled"]
EnergyUnit = Literal["fJ", "pJ", "nJ"]
PowerUnit = Literal["nW", "uW", "mW"]
AreaUnit = Literal["um2", "mm2"]
Positive = Annotated[float, Field(gt=0)]


class Entry(Model):
    """What every price says about itself."""

    basis: Basis = Field(
        description="How the value was found: measured on silicon, simulated from a design, derived from "
        "published values, or modelled."
    )
    node_nm: float | None = Field(description="Process node of the value; null: not stated.")
    voltage_v: float | None = Field(description="Supply voltage of the value; null: not stated.")
    source: str = Field(description="Where the value is from: a name in sources.")
    note: str = Field("", description="How the value was derived, or what it contains.")


class Valued(Entry):
    """A price that is a number."""

    value: float = Field(ge=0, description="The price of one.")
    times: float = Field(1.0, gt=0, description="How many of it one event takes.")
    scale: bool = Field(
        False,
        description="Whether the value is brought to the table's node and voltage, by node * voltage^2.",
    )

    @model_validator(mode="after")
    def _can_scale(self) -> Valued:
        if self.scale and (self.node_nm is None or self.voltage_v is None):
            raise broken(("scale", "must be false where the value's node_nm or voltage_v is not stated"))
        return self


class Arrayed(Entry):
    """A price that follows the size of an array and the width of its word."""

    memory: str = Field(description="The memory that is meant.", json_schema_extra={"enum": list(MEMORIES)})
    cells: Cells = Field(description="Transistors: high performance, or low standby power.")
    node_nm: float = Field(ge=SMALLEST_NODE, le=LARGEST_NODE, description="Process node of the array.")
    times: float = Field(1.0, gt=0, description="How many accesses one event takes.")

    @field_validator("memory")
    @classmethod
    def _known(cls, memory: str) -> str:
        return require_one_of(memory, MEMORIES)


class Number(Valued):
    """An energy."""

    model: Literal["number"] = Field(description="a number")
    unit: EnergyUnit = Field(description="Unit of the value.")
    per: Literal["event", "bit", "bit_sum", "bit_product", "cell", "core"] = Field(
        description="One event; a bit of its result; a bit of all operands; a product of bits of its first "
        "and last operand; a cell of a weight; a core of the chip."
    )


class Curve(Entry):
    """An energy that follows the bits of the chip's converters, ``crossbar.adc.bits``."""

    model: Literal["curve"] = Field(description="a number that depends on crossbar.adc.bits of the chip")
    points: dict[int, Positive] = Field(
        min_length=2,
        description="Value by bits; each bit between two points multiplies alike, and beyond them.",
    )
    unit: EnergyUnit = Field(description="Unit of the values.")
    per: Literal["event", "cell"] = Field(description="One event, or a cell of a weight.")
    times: float = Field(1.0, gt=0, description="How many of it one event takes.")


class Access(Arrayed):
    """The energy of an access to an array."""

    model: Literal["sram"] = Field(description="an access to an array of static memory")
    access: Literal["read", "write"] = Field(description="Which of them.")
    per: Literal["word", "item"] = Field(description="A whole word, or one weight, neuron ... of it.")


class Included(Model):
    """An action whose energy another one's price contains."""

    model: Literal["included"] = Field(description="no price of its own")
    included_in: str = Field(description="The action (or static) whose price contains it.")
    source: str = Field(description="Where that is said: a name in sources.")
    note: str = Field("", description="Why.")


ActionPrice = Annotated[Number | Curve | Access | Included, Field(discriminator="model")]


class Power(Valued):
    """A power that flows all the time."""

    model: Literal["number"] = Field(description="a number")
    unit: PowerUnit = Field(description="Unit of the value.")
    per: Literal["chip", "core", "crossbar"] = Field(description="What has it.")


class Leakage(Arrayed):
    """The leakage of all arrays of a kind."""

    model: Literal["sram"] = Field(description="leakage of arrays of static memory")


StaticPrice = Annotated[Power | Leakage, Field(discriminator="model")]


class Cycle(Valued):
    """An energy of every clock cycle."""

    model: Literal["number"] = Field(description="a number")
    unit: EnergyUnit = Field(description="Unit of the value.")
    per: Literal["core_cycle", "chip_cycle"] = Field(description="A cycle of each core, or of the chip.")


ClockPrice = Annotated[Cycle | Included, Field(discriminator="model")]


class Space(Valued):
    """An area."""

    model: Literal["number"] = Field(description="a number")
    what: str = Field(min_length=1, description="What takes it.")
    unit: AreaUnit = Field(description="Unit of the value.")
    per: Literal["chip", "core", "crossbar", "synapse", "cell", "column"] = Field(
        description="A chip, a core, a crossbar, a weight, a cell of a weight, a column of a crossbar."
    )


class ArraySpace(Arrayed):
    """The area of all arrays of a kind."""

    model: Literal["sram"] = Field(description="arrays of static memory")


AreaPrice = Annotated[Space | ArraySpace, Field(discriminator="model")]
