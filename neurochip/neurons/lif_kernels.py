"""The kernel of the leaky integrate-and-fire neuron: equations in `neurochip.neurons.lif`.

As for the sigma-delta neuron, a plain path in full vectors and one for everything else give the same bits.
"""

from __future__ import annotations

import numpy as np

from neurochip.fixed.jit import kernel
from neurochip.fixed.scalar import dither
from neurochip.fixed.words import left, right
from neurochip.neurons import registers as reg
from neurochip.neurons.register_kernels import write
from neurochip.neurons.sigma_delta_kernels import PLAIN

LEAK, LEAKS, THRESHOLD, CURRENT_UP, BIAS_UP, STATE_UP = range(PLAIN + 1, PLAIN + 7)
"""Columns of the population table behind those of the encoder; see `LIF.parameters`."""


@kernel
def update(pop, family, formats, state, bias, spike, over):
    """One tick of a population: leak, add, compare. Arguments are those of `sigma_delta_kernels.update`."""
    if pop[PLAIN] != 0:
        _update_plain(pop, formats, state, bias, spike, over)
    else:
        _update_any(pop, family, formats, state, bias, spike, over)


@kernel
def _update_plain(pop, formats, state, bias, spike, over):
    """`update` where no random bits and no overflow mode but saturation take part."""
    word = state.dtype.type
    o, n = pop[reg.OFFSET], pop[reg.SIZE]
    current, membrane = state[reg.CURRENT, o : o + n], state[reg.MEMBRANE, o : o + n]
    previous = state[reg.PREVIOUS, o : o + n]
    c_lo, c_hi = word(formats[reg.CURRENT, reg.LO]), word(formats[reg.CURRENT, reg.HI])
    m_lo, m_hi = word(formats[reg.MEMBRANE, reg.LO]), word(formats[reg.MEMBRANE, reg.HI])
    leak, leaks, threshold = word(pop[LEAK]), word(pop[LEAKS]), word(pop[THRESHOLD])
    current_up, bias_up, state_up = word(pop[CURRENT_UP]), word(pop[BIAS_UP]), word(pop[STATE_UP])
    by = word(leak + state_up)
    noise = word(dither(formats[reg.MEMBRANE, reg.ROUNDING], by, 0, 0))
    c_over = m_over = word(0)
    for j in range(n):
        c, m = current[j], membrane[j]
        u = min(max(c, c_lo), c_hi)
        c_over = word(c_over + word(u != c))
        pull = left(word(left(u, current_up) + left(bias[j], bias_up)), leak)
        pull = word(word(pull - word(leaks * left(m, state_up))) + noise)
        wide = word(m + right(pull, by))
        kept = min(max(wide, m_lo), m_hi)
        m_over = word(m_over + word(kept != wide))
        q = word(kept >= threshold)
        current[j] = u
        previous[j] = m
        membrane[j] = word(kept - word(q * threshold))
        spike[j] = q
    over[0, reg.CURRENT] += c_over
    over[0, reg.MEMBRANE] += m_over


@kernel
def _update_any(pop, family, formats, state, bias, spike, over):
    """`update` for any rounding and overflow mode."""
    leak, by = pop[LEAK], pop[LEAK] + pop[STATE_UP]
    for j in range(pop[reg.SIZE]):
        unit = pop[reg.OFFSET] + j
        m = np.int64(state[reg.MEMBRANE, unit])
        u = write(state[reg.CURRENT, unit], formats, reg.CURRENT, unit, over)
        pull = ((u << pop[CURRENT_UP]) + (np.int64(bias[j]) << pop[BIAS_UP])) << leak
        pull -= pop[LEAKS] * (m << pop[STATE_UP])
        pull += dither(formats[reg.MEMBRANE, reg.ROUNDING], by, family, unit * 16 + reg.MEMBRANE)
        kept = write(m + (pull >> by), formats, reg.MEMBRANE, unit, over)
        q = np.int64(kept >= pop[THRESHOLD])
        state[reg.CURRENT, unit] = u
        state[reg.PREVIOUS, unit] = m
        state[reg.MEMBRANE, unit] = kept - q * pop[THRESHOLD]
        spike[j] = q
