"""How long a chip takes: two samples of the digits, clock by clock, on one large core and on many small ones.

Writes ``trace.vcd`` (for GTKWave) and ``trace.json`` (for https://ui.perfetto.dev) of two ticks on the small
cores into the folder named as first argument, by default the one of this script.
"""

from __future__ import annotations

import sys
from pathlib import Path

import neurochip
from neurochip.clock.perfetto import write_perfetto
from neurochip.clock.vcd import write_vcd
from neurochip.experiment.clocked import clocked

folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent

CHIPS = {
    "one core": [],
    "small cores": [
        "hardware.crossbar.rows=32",
        "hardware.crossbar.cols=32",
        "hardware.core.crossbars=2",
        "hardware.core.neurons=32",
    ],
}

for name, sets in CHIPS.items():
    run = neurochip.Run(neurochip.load("digits_ep", sets=sets), threads=1)
    found = clocked(run, samples=2, ticks=range(10, 12))  # the first two of the epoch, by both engines
    cycles, cores = found.cycles, run.placement.summary()["cores"].used
    print(f"{name}: {cores} used, {'both engines agree' if not found.differences else found.differences}")
    for phase, number in cycles.by_phase.items():
        print(f"  {phase:8} {number:7,} cycles, {found.estimated.by_phase[phase]:7,} estimated")
    first, last = cycles.spikes[0, :40].mean(), cycles.neurons[0, :40].mean()
    print(f"  a tick of the free phase: {first:.1f} cycles of spikes, {last:.1f} of sums and neurons")
    time = cycles.samples.mean() / cycles.clock_mhz
    print(f"  {time:.1f} us a sample; core {cycles.critical_core} works most")

write_vcd(found.timeline, folder / "trace.vcd")
write_perfetto(found.timeline, folder / "trace.json")
