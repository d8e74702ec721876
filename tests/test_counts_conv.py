"""Counts of convolutions: equal to plain loops over every weight, and what they must not depend on."""

from __future__ import annotations

import numpy as np
import pytest
from conv_cases import PROGRAM, chip, chips, conv, dense, networks, tally_of
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_counts import plain_counts

from neurochip.counts import ACTIONS, KINDS, Counts, Tally
from neurochip.hardware import Hardware
from neurochip.mapping import Placement, Shares, place
from neurochip.network import Network

unhurried = settings(deadline=None, max_examples=40)

PLACED = (
    "spikes", "axon_lookups", "row_reads", "column_reads", "synaptic_ops", "partial_sums", "packets", "hops",
    "update_multiplies", "accumulations", "replica_words", "word_reads", "cell_reads", "flits", "flit_hops",
)  # fmt: skip
"""Actions whose counts depend on where blocks are."""


def by_projection(tally: Tally, placement: Placement) -> np.ndarray:
    found = np.zeros((len(placement.network.projections), 4), np.int64)
    np.add.at(found, Shares.of(placement).projection, tally.updates)
    return found


HARDWARE = Hardware.load("digital_28nm")


def counted(tally: Tally, placement: Placement, hardware: Hardware = HARDWARE) -> Counts:
    return Counts.of(tally, placement, PROGRAM, hardware)


def mnist(fold: bool, **core: int) -> Placement:
    network = Network.build([conv(8, 5, window=2), conv(16, 5, window=2), dense(10)], (1, 28, 28), 10)
    return place(network, chip((4, 4), (64, 12), **core), feedback=True, fold=fold)


@unhurried
@given(st.data())
def test_counts_are_those_of_plain_loops(data: st.DataObject) -> None:
    network = data.draw(networks())
    hardware, feedback, fold = data.draw(chips(network)), data.draw(st.booleans()), data.draw(st.booleans())
    placement = place(network, hardware, feedback, fold)
    batches = data.draw(st.sampled_from([0, 2, 6]))
    tally = tally_of(placement, data.draw(st.integers(0, 99)), 6, batches)
    counts = counted(tally, placement, hardware)
    plain = plain_counts(
        tally, placement, PROGRAM, hardware, hardware.crossbar.feedback if feedback else None
    )
    for action in PLACED:
        table = counts.per_core.get(action, np.zeros((len(PROGRAM.phases) + 1, placement.mesh.cores), int))
        found = {(phase, core): int(n) for (phase, core), n in np.ndenumerate(table) if n}
        learning = {key for key in plain[action] if key[0] == len(PROGRAM.phases)} if not batches else set()
        assert found == {key: n for key, n in plain[action].items() if n and key not in learning}, action


@unhurried
@given(st.data())
def test_work_does_not_depend_on_how_a_network_is_cut(data: st.DataObject) -> None:
    network, fold = data.draw(networks()), data.draw(st.booleans())
    placements = [place(network, data.draw(chips(network)), True, fold) for _ in range(2)]
    one, other = (counted(tally_of(placement, 1), placement) for placement in placements)
    for action in ("spikes", "synaptic_ops", "update_multiplies", "neuron_updates", "encodes", "updates"):
        assert one.total(action) == other.total(action), action


@unhurried
@given(st.data())
def test_folding_changes_no_update_and_adds_no_operation(data: st.DataObject) -> None:
    network = data.draw(networks())
    hardware = data.draw(chips(network))
    plain, folded = (place(network, hardware, True, fold) for fold in (False, True))
    before, after = (counted(tally_of(placement, 2), placement) for placement in (plain, folded))
    assert after.total("update_multiplies") == before.total("update_multiplies")
    assert after.total("accumulations") == before.total("accumulations")
    assert after.total("weight_writes") == before.total("weight_writes")
    if all(it.kernel is None or it.kernel.size >= it.kernel.stride for it in network.projections):
        assert after.total("synaptic_ops") <= before.total("synaptic_ops")


def test_folding_a_window_of_two_saves_most_operations() -> None:
    """A 5x5 kernel with windows of 2x2 is a 6x6 kernel of stride 2: 9 places use a spike, not 25."""
    fans = {fold: mnist(fold).fan(0).reshape(28, 28)[12:16, 12:16] for fold in (False, True)}
    assert (fans[False] == 25).all()
    assert (fans[True] == 9).all()


def test_one_spike_in_the_middle_and_one_in_the_corner() -> None:
    network = Network.build([conv(3, 3), dense(2)], (2, 5, 5), 2)
    placement = place(network, chip((1, 1), (18, 3)), feedback=False)
    tally = Tally.zero(2, network.neurons, len(Shares.of(placement).projection), 2)
    tally.spikes[0, (2 * 5 + 2) * 2] = 1
    tally.spikes[1, 1] = 1
    counts = counted(tally, placement)
    assert counts.per_core["row_reads"][:, 0].tolist() == [9, 1, 0]
    assert counts.per_core["synaptic_ops"][:, 0].tolist() == [27, 3, 0]


def test_feedback_reads_a_column_for_each_place_of_the_window() -> None:
    network = Network.build([conv(2, 1), conv(3, 3, window=2), dense(2)], (1, 6, 6), 2)
    tally = Tally.zero(2, network.neurons, 3, 3)
    tally.spikes[0, 36 + 72] = 1
    for fold, reads, ops in ((False, 4, 4 * 9 * 2), (True, 1, 16 * 2)):
        placement = place(network, chip((1, 1), (64, 4)), feedback=True, fold=fold)
        counts = counted(tally, placement)
        assert counts.total("column_reads") == reads
        assert counts.total("synaptic_ops") == ops + 2
        mirrored = place(network, chip((1, 1), (64, 4), "mirrored"), feedback=True, fold=fold)
        again = counted(tally, mirrored)
        assert again.total("column_reads") == 0
        assert again.total("row_reads") == 1 + ops // 2
        assert again.total("synaptic_ops") == ops + 2


def test_replicas_send_each_weight_and_bias_once_a_batch_and_get_them_back() -> None:
    one, four = (mnist(False, neurons=neurons) for neurons in (1 << 16, 400))
    assert [one.replicas(i) for i in range(3)] == [1, 1, 1]
    assert [four.replicas(i) for i in range(3)] == [3, 1, 1]
    tally = tally_of(four, 3)
    assert counted(tally_of(one, 3), one).total("replica_words") == 0
    counts = counted(tally, four)
    copies = 2 * (25 * 8 + 8)
    biases_of_split_groups = counts.total("replica_words") - 2 * copies * tally.batches
    assert biases_of_split_groups == 0
    assert counts.per_core["replica_words"][:-1].sum() == 0
    assert counts.per_core["packets"][-1].sum() == counts.total("replica_words")
    assert counts.total("accumulations") == (3 * 25 * 8 + 25 * 8 * 16 + 256 * 10) * tally.samples


def test_a_changed_weight_is_written_in_every_replica() -> None:
    placement = mnist(False, neurons=400)
    tally = tally_of(placement, 4)
    writes = by_projection(tally, placement)[:, 2]
    assert counted(tally, placement).total("weight_writes") == 3 * writes[0] + writes[1] + writes[2]
    assert counted(tally, placement).total("updates") == tally.updates[:, 0].sum()


def test_a_map_has_one_bias() -> None:
    placement = mnist(False, neurons=400)
    tally = tally_of(placement, 5)
    tally.updates[:] = 0
    found = counted(tally, placement).per_core["random_words"][-1]
    assert found.sum() == (8 + 16 + 10) * tally.batches
    assert found[placement.groups[-1].core] >= 10 * tally.batches


def test_nothing_is_learned_without_a_batch() -> None:
    placement = mnist(True, neurons=400)
    counts = counted(tally_of(placement, 6, batches=0), placement)
    assert all(table[-1].sum() == 0 for table in counts.per_core.values())


@pytest.mark.parametrize("feedback", ["transposed", "mirrored"])
def test_every_action_is_named_and_json_adds_up(feedback: str) -> None:
    network = Network.build([conv(4, 3, window=2), conv(4, 2), dense(3)], (1, 8, 8), 3)
    placement = place(network, chip((3, 3), (10, 3), feedback, neurons=20), feedback=True)
    counts = counted(tally_of(placement, 7), placement)
    assert counts.per_core.keys() <= ACTIONS.keys()
    assert {kind for kind, _ in counts.table} <= KINDS.keys()
    record = counts.as_json()
    for action in ACTIONS:
        assert record["total"][action] == sum(phase.get(action, 0) for phase in record["phases"].values())
        assert record["total"][action] == sum(record["cores"].get(action, []))


def test_a_preset_takes_the_network_of_the_examples() -> None:
    network = Network.build([conv(32, 5, window=2), conv(64, 5, window=2), dense(10)], (1, 28, 28), 10)
    placement = place(network, Hardware.load("digital_28nm"), feedback=True, fold=True)
    counts = counted(tally_of(placement, 8), placement)
    fans = sum(len(block.cols) * placement.fan(i).sum() for i, block in enumerate(placement.blocks[:5]))
    assert fans == 36 * 144 * 32
    assert counts.total("synaptic_ops") > 0
