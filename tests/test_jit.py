"""The kernels as plain Python: the same bits, and NumPy tells of integers that overflow."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from neurochip.experiment import Run, load
from neurochip.experiment.record import weights_sha256

WORKLOAD = (
    "experiment.data.train=20",
    "experiment.epochs=1",
    "experiment.batch=6",
    "experiment.network.layers=[{kind: dense, units: 8}, {kind: dense, units: 10}]",
    "experiment.network.gain=2.0",
    "experiment.rule.ticks={free: 12, nudged: 6}",
    *(
        f"hardware.registers.{name}.rounding=stochastic"
        for name in ("bias", "decoded", "membrane", "residual", "bank")
    ),
)
"""Twenty digits in batches of six (the last one smaller), every register rounded with random bits."""

VARIANTS = {
    "8 bits": ("hardware.registers.weight.bits=8",),
    "12 bits, no fraction": ("hardware.registers.weight.bits=12", "hardware.registers.fraction.bits=0"),
    "narrow registers that wrap": (
        "hardware.crossbar.rows=16",
        *(f"hardware.registers.{name}.bits=8" for name in ("partial", "current", "bank")),
        "hardware.registers.bank.whole=0",
        *(
            f"hardware.registers.{name}.overflow=wrap"
            for name in ("partial", "current", "residual", "bank", "weight")
        ),
    ),
    "rounded to nearest": tuple(
        f"hardware.registers.{name}.rounding=nearest"
        for name in ("weight", "bias", "decoded", "membrane", "residual", "bank")
    ),
}


def digests() -> dict[str, str]:
    """The weights that each variant learns."""
    found = {}
    for name, sets in VARIANTS.items():
        run = Run(load("digits_ep", sets=[*WORKLOAD, *sets]), threads=2)
        start = weights_sha256(run)
        run.train_epoch()
        assert weights_sha256(run) != start
        found[name] = weights_sha256(run)
    return found


@pytest.fixture(scope="module")
def compiled() -> dict[str, str]:
    return digests()


@pytest.fixture(scope="module")
def interpreted() -> dict[str, str]:
    """`digests` of a Python without Numba's compiler, in which a warning, as of an overflow, is an error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", __file__],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("variant", VARIANTS)
def test_compiled_and_interpreted_kernels_learn_the_same(
    compiled: dict[str, str], interpreted: dict[str, str], variant: str
) -> None:
    assert compiled[variant] == interpreted[variant]


def test_variants_differ(interpreted: dict[str, str]) -> None:
    assert len(set(interpreted.values())) == len(VARIANTS)


if __name__ == "__main__":
    print(json.dumps(digests()))
