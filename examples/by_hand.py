"""The machine of docs/machine.md once more, in plain integers: it must agree with the emulator bit for bit.

One sample runs through a chip, then the weights are updated once: a dense network on registers that are
narrow and round with random bits, and convolutions with average and with max pooling. Nothing of the
emulator's arithmetic is used here. Run: python examples/by_hand.py
"""

from __future__ import annotations

from copy import deepcopy

import numpy as np

from neurochip import Hardware, Network, place
from neurochip.chip import Chip
from neurochip.fixed import Rate
from neurochip.network import ConvLayer, DenseLayer, Pool
from neurochip.neurons import SigmaDelta
from neurochip.rules import EP

MASK, GOLDEN = 0xFFFFFFFF, 0x9E3779B9
TRACED = ("current", "decoded", "membrane", "previous", "residual")
DECODED, MEMBRANE, RESIDUAL = 1, 2, 4  # numbers of these registers in the names of draws


def mix(word):
    word = ((word ^ (word >> 16)) * 0x7FEB352D) & MASK
    word = ((word ^ (word >> 15)) * 0x846CA68B) & MASK
    return word ^ (word >> 16)


def sub(family, word):
    state = mix((family + word) & MASK)
    return mix(((state ^ (word >> 32)) + GOLDEN) & MASK)


def draw(family, index):
    word = mix((index * GOLDEN + family) & MASK) ^ family
    return mix(word) ^ family


def fit(value, register):
    """What the register holds after ``value`` is written to it."""
    if register.overflow == "wrap":
        return (value - register.lo) % (1 << register.bits) + register.lo
    return min(max(value, register.lo), register.hi)


def scaled(value, shift, rounding, family, name):
    """``value * 2**-shift``, rounded as declared."""
    if shift <= 0:
        return value << -shift
    if rounding == "nearest":
        value += 1 << (shift - 1)
    if rounding == "stochastic":
        value += draw(family, name) >> (32 - shift)
    return value >> shift


def connections(projection):
    """(source neuron, target neuron, row, column, where in the window) of every use of a weight."""
    kernel = projection.kernel
    if kernel is None:
        return [(i, j, i, j, 0) for i in range(projection.n_pre) for j in range(projection.n_post)]
    channels, height, width = projection.source_shape
    maps, high, wide = projection.target_shape
    found = []
    for at_y, at_x, b, a in np.ndindex(high, wide, kernel.window, kernel.window):
        for c, ky, kx in np.ndindex(channels, kernel.size, kernel.size):
            y = (at_y * kernel.window + b) * kernel.stride + ky - kernel.padding
            x = (at_x * kernel.window + a) * kernel.stride + kx - kernel.padding
            if 0 <= y < height and 0 <= x < width:
                pre, row = (y * width + x) * channels + c, (c * kernel.size + ky) * kernel.size + kx
                post, where = (at_y * wide + at_x) * maps, b * kernel.window + a
                found += [(pre, post + m, row, m, where) for m in range(maps)]
    return found


def pool_bits(projection):
    """Fraction bits that the mean over a window adds to a sum."""
    kernel = projection.kernel
    return 2 * (kernel.window.bit_length() - 1) if kernel and not pools_maxima(projection) else 0


def pools_maxima(projection):
    return projection.kernel is not None and projection.kernel.pooling == "max"


class Sample:
    """One sample on a chip: all registers by name, spikes in flight, banks, and a trace of every tick."""

    def __init__(self, chip, inputs, targets, family):
        self.chip, self.inputs, self.targets, self.family = chip, inputs.tolist(), targets.tolist(), family
        self.reg, self.projections = chip.formats, chip.network.projections
        self.weights = [w.tolist() for w in chip.weights]
        self.biases = [b.tolist() for b in chip.biases]
        self.first = np.cumsum([0] + [p.size for p in chip.network.populations]).tolist()
        self.n = self.first[-1]
        self.finer = [0] * len(chip.network.populations)  # fraction bits of a current below those of a weight
        for p in self.projections:
            for end in {p.source, p.target} - {0}:
                self.finer[end] = max(self.finer[end], pool_bits(p))
        self.banks = [[0] * self.n for _ in range(chip.program.banks)]
        self.won = [[0] * self.n for _ in range(chip.program.banks)]
        self.trace = []

    def run(self):
        time = saved = None
        flip = self.chip.program.flips and draw(self.family, 0) & 1
        for number, phase in enumerate(self.chip.program.phases):
            if phase.start == "reset":
                self.state, self.spikes, time = {name: [0] * self.n for name in TRACED}, [0] * self.n, 0
                self.winners = [0] * self.n
            elif phase.start == "restore":
                self.state, self.spikes, self.winners, time = deepcopy(saved)
            for _ in range(phase.ticks):
                self.tick(-phase.nudge if flip else phase.nudge, time)
                time += 1
            if phase.save:
                saved = deepcopy((self.state, self.spikes, self.winners, time))
            if phase.bank is not None:
                self.capture(1 - phase.bank if flip else phase.bank, sub(self.family, (1 << 32) + number))

    def tick(self, sign, time):
        self.draws = sub(self.family, time + 1)
        current = self.integrate()
        leaving = [0] * self.n
        lam, eps = self.chip.program.neuron.schedule(time + 1)[time]
        for layer, population in enumerate(self.chip.network.populations):
            for neuron in range(population.size):
                unit = self.first[layer] + neuron
                before = self.state["membrane"][unit]
                if layer == 0:
                    after = self.inputs[unit]
                else:
                    after = self.update(layer, neuron, current[unit], sign, lam, eps)
                self.state["previous"][unit], self.state["membrane"][unit] = before, after
                leaving[unit] = self.fire(unit, before, after, lam)
        self.spikes = leaving
        self.trace.append([leaving, *(list(self.state[name]) for name in TRACED)])

    def integrate(self):
        """The currents: exact sums, but for the partial sum of each crossbar of a dense projection."""
        current, winners = [0] * self.n, [0] * self.n
        for p, w in zip(self.projections, self.weights, strict=True):
            below, above, back = self.first[p.source], self.first[p.target], p.source > 0
            up, down = (self.finer[end] - pool_bits(p) for end in (p.target, p.source))
            windows = [[0] * p.kernel.window**2 for _ in range(p.n_post)] if p.kernel else []
            for i, j, row, column, where in connections(p) if p.kernel else []:
                windows[j][where] += w[row][column] * self.spikes[below + i]
                if back and (not pools_maxima(p) or where == self.winners[above + j]):
                    current[below + i] += (w[row][column] * self.spikes[above + j]) << down
            for j, sums in enumerate(windows):
                winners[above + j] = sums.index(max(sums))
                current[above + j] += (max(sums) if pools_maxima(p) else sum(sums)) << up
        for block in self.chip.placement.blocks:
            p, w = self.projections[block.projection], self.weights[block.projection]
            if p.kernel:
                continue
            pres, posts = (block.rows, block.cols) if block.role == "forward" else (block.cols, block.rows)
            below, above = self.first[p.source], self.first[p.target]
            for j in posts if block.role == "forward" else []:
                total = sum(w[i][j] * self.spikes[below + i] for i in pres)
                current[above + j] += fit(total, self.reg["partial"]) << self.finer[p.target]
            for i in pres if self.hears(p, block) else []:
                total = sum(w[i][j] * self.spikes[above + j] for j in posts)
                current[below + i] += fit(total, self.reg["partial"]) << self.finer[p.source]
        self.winners = winners
        return current

    def hears(self, projection, block):
        """Whether the source gets feedback from this block: from all, or from mirrors if there are any."""
        mirrored = self.chip.hardware.crossbar.feedback == "mirrored"
        return projection.source > 0 and (block.role == "mirror") == mirrored

    def update(self, layer, neuron, current, sign, lam, eps):
        reg, state, unit = self.reg, self.state, self.first[layer] + neuron
        w, d, b, s = (reg[name].frac for name in ("current", "decoded", "bias", "membrane"))
        u, w = fit(current, reg["current"]), w + self.finer[layer]
        fine = max(w, d)
        gap = (u << (fine - w)) - (state["decoded"][unit] << (fine - d))
        step = scaled(gap, lam + fine - d, reg["decoded"].rounding, self.draws, unit * 16 + DECODED)
        r = fit(state["decoded"][unit] + step, reg["decoded"])
        state["current"][unit], state["decoded"][unit] = u, r

        v, bias = state["membrane"][unit], self.biases[layer - 1]
        nudge, is_output = self.chip.program.nudge, layer == len(self.projections)
        m, k = (sign * nudge.multiplier, nudge.shift) if sign and is_output else (0, 0)
        fine = max(d, b, s)
        pull = (r << (fine - d)) + (bias[neuron % len(bias)] << (fine - b)) - (v << (fine - s))
        pull = (pull << k) + m * ((self.targets[neuron] - v if m else 0) << (fine - s))
        v += scaled(pull, eps + k + fine - s, reg["membrane"].rounding, self.draws, unit * 16 + MEMBRANE)
        return min(max(v, 0), 1 << s, reg["membrane"].hi)

    def fire(self, unit, before, after, lam):
        reg = self.reg["residual"]
        signal, shift = ((after - before) << lam) + before, self.reg["membrane"].frac - reg.frac
        signal = scaled(signal, shift, reg.rounding, self.draws, unit * 16 + RESIDUAL)
        phi, one = self.state["residual"][unit] + signal, 1 << reg.frac
        q = (phi > one // 2) - (phi < -one // 2 and self.chip.program.neuron.spikes == "signed")
        self.state["residual"][unit] = fit(phi - q * one, reg)
        return q

    def capture(self, bank, draws):
        reg, shift = self.reg["bank"], self.reg["membrane"].frac - self.reg["bank"].frac
        for unit, v in enumerate(self.state["membrane"]):
            self.banks[bank][unit] = fit(scaled(v, shift, reg.rounding, draws, unit), reg)
        self.won[bank] = self.winners


def learn(chip, samples, rates, bias_rates, family):
    """Masters, then biases, of each projection after one update from the banks of ``samples``."""
    weight, bias, bank, f = chip.formats["weight"], chip.formats["bias"], chip.formats["bank"], chip.fraction
    half, one = (1 << f) >> 1, min(1 << bank.frac, bank.hi)
    lo, hi = (weight.lo << f) - half, (weight.hi << f) + max(half - 1, 0)
    first, name = samples[0].first, 0
    pairs = [
        (t.sign, s.banks[t.bank_pre], s.banks[t.bank_post], s.won[t.bank_post])
        for s in samples
        for t in chip.program.terms
    ]
    masters, biases = [m.tolist() for m in chip.masters], [b.tolist() for b in chip.biases]
    for p, master, rate in zip(chip.network.projections, masters, rates, strict=True):
        sums = [[0] * len(row) for row in master]
        for i, j, row, column, where in connections(p):
            pre, post = first[p.source] + i, first[p.target] + j
            for sign, a, b, won in pairs:
                if not pools_maxima(p) or where == won[post]:
                    sums[row][column] += sign * a[pre] * b[post]
        for row, column in np.ndindex(p.weight_shape):
            total = fit(sums[row][column], chip.formats["accumulator"]) * rate.multiplier
            step = scaled(total, rate.shift + pool_bits(p), weight.rounding, family, name)
            master[row][column] = min(max(master[row][column] + step, lo), hi)
            name += 1
    for p, values, rate in zip(chip.network.projections, biases, bias_rates, strict=True):
        for column in range(len(values)):
            units = range(first[p.target] + column, first[p.target + 1], len(values))
            total = sum(sign * one * b[unit] for sign, _, b, _ in pairs for unit in units)
            total = fit(total, chip.formats["accumulator"]) * rate.multiplier
            step = scaled(total, rate.shift, bias.rounding, family, name + units[0])
            values[column] = fit(values[column] + step, bias)
    return masters, biases


def compare(hardware, layers, side, rates, **constants):
    """Run one sample and one update on the emulator and by hand; AssertionError where they differ."""
    network = Network.build(layers, (1, side, side), classes=4)
    program = EP(name="ep", learning_rate=0.1, **constants).program(hardware.update_unit.rate_bits)
    chip = Chip(hardware, place(network, hardware, program.feedback), program)
    chip.load_real(network.initial_weights(seed=1, gain=1.5))
    chip.load(chip.masters, [np.arange(len(b)) * 200 - 300 for b in chip.biases])
    one = 1 << chip.formats["membrane"].frac
    inputs, targets = np.arange(side**2) * one // (side**2 - 1), np.array([0, one, 0, 0])

    family, units = 2024, np.arange(network.neurons)
    outcome = chip.run(inputs[None], targets[None], np.array([7]), family, probe=units)
    sample = Sample(chip, inputs, targets, sub(family, 7))
    sample.run()
    by_hand = np.array(sample.trace)
    np.testing.assert_array_equal(outcome.trace[:, : by_hand.shape[1]], by_hand)
    np.testing.assert_array_equal(outcome.banks[0], sample.banks)
    unwatched = chip.run(inputs[None], targets[None], np.array([7]), family)
    np.testing.assert_array_equal(unwatched.banks, outcome.banks)

    masters, biases = learn(chip, [sample], rates, rates, family=99)
    chip.learn(outcome.banks, rates, rates, family=99, won=outcome.won)
    for got, wanted in zip([*chip.masters, *chip.biases], [*masters, *biases], strict=True):
        np.testing.assert_array_equal(got, wanted)
    for held, master in zip(chip.weights, masters, strict=True):
        np.testing.assert_array_equal(held, (np.array(master) + ((1 << chip.fraction) >> 1)) >> chip.fraction)
    overflows = {name: count for name, count in chip.tally.saturated().items() if count}
    print(f"{network.name}: equal are the spikes and {len(TRACED)} registers of {network.neurons} neurons in")
    print(f"  {len(by_hand)} ticks and {network.synapses} weights after; overflows: {overflows or 'none'}")


NARROW = [
    "registers.partial.bits=9",
    "registers.current={bits: 8, overflow: wrap}",
    "registers.decoded={bits: 10, whole: 0, rounding: stochastic}",
    "registers.membrane={bits: 14, whole: 1, rounding: stochastic}",
    "registers.residual={bits: 12, whole: 1, rounding: stochastic}",
    "registers.bank={bits: 8, whole: 0, rounding: stochastic}",
]

if __name__ == "__main__":
    dense = [DenseLayer(kind="dense", units=units) for units in (12, 4)]
    pool = Pool(kind="average", window=2)
    first = ConvLayer(kind="conv", channels=3, kernel=3, padding=1, pool=pool)
    second = ConvLayer(kind="conv", channels=2, kernel=3, stride=1)
    annealed = SigmaDelta(decode_shift=((0, 1), (20, 2)), step_shift=((0, 1), (50, 2)), spikes="unsigned")
    compare(Hardware.load("tiny", NARROW), dense, 4, [Rate(5, 3), Rate(3, 6)])
    mirrored = Hardware.load("tiny", [*NARROW, "crossbar.feedback=mirrored"])
    compare(mirrored, dense, 4, [Rate(5, 3), Rate(3, 6)], variant="random_sign", beta=0.3, neuron=annealed)
    rates = [Rate(5, -2), Rate(3, 1), Rate(1, 1)]
    compare(Hardware.load("digital_28nm"), [first, second, dense[1]], 8, rates)
    largest = [Pool(kind="max", window=window) for window in (2, 3)]
    first = ConvLayer(kind="conv", channels=3, kernel=3, padding=2, stride=2, pool=largest[0])
    second = ConvLayer(kind="conv", channels=4, kernel=2, padding=1, pool=largest[1])
    compare(
        Hardware.load("digital_28nm"), [first, second, dense[1]], 9, [Rate(50, -2), Rate(30, 1), Rate(1, 1)]
    )
