"""The shelf of neuron models: a model is a frozen record with its equations and source, and its kernels."""

from neurochip.neurons.base import Neuron
from neurochip.neurons.lif import LIF
from neurochip.neurons.sigma_delta import SigmaDelta

NEURONS: dict[str, type[Neuron]] = {"sigma_delta": SigmaDelta, "lif": LIF}

__all__ = ["LIF", "NEURONS", "Neuron", "SigmaDelta"]
