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
def receive(core, mesh, cores, memories):
    """A sum from another core is added to its neuron's current."""
    if mesh.arrived[core] != 0:
        mesh.arrived[core] = 0
        memories.state[reg.CURRENT, mesh.address[core]] += mesh.value[core]
        cores.got[core] += 1


@kernel
def send(core, wiring, mesh, cores, memories, formats, now, phase, counts):
    """One cycle of the sum unit; returns whether it is done."""
    entry, end = cores.entry[core], wiring.sum_of[core + 1]
    if entry == end:
        return True
    cores.mark[core] |= 1 << col.SUMS
    if entry < wiring.sum_local[core]:
        _send_away(core, wiring, mesh, cores, memories, formats, now, phase, counts)
    else:
        last = min(entry + wiring.parameters[col.P_ADDERS], end)
        for it in range(entry, last):
            total = _total(core, it, wiring, memories, formats, phase, counts)
            memories.state[reg.CURRENT, wiring.sum_unit[it]] += total
        cores.entry[core] = last
    return False


@kernel
def _send_away(core, wiring, mesh, cores, memories, formats, now, phase, counts):
    """Bring the next flit of a sum into the mesh; the sum is read with the first one."""
    entry, before = cores.entry[core], cores.sent[core]
    if before == 0:
        if not router.room(mesh, core, router.LOCAL, now):
            return
        cores.value[core] = _total(core, entry, wiring, memories, formats, phase, counts)
    flits = wiring.parameters[col.P_SUM]
    sent = router.inject(
        mesh, wiring.parameters, core, now, wiring.sum_home[entry], wiring.sum_unit[entry], cores.value[core],
        phase, before, flits, counts,
    )  # fmt: skip
    cores.sent[core] = sent % flits
    if sent == flits:
        cores.entry[core] += 1


@kernel
def _total(core, entry, wiring, memories, formats, phase, counts):
    """The sum of a neuron's partial sums on a core, each fitted to its register; they are cleared."""
    lo, hi, mode = formats[reg.PARTIAL, 0], formats[reg.PARTIAL, 1], formats[reg.PARTIAL, 2]
    total = 0
    for part in range(wiring.part_of[entry], wiring.part_of[entry + 1]):
        wide = memories.acc[wiring.part_acc[part]]
        kept = stored(wide, lo, hi, mode)
        if kept != wide:
            memories.over[0, reg.PARTIAL] += 1
            memories.over[1, reg.PARTIAL] = wiring.sum_unit[entry] + 1
        memories.acc[wiring.part_acc[part]] = 0
        total += kept << wiring.part_shift[part]
        counts[phase, core, col.PARTIAL_SUMS] += 1
    return total


@kernel
def advance(core, wiring, cores, memories, tick, formats, phase, counts):
    """One cycle of the lanes; in the last of a group's cycles its units are advanced. Returns whether all are
    done."""
    cycles = wiring.parameters[col.P_NEURON_CYCLES]
    if cores.step[core] == wiring.groups[core] * cycles:
        return True
    cores.mark[core] |= 1 << col.LANES
    cores.step[core] += 1
    if cores.step[core] % cycles == 0:
        group = cores.step[core] // cycles - 1
        for run in range(wiring.lane_of[core], wiring.lane_of[core + 1]):
            if wiring.lane[run, col.T_GROUP] == group:
                _units(core, wiring, wiring.lane[run], memories, tick, formats, phase, counts)
    return False


@kernel
def _units(core, wiring, run, memories, tick, formats, phase, counts):
    """Advance a run of units by a tick: registers, encoder, spikes."""
    population, first, n = run[col.T_POPULATION], run[col.T_FIRST], run[col.T_COUNT]
    whole = tick.populations[population]
    pop, before = tick.one, first - whole[reg.OFFSET]
    pop[:] = whole
    pop[reg.OFFSET], pop[reg.SIZE] = first, n
    out = memories.out[:n]
    if population == 0:
        value = tick.inputs[before : before + n]
        neuron.encode(
            pop, tick.shifts, tick.family, formats, memories.state, value, memories.noise, out, memories.over
        )
    else:
        aim = tick.targets[before : before + n] if pop[reg.NUDGED] != 0 else memories.bias[first : first + n]
        neuron.update(
            pop, tick.nudge[0], tick.nudge[1], tick.nudge[2], tick.shifts, tick.family, formats, memories.state,
            memories.bias[first : first + n], aim, memories.noise, out, memories.over,
        )  # fmt: skip
        counts[phase, core, col.NEURON_UPDATES] += n
        counts[phase, core, col.RANDOM_WORDS] += n * wiring.parameters[col.P_DRAWS]
    counts[phase, core, col.ENCODES] += n
    counts[phase, core, col.RANDOM_WORDS] += n * wiring.parameters[col.P_ENCODE_DRAWS]
    for j in range(n):
        memories.fired[first + j] = out[j]
