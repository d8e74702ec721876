"""Experiments: what is learned on which chip, run to a record. The only place where machine and rule meet."""

from neurochip.experiment.execute import execute
from neurochip.experiment.load import EXPERIMENTS, Setup, load
from neurochip.experiment.observer import Observer
from neurochip.experiment.run import Run
from neurochip.experiment.schema import Experiment

__all__ = ["EXPERIMENTS", "Experiment", "Observer", "Run", "Setup", "execute", "load"]
