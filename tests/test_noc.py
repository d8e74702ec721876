"""The mesh: links are numbered once, paths are dimension ordered."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurochip.noc import DIRECTIONS, EAST, NORTH, SOUTH, WEST, Mesh

unhurried = settings(deadline=None)

OPPOSITE = {EAST: WEST, WEST: EAST, NORTH: SOUTH, SOUTH: NORTH}

meshes = st.builds(Mesh, rows=st.integers(1, 7), cols=st.integers(1, 7))


@st.composite
def journeys(draw: st.DrawFn) -> tuple[Mesh, int, int]:
    mesh = draw(meshes)
    core = st.integers(0, mesh.cores - 1)
    return mesh, draw(core), draw(core)


@unhurried
@given(meshes)
def test_coordinates_and_core_are_inverse(mesh: Mesh) -> None:
    assert [mesh.core(*mesh.coordinates(core)) for core in range(mesh.cores)] == list(range(mesh.cores))


@unhurried
@given(meshes)
def test_links_join_neighbours_in_both_directions(mesh: Mesh) -> None:
    ends = [mesh.link_ends(link) for link in mesh.links()]
    assert len(ends) == len(set(ends)) == 2 * ((mesh.cols - 1) * mesh.rows + (mesh.rows - 1) * mesh.cols)
    assert {(target, source) for source, target in ends} == set(ends)
    assert all(mesh.hop_table()[source, target] == 1 for source, target in ends)
    assert all(link < mesh.link_ids for link in mesh.links())


@unhurried
@given(journeys())
def test_path_is_as_long_as_the_distance(journey: tuple[Mesh, int, int]) -> None:
    mesh, source, target = journey
    (x, y), (to_x, to_y) = mesh.coordinates(source), mesh.coordinates(target)
    assert len(mesh.path(source, target)) == abs(to_x - x) + abs(to_y - y) == mesh.hops(source, target)
    assert mesh.hop_table()[source, target] == mesh.hops(source, target)


@unhurried
@given(journeys())
def test_path_connects_source_and_target_over_links_that_exist(journey: tuple[Mesh, int, int]) -> None:
    mesh, here, target = journey
    existing = set(mesh.links())
    for link in mesh.path(here, target):
        assert link in existing
        leaves, enters = mesh.link_ends(link)
        assert leaves == here
        here = enters
    assert here == target


@unhurried
@given(journeys())
def test_path_goes_along_x_first_and_never_turns_back(journey: tuple[Mesh, int, int]) -> None:
    mesh, source, target = journey
    directions = [link % DIRECTIONS for link in mesh.path(source, target)]
    vertical = [direction in (NORTH, SOUTH) for direction in directions]
    assert vertical == sorted(vertical)
    assert not any(OPPOSITE[direction] in directions for direction in directions)


@unhurried
@given(meshes, st.lists(st.tuples(st.integers(0, 48), st.integers(0, 48)), max_size=12))
def test_paths_of_many_routes_are_the_single_paths(mesh: Mesh, pairs: list[tuple[int, int]]) -> None:
    routes = np.array(pairs, dtype=np.int64).reshape(-1, 2) % mesh.cores
    route, link = mesh.paths(routes[:, 0], routes[:, 1])
    expected = [(i, step) for i, (a, b) in enumerate(routes.tolist()) for step in mesh.path(a, b)]
    assert list(zip(route.tolist(), link.tolist(), strict=True)) == expected


@unhurried
@given(meshes, st.integers(1, 8))
def test_snake_visits_every_core_once_in_small_steps(mesh: Mesh, band: int) -> None:
    snake = mesh.snake(band)
    assert sorted(snake) == list(range(mesh.cores))
    steps = [mesh.hops(a, b) for a, b in itertools.pairwise(snake)]
    assert max(steps, default=0) <= band
    assert sum(step > 1 for step in steps) <= (mesh.rows - 1) // band


def test_a_known_path() -> None:
    mesh = Mesh(rows=3, cols=4)
    assert mesh.path(mesh.core(3, 0), mesh.core(1, 2)) == (
        3 * DIRECTIONS + WEST,
        2 * DIRECTIONS + WEST,
        1 * DIRECTIONS + SOUTH,
        5 * DIRECTIONS + SOUTH,
    )


@pytest.mark.parametrize("mesh", [Mesh(1, 1), Mesh(1, 5), Mesh(5, 1)])
def test_narrow_meshes_have_no_links_across(mesh: Mesh) -> None:
    directions = {link % DIRECTIONS for link in mesh.links()}
    assert directions == ({EAST, WEST} if mesh.cols > 1 else {NORTH, SOUTH} if mesh.rows > 1 else set())
