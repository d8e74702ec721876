"""Experiments: what is learned on which chip, run to a record. The only place where machine and rule meet."""

from neurochip.experiment.execute import execute
from neurochip.experiment.load import Setup, load, load_hardware
from neurochip.experiment.observer import Observer
from neurochip.experiment.pricing import cost_of, price
from neurochip.experiment.run import Run
from neurochip.experiment.schema import Experiment

__all__ = ["Experiment", "Observer", "Run", "Setup", "cost_of", "execute", "load", "load_hardware", "price"]
