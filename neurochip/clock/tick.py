"""One tick, clock by clock: spikes until all are integrated, a pass over the tree, sums and neurons, another
pass.

No machine looks at what another core does in the same cycle: between cores there are only the routers' ports,
the counter of deliveries that are under way, and the tree.
"""

from __future__ import annotations

from neurochip.clock import columns as col
from neurochip.clock import convert, logs, router, spikes, sums
from neurochip.fixed.jit import kernel
from neurochip.neurons import registers as reg


@kernel
def deliver(
    parameters, blocks, units, axons, reads, hubs, slots, registers, ports, flits, links, fifo, lines, events,
    busy, cells, acc, seen, spike, winner, start, counts, rows, used, last,
):  # fmt: skip
    """Send the committed spikes until every one of them is looked up and added; returns the cycles.

    Arrays are those of `state`; ``counts``: int64 [cores, events]; ``rows``, ``used``, ``last``: the log.
    """
    _events(hubs, slots, registers, events, spike)
    cores = registers.shape[0]
    now, under_way, sending = start, 0, True
    while sending or under_way > 0:
        router.step(parameters, registers, ports, flits, links, now, counts)
        sending = False
        for core in range(cores):
            mine = registers[core]
            if mine[col.ARRIVED] != 0:
                mine[col.ARRIVED] = 0
                spikes.push(registers, fifo, core, mine[col.ADDRESS], mine[col.VALUE], now)
            if mine[col.EVENT] < mine[col.EVENTS_N]:
                under_way += spikes.inject(
                    parameters, units, axons, registers, ports, flits, fifo, events, hubs[core, col.SLOT_0],
                    spike, winner, core, now, counts,
                )  # fmt: skip
                sending = sending or mine[col.EVENT] < mine[col.EVENTS_N]
            if mine[col.LOOKED] >= 0 or mine[col.LINES_N + mine[col.FRONT]] > 0:
                under_way -= spikes.read(parameters, blocks, registers, lines, cells, acc, seen, core, counts)
            if mine[col.LOOKED] < 0 and mine[col.FIFO_N] > 0:
                spikes.look_up(blocks, axons, reads, registers, fifo, lines, core, now, counts)
            mine[col.OPEN] = mine[col.FIFO_N] < fifo.shape[1]
        logs.cycle(now, registers, busy, rows, used, last)
        now += 1
    logs.rest(now, cores, rows, used, last)
    return now - start


@kernel
def _events(hubs, slots, registers, events, spike):
    """The list of events that the encoders of each core wrote in the last tick."""
    for core in range(registers.shape[0]):
        first, n = hubs[core, col.SLOT_0], 0
        for slot in range(first, hubs[core + 1, col.SLOT_0]):
            if spike[slots[slot]] != 0:
                events[first + n] = slots[slot]
                n += 1
        registers[core, col.EVENT], registers[core, col.EVENTS_N] = 0, n


@kernel
def update(
    parameters, hubs, sum_table, parts, lanes, pools, registers, ports, flits, links, busy, acc, seen, places,
    winner, state, bias, spike, fired, over, noise, out, populations, one, shifts, draws, family, nudge,
    inputs, targets, converters, reading, formats, start, counts, rows, used, last,
):  # fmt: skip
    """Convert what was read, send all sums home, advance all neurons, commit their spikes; returns the
    cycles.

    ``populations``: the population table, ``one``: scratch for a row of it; ``shifts``: the neuron's row of
    its schedule; ``draws``: int64 [populations, 2], random words of an update and of an encoder; ``family``:
    key of this tick's draws; ``nudge``: sign, multiplier, shift; ``inputs``,
    ``targets``: of the sample; ``converters``, ``reading``: see `convert`; ``formats``: the format table.
    """
    state[reg.CURRENT, :] = 0
    places[:] = 0
    for core in range(registers.shape[0]):
        registers[core, col.ENTRY] = hubs[core, col.SUM_0]
        registers[core, col.COLUMN] = convert.first_column(core, parameters, hubs, sum_table)
        registers[core, col.GOT] = registers[core, col.STEP] = 0
    now, working = start, True
    while working:
        router.step(parameters, registers, ports, flits, links, now, counts)
        working = False
        for core in range(registers.shape[0]):
            mine, end = registers[core], hubs[core + 1, col.SUM_0]
            complete = mine[col.GOT] == hubs[core, col.EXPECTED]
            if mine[col.ARRIVED] != 0:
                mine[col.ARRIVED] = 0
                mine[col.GOT] += 1
                sums.arrive(state[reg.CURRENT], places, mine[col.ADDRESS], mine[col.VALUE])
            working = working or not complete
            if convert.step(
                parameters, hubs, sum_table, parts, registers, acc, seen, converters, reading, formats, over,
                core, counts,
            ):  # fmt: skip
                working = True
            elif mine[col.ENTRY] < end:
                working = True
                if mine[col.ENTRY] < hubs[core, col.SUM_LOCAL]:
                    sums.send_away(
                        parameters, sum_table, parts, registers, ports, flits, acc, formats, over, core, now,
                        counts,
                    )  # fmt: skip
                else:
                    sums.keep(
                        parameters, sum_table, parts, registers, acc, formats, state[reg.CURRENT], places,
                        over, core, end, counts,
                    )  # fmt: skip
            elif complete and mine[col.STEP] < hubs[core, col.GROUPS] * parameters[col.P_NEURON_CYCLES]:
                working = True
                sums.advance(
                    parameters, hubs, lanes, pools, places, winner, registers, populations, one, shifts,
                    draws, family, nudge, inputs, targets, formats, state, bias, fired, noise, out, over,
                    core, counts,
                )  # fmt: skip
        logs.cycle(now, registers, busy, rows, used, last)
        now += 1
    for unit in range(fired.shape[0]):
        spike[unit] = fired[unit]
    counts[0, col.BARRIERS] += 1
    return now - start - 1
