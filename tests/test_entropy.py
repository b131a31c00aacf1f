"""Entropy and divergence: identities on any data, bit for bit where they are bitwise; bad input; extreme data."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from refvae.derivations.entropy import experiments
from refvae.entropy import (
    bsy_weights,
    kl_to_normal,
    knn_cross_entropy,
    knn_cross_entropy_layer,
    knn_divergence,
    knn_divergence_layer,
    knn_entropy,
    knn_entropy_layer,
    log_ball_volume,
    log_norm,
    neighbours,
)
from refvae.entropy.kl import take
from refvae.entropy.ties import JITTER

PLANE = np.random.default_rng(0).standard_normal((40, 2))
MANY = np.random.default_rng(0).standard_normal((200, 16))
NORMS = st.sampled_from([2, np.inf])


@st.composite
def samples(draw, least=3, most=12, dims=4):
    """Points on a dyadic lattice, all different: distances between them are exact or rounded once."""
    n, d = draw(st.integers(least, most)), draw(st.integers(1, dims))
    x = draw(arrays(np.int64, (n, d), elements=st.integers(-2**20, 2**20), unique=d == 1))
    return np.unique(x, axis=0).astype(float) / 2**10 if d > 1 else x / 2**10


@st.composite
def cases(draw, **how):
    """A sample of at least three different points, an order, a norm."""
    x = draw(samples(**how).filter(lambda x: len(x) >= 3))
    return x, draw(st.integers(1, len(x) - 1)), draw(NORMS)


def close(a, b, scale=1.0):
    """Equal to 1e-12 of the size of what was added up."""
    return np.abs(np.asarray(a) - b).max() <= 1e-12 * max(1.0, scale, np.abs(b).max())


# Motions: bit for bit


@given(cases(), st.integers(-300, 300), st.booleans())
def test_powers_of_two_and_signs_scale_the_radii_bit_for_bit(case, power, minus):
    x, k, norm = case
    a = (-1) ** minus * 2.0**power
    assert np.array_equal(neighbours(a * x, k, norm=norm).rho, abs(a) * neighbours(x, k, norm=norm).rho)


@given(cases(), st.randoms(use_true_random=False))
def test_permutations_permute_the_radii_bit_for_bit(case, random):
    x, k, norm = case
    order = random.sample(range(len(x)), len(x))
    axes = random.sample(range(x.shape[1]), x.shape[1])
    rho = neighbours(x, k, norm=norm).rho
    assert np.array_equal(neighbours(x[order], k, norm=norm).rho, rho[order])
    assert np.array_equal(neighbours(x[:, axes], k, norm=np.inf).rho, neighbours(x, k, norm=np.inf).rho)
    np.testing.assert_array_max_ulp(neighbours(x[:, axes], k).rho, neighbours(x, k).rho, 2)


@given(cases(), st.integers(-2**20, 2**20))
def test_dyadic_translations_change_no_bit(case, shift):
    x, k, norm = case
    assert np.array_equal(neighbours(x + shift, k, norm=norm).rho, neighbours(x, k, norm=norm).rho)


@given(cases(), st.floats(1e-3, 1e3))
@example((np.array([[0], [-1023.66308594], [-1023.6640625]]), 1, 2), 1 / 3)
@example((np.array([[0], [1023.947265625], [1023.9580078125]]), 1, np.inf), 0.001)
def test_scaling_adds_d_log_a(case, a):
    """Rounding moves coordinates by u |a x|, u = 2^-53, and so k-th distances by 2 u sqrt(d) max |a x| at most."""
    x, k, norm = case
    h, d = knn_entropy(x, k, norm=norm).value, x.shape[1]
    shares = 2 * 2.0**-53 * np.sqrt(d) * np.abs(x).max() / neighbours(x, k, norm=norm).rho[:, -1]
    error = knn_entropy(a * x, k, norm=norm).value - h - d * np.log(a)
    assert abs(error) <= -d * np.log1p(-shares).mean() + 1e-12 * max(10 * d, abs(h))


@given(cases(least=8, dims=3), st.integers(0, 2**32 - 1))
def test_whitening_makes_it_affine_equivariant(case, seed):
    x, k, _ = case
    x = x + np.random.default_rng(seed).standard_normal(x.shape) * np.ptp(x)
    B = np.eye(x.shape[1]) + np.random.default_rng(seed).uniform(-0.3, 0.3, (x.shape[1],) * 2)
    k = min(k, len(x) - 1)
    if len(x) > 2 * x.shape[1]:
        h = knn_entropy(x, k, whiten=True).value + np.linalg.slogdet(B)[1]
        assert np.abs(knn_entropy(x @ B + 1, k, whiten=True).value - h) < 1e-9 * max(1, abs(h))


# Orders, points, norms


@given(cases())
def test_two_points_and_the_mean_over_all_orders(case):
    x, _, norm = case
    n, d = x.shape
    pair = knn_entropy(x[:2], 1, norm=norm).value
    assert close(pair, 1 + log_ball_volume(d, norm) + d * np.log(np.linalg.norm(x[0] - x[1], norm)), 10)
    pairs = [np.log(np.linalg.norm(x[i] - x[j], norm)) for i in range(n) for j in range(i)]
    mean = np.mean([knn_entropy(x, k, norm=norm).value for k in range(1, n)])
    assert close(mean, 1 + log_ball_volume(d, norm) + d * np.mean(pairs), 10 * d)


@given(cases())
def test_inequalities_between_orders_points_and_norms(case):
    x, k, norm = case
    n, d = x.shape
    rho = neighbours(x, n - 1, norm=norm).rho
    assert (np.diff(rho) >= 0).all()
    h = [knn_entropy(x, j, norm=norm).value for j in range(1, n)]
    assert (np.diff(h) >= -1 / np.arange(1, n - 1) - 1e-12).all()
    assert (neighbours(x[1:], min(k, n - 2), norm=norm).rho >= rho[1:, :min(k, n - 2)]).all()
    small, large = neighbours(x, k, norm=np.inf).rho, neighbours(x, k).rho
    assert (small <= large * (1 + 1e-15)).all()
    assert (large <= np.sqrt(d) * small * (1 + 1e-15)).all()


@given(cases(dims=3), st.integers(0, 2**32 - 1))
def test_few_have_a_point_for_neighbour(case, seed):
    x, k, _ = case
    x = x + np.random.default_rng(seed).uniform(-1e-4, 1e-4, x.shape)  # no ties
    degree = np.bincount(neighbours(x, k, norm=np.inf).idx.ravel(), minlength=len(x))
    assert degree.sum() == len(x) * k
    assert degree.max() <= k * 2 ** x.shape[1]


@given(st.integers(2, 8), st.integers(1, 7), st.floats(0.1, 10))
def test_a_simplex_has_one_distance(n, k, r):
    k = min(k, n - 1)
    h = knn_entropy(r / np.sqrt(2) * np.eye(n), k).value
    assert close(h, sum(1 / np.arange(k, n)) + log_ball_volume(n) + n * np.log(r), 10 * n)


@given(st.integers(2, 5), st.integers(2, 12))
def test_cross_polytopes_and_circles(d, n):
    cross, circle = np.vstack([np.eye(d), -np.eye(d)]), np.arange(n)[:, None] / n
    assert close(neighbours(cross, 2 * d - 1).rho, np.sqrt([2.0] * (2 * d - 2) + [4.0]))
    assert close(neighbours(circle, n - 1, norm=np.inf, periodic=1.0).rho, np.arange(2, n + 1) // 2 / n)


@settings(max_examples=50)
@given(samples(least=16, most=20, dims=5).filter(lambda x: len(x) >= 16), NORMS)
def test_weights_are_linear(x, norm):
    k, d = len(x) - 1, x.shape[1]
    w = bsy_weights(k, d)
    plain = [knn_entropy(x, j + 1, norm=norm).value for j in range(k)]
    assert close(w.sum(), 1)
    assert close(knn_entropy(x, k, norm=norm, weights="bsy").value, w @ plain, 100 * np.abs(w).sum() * d)


# Gradients


@given(cases(dims=3))
def test_the_gradient_moves_along_and_its_mean_over_orders_is_smooth(case):
    x, k, norm = case
    n, d = x.shape
    grad = lambda x, idx, norm: knn_entropy_layer(x, idx, norm)[1](1.0)[0]
    idx = neighbours(x, n - 1, norm=norm).idx
    g = grad(x, idx[:, :k], norm)
    assert close(grad(-4 * x + 1, idx[:, :k], norm), g / -4, np.abs(g).max())
    idx = neighbours(x, n - 1).idx
    delta = x[:, None] - x
    want = 2 * d / (n * (n - 1)) * (delta / ((delta**2).sum(2) + np.eye(n))[:, :, None]).sum(1)
    assert close(np.mean([grad(x, idx[:, :j], 2) for j in range(1, n)], axis=0), want, np.abs(want).max())


@given(cases())
def test_sums_trace_and_symmetry_of_the_gradient(case):
    x, k, norm = case
    d = x.shape[1]
    g = knn_entropy_layer(x, neighbours(x, k, norm=norm).idx, norm)[1](1.0)[0]
    size = np.abs(g).sum() + 1
    T = x.T @ g
    reach = np.abs(x).max() + 1
    assert np.abs(g.sum(0)).max() < 1e-12 * size
    assert abs(np.trace(T) - d) < 1e-12 * size * reach
    if norm == 2:
        assert np.abs(T - T.T).max() < 1e-12 * size * reach
        assert np.linalg.eigvalsh(T + T.T)[0] > -1e-12 * size * reach


@given(cases(), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_radii_are_lipschitz(case, size, seed):
    x, k, norm = case
    other = x + size * np.random.default_rng(seed).standard_normal(x.shape)
    moved = np.linalg.norm(x - other, norm, axis=1).max()
    change = np.abs(neighbours(x, k, norm=norm).rho - neighbours(other, k, norm=norm).rho).max()
    assert change <= 2 * moved + 1e-9


@given(cases(least=5))
def test_the_divergence_gradient_sums_to_nothing(case):
    x, k, norm = case
    x, y = x[::2], x[1::2] + 0.3
    k = min(k, len(x) - 1, len(y))
    if k < 1 or not neighbours(x, k, among=y, norm=norm).rho.all():
        return
    dx, dy, *_ = knn_divergence_layer(x, y, neighbours(x, k, norm=norm).idx, neighbours(x, k, among=y, norm=norm).idx,
                                      norm)[1](1.0)
    size = (np.abs(dx).sum() + np.abs(dy).sum() + 1) * (np.abs(x).max() + np.abs(y).max() + 1)
    assert np.abs(dx.sum(0) + dy.sum(0)).max() < 1e-12 * size
    assert abs((x * dx).sum() + (y * dy).sum()) < 1e-12 * size


# Divergence


@given(cases(least=5), st.integers(-200, 200))
def test_a_common_power_of_two_changes_no_bit_of_the_divergence(case, power):
    x, k, norm = case
    x, y = x[::2], x[1::2] + 0.3
    k = min(k, len(x) - 1, len(y))
    if k < 1 or not neighbours(x, k, among=y, norm=norm).rho.all():
        return
    d = knn_divergence(x, y, k, norm=norm)
    assert np.array_equal(knn_divergence(x * 2.0**power, y * 2.0**power, k, norm=norm).local, d.local)
    assert close(d.value, knn_cross_entropy(x, y, k, norm=norm).value - knn_entropy(x, k, norm=norm).value, 100)


@given(cases(least=4))
def test_a_sample_against_itself_is_at_most_one_over_n(case):
    x, k, norm = case
    assert knn_divergence(x, x, max(k, 2), norm=norm).value <= 1 / len(x) + 1e-15


@settings(max_examples=30)
@given(samples(least=5, most=7, dims=3), NORMS, st.data())
def test_the_mean_over_all_labels_is_nothing(x, norm, data):
    x = x[:len(x) - 1 + len(x) % 2]
    n = len(x) // 2 + 1
    if n < 2:
        return
    k = data.draw(st.integers(1, n - 1))
    choices = combinations(range(len(x)), n)
    values = [knn_divergence(x[list(c)], np.delete(x, c, 0), k, norm=norm).value for c in choices]
    assert abs(np.mean(values)) <= 1e-13 * (1 + np.abs(values).max())


# Standard errors


@settings(max_examples=30)
@given(cases(least=4), st.booleans())
def test_leaving_out_one_point_at_a_time(case, boxed):
    x, k, norm = case
    k = min(k, len(x) - 2)
    how = {"norm": np.inf, "box": (x.min() - 1, x.max() + 1)} if boxed else {"norm": norm}
    anew = [knn_entropy(np.delete(x, j, 0), k, **how).value for j in range(len(x))]
    assert close(knn_entropy(x, k, **how).leave_one_out()[0], np.array(anew), 10 * x.shape[1])


def test_settings_see_each_other():
    torus = PLANE % 1.0
    plain = knn_entropy(torus, 3, norm=np.inf).value
    assert knn_entropy(torus, 3, norm=np.inf, box=(0, 1)).value < plain
    assert knn_entropy(torus, 3, norm=np.inf, periodic=1.0).value <= plain
    assert knn_entropy(PLANE, 4, weights="bsy").value == pytest.approx(
        (knn_entropy(PLANE, 2).value + knn_entropy(PLANE, 4).value) / 2, rel=1e-14)
    assert knn_entropy(PLANE, 3, workers=2).value == knn_entropy(PLANE, 3).value


# What an estimate says of itself


def test_an_estimate_is_a_number_and_reads_well():
    e = knn_entropy(PLANE, 3)
    assert float(e) == e.value == pytest.approx(e.local.mean(), rel=1e-15)
    assert repr(e) == f"EntropyEstimate({e.value:.6g} nats; n = 40, d = 2, k = 3, norm = 2)"
    assert not e.biased
    assert e.jackknife_se > e.naive_se > 0
    error = f"jackknife standard error {e.jackknife_se:.2g}"
    assert str(e) == f"EntropyEstimate({e.value:.6g} nats, {error}; n = 40, d = 2, k = 3, norm = 2)"
    assert "biased for d >= 3" in repr(knn_entropy(np.random.default_rng(0).standard_normal((9, 3))))
    assert "periodic = [9. 9.]" in repr(knn_entropy(PLANE, periodic=np.full(2, 9.0)))
    assert "m = 39" in repr(knn_divergence(PLANE, PLANE[:39] + 1))


def test_float32_and_integers_are_cast_first():
    x = PLANE.astype(np.float32)
    assert knn_entropy(x).value == knn_entropy(x.astype(np.float64)).value
    whole = np.random.default_rng(1).permutation(200)[:60].reshape(30, 2).astype(np.uint8)
    assert knn_entropy(whole).value == knn_entropy(whole.astype(float)).value


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e300])
@pytest.mark.parametrize("norm", [2, np.inf])
def test_extreme_scales(scale, norm):
    h = knn_entropy(PLANE, 3, norm=norm).value
    assert knn_entropy(PLANE * scale, 3, norm=norm).value == pytest.approx(h + 2 * np.log(scale), rel=1e-13)


@pytest.mark.parametrize("norm", [2, np.inf])
def test_whitening_takes_columns_of_any_units(norm):
    h = knn_entropy(PLANE, 3, norm=norm, whiten=True).value
    assert knn_entropy(PLANE * [1e-200, 1e200], 3, norm=norm, whiten=True).value == pytest.approx(h, abs=1e-10)
    assert knn_entropy(PLANE * [1e-9, 1e9] + [1, 0], 3, norm=norm, whiten=True).value == pytest.approx(h, abs=1e-6)
    doubled = knn_entropy(PLANE * [2, 1], 3, norm=norm, whiten=True).value
    assert doubled == pytest.approx(h + np.log(2), abs=1e-12)


def test_a_large_offset_keeps_the_digits_that_the_data_have():
    x = np.round(PLANE * 2**20) / 2**20
    assert knn_entropy(x + 2.0**30, 3).value == knn_entropy(x, 3).value


def test_jitter_is_explicit_and_small():
    x = np.repeat(PLANE, 2, axis=0)
    one, again = (knn_entropy(x, 1, ties="jitter", rng=5).value for _ in range(2))
    assert one == again != knn_entropy(x, 1, ties="jitter", rng=6).value
    h = knn_entropy(PLANE, 3).value
    assert knn_entropy(PLANE, 3, ties="jitter", rng=0).value == pytest.approx(h, abs=1e3 * JITTER)


def test_kl_to_normal_vanishes_for_normal_codes():
    z = np.random.default_rng(3).standard_normal((4000, 2))
    e = kl_to_normal(z, 3)
    assert abs(e.value) < 4 * e.jackknife_se
    assert kl_to_normal(2 * z, 3).value == pytest.approx(2 * (1.5 - np.log(2)), abs=0.1)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: knn_entropy([1.0, 2.0]), ValueError, r"x: got shape \(2,\).*reshape"),
    (lambda: knn_entropy(PLANE, 40), ValueError, "k: got 40, wanted 1 <= k <= 39"),
    (lambda: knn_entropy(PLANE, 0), ValueError, "k: got 0"),
    (lambda: knn_entropy(PLANE, True), TypeError, "k: got bool"),
    (lambda: knn_entropy(PLANE, 2.0), TypeError, "k: got float"),
    (lambda: knn_entropy(PLANE[:1], 1), ValueError, "k: got 1, wanted"),
    (lambda: knn_entropy(PLANE + np.nan), ValueError, "x: got 80 NaN"),
    (lambda: knn_entropy(PLANE + 0j), TypeError, "x: got dtype complex"),
    (lambda: knn_entropy(np.repeat(PLANE, 2, axis=0), 1), ValueError, "x: got 80 of 80 points with a neigh"),
    (lambda: knn_entropy(np.zeros((5, 2)), 3), ValueError, "x: got 5 of 5 points"),
    (lambda: knn_entropy(PLANE, norm=1), ValueError, "norm: got 1, wanted 2 or numpy.inf"),
    (lambda: knn_entropy(PLANE, box=(0, 1)), ValueError, "box: got norm 2, wanted norm inf"),
    (lambda: knn_entropy(PLANE, norm=np.inf, box=(0, 1)), ValueError, "box: got .* of 40 points outside"),
    (lambda: knn_entropy(PLANE, norm=np.inf, box=(9, -9)), ValueError, "box: got low .* wanted finite"),
    (lambda: knn_entropy(PLANE, norm=np.inf, box=3), ValueError, "box: got 3, wanted"),
    (lambda: knn_entropy(PLANE, norm=np.inf, box=(-9, 9), periodic=18), ValueError, "box, periodic: got both"),
    (lambda: knn_entropy(PLANE, norm=np.inf, box=(-9, 9), whiten=True), ValueError, "whiten: got it with box"),
    (lambda: knn_entropy(PLANE, periodic=9, whiten=True), ValueError, "whiten: got it with box or periodic"),
    (lambda: knn_entropy(PLANE, norm=np.inf, periodic=-1), ValueError, "periodic: got"),
    (lambda: knn_entropy(PLANE, norm=np.inf, periodic=[1, 2, 3]), ValueError, "periodic: got"),
    (lambda: knn_entropy(PLANE, weights="equal"), ValueError, "weights: got 'equal', wanted None or 'bsy'"),
    (lambda: knn_entropy(PLANE, 1, weights="bsy"), ValueError, "k: got 1, wanted k >= 2"),
    (lambda: knn_entropy(PLANE, whiten=1), TypeError, "whiten: got int, wanted a bool"),
    (lambda: knn_entropy(PLANE @ [[1, 2], [2, 4]], whiten=True), ValueError, "x: got a covariance of rank 1"),
    (lambda: knn_entropy(PLANE, ties="drop"), ValueError, "ties: got 'drop'"),
    (lambda: knn_entropy(PLANE, ties="jitter"), TypeError, "rng: got NoneType"),
    (lambda: knn_entropy(PLANE, rng=0), ValueError, "rng: got one with ties = 'raise'"),
    (lambda: knn_entropy(PLANE[:4], 3).jackknife_se, ValueError, "k: got 3 of 3 neighbours, wanted k < 3"),
    (lambda: knn_cross_entropy(PLANE[:1], PLANE).jackknife_se, ValueError, "x: got 1 row, wanted at least 2"),
    (lambda: knn_entropy(1.7e9 + np.arange(9)[:, None] // 5, ties="jitter", rng=0), ValueError, "ties: got columns"),
    (lambda: knn_divergence(PLANE, PLANE, 1), ValueError, "x against y: got 40 of 40 points"),
    (lambda: knn_divergence(PLANE, PLANE[:, :1]), ValueError, "a row of x and of y: got shapes"),
    (lambda: knn_divergence(PLANE, PLANE[:2] + 1, 3), ValueError, "k: got 3, wanted 1 <= k <= 2"),
    (lambda: knn_cross_entropy(PLANE, PLANE[:2] + 1, 3), ValueError, "k: got 3, wanted 1 <= k <= 2"),
    (lambda: log_ball_volume(2, 3), ValueError, "norm: got 3, wanted 2 or numpy.inf"),
    (lambda: knn_entropy_layer(PLANE, neighbours(PLANE, 1).idx, 1), ValueError, "norm: got 1"),
    (lambda: bsy_weights(3, 4), ValueError, "k: got 3, wanted k >= 4"),
    (lambda: bsy_weights(120, 40), ValueError, "d: got 40 with k = 120, where float64 misses a condition"),
    (lambda: knn_entropy(MANY, 48, weights="bsy"), ValueError, r"weights: got .* of sum 7.63e\+03 for n = 200 points"),
    (lambda: knn_entropy(np.hstack([MANY] * 3), 120, weights="bsy"), ValueError, "d: got 48 with k = 120"),
    (lambda: kl_to_normal(PLANE * np.inf), ValueError, "z: got"),
    (lambda: kl_to_normal(PLANE * 1e155), ValueError, r"z: got numbers up to 2.*e\+155, wanted a sum of"),
    (lambda: knn_entropy(PLANE * [0, 1] + 0.1, whiten=True), ValueError, "x: got a covariance of rank 1"),
    (lambda: knn_entropy_layer(PLANE, [[0]]), ValueError, r"idx: got shape \(1, 1\), wanted \(40, k\)"),
    (lambda: knn_entropy_layer(PLANE, np.zeros(40, int)), ValueError, r"idx: got shape \(40,\), wanted"),
    (lambda: knn_entropy_layer(PLANE, np.full((40, 1), -1)), ValueError, "idx: got -1 to -1, wanted 0 to 39"),
    (lambda: knn_entropy_layer(PLANE, np.zeros((40, 1))), TypeError, "idx: got dtype float64"),
    (lambda: knn_cross_entropy_layer(PLANE[:, :1], PLANE, np.zeros((40, 1), int)), ValueError, "a row of x and of y"),
    (lambda: knn_cross_entropy_layer(PLANE, PLANE, np.zeros((1, 3), int)), ValueError, r"idx: got shape \(1, 3\)"),
    (lambda: knn_cross_entropy_layer(PLANE, PLANE[:5], np.full((40, 3), 5)), ValueError, "idx: got 5 to 5, wanted 0"),
    (lambda: knn_divergence_layer(PLANE, PLANE, *np.zeros((2, 1, 3), int)), ValueError, r"idx: got shape \(1, 3\)"),
    (lambda: log_norm(PLANE.astype(np.float16)), TypeError, "delta: got dtype float16"),
    (lambda: log_ball_volume(0), ValueError, "d: got 0, wanted d >= 1"),
])
def test_bad_input(call, error, message):
    with np.errstate(invalid="ignore"), pytest.raises(error, match=message):
        call()


def test_jitter_stays_in_the_box():
    x = np.repeat([[0.0], [1.0], [0.5]], [5, 5, 3], axis=0)
    assert np.isfinite(knn_entropy(x, 2, norm=np.inf, box=(0, 1), ties="jitter", rng=0).value)
    y = 4 * x - 3
    e = knn_entropy(y, 2, norm=np.inf, box=(-3, 1), ties="jitter", rng=0)
    assert e.value == pytest.approx(knn_entropy(x, 2, norm=np.inf, box=(0, 1), ties="jitter", rng=0).value + np.log(4),
                                    abs=1e-5)


def test_a_box_far_from_the_origin_costs_no_digits():
    x = np.random.default_rng(0).integers(0, 2**10, (30, 1)) * 2.0**-16
    far = knn_entropy(x + 2.0**36, 3, norm=np.inf, box=(2.0**36, 2.0**36 + 2.0**-6), ties="raise")
    assert np.array_equal(far.local, knn_entropy(x, 3, norm=np.inf, box=(0, 2.0**-6)).local)


@pytest.mark.parametrize("e", [-1020, 1020])
def test_whitening_at_any_scale(e):
    x = np.random.default_rng(0).random((30, 2))
    assert knn_entropy(x * 2.0**e, whiten=True).value == pytest.approx(
        knn_entropy(x, whiten=True).value + 2 * e * np.log(2), rel=1e-13)


def test_the_pull_of_rows_is_linear_over_complex_numbers():
    dy = np.random.default_rng(0).standard_normal((9, 2, 2)) @ [1, 1j]
    pull = take(PLANE, np.arange(9) // 2)[1]
    assert np.array_equal(pull(dy)[0], pull(dy.real)[0] + 1j * pull(dy.imag)[0])


def test_one_point_has_no_standard_error():
    assert np.isnan(knn_cross_entropy(PLANE[:1], PLANE).naive_se)


@pytest.mark.slow
def test_a_row_of_the_tables():
    row = experiments.row("normal", 2, 1000, 5)
    assert abs(row.bias + 0.018) < 0.008
    assert 1.0 < row.jackknife_ratio < 1.4
