"""What training would need by back-propagation through time, beside what it needs by the chip's own rule.

Back-propagation through time keeps the state of every neuron and the spikes of every unit of every tick until
the backward pass has used them. The chip's rule keeps what its program says: a snapshot and banks.
"""

from __future__ import annotations

from dataclasses import dataclass

from neurochip.cost.memories import SPIKE_BITS, registers, snapshot_bits, winner_bits
from neurochip.cost.priced import Priced

FLOAT_BITS = 32
STATE = ("decoded", "membrane", "residual", "trace")
"""Registers whose value of every tick a backward pass needs."""


@dataclass(frozen=True)
class Needs:
    """Bits of one way to train. ``weights``: with fraction and biases; ``gradients``: sums over a batch;
    ``states``: registers of the present tick, and of the backward pass if there is one; ``kept``: what is
    kept of earlier ticks."""

    weights: int
    gradients: int
    states: int
    kept: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.states + self.kept


def training_needs(chip: Priced, ticks: int, batch: int) -> dict[str, Needs]:
    """Bits for training with phases of which the first has ``ticks`` ticks.

    ``chip``: the network's own rule at the chip's widths; ``chip_bptt``: back-propagation through the
    ``ticks`` ticks of one sample at a time on the same chip; ``float``, ``float_bptt``: both in 32-bit
    numbers with the whole batch at once, as a graphics processor does. Copies of weights (mirrors, replicas)
    are left out everywhere.
    """
    rule, program = _Sizes.of(chip), chip.program
    rule_words = program.banks + (2 * len(rule.words) if rule.snapshot else len(rule.words))
    pooled_words = program.banks + bool(rule.snapshot)
    return {
        "chip": Needs(rule.weights, rule.gradients * (batch > 1), rule.state, rule.snapshot + rule.banks),
        "chip_bptt": Needs(rule.weights, rule.gradients * (batch > 1), 2 * rule.state, ticks * rule.tick),
        "float": Needs(
            rule.parameters * FLOAT_BITS,
            rule.parameters * FLOAT_BITS,
            batch * rule.words_of_a_tick * FLOAT_BITS,
            batch * (rule.units * (rule_words - len(rule.words)) + rule.pooled * pooled_words) * FLOAT_BITS,
        ),
        "float_bptt": Needs(
            rule.parameters * FLOAT_BITS,
            rule.parameters * FLOAT_BITS,
            2 * batch * rule.words_of_a_tick * FLOAT_BITS,
            batch * ticks * (rule.words_of_a_tick + rule.units) * FLOAT_BITS,
        ),
    }


@dataclass(frozen=True)
class _Sizes:
    """Bits at the chip's widths, and numbers of things."""

    weights: int
    gradients: int
    state: int
    snapshot: int
    banks: int
    tick: int
    parameters: int
    neurons: int
    units: int
    words: tuple[str, ...]
    pooled: int
    """Neurons behind a max pooling: each has the number of its winner, too."""

    @property
    def words_of_a_tick(self) -> int:
        """Numbers that the next tick, or a backward pass, needs."""
        return self.neurons * len(self.words) + self.pooled

    @classmethod
    def of(cls, chip: Priced) -> _Sizes:
        network, formats = chip.placement.network, chip.hardware.registers.formats()
        units, neurons = network.neurons, network.neurons - network.populations[0].size
        biases = sum(it.weight_shape[1] for it in network.projections)
        held = registers(chip.hardware, chip.program)
        words = tuple(name for name in STATE if name in held)
        won = [(it.size, winner_bits(network, n)) for n, it in enumerate(network.populations)]
        winners = sum(size * bits for size, bits in won)
        state = neurons * sum(held[name] for name in words) + winners
        master = formats["weight"].bits + chip.hardware.registers.fraction.bits
        return cls(
            weights=network.synapses * master + biases * held["bias"],
            gradients=network.synapses * formats["accumulator"].bits,
            state=state,
            snapshot=(units * snapshot_bits(chip.hardware, chip.program) + winners) * chip.program.restores,
            banks=(units * formats["bank"].bits + winners) * chip.program.banks,
            tick=state + units * SPIKE_BITS,
            parameters=network.synapses + biases,
            neurons=neurons,
            units=units,
            words=words,
            pooled=sum(size for size, bits in won if bits),
        )
