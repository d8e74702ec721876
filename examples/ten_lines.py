"""Ten lines of Python: a chip learns the digits, then one digit is watched tick by tick.

Run: python examples/ten_lines.py [folder for the picture]
"""

import sys
from pathlib import Path

import neurochip
from neurochip.report import trace_plot

picture = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent, "ten_lines.png")

setup = neurochip.load("digits_ep", sets=["hardware.registers.weight.bits=6"], epochs=4)
run = neurochip.Run(setup)  # the network is built, placed on the cores and written into the crossbars
print(run.network.name, "on", run.hardware.name, run.placement.summary()["crossbars"])
while run.epoch < setup.experiment.epochs:
    row = run.train_epoch()
    print(f"epoch {row['epoch']}: train {row['train_accuracy']:.1%}, test {run.evaluate('test'):.1%}")
trace = run.probe(sample=142)  # integers [ticks, neurons] of the ten outputs: spikes and every register
print("spikes:", trace["spikes"].sum(0), "membranes at the end of the free phase:", trace["membrane"][39])
phases = [(phase.name, phase.ticks) for phase in run.program.phases]
trace_plot(trace, phases, picture, one=1 << run.chip.formats["membrane"].frac, title="test digit 142")
