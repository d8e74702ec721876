"""The cycle engine: a second chip, stepped clock by clock, that agrees with the fast one in every bit and
count."""

from __future__ import annotations

from neurochip.clock.clock import Clock
from neurochip.clock.running import Outcome

__all__ = ["Clock", "Outcome"]
