"""Which kernel runs a population: the compiled side of the shelf. A new model adds its two lines here."""

from __future__ import annotations

from neurochip.fixed.jit import kernel
from neurochip.neurons import registers as reg
from neurochip.neurons import sigma_delta


@kernel
def update(pop, nudge, nudge_m, nudge_k, at_tick, family, formats, state, bias, target, noise, spike, over):
    """Advance a population by one tick; see the models' own ``update``. ``at_tick``: the model's row of its
    schedule."""
    if pop[reg.MODEL] == 0:
        sigma_delta.update(
            pop,
            nudge,
            nudge_m,
            nudge_k,
            at_tick[0],
            at_tick[1],
            family,
            formats,
            state,
            bias,
            target,
            noise,
            spike,
            over,
        )


@kernel
def encode(pop, at_tick, family, formats, state, value, noise, spike, over):
    """Let an input population emit its spikes for ``value``; see the models' own ``encode``."""
    if pop[reg.MODEL] == 0:
        sigma_delta.encode(pop, at_tick[0], family, formats, state, value, noise, spike, over)
