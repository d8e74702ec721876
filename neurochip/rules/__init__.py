"""The shelf of learning rules. A rule is one file: its constants and the `Program` that it asks of the
chip."""

from neurochip.rules.base import Rule
from neurochip.rules.ep import EP

RULES: dict[str, type[Rule]] = {"ep": EP}

__all__ = ["EP", "RULES", "Rule"]
