"""How many bits does a weight need? The same run with 8 to 4 of them, with and without a fraction below.

With a fraction the update unit remembers what is smaller than a step of the weight; without one every update
is rounded at random to whole steps. Accuracy is that of a validation part.
Run: python examples/bit_widths.py [epochs]
"""

import sys

import neurochip

epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 5


def accuracy(bits: int, fraction: int) -> float:
    """Of the validation digits, after a run with such weights."""
    registers = {"weight.bits": bits, "fraction.bits": fraction}
    sets = [f"hardware.registers.{key}={value}" for key, value in registers.items()]
    sets.append("experiment.data.validation=300")
    run = neurochip.Run(neurochip.load("digits_ep", sets=sets, epochs=epochs))
    for _ in range(epochs):
        run.train_epoch()
    return run.evaluate("validation")


print("weight bits   fraction 16   fraction 0")
for bits in (8, 6, 5, 4):
    print(f"{bits:11}   {accuracy(bits, 16):11.1%}   {accuracy(bits, 0):10.1%}")
