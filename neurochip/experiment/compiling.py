"""Telling the user when Numba compiles: the first use on a machine takes longer than all later ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def announcing(tell: Callable[[], None]) -> Iterator[None]:
    """Call ``tell`` once, when the first kernel is compiled (not when it is loaded from the disk cache)."""
    from numba.core import event

    class Listener(event.Listener):
        told = False

        def on_start(self, _event: Any) -> None:
            if not self.told:
                self.told = True
                tell()

        def on_end(self, _event: Any) -> None:
            """Nothing to say."""

    with event.install_listener("numba:compile", Listener()):
        yield
