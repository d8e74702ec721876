"""How many bits does a column's converter need? Digits on resistive crossbars, with ADCs of 3 to 8 bits.

A bit less doubles the step in which the sum of a crossbar's column is told. Below about 6 bits what a neuron
receives in a tick is mostly lost; above, the accuracy is that of an exact sum within what seeds differ by.
Run: python examples/adc_bits.py [seeds]
"""

import sys

import neurochip

seeds = range(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
EPOCHS = 4


def accuracy(adc: str, seed: int) -> float:
    """Of the validation digits, after training on 600 others with such converters."""
    sets = [f"hardware.crossbar.{adc}", "experiment.data.train=600", "experiment.data.validation=300"]
    run = neurochip.Run(neurochip.load("digits_ep", "rram_crossbar", sets=sets, epochs=EPOCHS, seed=seed))
    for _ in range(EPOCHS):
        run.train_epoch()
    return run.evaluate("validation")


def mean(adc: str) -> float:
    """Over the seeds."""
    return sum(accuracy(adc, seed) for seed in seeds) / len(seeds)


print("ADC bits   step of a code (largest weights)   validation accuracy")
for bits in range(3, 9):
    step = 4 * 2.0 ** (1 - bits)  # the preset's range is that of 4 cells of full conductance
    print(f"{bits:8}   {step:32}   {mean(f'adc.bits={bits}'):19.1%}")
print(f"   exact   {'':32}   {mean('adc=null'):19.1%}")
