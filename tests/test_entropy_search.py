"""The search for neighbours: bad input, extreme data, all methods against brute force, and what SciPy gets wrong."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial import cKDTree

from refvae.derivations.entropy.search import brute
from refvae.derivations.entropy.underflow import clusters, exactly
from refvae.entropy import neighbours, verify_neighbours
from refvae.entropy.neighbours import search
from refvae.entropy.products import MOST, groups, pays
from refvae.entropy.scale import rescaled, restored


def leads_there(x, found, y=None, norm=2):
    """Indices are different, not the point itself, and at the distances given."""
    y, own = (x, True) if y is None else (y, False)
    delta = x[:, None] - y[found.idx]
    far = np.sqrt((delta**2).sum(2)) if norm == 2 else np.abs(delta).max(2)
    np.testing.assert_allclose(found.rho, far, rtol=1e-15, atol=0)
    assert (np.diff(np.sort(found.idx, axis=1)) > 0).all()
    assert not own or (found.idx != np.arange(len(x))[:, None]).all()


@pytest.fixture
def rng():
    return np.random.default_rng(7)


# Bad input


@pytest.mark.parametrize(("args", "error", "message"), [
    ({"k": 5}, ValueError, "k: got 5, wanted 1 <= k <= 4"),
    ({"k": 0}, ValueError, "k: got 0, wanted 1 <= k <= 4"),
    ({"k": 2.0}, TypeError, "k: got float, wanted an int"),
    ({"k": True}, TypeError, "k: got bool, wanted an int"),
    ({"x": [1.0, 2.0]}, ValueError, r"x: got shape \(2,\), wanted \(n, d\) .* x.reshape\(-1, 1\)"),
    ({"x": [[1.0], [np.nan]], "k": 1}, ValueError, r"x: got 1 NaN or infinite entries, the first at \(1, 0\)"),
    ({"x": [[1j], [2]]}, TypeError, "x: got dtype complex128"),
    ({"among": np.zeros((6, 3))}, ValueError, "among: got 3 columns, wanted 2 as in x"),
    ({"among": np.zeros((6, 2)), "k": 7}, ValueError, "k: got 7, wanted 1 <= k <= 6"),
    ({"among": [[np.inf, 0]]}, ValueError, "among: got 1 NaN or infinite entries"),
    ({"norm": 1}, ValueError, "norm: got 1, wanted 2 or numpy.inf"),
    ({"method": "ball"}, ValueError, "method: got 'ball', wanted 'auto', 'line', 'tree' or 'products'"),
    ({"method": "line"}, ValueError, "method: got 'line' with d = 2, wanted d = 1 without a torus"),
    ({"method": "line", "x": np.ones((5, 1)), "periodic": 1}, ValueError, "method: got 'line' with a torus"),
    ({"method": "products", "norm": np.inf}, ValueError, "method: got 'products' with norm inf, wanted norm 2"),
    ({"method": "products", "periodic": 1}, ValueError, "method: got 'products' with a torus"),
    ({"periodic": [1, 2, 3]}, ValueError, "periodic: got"),
    ({"periodic": 0}, ValueError, "periodic: got"),
    ({"workers": 0}, ValueError, "workers: got 0, wanted workers >= 1"),
    ({"workers": 1.5}, TypeError, "workers: got float"),
    ({"x": [[1.7e308], [-1.7e308]], "k": 1}, ValueError, "x: got points farther apart than 1.8e308")])
def test_bad_input(args, error, message):
    with pytest.raises(error, match=message):
        neighbours(**{"x": np.arange(10.0).reshape(5, 2), "k": 2, **args})


def test_products_refuse_dimensions_without_proof():
    with pytest.raises(ValueError, match=f"method: got 'products' with d = {MOST + 1}"):
        neighbours(np.zeros((2, MOST + 1), np.float32), 1, method="products")


# Shapes and types


@pytest.mark.parametrize("method", ["auto", "line", "tree", "products"])
def test_shapes_and_dtypes(rng, method):
    x = rng.standard_normal((9, 1))
    for k in (1, 3, 8):
        found = neighbours(x, k, method=method)
        assert found.rho.shape == found.idx.shape == (9, k)
        assert found.rho.dtype == np.float64
        assert found.idx.dtype == np.intp
    found = neighbours(x[:4], 9, among=x, method=method)
    assert found.rho.shape == (4, 9)
    assert (found.rho[:, 0] == 0).all()
    assert (found.idx[:, 0] == np.arange(4)).all()


@pytest.mark.parametrize("cast", [np.float32, np.int16, list])
def test_casts(rng, cast):
    x = rng.integers(-100, 100, (12, 3))
    given = x.tolist() if cast is list else x.astype(cast)
    assert np.array_equal(neighbours(given, 2).rho, neighbours(x.astype(float), 2).rho)


def test_the_smallest_samples():
    assert neighbours([[1.0], [3.0]], 1).rho.tolist() == [[2.0], [2.0]]
    assert neighbours([[1.0, 0], [4, 4]], 1, method="products").idx.tolist() == [[1], [0]]
    assert neighbours([[1.0]], 1, among=[[0.5]]).rho.tolist() == [[0.5]]
    with pytest.raises(ValueError, match="k: got 1, wanted 1 <= k <= 0"):
        neighbours([[1.0]], 1)


def test_input_is_untouched(rng):
    x, y = rng.standard_normal((2, 40, 9)) * 1e200
    before = x.copy(), y.copy()
    for method in ("tree", "products"):
        neighbours(x, 2, among=y, method=method)
    assert np.array_equal(x, before[0])
    assert np.array_equal(y, before[1])


# All methods


def samples(rng, n, d):
    """Samples that are hard to search."""
    x = rng.standard_normal((n, d))
    yield from (x, x + 1e8, 1e3 * np.round(x) + 1e-6 * x, np.round(x), np.repeat(x[::5], 5, 0), 0 * x,
                rng.standard_cauchy((n, d)))


@pytest.mark.parametrize("d", [1, 2, 9])
@pytest.mark.parametrize("method", ["auto", "line", "tree", "products"])
def test_against_brute_force(rng, d, method):
    if method == "line" and d > 1:
        return
    for x in samples(rng, 80, d):
        for k in (1, 4, 79):
            found = neighbours(x, k, method=method)
            np.testing.assert_allclose(found.rho, brute(x, k), rtol=1e-15, atol=0)
            leads_there(x, found)
        y = x[:31] + 0.5
        found = neighbours(y, 3, among=x, method=method)
        np.testing.assert_allclose(found.rho, brute(y, 3, x), rtol=1e-15, atol=0)
        leads_there(y, found, x)


def test_higher_orders_alone(rng):
    for d in (1, 2):
        x = rng.standard_normal((20, d))
        found, wanted = search(x, 5, first=4), neighbours(x, 5)
        assert np.array_equal(found.rho, wanted.rho[:, 3:])
        assert np.array_equal(found.idx, wanted.idx[:, 3:])


def test_max_norm(rng):
    for d in (1, 3, 9):
        x = np.round(rng.standard_normal((60, d)), 1)
        found = neighbours(x, 5, norm=np.inf)
        assert np.array_equal(found.rho, brute(x, 5, norm=np.inf))
        leads_there(x, found, norm=np.inf)


def test_more_blocks_than_one(rng):
    x = rng.standard_normal((700, 12))
    assert groups(700, 3) == 16
    assert pays(x, x, 3, True)
    found, tree = neighbours(x, 3), neighbours(x, 3, method="tree")
    np.testing.assert_allclose(found.rho, tree.rho, rtol=1e-15, atol=0)
    assert np.array_equal(found.idx, tree.idx)


def test_the_probe_prefers_the_tree_where_data_are_thin(rng):
    plane = np.tanh(rng.standard_normal((1000, 2)) @ rng.standard_normal((2, 20)))
    clusters = 1e3 * rng.standard_normal((10, 20))[rng.integers(0, 10, 1000)] + 1e-6 * rng.standard_normal((1000, 20))
    assert not pays(plane, plane, 3, True)
    assert not pays(clusters, clusters, 3, True)
    assert pays(plane, rng.standard_normal((1000, 20)), 3, False)


def test_workers_change_nothing(rng):
    for x, kind in ((rng.standard_normal((400, 3)), "tree"), (rng.standard_normal((400, 9)), "products")):
        one, two, all_of_them = (neighbours(x, 3, method=kind, workers=w) for w in (1, 2, -1))
        for other in (two, all_of_them):
            assert np.array_equal(one.rho, other.rho)
            assert np.array_equal(one.idx, other.idx)


@settings(max_examples=60, deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(2, 12), st.integers(1, 3)),
              elements=st.floats(-1e6, 1e6, width=32)), st.data())
def test_any_small_sample(x, data):
    k = data.draw(st.integers(1, len(x) - 1))
    methods = ["tree", "products"] + ["line"] * (x.shape[1] == 1)
    for method in methods:
        found = neighbours(x, k, method=method)
        np.testing.assert_allclose(found.rho, brute(x, k), rtol=1e-14, atol=1e-140)
        assert (found.idx != np.arange(len(x))[:, None]).all()


# Duplicates and ties


@pytest.mark.parametrize("method", ["line", "tree", "products"])
def test_duplicates_are_neighbours_at_distance_zero(method):
    x = np.repeat([[0.0], [1.0]], 6, axis=0)
    found = neighbours(x, 6, method=method)
    assert (found.rho[:, :5] == 0).all()
    assert (found.rho[:, 5] == 1).all()
    leads_there(x, found)


def test_of_two_on_a_line_the_left_one_comes_first():
    assert neighbours([[0.0], [1.0], [2.0]], 2).idx.tolist() == [[1, 2], [0, 2], [1, 0]]


# Scale


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e300])
@pytest.mark.parametrize("d", [1, 2, 9])
def test_any_scale(rng, scale, d):
    x = rng.standard_normal((50, d))
    power = 2.0 ** np.round(np.log2(scale))
    for method in ("auto", "tree", "products"):
        found = neighbours(power * x, 3, method=method)
        assert np.array_equal(found.rho, power * neighbours(x, 3, method=method).rho)


def test_subnormal_numbers():
    x = np.array([[0.0, 0], [3, 4], [30, 40]]) * 5e-324
    assert (neighbours(x, 1).rho[:, 0] / 5e-324).tolist() == [5, 5, 45]


def test_what_plain_scipy_makes_of_these(rng):
    x = rng.standard_normal((20, 2))
    assert (cKDTree(x * 1e-170).query(x * 1e-170, 2)[0][:, 1] == 0).all()
    assert np.isinf(cKDTree(x * 1e160).query(x * 1e160, 2)[0][:, 1]).all()
    assert np.isinf(cKDTree(x).query(x, 21)[0][:, 20]).all()
    for scale in (1e-170, 1e160):
        np.testing.assert_allclose(neighbours(x * scale, 1).rho, scale * brute(x, 1), rtol=1e-14)


def test_rescaling_is_left_out_where_it_is_not_needed(rng):
    x = rng.standard_normal((5, 2))
    assert rescaled(x)[0][0] is x
    assert rescaled(x)[1] == 0
    assert rescaled(0 * x)[1] == 0
    (y,), e = rescaled(x * 2.0**-800)
    assert 2.0**499 <= np.abs(y).max() < 2.0**500
    assert np.array_equal(restored(y, e, "x"), x * 2.0**-800)


# Torus


def test_torus_from_outside(rng):
    x = rng.random((30, 2))
    inside = neighbours(x, 3, periodic=1.0)
    outside = neighbours(x + rng.integers(-3, 4, (30, 2)), 3, periodic=[1.0, 1.0])
    np.testing.assert_allclose(outside.rho, inside.rho, atol=1e-15)
    assert np.array_equal(outside.idx, inside.idx)
    assert neighbours([[-1e-300], [0.5]], 1, periodic=1).rho.tolist() == [[0.5], [0.5]]


def test_torus_of_any_scale(rng):
    x = rng.random((30, 2))
    rho = neighbours(x, 3, periodic=[1.0, 0.5]).rho
    for power in (2.0**-700, 2.0**700):
        assert np.array_equal(neighbours(power * x, 3, periodic=[power, power / 2]).rho, power * rho)


def test_torus_with_a_second_sample(rng):
    x, y = rng.random((2, 20, 2))
    shifts = np.stack(np.meshgrid([-1, 0, 1], [-1, 0, 1]), -1).reshape(-1, 1, 2)
    want = brute(x, 40, (y + shifts).reshape(-1, 2))[:, :2]
    np.testing.assert_allclose(neighbours(x, 2, among=y, periodic=1).rho, want, rtol=1e-14)


# Clusters whose squares underflow


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 4), st.sampled_from([2, np.inf]), st.booleans(), st.integers(1, 12))
def test_clusters_of_any_size_beside_points_of_1(seed, d, norm, apart, k):
    rng = np.random.default_rng(seed)
    scales = rng.choice([1.0, 1e-165, 1e-300, 1e200, 1e-30], 3, replace=False)
    x = clusters(rng, d, scales)
    y = x[rng.permutation(15)[:13]] * 1.25 if apart else None
    found, want = neighbours(x, k, among=y, norm=norm), exactly(x, k, y, norm)
    assert (np.abs(found.rho - want) <= 1e-15 * want + 5e-324).all()
    assert all(len(set(row)) == k for row in found.idx.tolist())
    np.testing.assert_allclose(verify_neighbours(x, found.idx, norm, among=y).rho, found.rho, rtol=1e-15, atol=5e-324)


def test_a_missing_neighbour_in_a_tiny_cluster_is_named(rng):
    x = np.vstack([rng.standard_normal((4, 2)), 1e-170 * rng.standard_normal((6, 2))])
    idx = neighbours(x, 3).idx
    for norm, row in ((2, 5), (np.inf, 7)):
        near = neighbours(x, 4, norm=norm).idx
        spoilt = near[:, :3].copy()
        spoilt[row, 2] = near[row, 3]
        with pytest.raises(ValueError, match=f"got row {row} "):
            verify_neighbours(x, spoilt, norm)
    assert (verify_neighbours(x, idx).rho > 0).all()


def test_the_second_search_is_left_out_where_it_is_not_needed(rng, monkeypatch):
    monkeypatch.setattr(sys.modules["refvae.entropy.neighbours"], "zoomed", lambda *_: pytest.fail("searched again"))
    for x in (rng.standard_normal((30, 2)), 1e-200 * rng.standard_normal((30, 9)), 1e-100 * rng.random((30, 3))):
        neighbours(x, 3)
