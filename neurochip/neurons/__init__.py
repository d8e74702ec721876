"""The shelf of neuron models. A model is one file: a frozen record, its equations and source, and its two
kernels."""

from neurochip.neurons.base import Neuron
from neurochip.neurons.sigma_delta import SigmaDelta

NEURONS: dict[str, type[Neuron]] = {"sigma_delta": SigmaDelta}

__all__ = ["NEURONS", "Neuron", "SigmaDelta"]
