"""What the size of a crossbar and the width of a weight do to energy, time, memory and area.

The digits are learned for an epoch on four cores with room for the same number of synapses, cut into small
crossbars or large ones.
Run: python examples/crossbar_cost.py
"""

from neurochip import Run, load
from neurochip.experiment import cost_of

SAMPLES = ["experiment.data.train=200", "experiment.data.test=100"]
CHIP = ["hardware.mesh.rows=2", "hardware.mesh.cols=2", "hardware.core.neurons=256"]
SYNAPSES = 16384  # of a core

print("crossbar   weight bits   nJ a sample   word read, pJ   cycles   KiB   mm2")
for side, bits in ((16, 8), (32, 8), (64, 8), (128, 8), (64, 4), (64, 16)):
    crossbars = [f"hardware.crossbar.rows={side}", f"hardware.crossbar.cols={side}"]
    crossbars += [f"hardware.core.crossbars={SYNAPSES // side**2}"]
    sets = [*SAMPLES, *CHIP, *crossbars, f"hardware.registers.weight.bits={bits}"]
    run = Run(load("digits_ep", sets=sets, epochs=1), threads=1)
    run.train_epoch()
    cost = cost_of(run)
    training = cost["training"]
    word = next(it["value"] for it in cost["prices"]["entries"] if it["what"] == "word_reads")
    used = sum(role["used_bits"] for role in cost["memory"]["roles"].values()) / 8192
    area = sum(part["area_mm2"] for part in cost["area"])
    print(
        f"{f'{side} x {side}':9} {bits:12} {training['energy_pj']['per_sample'] / 1e3:13.1f} {word:15.2f} "
        f"{training['time']['cycles_per_sample']:8.0f} {used:5.0f} {area:5.2f}"
    )
