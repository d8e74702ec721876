"""An experiment with something else in it: other registers, another rule, another seed."""

from __future__ import annotations

from typing import Any

from neurochip.experiment import Setup

STATES = ("decoded", "membrane", "residual")
"""The registers of a neuron's state, with binary points of their own."""


def with_fractions(setup: Setup, **fracs: int) -> Setup:
    """The setup with other fraction bits in some registers, integer bits as before; ``fraction``: width."""
    registers = setup.hardware.registers
    formats = registers.formats()
    changed = {}
    for name, frac in fracs.items():
        update: dict[str, int | None]
        if name == "fraction":
            update = {"bits": frac}
        else:
            whole = formats[name].bits - formats[name].signed - formats[name].frac
            update = {"bits": whole + formats[name].signed + frac, "frac": None, "whole": whole}
        changed[name] = getattr(registers, name).model_copy(update=update)
    return _with(setup, changed)


def with_bits(setup: Setup, **bits: int) -> Setup:
    """The setup with other widths of the named sum registers (partial, current, accumulator)."""
    registers = setup.hardware.registers
    return _with(
        setup, {name: getattr(registers, name).model_copy(update={"bits": n}) for name, n in bits.items()}
    )


def with_rule(setup: Setup, **changes: Any) -> Setup:
    """The setup with other constants of its rule."""
    rule = setup.experiment.rule.model_copy(update=changes)
    return Setup(setup.experiment.model_copy(update={"rule": rule}), setup.hardware)


def with_seed(setup: Setup, seed: int) -> Setup:
    """The setup with another seed."""
    return Setup(setup.experiment.model_copy(update={"seed": seed}), setup.hardware)


def _with(setup: Setup, registers: dict[str, Any]) -> Setup:
    changed = setup.hardware.registers.model_copy(update=registers)
    return Setup(setup.experiment, setup.hardware.model_copy(update={"registers": changed}))
