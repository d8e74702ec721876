"""How many bits does a column's converter need? Digits on resistive crossbars, with ADCs of 3 to 8 bits.

A bit less doubles the step in which the sum of a crossbar's column is told. Below about 6 bits what a neuron
receives in a tick is mostly lost; above, the accuracy is that of an exact sum within what seeds differ by.
The energy of a sample follows the chip's converters: what one conversion costs, times the conversions.
Run: python examples/adc_bits.py [seeds]
"""

import sys
from typing import NamedTuple

import neurochip
from neurochip.experiment import cost_of

seeds = range(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
EPOCHS = 4


class Found(NamedTuple):
    """Validation accuracy; nanojoules of a sample's training, all of it and its conversions."""

    accuracy: float
    energy_nj: float
    conversions_nj: float


def trained(adc: str, seed: int) -> Found:
    """After training on 600 digits with such converters; 300 others tell the accuracy."""
    sets = [f"hardware.crossbar.{adc}", "experiment.data.train=600", "experiment.data.validation=300"]
    run = neurochip.Run(neurochip.load("digits_ep", "rram_crossbar", sets=sets, epochs=EPOCHS, seed=seed))
    for _ in range(EPOCHS):
        run.train_epoch()
    accuracy, cost = run.evaluate("validation"), cost_of(run)["training"]
    energy = cost["energy_pj"]
    converted = energy["actions"].get("adc_conversions", 0.0) / cost["samples"]
    return Found(accuracy, energy["per_sample"] / 1e3, converted / 1e3)


def mean(adc: str) -> Found:
    """Over the seeds."""
    found = [trained(adc, seed) for seed in seeds]
    return Found(*(sum(values) / len(values) for values in zip(*found, strict=True)))


print("ADC bits   step of a code (largest weights)   validation accuracy   nJ a sample   of it conversions")
for bits in range(3, 9):
    step = 4 * 2.0 ** (1 - bits)  # the preset's range is that of 4 full cells
    found = mean(f"adc.bits={bits}")
    print(
        f"{bits:8}   {step:32}   {found.accuracy:19.1%}"
        f"   {found.energy_nj:11.1f}   {found.conversions_nj:17.1f}"
    )
found = mean("adc=null")
print(f"   exact   {'':32}   {found.accuracy:19.1%}   {'':11}   {'':17}")
