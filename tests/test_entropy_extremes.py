"""Entropy and its kin at extreme scales, on small types of numbers, with whitening, with crowds of equal rows."""

import numpy as np
import pytest

from refvae.entropy import (
    bsy_weights,
    conditional_mutual_information,
    exact_total_correlation,
    kl_to_normal,
    knn_cross_entropy,
    knn_cross_entropy_layer,
    knn_divergence,
    knn_divergence_layer,
    knn_entropy,
    knn_entropy_layer,
    log_ball_volume,
    mutual_information,
    mutual_information_layer,
    neighbours,
)
from refvae.entropy.ties import refuse_equal_rows

PLANE = np.random.default_rng(0).standard_normal((40, 2))


def test_extreme_scales_of_two_samples():
    line, other = PLANE[:, :1], PLANE[:, 1:]
    far = knn_divergence(1e-200 * line, 1e200 * other)
    assert far.value == pytest.approx(knn_divergence(line, 1e30 * other).value + 370 * np.log(10), rel=1e-9)
    assert np.isfinite([far.jackknife_se, far.naive_se]).all()
    near = knn_divergence(1e200 * PLANE, 1e-200 * PLANE[::-1] + 1e-150)
    assert near.value == pytest.approx(knn_cross_entropy(1e200 * PLANE, 1e-200 * PLANE[::-1] + 1e-150).value
                                       - knn_entropy(1e200 * PLANE).value, rel=1e-12)


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e160, 1e300])
@pytest.mark.parametrize("norm", [2, np.inf])
def test_extreme_scales_of_layers(scale, norm):
    x, y = scale * PLANE, scale * PLANE[::-1] * 1.5
    idx, idx_y = neighbours(x, 3, norm=norm).idx, neighbours(x, 3, among=y, norm=norm).idx
    h, pull = knn_entropy_layer(x, idx, norm)
    assert h == pytest.approx(knn_entropy(x, 3, norm=norm).value, rel=1e-13)
    assert np.allclose(pull(1.0)[0] * scale, knn_entropy_layer(PLANE, idx, norm)[1](1.0)[0], rtol=1e-9)
    assert knn_cross_entropy_layer(x, y, idx_y, norm)[0] == pytest.approx(
        knn_cross_entropy(x, y, 3, norm=norm).value, rel=1e-13)
    assert knn_divergence_layer(x, y, idx, idx_y, norm)[0] == pytest.approx(
        knn_divergence(x, y, 3, norm=norm).value, rel=1e-11)
    small = np.float32(1e-30) * PLANE.astype(np.float32)
    assert knn_entropy_layer(small, neighbours(small, 3, norm=norm).idx, norm)[0] == pytest.approx(
        knn_entropy(small, 3, norm=norm).value, rel=1e-5)


def cloud(seed=5, size=40):
    """Points of size 1, and a cluster of 1e-165 near 0 whose squares underflow."""
    rng = np.random.default_rng(seed)
    return np.vstack([rng.standard_normal((size, 2)), 1e-165 * rng.standard_normal((size // 4, 2))])


@pytest.mark.parametrize("k", [1, 3, 12])
@pytest.mark.parametrize("norm", [2, np.inf])
def test_a_cluster_whose_squares_underflow(k, norm):
    x, y, larger = cloud(), cloud(6), 2.0**400
    assert knn_entropy(x, k, norm=norm).value == pytest.approx(
        knn_entropy(x * larger, k, norm=norm).value - 800 * np.log(2), rel=1e-13)
    assert knn_divergence(x, y, k, norm=norm).value == pytest.approx(
        knn_divergence(x * larger, y * larger, k, norm=norm).value, rel=1e-13)
    idx = neighbours(x, k, norm=norm).idx
    assert np.array_equal(idx, neighbours(x * larger, k, norm=norm).idx)
    h, pull = knn_entropy_layer(x, idx, norm)
    assert h == pytest.approx(knn_entropy(x, k, norm=norm).value, rel=1e-13)
    np.testing.assert_allclose(pull(1.0)[0], knn_entropy_layer(x * larger, idx, norm)[1](1.0)[0] * larger, rtol=1e-12)
    assert knn_entropy(x, k, norm=norm).jackknife_se == pytest.approx(knn_entropy(
        x * larger, k, norm=norm).jackknife_se, rel=1e-12)


def test_tiny_clusters_beside_huge_points():
    x = cloud() * np.repeat([1e300, 1.0], [40, 10])[:, None]
    assert np.array_equal(knn_entropy(x).local[40:], knn_entropy(cloud()).local[40:])
    with pytest.raises(ValueError, match=r"x and y: got numbers as small as .* beside some above 1e150"):
        mutual_information(x[:, :1], x[:, 1:])
    assert mutual_information(*cloud().T[:, :, None]).value == mutual_information(
        *(cloud() * 2.0**400).T[:, :, None]).value


def test_distances_that_have_lost_digits_are_refused():
    x = np.vstack([PLANE, 1e-310 * PLANE[:4]])
    for call in (lambda: knn_entropy(x), lambda: knn_cross_entropy(x[40:], 2 * x[40:]),
                 lambda: knn_divergence(x, PLANE), lambda: kl_to_normal(x)):
        with pytest.raises(ValueError, match=r"points with a neighbour nearer than 2\.2e-308"):
            call()
    assert knn_entropy(x * 2.0**100).value < knn_entropy(PLANE * 2.0**100).value
    for scale in (2.0**-1040, 2.0**-700):  # differences are exact
        assert knn_entropy(np.round(PLANE[:, :1] * 2**30) * scale).value == pytest.approx(
            knn_entropy(np.round(PLANE[:, :1] * 2**30)).value + np.log(scale), rel=1e-12)


def test_kl_to_normal_far_out_but_within_floats():
    assert kl_to_normal(PLANE * 1e150).value == pytest.approx((PLANE**2).sum(1).mean() / 2 * 1e300, rel=1e-12)


TYPES = [np.uint8, np.int8, np.bool_, np.float16, np.float32]


@pytest.mark.parametrize("dtype", TYPES)
def test_small_types_give_what_float64_gives(dtype):
    rng = np.random.default_rng(2)
    x, y, z = (rng.integers(0, 2 if dtype is np.bool_ else 120, (24, 7)).astype(dtype)
               for _ in range(3))
    for estimate, *data in ((knn_entropy, x), (kl_to_normal, x), (knn_divergence, x, y), (knn_cross_entropy, x, y),
                            (mutual_information, x, y), (conditional_mutual_information, x, y, z)):
        got, want = (estimate(*each, ties="jitter", rng=0) for each in (data, [a.astype(float) for a in data]))
        assert got.value == want.value
        assert got.jackknife_se == want.jackknife_se


@pytest.mark.parametrize("dtype", TYPES)
def test_layers_of_small_types_give_what_float64_gives(dtype):
    x, z = np.random.default_rng(2).integers(0, 120, (2, 24, 3))
    x, z = (np.eye(24), 1 - np.eye(24)) if dtype is np.bool_ else (x, z)
    x, z = x.astype(dtype), z.astype(dtype)
    idx, idx_y = np.roll(np.arange(24), 7)[:, None].astype(np.uint16), np.roll(np.arange(24), 5)[:, None]
    for layer, *args in ((knn_entropy_layer, x, idx), (knn_cross_entropy_layer, x, z, idx_y), (
            mutual_information_layer, x, z, idx, idx_y, idx), (knn_divergence_layer, x, z, idx, idx_y)):
        if dtype is np.float16:
            with pytest.raises(TypeError, match="got dtype float16"):
                layer(*args)
            continue
        wide = layer(*(a.astype(float) if a.dtype == dtype else a for a in args))
        got, tolerance = layer(*args), 1e-4 if dtype is np.float32 else 1e-14
        assert got[0] == pytest.approx(wide[0], abs=tolerance)
        for a, b in zip(got[1](1.0), wide[1](1.0), strict=True):
            assert (a is None and b is None) or np.allclose(a, b, rtol=tolerance, atol=tolerance)


def test_small_types_as_settings():
    many = np.random.default_rng(0).standard_normal((200, 2))
    idx = neighbours(many, 3).idx
    g, wide = (knn_entropy_layer(many, each)[1](1.0)[0] for each in (idx.astype(np.uint8), idx))
    assert np.array_equal(g, wide)
    small = np.array([[250, 3], [7, 9], [130, 40], [2, 200]], np.uint8)
    assert exact_total_correlation(list(small.T), 1) == exact_total_correlation(small.T.tolist(), 1)
    assert exact_total_correlation(list(small.T.astype(np.float16)), 1) == exact_total_correlation(small.T.tolist(), 1)
    assert bsy_weights(np.uint8(250), np.uint8(5)).tolist() == bsy_weights(250, 5).tolist()
    assert log_ball_volume(np.uint8(200)) == log_ball_volume(200)
    assert knn_entropy(PLANE, np.uint8(3)).value == knn_entropy(PLANE, 3).value
    assert knn_entropy(PLANE, norm=np.inf, box=np.array([-100, 100], np.int8)).value == knn_entropy(
        PLANE, norm=np.inf, box=(-100, 100)).value


@pytest.mark.parametrize("norm", [2, np.inf])
def test_the_error_under_whitening_sees_the_determinant(norm):
    x = np.random.default_rng(1).standard_cauchy((100, 5))
    e = knn_entropy(x, norm=norm, whiten=True)
    anew = [knn_entropy(np.delete(x, j, 0), norm=norm, whiten=True).value for j in range(100)]
    assert e.leave_one_out()[0] == pytest.approx(anew, rel=1e-13)
    assert e.jackknife_se == pytest.approx(10 * np.std(anew), rel=1e-12)
    with pytest.raises(ValueError, match="k: got 99 of 99 neighbours"):
        _ = knn_entropy(x, 99, whiten=True).jackknife_se


def test_of_many_points_some_are_left_out():
    x = np.random.default_rng(1).standard_normal((300, 2))
    values = knn_entropy(x, whiten=True).leave_one_out()[0]
    rows = np.linspace(0, 299, 200).astype(int)
    assert values[::50] == pytest.approx([knn_entropy(np.delete(x, j, 0), whiten=True).value for j in rows[::50]])
    kl = kl_to_normal(x, whiten=True)
    assert kl.leave_one_out()[0][7] == pytest.approx(kl_to_normal(np.delete(x, rows[7], 0), whiten=True).value)
    assert kl.jackknife_se == pytest.approx(np.sqrt(299) * kl.leave_one_out()[0].std(ddof=1))


def test_both_samples_count_in_the_errors_of_a_divergence():
    rng = np.random.default_rng(0)
    estimates = [knn_divergence(rng.standard_normal((2000, 1)), rng.standard_normal((20, 1))) for _ in range(60)]
    deviation = np.std([e.value for e in estimates])
    for se in ("naive_se", "jackknife_se"):
        ratio = np.sqrt(np.mean([getattr(e, se) ** 2 for e in estimates])) / deviation
        assert 1.1 < ratio < 2.5
    assert kl_to_normal(PLANE, 39).naive_se == pytest.approx(kl_to_normal(PLANE, 39).local.std(ddof=1) / np.sqrt(40))


def test_equal_rows_are_counted_before_any_search():
    x = np.random.default_rng(0).standard_normal((40000, 2))
    x[::2] = 1.0
    message = "got 20000 of 40000 points with a neighbour at distance 0"
    for call in (lambda: knn_entropy(x), lambda: knn_entropy(x, whiten=True), lambda: knn_divergence(x, x + 1)):
        with pytest.raises(ValueError, match="x: " + message):
            call()
    for method in ("ksg1", "3h"):
        with pytest.raises(ValueError, match="x.*: " + message):
            mutual_information(x, x, method=method)
    assert refuse_equal_rows(x[1::2], 3, "x") is None
    assert refuse_equal_rows(np.ones((10, 2)), 3, "x") is None  # left to `refuse_ties`
    with pytest.raises(ValueError, match="x: got 18 of 20 points"):
        refuse_equal_rows(np.r_[np.ones((18, 2)), [[1, 2], [2, 1]]], 3, "x")


def test_with_ties_the_second_estimate_depends_on_the_order_of_rows():
    x, y = np.array([[0.0, 1, -1, 3, 7, 12]]).T, np.array([[0.0, 0.5, 1, -3, 6, 13]]).T
    order = [0, 2, 1, 3, 4, 5]
    values = {method: [mutual_information(a, b, 1, method=method).local[0] for a, b in (
        (x, y), (x[order], y[order]))] for method in ("ksg1", "ksg2")}
    assert values["ksg1"][0] == values["ksg1"][1]
    exact = [exact_total_correlation([a[:, 0], b[:, 0]], 1, "ksg2") for a, b in ((x, y), (x[order], y[order]))]
    assert exact[0] != exact[1]


def test_a_column_and_a_row_of_numbers_do_not_broadcast():
    with pytest.raises(ValueError, match="a row of x and of y"):
        knn_divergence_layer(PLANE[:, :1], PLANE, *np.zeros((2, 40, 1), int))
    with pytest.raises(ValueError, match=r"idx: got shape \(1, 3\), wanted \(40, k\)"):
        mutual_information_layer(PLANE, PLANE, *np.zeros((3, 1, 3), int))
