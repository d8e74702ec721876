"""A barrier: where the threads that share a batch wait for each other, inside compiled code.

A thread that sleeps takes tens of microseconds to wake, as long as a small network's whole update takes. So
threads wait awake, and fall asleep only where they wait long, as beside other work on a busy machine.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from platform import machine
from threading import Lock

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

from neurochip.chip.threads import APART, side_by_side
from neurochip.fixed.jit import kernel

ARRIVED, FAILED, GONE, TAKEN = range(4)
"""Columns of a barrier, one row for each thread: how often it came; the number of the meeting to which it
brought a failure; 1 if it will not come again; how many numbers of its heap have been taken since the last
meeting, if that was an even one, and likewise if it was an odd one."""

NEVER = 1 << 62
X86 = machine() in ("x86_64", "AMD64")
AWAKE = 2000 if X86 else 40_000
"""Looks before a waiting thread sleeps between two of them: about 0.1 ms (measured on x86, where processors
have a pause of some 50 ns; estimated elsewhere)."""

SLEEP_US = 50

_alone = Lock()


def in_step(work: Callable[[int, NDArray[np.int64]], None], threads: int) -> None:
    """Call ``work(thread, barrier)`` side by side in ``threads`` threads, which may `meet`.

    Nobody waits for a thread that has ended; if it did so with an exception, nobody goes on past a meeting.
    """
    barrier = np.zeros((threads, 2 * APART // 8), np.int64)
    barrier[:, FAILED] = NEVER

    def leaving(thread: int) -> None:
        try:
            work(thread, barrier)
        except BaseException:
            _put(barrier, thread, FAILED, 0)
            raise
        finally:
            _put(barrier, thread, GONE, 1)

    def abandon() -> None:
        barrier[:, FAILED] = 0
        barrier[:, GONE] = 1

    side_by_side(leaving, threads, abandon)


@kernel(nogil=True)
def meet(barrier, thread, well):
    """Wait until all threads are here; False if one of them was not ``well`` at this meeting or before."""
    meeting = _get(barrier, thread, ARRIVED) + 1
    if not well:
        _put(barrier, thread, FAILED, meeting)
    _put(barrier, thread, ARRIVED, meeting)
    all_well = True
    for other in range(barrier.shape[0]):
        looks = 0
        while _get(barrier, other, ARRIVED) < meeting and _get(barrier, other, GONE) == 0:
            looks += 1
            _wait_a_little(looks > AWAKE)
        all_well = all_well and _get(barrier, other, FAILED) > meeting
    _put(barrier, thread, TAKEN + (meeting - 1) % 2, 0)  # nobody takes of it before the next meeting
    return all_well


@kernel
def take(barrier, thread, heap):
    """The next number, from 0 on since the last meeting, that no thread has been given of a heap, of which
    each thread has one: so each thread does as much work as it can."""
    return _count(barrier, heap, TAKEN + _get(barrier, thread, ARRIVED) % 2)


# -- memory that other threads change, and waiting: in plain Python, and compiled --------------------------


def _get(barrier, thread, column):
    """An entry as it is now; all that its writer wrote before is there, too."""
    return barrier[thread, column]


def _put(barrier, thread, column, value):
    """Write an entry, after all that was written before."""
    barrier[thread, column] = value


def _count(barrier, thread, column):
    """Add 1 to an entry, with nobody in between; returns what it was."""
    with _alone:
        barrier[thread, column] += 1
        return barrier[thread, column] - 1


def _wait_a_little(asleep):
    """Let some time pass."""
    time.sleep(SLEEP_US * 1e-6 if asleep else 0)


@overload(_get, jit_options={"_nrt": False})
def _compiled_get(barrier, thread, column):
    return lambda barrier, thread, column: _load(barrier, thread, column)


@overload(_put, jit_options={"_nrt": False})
def _compiled_put(barrier, thread, column, value):
    return lambda barrier, thread, column, value: _store(barrier, thread, column, value)


@overload(_count, jit_options={"_nrt": False})
def _compiled_count(barrier, thread, column):
    return lambda barrier, thread, column: _add_one(barrier, thread, column)


@overload(_wait_a_little, jit_options={"_nrt": False})
def _compiled_wait(asleep):
    return lambda asleep: _sleep() if asleep else _pause()


@intrinsic
def _load(_, barrier, thread, column):
    def code(context, builder, signature, arguments):
        return builder.load_atomic(_place(context, builder, signature, arguments), "acquire", 8)

    return types.int64(barrier, types.intp, types.intp), code


@intrinsic
def _store(_, barrier, thread, column, value):
    def code(context, builder, signature, arguments):
        place = _place(context, builder, signature, arguments)
        builder.store_atomic(arguments[3], place, "release", 8)
        return context.get_dummy_value()

    return types.void(barrier, types.intp, types.intp, types.int64), code


@intrinsic
def _add_one(_, barrier, thread, column):
    def code(context, builder, signature, arguments):
        place = _place(context, builder, signature, arguments)
        return builder.atomic_rmw("add", place, ir.Constant(ir.IntType(64), 1), "monotonic")

    return types.int64(barrier, types.intp, types.intp), code


def _place(context, builder, signature, arguments):
    """Address of entry (thread, column)."""
    kind = signature.args[0]
    array = context.make_array(kind)(context, builder, arguments[0])
    return cgutils.get_item_pointer(context, builder, kind, array, arguments[1:3])


@intrinsic
def _pause(_):
    """On x86, let the other thread of this core go faster for a moment."""

    def code(context, builder, signature, arguments):
        if X86:
            _call(builder, ir.VoidType(), "llvm.x86.sse2.pause")
        return context.get_dummy_value()

    return types.void(), code


@intrinsic
def _sleep(_):
    """Leave the processor to others for `SLEEP_US`, or for the shortest time that the system knows."""

    def code(context, builder, signature, arguments):
        name, how_long = ("Sleep", 1) if sys.platform == "win32" else ("usleep", SLEEP_US)
        _call(builder, ir.IntType(32), name, ir.Constant(ir.IntType(32), how_long))
        return context.get_dummy_value()

    return types.void(), code


def _call(builder, result, name, *arguments):
    """Call a function of the system, or of the processor."""
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)
