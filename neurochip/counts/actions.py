"""What is counted."""

from __future__ import annotations

ACTIONS = {
    "spikes": "spikes delivered, by the core that sends them",
    "axon_lookups": "spikes looked up in the axon table of a core that they reach",
    "row_reads": "crossbar rows read by a spike (the forward read, or the read of a mirror)",
    "column_reads": "crossbar columns read by a spike (the transposed read)",
    "synaptic_ops": "weights read and added to a current or a partial sum, which leads somewhere on the map",
    "partial_sums": "sums that a crossbar delivers, every tick: one for each neuron that it adds up for "
    "(behind max pooling one for each position of the window)",
    "neuron_updates": "neuron registers advanced by a tick",
    "encodes": "encoder steps: every neuron and every input, every tick",
    "packets": "packets on the mesh: a spike to each other core, a sum to a neuron's home, a replica word",
    "hops": "links that those packets cross",
    "bank_captures": "states written to a bank at the end of a phase",
    "update_multiplies": "products of two banks in the update unit: one for each place that uses a weight",
    "accumulations": "sums of a synapse held over a batch and added to, read and written once each",
    "updates": "synapses with an update other than zero",
    "lost_updates": "updates that round to no change",
    "replica_words": "sums of a shared weight or bias sent by its copies, and new values sent back to them",
    "weight_writes": "weights rewritten, in each replica of a kernel",
    "random_words": "32-bit random words drawn",
    "barriers": "ticks ended by the whole chip",
}
"""Everything that is counted, and what one of it is."""
