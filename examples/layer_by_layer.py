"""Without the experiment layer: the nouns of the machine by their own names, and one sample tick by tick.

A chip of 4 cores learns four 4 x 4 patterns: a row, a column and the two diagonals.
Run: python examples/layer_by_layer.py
"""

import numpy as np

from neurochip import Hardware, Network, place
from neurochip.chip import Chip
from neurochip.counts import Counts
from neurochip.fixed import Rate
from neurochip.network import DenseLayer
from neurochip.rules import EP

# Hardware: what the chip is. Network: what shall be learned; there is no chip in it.
hardware = Hardware.load("tiny")
network = Network.build([DenseLayer(kind="dense", units=n) for n in (12, 4)], (1, 4, 4), classes=4)

# Rule: a program of phases, and the products of banks that change a weight.
rule = EP(name="ep", learning_rate=0.2, schedule="constant")
program = rule.program(hardware.update_unit.rate_bits)
for phase in program.phases:
    print(f"phase {phase.name:8} {phase.ticks} ticks, nudge {phase.nudge:+}, starts with {phase.start}")

# Placement: which part of which matrix is on which core's crossbar.
placement = place(network, hardware, feedback=program.feedback)
for block in placement.blocks:
    rows, cols = (f"{cut.start}..{cut.stop - 1}" for cut in (block.rows, block.cols))
    label = network.label(block.projection)
    print(f"core {block.core}, crossbar {block.slot}: rows {rows:6} columns {cols:5} of {label}")

# Chip: integer registers, and the kernels that advance them.
chip = Chip(hardware, placement, program)
chip.load_real(network.initial_weights(seed=0, gain=0.5))
one = 1 << chip.formats["membrane"].frac
patterns = np.zeros((4, 4, 4), np.int64)
patterns[0, 1, :] = patterns[1, :, 2] = patterns[2].flat[::5] = patterns[3].flat[3:-1:3] = one
inputs, targets = patterns.reshape(4, 16), one * np.eye(4, dtype=np.int64)


def rate(step_bits: int) -> Rate:
    """learning_rate / (2 beta) / batch, from products of banks to steps of 2**-step_bits."""
    factor = rule.learning_rate * program.gain / len(inputs)
    scale = 2.0 ** (step_bits - 2 * chip.formats["bank"].frac)
    return Rate.nearest(factor * scale, hardware.update_unit.rate_bits)


weight_rates = [rate(chip.formats["weight"].frac + chip.fraction)] * len(network.projections)
bias_rates = [rate(chip.formats["bias"].frac)] * len(network.projections)
for update in range(60):
    outcome = chip.run(inputs, targets, names=np.arange(4), family=update)
    if update % 20 == 0:
        print(f"update {update}: patterns 0 1 2 3 are taken for {outcome.readout.argmax(1)}")
    chip.learn(outcome.banks, weight_rates, bias_rates, family=update)

# One sample, tick by tick: which of the four outputs fire, and what their registers hold.
outputs = np.arange(network.neurons - 4, network.neurons)
outcome = chip.run(inputs[2:3], targets[2:3], names=np.array([2]), family=60, probe=outputs)
spikes, current, _, membrane = outcome.trace.transpose(1, 0, 2)[:4]
print("pattern 2, tick | spikes | currents | membranes")
for tick in [*range(10), *range(10, program.ticks, 10)]:
    print(f"{tick:4} | {spikes[tick]} | {current[tick]} | {membrane[tick]}")

# Counts: every action that costs something.
counts = Counts.of(chip.take_tally(), placement, program, hardware)
for action in ("spikes", "synaptic_ops", "hops", "neuron_updates", "weight_writes", "lost_updates"):
    print(f"{action:15} {counts.total(action):10,}")
