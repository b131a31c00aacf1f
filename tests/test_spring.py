"""The rotating spring: bad input, shapes, edge cases, and properties at any speed below a quarter of a turn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refvae.spring import (
    axis_density,
    chain_action,
    chain_eigenvalues,
    chain_profile,
    denoising_functional,
    descend_chain,
    differences,
    energies,
    entropy_functional,
    extension,
    functional,
    half_square,
    held_mass,
    lagrangian,
    length,
    margin,
    masses,
    picard,
    profile,
    solve_chain,
    solve_ode,
    speed,
    state_energies,
    tension,
    total_energy_length,
)

ONES = np.ones(3)
below = st.floats(0, 1.57)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: length(np.pi / 2), ValueError, "theta: got 1.57.*, wanted 0 <= theta < pi/2: from pi/2 on no length"),
    (lambda: length([0.5, 2.0]), ValueError, "theta: got 2.0"),
    (lambda: length(-0.1), ValueError, "theta: got -0.1"),
    (lambda: length(np.nan), ValueError, "theta: got nan, wanted a finite number"),
    (lambda: length("fast"), TypeError, "theta: got dtype"),
    (lambda: length(1j), TypeError, "theta: got dtype complex128"),
    (lambda: extension(1.6), ValueError, "theta: got 1.6"),
    (lambda: energies(1.6), ValueError, "theta: got 1.6"),
    (lambda: profile(1.6, [0.5]), ValueError, "theta: got 1.6"),
    (lambda: profile(1.0, [0.5, 1.5]), ValueError, "s: got 0.5 to 1.5, wanted fractions of the mass"),
    (lambda: tension(1.0, [-0.5]), ValueError, "s: got -0.5"),
    (lambda: speed(-1.0, 1.0, 1.0), ValueError, "omega: got -1.0, wanted a number of at least 0"),
    (lambda: speed(1.0, 0.0, 1.0), ValueError, "mass: got 0.0, wanted a number above 0"),
    (lambda: speed(1.0, 1.0, np.inf), ValueError, "stiffness: got inf, wanted a finite number above 0"),
    (lambda: axis_density(1.0, [0.5, 2.0], 1.5), ValueError, "r: got 0.5 to 2.0, wanted 0 <= r <= l1 = 1.5"),
    (lambda: held_mass(0.0, 1.0), ValueError, "theta: got 0.0, wanted a number above 0"),
    (lambda: held_mass(1.0, -1.0), ValueError, "l1: got -1.0, wanted lengths of at least 0"),
    (lambda: total_energy_length(-1.0), ValueError, "theta: got -1.0, wanted theta >= 0"),
    (lambda: state_energies(1.0, ONES, ONES[:2], ONES), ValueError, "weights and y: got shapes"),
    (lambda: state_energies(1.0, ONES, ONES, ONES[:2]), ValueError, "weights and slope: got shapes"),
    (lambda: masses(0), ValueError, "n: got 0, wanted n >= 1"),
    (lambda: masses(2.0), TypeError, "n: got float, wanted an int"),
    (lambda: solve_chain(1.55, masses(2)), ValueError, r"theta: got 1.55, wanted one for which 2 joints .*\(11.22\)"),
    (lambda: solve_chain(-1.0, masses(2)), ValueError, "theta: got -1.0, wanted a number of at least 0"),
    (lambda: solve_chain(1.0, -ONES), ValueError, "mass: got -1.0 at the least"),
    (lambda: chain_profile(1.5, 1), ValueError, r"theta: got 1.5, wanted 0 <= theta < 1.41421"),
    (lambda: chain_profile(1.0, 0), ValueError, "n: got 0"),
    (lambda: chain_eigenvalues(1.0, 0), ValueError, "n: got 0"),
    (lambda: descend_chain(ONES, 1.6, 3), ValueError, "theta: got 1.6, wanted 0 <= theta < 1.5529"),
    (lambda: descend_chain(ONES, 1.0, -1), ValueError, "steps: got -1"),
    (lambda: descend_chain([1.0, np.inf], 1.0, 1), ValueError, "start: got 1 NaN or infinite"),
    (lambda: chain_action(ONES, np.array(1.0), ONES[:2]), ValueError, "y and mass: got shapes"),
    (lambda: lagrangian(ONES, ONES[:2], np.array(1.0)), ValueError, "r and density: got shapes"),
    (lambda: solve_ode(1.6, 5), ValueError, "theta: got 1.6"),
    (lambda: solve_ode(1.0, 0), ValueError, "n: got 0"),
    (lambda: picard(1.0, 0.0, 3), ValueError, "l1: got 0.0, wanted a number above 0"),
    (lambda: picard(np.nan, 1.0, 3), ValueError, "theta: got nan"),
    (lambda: picard(1.0, 1.0, -3), ValueError, "steps: got -3"),
    (lambda: picard(1.0, 1.0, 3, nodes=0), ValueError, "nodes: got 0"),
    (lambda: entropy_functional(ONES, ONES[:2], ONES, [0.0]), ValueError, "p and x: got shapes"),
    (lambda: entropy_functional(ONES, ONES, ONES[:2], [0.0]), ValueError, "p and weights: got shapes"),
    (lambda: entropy_functional(-ONES, ONES, ONES, [0.0]), ValueError, "p: got -1.0, wanted numbers above 0"),
    (lambda: denoising_functional(ONES, ONES[:2], ONES, ONES, ONES, 1.0), ValueError, "g and xt: got shapes"),
    (lambda: denoising_functional(ONES, ONES, ONES, ONES, ONES[:2], 1.0), ValueError, "x and p: got shapes"),
    (lambda: denoising_functional(ONES, ONES, ONES, ONES, ONES, 0.0), ValueError, "sigma: got 0.0"),
    (lambda: denoising_functional(ONES, ONES, 0 * ONES, ONES, ONES, 1.0), ValueError, "weights above 0"),
    (lambda: solve_chain(0.5, masses(3)[:, None]), ValueError, r"mass: got shape \(3, 1\), wanted \(n,\) .*ravel"),
    (lambda: descend_chain(ONES[:, None], 0.5, 3), ValueError, r"start: got shape \(3, 1\)"),
    (lambda: profile(0.5, ONES[:, None]), ValueError, r"s: got shape \(3, 1\)"),
    (lambda: profile([0.1, 0.2, 0.3], ONES), TypeError, "theta: got list, wanted a real number"),
    (lambda: tension(0.5, ONES[:, None]), ValueError, r"s: got shape \(3, 1\)"),
    (lambda: tension(ONES, ONES), TypeError, "theta: got ndarray, wanted a real number"),
    (lambda: state_energies(1.0, *ONES[None, :, None].repeat(3, 0)), ValueError, r"weights: got shape \(3, 1\)"),
    (lambda: axis_density(1.0, ONES[:, None], 1.5), ValueError, r"r: got shape \(3, 1\)"),
    (lambda: entropy_functional(*ONES[None, :, None].repeat(3, 0), [0.0]), ValueError, r"p: got shape \(3, 1\)"),
    (lambda: entropy_functional(ONES, ONES, ONES, [[0.0], [1.0]]), ValueError, r"multipliers: got shape \(2, 1\)"),
    (lambda: denoising_functional(ONES, ONES, ONES, ONES[:, None], ONES[:, None], 1.0), ValueError, r"x: got shape"),
    (lambda: half_square(np.ones((3, 1)), 0.0, ONES), ValueError, "weights and v: got shapes"),
    (lambda: half_square(1.0, np.ones((3, 1)), ONES), ValueError, "target and v: got shapes"),
    (lambda: differences(ONES[:, None]), ValueError, "y and one number for each joint: got shapes"),
    (lambda: chain_action(ONES, ONES, ONES), ValueError, "theta and a number: got shapes"),
    (lambda: lagrangian(ONES, ONES, ONES), ValueError, "theta and a number: got shapes"),
])
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_speed_has_no_units():
    assert speed(3.0, 2.0, 8.0) == 1.5
    assert speed(3.0 / 60, 2.0, 8.0 / 3600) == pytest.approx(1.5, rel=1e-15)  # per minute


def test_a_spring_at_rest():
    assert length(0.0) == length(0) == total_energy_length(0.0) == 1
    assert energies(0.0) == (0, 0)
    assert (extension(0.0), tension(0.0, [0.0])) == (0, 0)
    s = np.linspace(0, 1, 5)
    assert (profile(0.0, s).r == s).all()
    assert (profile(0.0, s).density == 1).all()
    assert chain_profile(0.0, 4) == pytest.approx(s[1:], rel=1e-15)
    assert solve_chain(0.0, masses(4)) == pytest.approx(s[1:], rel=1e-15)
    assert solve_ode(0.0, 4) == pytest.approx(s, abs=1e-15)
    assert (picard(0.0, 1.0, 3).density == 1).all()


def test_shapes_follow_the_speed():
    grid = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
    assert length(grid).shape == extension(grid).shape == total_energy_length(grid).shape == (2, 3)
    assert energies(grid).kinetic.shape == energies(grid).elastic.shape == (2, 3)
    assert length(1).shape == ()
    assert length(np.float32(0.5)).dtype == float
    assert held_mass(1.0, grid).shape == margin(grid).shape == (2, 3)


def test_just_below_the_quarter_it_is_long_and_finite():
    theta = np.nextafter(np.pi / 2, 0)
    assert 1e15 < length(theta) < np.inf
    assert margin(theta) > 0
    assert energies(theta).elastic > 0


def test_masses_are_those_of_the_trapezoidal_rule():
    assert masses(1).tolist() == [0.5]
    assert masses(4).tolist() == [0.25, 0.25, 0.25, 0.125]
    assert masses(7).sum() == pytest.approx(1 - 1 / 14, rel=1e-15)


def test_no_step_changes_nothing_and_the_solution_stays():
    start = np.array([0.3, 0.1, 2.0])
    assert (descend_chain(start, 1.0, 0) == start).all()
    best = chain_profile(1.0, 3)
    assert descend_chain(best, 1.0, 5) == pytest.approx(best, rel=1e-14)
    assert (picard(1.0, 1.5, 0, nodes=5).density == 1).all()


def test_what_is_given_is_not_changed():
    start = np.array([0.3, 0.1, 2.0])
    descend_chain(start, 1.0, 3)
    assert start.tolist() == [0.3, 0.1, 2.0]


def test_nodes_of_the_iteration_ascend_to_the_end():
    r = picard(1.0, 1.5, 2, nodes=9).r
    assert r.shape == (9,)
    assert ((np.diff(r) > 0).all(), 0 < r[0], r[-1] < 1.5) == (True, True, True)


def test_a_functional_of_no_terms_is_zero():
    value, slope = functional([], ONES)
    assert (value, slope.tolist()) == (0, [0, 0, 0])


def test_half_squares():
    value, gradient = half_square(np.array([2.0, 4.0]), 1.0, np.array([3.0, 0.0]))
    assert (value, gradient.tolist()) == (6.0, [4.0, -4.0])


def test_joints_may_be_integers():
    assert chain_action(np.array([1, 2, 3]), np.array(1.0), masses(3))[0] == pytest.approx(19 / 12 - 2)


def test_single_precision_stays_single():
    y, pull = differences(np.ones(3, np.float32))
    assert y.dtype == pull(y).dtype == np.float32
    y, pull = chain_action(np.ones(3, np.float32), np.array(0.5, np.float32), np.ones(3, np.float32))
    assert {y.dtype, *(d.dtype for d in pull(y))} == {np.dtype(np.float32)}


@given(below)
def test_any_spring_is_stretched_and_held_by_its_mass(theta):
    l1 = length(theta)
    assert l1 >= 1
    assert extension(theta) == pytest.approx(l1 - 1, rel=1e-10, abs=1e-15)
    kinetic, elastic = energies(theta)
    assert kinetic >= elastic >= 0
    assert kinetic - elastic == pytest.approx(extension(theta) / 2, rel=1e-11, abs=1e-300)
    if theta > 0:
        assert held_mass(theta, l1) == pytest.approx(1, rel=1e-12)


@given(below, st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_any_profile_is_in_order(theta, s):
    r, density = profile(theta, s)
    assert ((density <= 1 + 1e-15) & (density >= np.cos(theta) - 1e-15)).all()
    assert (np.diff(r[np.argsort(s)]) >= 0).all()
    assert (tension(theta, s) >= 0).all()
    assert 1 + tension(theta, s) == pytest.approx(1 / density, rel=1e-12)


@settings(max_examples=30)
@given(st.integers(1, 40), st.floats(0.01, 0.99))
def test_any_chain_lies_lowest(n, share):
    theta = share * 2 * n * np.sin(np.pi / (4 * n))
    y, m = solve_chain(theta, masses(n)), masses(n)
    rng = np.random.default_rng(n)
    energy = lambda y: -chain_action(y, np.array(theta), m)[0]
    assert all(energy(y + rng.standard_normal(n)) > energy(y) for _ in range(5))
    assert chain_eigenvalues(theta, n)[0] > 0
    assert y[-1] >= length(theta) * (1 - 1e-12)
