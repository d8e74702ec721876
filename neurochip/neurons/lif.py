"""The leaky integrate-and-fire neuron, in integers.

Equations, with K = ``leak_shift`` and a threshold that is subtracted when a spike is sent::

    m' <- m - 2**-K m + u + b        u is the sum of the weights of the spikes received, m the membrane
    q = [m' >= threshold],  m <- m' - q threshold

K = 1 and threshold 1 are the neuron of online training through time (Xiao et al., NeurIPS 2022), with
m = u - V_th s of the tick before. Inputs are sent as sigma-delta spikes without prediction: x as a regular
train of rate x.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from neurochip.errors import ConfigError, Problem
from neurochip.fixed import Format, Rate
from neurochip.neurons import registers as reg
from neurochip.neurons.base import Neuron
from neurochip.neurons.sigma_delta import SigmaDelta

SUMMED = ("current", "bias", "membrane")


def _ups(formats: Mapping[str, Format]) -> list[int]:
    finest = max(formats[name].frac for name in SUMMED)
    return [finest - formats[name].frac for name in SUMMED]


class LIF(Neuron):
    """Constants of the leaky integrate-and-fire neuron."""

    code: ClassVar[int] = reg.LIF
    registers: ClassVar[tuple[str, ...]] = ("current", "membrane", "previous", "residual")

    leak_shift: int | None = Field(
        default=1, ge=1, le=8, description="a tick takes 2**-shift of the membrane; null: no leak"
    )
    threshold: float = Field(
        default=1.0, gt=0, description="membrane at which a spike is sent and taken away"
    )

    def schedule(self, ticks: int) -> list[tuple[int, int]]:
        """(0, 0) for each tick: nothing changes over a sample."""
        return [(0, 0)] * ticks

    def draws(
        self, formats: Mapping[str, Format], steps: tuple[int, int], nudge_shift: int
    ) -> tuple[int, int]:
        """One word for the membrane, one for the encoder, where the rounding is stochastic and drops bits."""
        dropped = _ups(formats)[2] + (self.leak_shift or 0) > 0
        drawn = formats["membrane"].rounding == "stochastic" and dropped
        return int(drawn), self._encoder.draws(formats, (0, 0), 0)[1]

    def parameters(self, formats: Mapping[str, Format]) -> tuple[int, ...]:
        """The sigma-delta neuron's columns, which say how inputs are encoded, then leak, threshold, and left
        shifts that bring current, bias and membrane to one binary point."""
        membrane = formats["membrane"]
        threshold = round(self.threshold * 2**membrane.frac)
        if not 1 <= threshold <= membrane.hi:
            message = f"registers.membrane must hold the threshold {self.threshold} and its last step"
            raise ConfigError([Problem(message, "hardware.registers.membrane")])
        leak = self.leak_shift or 0
        encoder = self._encoder.parameters(formats)
        return (*encoder, leak, int(leak > 0), threshold, *_ups(formats))

    def widest(self, formats: Mapping[str, Format], nudge: Rate) -> int:
        """As the sigma-delta neuron's, whose sums are as wide, and those of a tick of this one."""
        bits = [formats[name].bits + up for name, up in zip(SUMMED, _ups(formats), strict=True)]
        return max(self._encoder.widest(formats, nudge), max(bits) + (self.leak_shift or 0) + 3)

    @property
    def _encoder(self) -> SigmaDelta:
        return SigmaDelta(decode_shift=0, step_shift=0)
