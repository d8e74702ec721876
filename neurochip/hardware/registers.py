"""The registers of the chip: how wide each one is and what happens at its ends. All are two's complement."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator, model_validator

from neurochip.config import Model, broken
from neurochip.fixed import Format, OverflowMode, RoundingMode


def _bits(low: int, high: int) -> Any:
    return Field(ge=low, le=high, description="Width in bits, sign included.")


def _binary_point(description: str) -> Any:
    return Field(default=None, description=description, json_schema_extra={"minimum": 0, "maximum": 32})


def _overflow() -> Any:
    meaning = "A value that does not fit: is clipped, kept modulo 2**bits, or ends the run with an error."
    return Field(default="saturate", description=meaning)


class _Register(Model):
    """Abstract: a register with its own binary point, given from the right (frac) or the left (whole)."""

    bits: int = Field(description="Width in bits, sign included.")
    frac: int | None = _binary_point("Fraction bits; give this or whole.")
    whole: int | None = _binary_point("Integer bits besides the sign, frac = bits - signed - whole.")
    signed: bool = Field(default=True, description="Whether the register holds negative numbers.")
    overflow: OverflowMode = _overflow()
    rounding: RoundingMode = Field(
        default="nearest", description="How a value with more fraction bits is brought to this width."
    )

    @model_validator(mode="after")
    def _binary_point_fits(self) -> _Register:
        given = {key: bits for key in ("frac", "whole") if (bits := getattr(self, key)) is not None}
        if len(given) != 1:
            raise broken(("", f"must have one of frac and whole, not {'both' if given else 'neither'}"))
        [(key, bits)] = given.items()
        room = self.bits - self.signed
        if not 0 <= bits <= room:
            raise broken((key, f"must be 0..{room}, not {bits}"))
        return self

    def format(self) -> Format:
        """The register's format, with its binary point as fraction bits."""
        frac = self.bits - self.signed - (self.whole or 0) if self.frac is None else self.frac
        return Format(self.bits, frac, self.signed, self.overflow, self.rounding)


class WeightRegister(_Register):
    """What the crossbar holds for a synapse; always signed."""

    bits: int = _bits(2, 16)

    @field_validator("signed")
    @classmethod
    def _has_a_sign(cls, signed: bool) -> bool:
        if not signed:
            raise broken(("", "must be true: a synapse excites or inhibits"))
        return signed


class BiasRegister(_Register):
    """What is added to the input of a neuron."""

    bits: int = _bits(2, 32)


class StateRegister(_Register):
    """A register of the neuron's dynamics."""

    bits: int = _bits(8, 32)


class CaptureRegister(_Register):
    """What the update unit sees of a neuron."""

    bits: int = _bits(4, 16)


class FractionRegister(Model):
    """The low bits of a weight that only the update unit sees."""

    bits: int = Field(ge=0, le=16, description="Width in bits; 0: updates round straight into the weight.")


class SumRegister(Model):
    """A signed sum of weights; its steps are those of the weight."""

    bits: int = _bits(8, 32)
    overflow: OverflowMode = _overflow()


class ProductRegister(Model):
    """A signed sum of products of two banks; it has twice their fraction bits."""

    bits: int = _bits(16, 62)
    overflow: OverflowMode = _overflow()


_SUM_NEEDS = {
    "partial": "the weight's fraction bits and a sign",
    "current": "the weight's fraction bits and a sign",
    "accumulator": "twice the bank's fraction bits and a sign",
}


class Registers(Model):
    """Every register of the chip."""

    weight: WeightRegister = Field(description="Weight of a synapse, held by the crossbar.")
    fraction: FractionRegister = Field(description="Low bits of a weight, below its last bit.")
    bias: BiasRegister = Field(description="Bias of a neuron.")
    partial: SumRegister = Field(description="Sum of one crossbar's column, on its way to the neuron.")
    current: SumRegister = Field(description="Sum of a neuron's input in one tick.")
    decoded: StateRegister = Field(description="Low-pass of the current: decodes sigma-delta spikes.")
    membrane: StateRegister = Field(description="State of a neuron, or its membrane.")
    residual: StateRegister = Field(description="What a sigma-delta encoder has not sent yet.")
    bank: CaptureRegister = Field(description="State or spike count captured at the end of a phase.")
    trace: CaptureRegister = Field(description="Eligibility trace.")
    accumulator: ProductRegister = Field(description="Sum of a synapse's updates over a batch.")

    @model_validator(mode="after")
    def _sums_hold_their_fraction(self) -> Registers:
        formats = self.formats()
        narrow = [
            (f"{name}.bits", f"must be at least {formats[name].frac + 1} ({why}), not {formats[name].bits}")
            for name, why in _SUM_NEEDS.items()
            if formats[name].frac >= formats[name].bits
        ]
        if narrow:
            raise broken(*narrow)
        return self

    def formats(self) -> dict[str, Format]:
        """The format of every register but ``fraction``, which is a bare number of bits below the weight."""
        full = {
            name: getattr(self, name).format()
            for name in ("weight", "bias", "decoded", "membrane", "residual", "bank", "trace")
        }
        return {
            **full,
            "partial": _sum_format(self.partial, full["weight"].frac),
            "current": _sum_format(self.current, full["weight"].frac),
            "accumulator": _sum_format(self.accumulator, 2 * full["bank"].frac),
        }


def _sum_format(register: SumRegister | ProductRegister, frac: int) -> Format:
    return Format(register.bits, frac, signed=True, overflow=register.overflow)
