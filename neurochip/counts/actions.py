"""What is counted, and for what work."""

from __future__ import annotations

ACTIONS = {
    "spikes": "spikes delivered, by the core that sends them",
    "axon_lookups": "spikes looked up in the axon table of a core that they reach",
    "row_reads": "crossbar rows read by a spike (the forward read, or the read of a mirror)",
    "column_reads": "crossbar columns read by a spike (the transposed read)",
    "word_reads": "words of up to column_adders cells in which those rows and columns are read",
    "cell_reads": "cells in those rows and columns: the whole line of a block",
    "synaptic_ops": "weights read and added to a current or a partial sum, which leads somewhere on the map",
    "partial_sums": "sums that a crossbar delivers, every tick: one for each neuron that it adds up for "
    "(behind max pooling one for each position of the window)",
    "adc_conversions": "column sums that converters digitise (crossbar.adc): one for each column of a "
    "crossbar whenever lines of it are read, of a convolution at each position",
    "neuron_updates": "neuron registers advanced by a tick",
    "encodes": "encoder steps: every neuron and every input, every tick",
    "packets": "packets on the mesh: a spike to each other core, a sum to a neuron's home, a replica word",
    "hops": "links that those packets cross",
    "flits": "flits of those packets",
    "flit_hops": "links that those flits cross",
    "state_resets": "neurons and inputs whose registers are cleared at the start of a phase",
    "state_saves": "neurons and inputs whose registers are written to the snapshot at the end of a phase",
    "state_restores": "neurons and inputs whose registers are read back from the snapshot",
    "bank_captures": "states written to a bank at the end of a phase",
    "update_multiplies": "products of two banks in the update unit: one for each place that uses a weight",
    "accumulations": "sums of a synapse held over a batch and added to, read and written once each",
    "updates": "synapses with an update other than zero, which the update unit multiplies with the rate",
    "lost_updates": "updates that round to no change",
    "master_writes": "weights with their fraction read, changed and written back: the other updates",
    "weight_writes": "weights rewritten in a crossbar, in each replica of a kernel",
    "mirror_writes": "weights rewritten in a mirror, in each replica of it",
    "bias_additions": "banks added up for a bias: one for each neuron, sample and term",
    "bias_updates": "biases multiplied with the rate, changed and written, once a batch in each copy",
    "replica_words": "sums of a shared weight or bias sent by its copies, and new values sent back to them",
    "random_words": "32-bit random words drawn",
    "barriers": "ticks ended by the whole chip",
}
"""Everything that is counted, and what one of it is."""

KINDS = {
    "forward": "reads and sums on the way up the network",
    "feedback": "reads and sums on the way back down it",
    "neuron": "neuron registers advanced; spikes of neurons",
    "encode": "encoder steps; spikes of inputs",
    "capture": "states kept for the update: snapshot and banks",
    "update": "the update unit's arithmetic and accumulators",
    "write": "weights and biases read, changed and written",
    "random": "random words",
    "noc": "packets of spikes, sums and replicas on the mesh, and spikes looked up on arrival",
    "barrier": "the end of a tick",
}
"""Kinds of work, and what belongs to each. Every event is of one kind."""
