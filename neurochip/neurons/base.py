"""What a neuron model tells the chip."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from neurochip.config import Model
from neurochip.fixed import Format, Rate


class Neuron(Model):
    """A neuron model: its constants (the YAML keys), the registers it uses, its lowering to integers."""

    code: ClassVar[int]
    """Number of the model in `neurochip.neurons.kernels`."""

    registers: ClassVar[tuple[str, ...]]
    """Names of the hardware registers that a neuron of this model occupies."""

    @abstractmethod
    def parameters(self, formats: Mapping[str, Format]) -> tuple[int, ...]:
        """The model's constants as integers for its kernels, given the registers' formats.

        Raises ConfigError if the registers cannot do what the model needs.
        """

    @abstractmethod
    def widest(self, formats: Mapping[str, Format], nudge: Rate) -> int:
        """Bits, sign included, that hold every intermediate value of the kernels under any nudge of the
        program.

        Raises ConfigError if a binary point is too far from another.
        """

    @abstractmethod
    def schedule(self, ticks: int) -> list[tuple[int, int]]:
        """Two integers for each tick of a sample, read by the kernels: what changes over a sample."""

    @abstractmethod
    def draws(
        self, formats: Mapping[str, Format], steps: tuple[int, int], nudge_shift: int
    ) -> tuple[int, int]:
        """Random words that the update of a neuron and the step of an encoder draw in one tick.

        ``steps``: the tick's entry of `schedule`; ``nudge_shift``: right shift of the nudge that acts on the
        neuron (0: none acts).
        """
