"""Operations on machine words that Numba lacks: shifts that stay in their word (Numba's own widen 32-bit
integers to 64 bits and halve the vectors), and finding a bit."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic, overload


def left(value: Any, by: Any) -> Any:
    """``value << by`` in the type of ``value``; ``by`` must be 0 .. 31 and nothing may be shifted out."""
    return type(value)(value << by)


def right(value: Any, by: Any) -> Any:
    """``floor(value / 2**by)`` in the type of ``value``; ``by`` must be 0 .. 31."""
    return type(value)(value >> by)


def trailing_zeros(value: Any) -> int:
    """Number of zeros below the lowest one of a 64-bit word other than 0."""
    return (int(value) & -int(value)).bit_length() - 1


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


@intrinsic
def _cttz(_context: Any, value: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), generate


overload(trailing_zeros)(lambda value: lambda value: _cttz(value))
