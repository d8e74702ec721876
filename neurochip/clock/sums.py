"""A core after the spikes: the sum unit sends partial sums home, the lanes advance the neurons.

The sum unit takes the sums of neurons that live elsewhere first, one neuron at a time, then those of its own
neurons, as many in a cycle as there are column adders. The lanes begin when all sums have come in.
"""

from __future__ import annotations

from neurochip.clock import columns as col
from neurochip.clock import router
from neurochip.fixed.jit import kernel
from neurochip.fixed.scalar import stored
from neurochip.neurons import kernels as neuron
from neurochip.neurons import registers as reg


@kernel
def send_away(parameters, sums, parts, registers, ports, flits, acc, formats, over, core, now, counts):
    """Bring the next flit of a sum into the mesh; the sum is read with the first one."""
    mine, port = registers[core], ports[core, router.LOCAL]
    if port[col.COUNT] + (port[col.FREED] == now) >= flits.shape[2]:
        return
    mine[col.MARK] |= 1 << col.SUMS
    entry = mine[col.ENTRY]
    if mine[col.SENT] == 0:
        mine[col.TOTAL] = _total(core, entry, sums, parts, acc, formats, over, counts)
    to, home, length = sums[entry, col.S_TO], sums[entry, col.S_HOME], parameters[col.P_SUM]
    if router.inject(
        parameters, registers, ports, flits, core, now, home, to, mine[col.TOTAL], length, counts
    ):
        mine[col.ENTRY] += 1


@kernel
def keep(parameters, sums, parts, registers, acc, formats, current, places, over, core, end, counts):
    """Add the next sums of the core's own neurons to their currents."""
    mine = registers[core]
    mine[col.MARK] |= 1 << col.SUMS
    last = min(mine[col.ENTRY] + parameters[col.P_ADDERS], end)
    for entry in range(mine[col.ENTRY], last):
        total = _total(core, entry, sums, parts, acc, formats, over, counts)
        arrive(current, places, sums[entry, col.S_TO], total)
    mine[col.ENTRY] = last


@kernel
def arrive(current, places, to, total):
    """Add a sum to a unit's current, or to a place of its window."""
    if to < current.shape[0]:
        current[to] += total
    else:
        places[to - current.shape[0]] += total


@kernel
def _largest(pool, offset, run, places, current, winner):
    """Add the largest sum of each unit's window to its current, and note whose it is, the first of equals."""
    for unit in range(run[col.T_FIRST], run[col.T_FIRST] + run[col.T_COUNT]):
        at, best = pool[0] + (unit - offset) * pool[1], 0
        for place in range(1, pool[1]):
            if places[at + place] > places[at + best]:
                best = place
        current[unit] += places[at + best]
        winner[unit] = best


@kernel
def _total(core, entry, sums, parts, acc, formats, over, counts):
    """The sum of a neuron's partial sums on a core, each fitted to its register; they are cleared."""
    lo, hi, mode = formats[reg.PARTIAL, 0], formats[reg.PARTIAL, 1], formats[reg.PARTIAL, 2]
    total = 0
    for part in range(sums[entry, col.S_PART], sums[entry + 1, col.S_PART]):
        at = parts[part, col.PART_ACC]
        kept = stored(acc[at], lo, hi, mode)
        if kept != acc[at]:
            over[0, reg.PARTIAL] += 1
            over[1, reg.PARTIAL] = sums[entry, col.S_UNIT] + 1
        acc[at] = 0
        total += kept << parts[part, col.PART_SHIFT]
    counts[core, col.PARTIAL_SUMS] += sums[entry, col.S_PARTIALS]
    return total


@kernel
def advance(
    parameters, hubs, lanes, pools, places, winner, registers, populations, one, shifts, draws, family, nudge,
    inputs, targets, formats, state, bias, fired, noise, out, over, core, counts,
):  # fmt: skip
    """One cycle of the lanes; in the last cycle of a group its units are advanced."""
    mine, cycles = registers[core], parameters[col.P_NEURON_CYCLES]
    mine[col.MARK] |= 1 << col.LANES
    mine[col.STEP] += 1
    if mine[col.STEP] % cycles != 0:
        return
    group = mine[col.STEP] // cycles - 1
    for run in range(hubs[core, col.LANE_0], hubs[core + 1, col.LANE_0]):
        if lanes[run, col.T_GROUP] == group:
            number = lanes[run, col.T_POPULATION]
            pool, offset = pools[number], populations[number, reg.OFFSET]
            if pool[1] > 1:
                _largest(pool, offset, lanes[run], places, state[reg.CURRENT], winner)
            _units(
                lanes[run], populations[lanes[run, col.T_POPULATION]], one, shifts, draws[lanes[run,
                col.T_POPULATION]], family, nudge, inputs, targets, formats, state, bias, fired, noise, out,
                over, counts[core],
            )  # fmt: skip


@kernel
def _units(
    run, whole, pop, shifts, draws, family, nudge, inputs, targets, formats, state, bias, fired, noise,
    out, over, counts,
):  # fmt: skip
    """Advance a run of units by a tick: registers, encoder, spikes."""
    first, n = run[col.T_FIRST], run[col.T_COUNT]
    before = first - whole[reg.OFFSET]
    for column in range(whole.shape[0]):
        pop[column] = whole[column]
    pop[reg.OFFSET], pop[reg.SIZE] = first, n
    if run[col.T_POPULATION] == 0:
        value = inputs[before : before + n]
        neuron.encode(pop, shifts, family, formats, state, value, noise, out[:n], over)
    else:
        aim = targets[before : before + n] if pop[reg.NUDGED] != 0 else bias[first : first + n]
        neuron.update(
            pop, nudge[0], nudge[1], nudge[2], shifts, family, formats, state, bias[first : first + n], aim,
            noise, out[:n], over,
        )  # fmt: skip
        counts[col.NEURON_UPDATES] += n
        counts[col.RANDOM_WORDS] += n * draws[0]
    counts[col.ENCODES] += n
    counts[col.RANDOM_WORDS] += n * draws[1]
    for j in range(n):
        fired[first + j] = out[j]
