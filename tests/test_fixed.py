"""Fixed-point arithmetic against whole numbers and fractions of Python; all values where widths are small."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurochip.fixed import Format, Rate, draws, key, permutation, uniform
from neurochip.fixed.format import OVERFLOW_CODES, ROUNDING_CODES, OverflowMode
from neurochip.fixed.scalar import dither, draw, shifted, stored, subkey

FORMATS = [(bits, signed) for bits in range(1, 7) for signed in (False, True) if bits > signed]

unhurried = settings(deadline=None)
words32 = st.integers(0, 2**32 - 1)


def value_of(pattern: int, bits: int, signed: bool) -> int:
    """What a bit pattern means: in two's complement the highest bit of a signed one counts negative."""
    return pattern - (2**bits if signed and pattern >> bits - 1 else 0)


# --- formats --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bits", "signed"), FORMATS)
def test_format_spans_its_bit_patterns(bits: int, signed: bool) -> None:
    values = sorted(value_of(pattern, bits, signed) for pattern in range(2**bits))
    it = Format(bits, 0, signed)
    assert list(range(it.lo, it.hi + 1)) == values


@pytest.mark.parametrize("mode", ["saturate", "wrap", "error"])
@pytest.mark.parametrize(("bits", "signed"), FORMATS)
def test_stored_is_what_the_register_holds(bits: int, signed: bool, mode: OverflowMode) -> None:
    lo, hi, code, _ = Format(bits, 0, signed, mode).row()
    for value in range(-(2 ** (bits + 2)), 2 ** (bits + 2) + 1):
        wrapped, clipped = value_of(value % 2**bits, bits, signed), sorted((lo, value, hi))[1]
        assert stored(value, lo, hi, code) == (wrapped if mode == "wrap" else clipped)


@pytest.mark.parametrize("bits", [16, 32, 48])
@pytest.mark.parametrize("mode", ["saturate", "wrap"])
def test_stored_in_wide_registers(bits: int, mode: OverflowMode) -> None:
    lo, hi, code, _ = Format(bits, 0, True, mode).row()
    for value in (lo - 1, lo, -1, 0, 1, hi, hi + 1, 3 * hi, -5 * hi, 2**60, -(2**60)):
        wrapped = value_of(value % 2**bits, bits, True)
        assert stored(value, lo, hi, code) == (wrapped if mode == "wrap" else sorted((lo, value, hi))[1])


@pytest.mark.parametrize("frac", [-2, 0, 3, 5])
@pytest.mark.parametrize(("bits", "signed"), FORMATS)
def test_every_value_survives_becoming_real(bits: int, signed: bool, frac: int) -> None:
    it = Format(bits, frac, signed)
    integers = np.arange(it.lo, it.hi + 1)
    real = it.real(integers)
    assert real.tolist() == [float(Fraction(int(i)) / Fraction(2) ** frac) for i in integers]
    assert it.quantise(real).tolist() == integers.tolist()
    assert all(it.holds(value) for value in real)
    assert not it.holds(real[0] - it.lsb / 2)
    assert not it.holds(real[-1] + it.lsb / 2)


@given(st.integers(2, 32), st.integers(-8, 32), st.booleans(), st.floats(-1e6, 1e6))
@unhurried
def test_quantise_is_nearest_within_the_range(bits: int, frac: int, signed: bool, value: float) -> None:
    it = Format(bits, frac, signed)
    [found] = it.quantise([value]).tolist()
    exact = Fraction(value) * Fraction(2) ** frac
    assert it.lo <= found <= it.hi
    assert found == sorted((it.lo, round(exact), it.hi))[1]


def test_format_in_kernels() -> None:
    assert Format(4, 2, True, "wrap", "stochastic").row() == (-8, 7, 1, 2)
    assert Format(4, 2, False, "error", "floor").row() == (0, 15, 2, 0)
    assert (OVERFLOW_CODES["saturate"], ROUNDING_CODES["nearest"]) == (0, 1)
    assert Format(4, 2).lsb == 0.25


# --- rounding -------------------------------------------------------------------------------------------


def rounded(value: int, mode: str, shift: int, family: int = 0, index: int = 0) -> int:
    code = ROUNDING_CODES[mode]
    return int(shifted(value + dither(code, shift, family, index), shift))


@pytest.mark.parametrize("shift", range(7))
def test_floor_and_nearest_of_every_byte(shift: int) -> None:
    for value in range(-128, 128):
        exact = Fraction(value, 2**shift)
        assert rounded(value, "floor", shift) == floor(exact)
        assert rounded(value, "nearest", shift) == floor(exact + Fraction(1, 2))


@pytest.mark.parametrize("mode", ROUNDING_CODES)
@pytest.mark.parametrize("shift", [0, -1, -5])
def test_left_shifts_are_exact(mode: str, shift: int) -> None:
    for value in range(-128, 128):
        assert rounded(value, mode, shift, family=5) == value * 2**-shift


@pytest.mark.parametrize("shift", range(1, 7))
def test_stochastic_rounding_of_every_byte_is_a_neighbour_and_right_on_average(shift: int) -> None:
    """The dither's ``shift`` bits take each value equally often to within 5 standard errors of the draws."""
    n = 4096
    found = np.array([dither(ROUNDING_CODES["stochastic"], shift, 77, index) for index in range(n)])
    assert set(found.tolist()) == set(range(2**shift))
    for value in range(-128, 128):
        results = (value + found) >> shift
        exact = value / 2**shift
        assert {floor(exact), -floor(-exact)} >= set(results.tolist())
        spread = np.sqrt((exact - floor(exact)) * (1 - exact + floor(exact)) / n)
        assert abs(results.mean() - exact) <= 5 * spread


@given(words32, words32, st.integers(1, 62))
@unhurried
def test_stochastic_dither_is_a_draw_scaled_to_the_step(family: int, index: int, shift: int) -> None:
    found = int(dither(ROUNDING_CODES["stochastic"], shift, family, index))
    assert found == floor(Fraction(int(draw(family, index)), 2**32) * 2**shift)


def test_nearest_dither_at_the_widest_shift() -> None:
    assert dither(ROUNDING_CODES["nearest"], 62, 0, 0) == 2**61
    assert dither(ROUNDING_CODES["floor"], 62, 0, 0) == 0


# --- rates ----------------------------------------------------------------------------------------------


@given(st.floats(1e-30, 1e30), st.integers(1, 16))
@unhurried
def test_rate_is_near_odd_and_narrow(factor: float, bits: int) -> None:
    rate = Rate.nearest(factor, bits)
    assert rate.multiplier % 2 == 1
    assert rate.multiplier < 2**bits
    exact = Fraction(rate.multiplier) / Fraction(2) ** rate.shift
    assert rate.real == float(exact)
    assert abs(exact - Fraction(factor)) < Fraction(factor) / 2**bits


@pytest.mark.parametrize("bits", range(1, 5))
def test_no_other_rate_is_nearer(bits: int) -> None:
    for numerator in range(1, 150):
        factor = numerator / 64
        candidates = [Fraction(m) / Fraction(2) ** s for m in range(1, 2**bits) for s in range(-8, 16)]
        best = min(abs(c - Fraction(factor)) for c in candidates)
        rate = Rate.nearest(factor, bits)
        assert abs(Fraction(rate.multiplier) / Fraction(2) ** rate.shift - Fraction(factor)) == best


def test_some_rates() -> None:
    assert Rate.nearest(0.0, 8) == Rate(0, 0)
    assert Rate.nearest(0.0, 8).real == 0.0
    assert Rate.nearest(0.5, 8) == Rate(1, 1)
    assert Rate.nearest(0.5, 1) == Rate(1, 1)
    assert Rate.nearest(3.0, 2) == Rate(3, 0)
    assert Rate.nearest(1.0, 8) == Rate(1, 0)
    assert Rate.nearest(48.0, 8) == Rate(3, -4)


# --- draws ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", [0, 1, 0x9E3779B9, 2**32 - 1])
def test_words_are_the_draws_of_the_kernels(family: int) -> None:
    words = draws.words(family, 300)
    assert words.tolist() == [int(draw(family, index)) for index in range(300)]


@given(words32, words32)
@unhurried
def test_a_draw_is_a_word(family: int, index: int) -> None:
    """The definition once more, in Python's integers: any index, not only the first ones."""
    value = index * 0x9E3779B9 + family & 2**32 - 1
    for _ in range(2):
        value = draws.mix(value) ^ family
    assert int(draw(family, index)) == value


@given(st.lists(st.integers(0, 2**63 - 1), max_size=4))
@unhurried
def test_a_key_is_a_chain_of_subkeys(words: list[int]) -> None:
    state = draws.GOLDEN
    for word in words:
        state = int(subkey(state, word))
        assert 0 <= state < 2**32
    assert key(*words) == state


def test_mix_is_a_bijection_that_avalanches() -> None:
    """A flipped input bit flips each output bit in about half of the cases."""
    words = [draws.mix(i * 0x01000193 & draws.MASK) for i in range(512)]
    assert len({draws.mix(word) for word in words}) == len(set(words))
    flips = np.array(
        [[draws.mix(w) ^ draws.mix(w ^ 1 << bit) for bit in range(32)] for w in words], np.uint64
    )
    rate = (flips[..., None] >> np.arange(32, dtype=np.uint64) & np.uint64(1)).mean(0)
    assert abs(rate - 0.5).max() < 0.12


def chi_square(values: np.ndarray, bins: int) -> float:
    counts = np.bincount(values.astype(np.int64), minlength=bins)
    return float(((counts - len(values) / bins) ** 2).sum() / (len(values) / bins))


# 255 degrees of freedom: mean 255, standard deviation 22.6; 150 .. 370 is over four and a half of them.


@pytest.mark.parametrize("family", [key(0, draws.NEURON, 0), key(1, draws.UPDATE, 3, 20), 0])
@pytest.mark.parametrize("byte", range(4))
def test_each_byte_of_a_family_is_uniform(family: int, byte: int) -> None:
    words = draws.words(family, 1 << 16)
    assert 150 < chi_square(words >> np.uint64(8 * byte) & np.uint64(255), 256) < 370


@pytest.mark.parametrize("byte", range(4))
def test_draw_of_one_index_is_uniform_over_neighbouring_keys(byte: int) -> None:
    words = np.array([draws.words(key(7, draws.NEURON, sample), 1)[0] for sample in range(1 << 13)])
    assert 150 < chi_square(words >> np.uint64(8 * byte) & np.uint64(255), 256) < 370


@pytest.mark.parametrize("names", [((3, 4, 0), (3, 4, 1)), ((0, 4, 9), (1, 4, 9)), ((3, 4, 0), (3, 5, 0))])
def test_neighbouring_keys_are_uncorrelated(names: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    """Also shifted by one draw; |r| of 2**15 independent pairs exceeds 0.03 once in ten million trials."""
    n = 1 << 15
    first, second = (draws.words(key(*name), n).astype(np.float64) for name in names)
    for a, b in (
        (first, second),
        (first[1:], second[:-1]),
        (first[:-1], second[1:]),
        (first[:-1], first[1:]),
    ):
        assert abs(np.corrcoef(a, b)[0, 1]) < 0.03


def test_keys_tell_uses_apart() -> None:
    keys = [key(seed, purpose, n) for seed in range(8) for purpose in range(7) for n in range(64)]
    keys += [key(seed, purpose) for seed in range(8) for purpose in range(7)]
    keys += [key(0, draws.NEURON, n << 32) for n in range(1, 64)]
    assert len(set(keys)) == len(keys)


@given(words32, st.integers(0, 2**31), st.integers(0, 200))
@unhurried
def test_permutation_is_one(seed: int, stream: int, n: int) -> None:
    assert sorted(permutation(seed, stream, n).tolist()) == list(range(n))


def test_permutations_differ_and_repeat() -> None:
    orders = [tuple(permutation(seed, stream, 50)) for seed in range(3) for stream in range(3)]
    assert len(set(orders)) == 9
    assert orders[4] == tuple(permutation(1, 1, 50))


def test_every_place_of_a_permutation_is_as_likely() -> None:
    """Where element 0 of 16 ends up in 4096 permutations: 15 degrees of freedom, mean 15, deviation 5.5."""
    places = np.array([int(np.flatnonzero(permutation(5, stream, 16) == 0)[0]) for stream in range(4096)])
    assert chi_square(places, 16) < 42


def test_uniform_fills_the_unit_interval() -> None:
    values = uniform(3, 1, 1 << 14)
    assert values.min() >= 0.0
    assert values.max() < 1.0
    assert 150 < chi_square(np.floor(values * 256), 256) < 370
    assert abs(values.mean() - 0.5) < 5 / np.sqrt(12 * len(values))
    assert (values * 2**32 == np.floor(values * 2**32)).all()
    assert not np.array_equal(values, uniform(3, 2, 1 << 14))
