"""Which kernel runs a population: the compiled side of the shelf. A new model adds its lines here."""

from __future__ import annotations

from neurochip.fixed.jit import kernel
from neurochip.neurons import lif_kernels as lif
from neurochip.neurons import registers as reg
from neurochip.neurons import sigma_delta_kernels as sigma_delta


@kernel
def update(pop, nudge, nudge_m, nudge_k, at_tick, family, formats, state, bias, target, noise, spike, over):
    """Advance a population by one tick; see the models' own ``update``. ``at_tick``: the model's row of its
    schedule."""
    if pop[reg.MODEL] == reg.SIGMA_DELTA:
        sigma_delta.update(
            pop, nudge, nudge_m, nudge_k, at_tick[0], at_tick[1], family, formats, state, bias, target, noise,
            spike, over,
        )  # fmt: skip
    elif pop[reg.MODEL] == reg.LIF:
        lif.update(pop, family, formats, state, bias, spike, over)


@kernel
def encode(pop, at_tick, family, formats, state, value, noise, spike, over):
    """Let an input population emit its spikes for ``value``; see the models' own ``encode``."""
    if pop[reg.MODEL] in (reg.SIGMA_DELTA, reg.LIF):
        sigma_delta.encode(pop, at_tick[0], family, formats, state, value, noise, spike, over)


@kernel
def encode_ahead(pop, schedule, formats, value, trains, lengths, lost):
    """All spikes of a sample's inputs, whose values do not change; see the models' own ``encode_ahead``.

    Returns whether the model can tell them ahead; if not, nothing is written.
    """
    if pop[reg.MODEL] in (reg.SIGMA_DELTA, reg.LIF) and pop[sigma_delta.PLAIN] != 0:
        sigma_delta.encode_ahead(pop, schedule, formats, value, trains, lengths, lost)
        return True
    return False
