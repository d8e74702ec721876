"""Shifts that stay in the word they are given: Numba's own widen 32-bit integers to 64 bits and halve the
vectors."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic, overload


def left(value: Any, by: Any) -> Any:
    """``value << by`` in the type of ``value``; ``by`` must be 0 .. 31 and nothing may be shifted out."""
    return type(value)(value << by)


def right(value: Any, by: Any) -> Any:
    """``floor(value / 2**by)`` in the type of ``value``; ``by`` must be 0 .. 31."""
    return type(value)(value >> by)


def _shift(name: str) -> Any:
    @intrinsic
    def shift(_context: Any, value: Any, by: Any) -> Any:
        if not (isinstance(value, types.Integer) and isinstance(by, types.Integer)):
            raise TypingError("shifts are of integers")

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            amount = context.cast(builder, arguments[1], signature.args[1], signature.args[0])
            return getattr(builder, name)(arguments[0], amount)

        return value(value, by), generate

    return shift


_shl, _ashr = _shift("shl"), _shift("ashr")


overload(left)(lambda value, by: lambda value, by: _shl(value, by))
overload(right)(lambda value, by: lambda value, by: _ashr(value, by))
