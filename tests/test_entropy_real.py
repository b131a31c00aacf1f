"""Estimates of data as they come: warnings and their remedies, scales, series, labels, tests, certified lists."""

import numpy as np
import pytest

from refvae.entropy import (
    conditional_mutual_information,
    entropy_with_reference,
    independence_test,
    kl_to_normal,
    knn_cross_entropy,
    knn_divergence,
    knn_entropy,
    lagged,
    mixed_information,
    mutual_information,
    neighbours,
    total_correlation,
    transfer_entropy,
    verify_neighbours,
    virial,
)
from refvae.entropy.independence import block_order, local_order
from refvae.entropy.ties import last_place

RNG = np.random.default_rng(16)
STATE = RNG.bit_generator.state
TRUTH = -np.log(1 - 0.9**2) / 2


@pytest.fixture(autouse=True)
def _same_numbers():
    """Every test draws the same numbers, whichever others ran before it."""
    RNG.bit_generator.state = STATE
    RNG.standard_normal(5000)


def normal_pair(n=1000, r=0.9, rng=RNG):
    x, y = rng.standard_normal((2, n, 1))
    return x, r * x + np.sqrt(1 - r * r) * y


def series(n=1000, a=0.99, rng=RNG):
    x = rng.standard_normal((n, 1))
    for t in range(1, n):
        x[t] += a * x[t - 1]
    return x


X, Y = normal_pair()


def said(estimate, *words):
    return [text for text in estimate.warnings if all(word in text for word in words)]


# Warnings


@pytest.mark.parametrize("unit", [1e2, 1e4, 1e6])
def test_units_are_warned_of_and_standardised(unit):
    e = mutual_information(unit * X, Y)
    assert e.value < TRUTH - 0.1
    assert said(e, "y:", "units", "standardise = True")
    assert said(mutual_information(X, unit * Y), "x:", "units")
    assert said(total_correlation([X, unit * Y]), "xs[0]:", "units")
    for how in ({"standardise": True}, {"ranks": True}):
        cured = mutual_information(unit * X, Y, **how)
        assert cured.value == pytest.approx(mutual_information(X, Y, **how).value, abs=1e-9)
        assert cured.value == pytest.approx(TRUTH, abs=0.1)
        assert cured.warnings == ()


def test_units_of_the_condition():
    z = RNG.standard_normal((1000, 1))
    assert said(conditional_mutual_information(X, Y, 1e6 * z), "x:", "units")
    assert said(conditional_mutual_information(X, Y, 1e-6 * z), "z:", "units")
    want = conditional_mutual_information(X, Y, z, standardise=True)
    assert conditional_mutual_information(X, Y, 1e6 * z, standardise=True).value == pytest.approx(want.value, abs=1e-9)
    assert not said(want, "units")


@pytest.mark.parametrize("norm", [2, np.inf])
def test_columns_that_do_not_matter_for_an_entropy(norm):
    x = RNG.standard_normal((1000, 2)) * [1, 1e-4]
    assert said(knn_entropy(x, norm=norm), "columns [1]", "standardise = True")
    cured = knn_entropy(x, norm=norm, standardise=True)
    assert cured.warnings == ()
    assert cured.value == pytest.approx(np.log(2 * np.pi * np.e) + np.log(1e-4), abs=0.15)
    assert said(knn_divergence(x, x[::-1] + 1, norm=norm), "columns [1]")


@pytest.mark.parametrize("method", ["ksg1", "ksg2", "3h"])
def test_rounded_numbers_are_refused_or_unrounded(method):
    x, y = X.round(2), Y.round(2)
    with pytest.raises(ValueError, match=r"x: got \d+ of 1000 .*'unround'"):
        mutual_information(x, y, method=method)
    e = mutual_information(x, y, method=method, ties="unround", rng=0)
    assert e.value == pytest.approx(TRUTH, abs=0.12)
    assert e.warnings == ()
    jittered = mutual_information(x, y, method=method, ties="jitter", rng=0)
    assert said(jittered, "few different values", "'unround'")


def test_fine_rounding_is_warned_of():
    assert said(mutual_information(X.round(3), Y.round(3)), "rows have several others at one distance")
    assert said(knn_entropy(np.hstack([X.round(1), Y]), 1), "x: columns [0] have few different values")


@pytest.mark.parametrize("method", ["ksg1", "ksg2"])
def test_a_binary_variable_is_refused_and_mixed(method):
    b = (RNG.random((1000, 1)) < 0.5).astype(float)
    y = 2 * b + RNG.standard_normal((1000, 1))
    with pytest.raises(ValueError, match=r"x: got 1000 of 1000 rows that equal .* mixed_information"):
        mutual_information(b, y, method=method)
    assert mixed_information(b.astype(int), y).value == pytest.approx(0.337, abs=0.07)
    assert mixed_information(b, y, discrete="x").value == mixed_information(b.astype(bool)[:, 0], y).value


def test_rows_of_both_samples():
    assert said(knn_divergence(X, X), "1000 rows of x are rows of y too", "leave out")
    assert said(knn_cross_entropy(X, np.vstack([Y, X[:7]])), "7 rows of x")
    assert not said(knn_divergence(X, Y), "rows of x")


def test_series_are_warned_of_and_have_a_window():
    x, y = series(), series()
    e = mutual_information(x, y)
    assert said(e, "x: lag-1 correlation", "exclude = w")
    assert said(e, "y: lag-1 correlation")
    assert not said(mutual_information(x, y, exclude=20), "lag-1")
    assert said(knn_entropy(x), "lag-1")
    assert said(knn_divergence(x, y), "lag-1")
    assert said(kl_to_normal(x), "lag-1")
    assert said(mixed_information((x > 0).astype(int), y), "lag-1")


def test_dimension_and_order():
    assert said(knn_entropy(RNG.standard_normal((50, 3))), "biased for d >= 3, here 3")
    assert said(mutual_information(X[:20], Y[:20], 10), "k = 10 is of the order of n = 20", "smaller k")


def test_a_thousand_harmless_samples_are_not_warned_of():
    rng = np.random.default_rng(0)
    laws = [rng.standard_normal, rng.random, lambda s: rng.exponential(size=s), lambda s: rng.standard_t(3, s)]
    for trial in range(250):
        n, k, law = [30, 100, 300][trial % 3], [1, 3, 5][trial // 3 % 3], laws[trial % 4]
        x, y = law((n, 1)), law((n, 1))
        y = (r := rng.uniform(-0.95, 0.95)) * x + np.sqrt(1 - r * r) * y
        for e in (knn_entropy(np.hstack([x, law((n, 1))]), k, norm=[2, np.inf][trial % 2]),
                  mutual_information(x, y, k), knn_divergence(x, law((n, 1)), k),
                  mixed_information(rng.integers(0, 2, n), y, k)):
            assert e.warnings == ()


def test_warnings_stand_in_the_repr():
    e = knn_divergence(X, X)
    assert repr(e).endswith(f"; warning: {e.warnings[0]})")


# Settings


def test_the_last_place():
    assert [last_place(np.array(c, float)) for c in ([63, 63.5, 70], [1.25, 1.5, 2], [100, 300, 700], [5, 5, 5])] == [
        0.5, 0.25, 200, 0]
    assert last_place(RNG.standard_normal(9)) == 0
    assert last_place(np.array([1e300, 1.0])) == 0


def test_leaving_out_with_standardised_columns_and_ranks_is_done_anew():
    x, y = X[:12] * 40, Y[:12]
    for how in ({"standardise": True}, {"ranks": True}, {"standardise": True, "method": "3h"}):
        anew = [mutual_information(np.delete(x, j, 0), np.delete(y, j, 0), 2, **how).value for j in range(12)]
        assert mutual_information(x, y, 2, **how).leave_one_out()[0] == pytest.approx(anew, abs=1e-12)
    both = np.hstack([x, y])
    anew = [knn_entropy(np.delete(both, j, 0), 2, standardise=True).value for j in range(12)]
    assert knn_entropy(both, 2, standardise=True).leave_one_out()[0] == pytest.approx(anew, rel=1e-12)
    labels = (x[:, 0] > 0).astype(int)
    anew = [mixed_information(np.delete(labels, j), np.delete(y, j, 0), 2).value for j in range(12)]
    assert mixed_information(labels, y, 2).leave_one_out()[0] == pytest.approx(anew, abs=1e-12)


def test_an_interval_is_students():
    from scipy.stats import t

    e = mutual_information(X[:40], Y[:40])
    half = t.ppf(0.95, 39) * e.jackknife_se
    assert e.interval(0.9) == pytest.approx((e.value - half, e.value + half))
    d = knn_divergence(X[:40], Y[:15])
    assert np.ptp(d.interval()) == pytest.approx(2 * t.ppf(0.975, 14) * d.jackknife_se)


def test_windows():
    x = series(60)
    near = neighbours(x, 3, exclude=5)
    assert (np.abs(near.idx - np.arange(60)[:, None]) > 5).all()
    assert np.array_equal(near.rho, neighbours(np.hstack([x, 0 * x]), 3, exclude=5).rho)
    assert np.array_equal(verify_neighbours(x, near.idx, exclude=5).rho, near.rho)
    with pytest.raises(ValueError, match="exclude: got 5, wanted 0 for a standard error"):
        _ = knn_entropy(x, exclude=5).jackknife_se
    assert "exclude = 5" in repr(mutual_information(x, x[::-1], exclude=5))


def test_lags():
    now, past = lagged(np.arange(5)[:, None], 2)
    assert now.tolist() == [[2], [3], [4]]
    assert past.tolist() == [[0], [1], [2]]
    x = RNG.standard_normal((2000, 1))
    y = np.roll(x, 1, axis=0) + 0.5 * RNG.standard_normal((2000, 1))
    assert transfer_entropy(x, y).value == pytest.approx(np.log(5) / 2, abs=0.12)
    assert transfer_entropy(y, x).value == pytest.approx(0, abs=0.05)
    want = conditional_mutual_information(y[3:], x[:-3], y[2:-1]).value
    assert transfer_entropy(x, y, 3).value == want


# What goes wrong elsewhere


def test_a_bootstrap_sample_is_refused():
    x = RNG.standard_normal((200, 2))
    with pytest.raises(ValueError, match="points with a neighbour at distance 0"):
        knn_entropy(x[RNG.integers(0, 200, 200)], 1)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_noise_against_ties_follows_the_scale(scale):
    x, y = scale * X.round(2), scale * Y.round(2)
    want = mutual_information(X.round(2), Y.round(2), ties="jitter", rng=0).value
    assert mutual_information(x, y, ties="jitter", rng=0).value == pytest.approx(want, abs=1e-6)


def test_whitening_two_clouds_does_harm():
    x = RNG.standard_normal((600, 5)) + 20 * (RNG.random((600, 1)) < 0.5) * np.eye(5)[0]
    truth = 2.5 * np.log(2 * np.pi * np.e) + np.log(2)
    assert abs(knn_entropy(x, 5).value - truth) < 0.2
    assert abs(knn_entropy(x, 5, whiten=True).value - truth) > 0.4


# Labels


def test_labels_of_any_kind():
    x, y = RNG.integers(0, 3, 90), RNG.integers(0, 2, 90)
    want = mixed_information(x, y).value
    assert mixed_information(np.array(list("abc"))[x], y == 1).value == want
    assert mixed_information(np.array(["a", "b", "c"], object)[x], y.astype(float), discrete="both").value == want
    assert mixed_information(x, x).value == pytest.approx(-sum(
        p * np.log(p) for p in np.bincount(x) / 90), rel=1e-12)
    assert said(mixed_information(np.arange(40), np.arange(40)), "so many cells")


def test_labels_in_either_place():
    labels = (X[:, 0] > 0).astype(int)
    assert mixed_information(labels, Y).value == mixed_information(Y, labels).value
    assert mixed_information(labels, 1e6 * Y, standardise=True).value == mixed_information(labels, Y).value
    assert mixed_information(labels, Y).value == pytest.approx(mixed_information(3.0 * labels * 10, Y).value, abs=1e-9)


def test_a_zero_inflated_variable():
    x = np.maximum(X, 0)
    e = mixed_information(x, Y)
    assert e.settings["method"] == "mixture"
    assert e.value == pytest.approx(0.61, abs=0.08)
    assert said(mixed_information(X.round(1), Y.round(1)), "as rounded numbers have", "'unround'")


def test_scikit_learn_has_the_same_values():
    selection = pytest.importorskip("sklearn.feature_selection")
    labels = (X[:300, 0] > 0.3).astype(int)
    theirs = selection.mutual_info_classif(Y[:300], labels, n_neighbors=3, random_state=0)[0]
    assert mixed_information(labels, Y[:300]).value == pytest.approx(theirs, abs=1e-6)


# Tests of independence


def test_independence():
    x, y = X[:60], RNG.standard_normal((60, 1))
    assert independence_test(x, Y[:60], permutations=99, rng=0).p_value == 0.01
    found = independence_test(x, y, permutations=99, rng=0)
    assert found.p_value > 0.05
    assert found.null.shape == (99,)
    assert found.statistic == mutual_information(x, y).value
    assert independence_test(x, y, permutations=99, rng=0).p_value == found.p_value


def test_independence_given_a_third_variable():
    x, y, z = RNG.standard_normal((3, 150, 1))
    test = lambda a, b: independence_test(a, b, z, permutations=49, rng=1).p_value
    assert test(x + 2 * z, y + 2 * z) > 0.05
    assert test(x + z, 2 * x + y + z) == 0.02
    assert independence_test(x + 2 * z, y + 2 * z, permutations=49, rng=1).p_value == 0.02


def test_orders_that_are_drawn():
    order = block_order(11, 3, np.random.default_rng(0))
    assert sorted(order) == list(range(11))
    assert order[9:].tolist() == [9, 10]
    z = RNG.standard_normal((50, 1))
    near = neighbours(z, 5).idx
    order = local_order(near, np.random.default_rng(0))
    assert all(j == i or j in near[i] for i, j in enumerate(order))
    assert len(set(order.tolist())) > 35


def test_blocks_keep_the_memory_of_a_series():
    x, y = series(200, 0.9, np.random.default_rng(0)), series(200, 0.9, np.random.default_rng(1))
    rows, blocks = (independence_test(x, y, permutations=99, blocks=b, rng=0) for b in (1, 20))
    assert rows.statistic == blocks.statistic
    assert blocks.null.mean() > rows.null.mean() + 0.03


# Certified lists, the diagnostic, the control


def test_the_first_wrong_row_is_named():
    x = RNG.standard_normal((200, 3))
    idx = neighbours(x, 4).idx
    for row in (150, 40):
        idx[row] = neighbours(x, 5).idx[row, 1:]
    with pytest.raises(ValueError, match=r"idx: got row 40 with .*, wanted row \[\d+\] too, nearer than its last"):
        verify_neighbours(x, idx)


@pytest.mark.parametrize("offset", [0, 1e6, 1e12])
def test_lists_of_other_programs(offset):
    spatial = pytest.importorskip("scipy.spatial")
    x, y = offset + RNG.standard_normal((300, 2)), offset + RNG.standard_normal((200, 2))
    rho, idx = spatial.cKDTree(y).query(x, 3)
    assert verify_neighbours(x, idx, among=y).rho == pytest.approx(rho, rel=1e-15)


def test_the_diagnostic():
    x = RNG.standard_normal((2000, 3))
    assert np.linalg.norm(virial(x) - np.eye(3)) < 0.15
    assert np.linalg.eigvalsh(virial(x * [1, 1, 1e-5])).min() < 1e-4


def test_the_control_takes_away_the_bias_for_a_normal_law():
    x = RNG.standard_normal((300, 15)) @ np.diag(np.arange(1, 16.0))
    truth = 7.5 * np.log(2 * np.pi * np.e) + np.log(np.arange(1, 16)).sum()
    e = entropy_with_reference(x, rng=0)
    assert e.value == pytest.approx(truth, abs=0.4)
    assert knn_entropy(x, whiten=True).value - truth > 0.4
    assert e.jackknife_se > knn_entropy(x, whiten=True).jackknife_se


# Bad input


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: knn_entropy(X, standardise=1), TypeError, "standardise: got int, wanted a bool"),
    (lambda: knn_entropy(X, standardise=True, whiten=True), ValueError, "whiten, standardise: got both"),
    (lambda: knn_entropy(X, standardise=True, periodic=9), ValueError, "standardise: got it with box or periodic"),
    (lambda: knn_entropy(np.hstack([X, 0 * X]), standardise=True), ValueError, r"x: got constant columns \[1\]"),
    (lambda: mutual_information(X, 0 * Y, standardise=True), ValueError, r"y: got constant columns \[0\]"),
    (lambda: mutual_information(X, Y, standardise=True, ranks=True), ValueError, "standardise, ranks: got both"),
    (lambda: mutual_information(X, Y, ties="unround", rng=0), ValueError, "ties: got 'unround' for columns without"),
    (lambda: mutual_information(X.round(1), Y.round(1), ties="unround"), TypeError, "rng: got NoneType"),
    (lambda: knn_entropy(X, exclude=-1), ValueError, "exclude: got -1, wanted 0 <= exclude"),
    (lambda: knn_entropy(X[:9], 3, exclude=3), ValueError, "k: got 3, wanted 1 <= k <= 2"),
    (lambda: neighbours(X, 3, among=Y, exclude=1), ValueError, "exclude: got 1, wanted 0 <= exclude <= 0"),
    (lambda: knn_entropy(X[:9]).interval(1), ValueError, "level: got 1"),
    (lambda: mixed_information(X, Y, discrete="z"), ValueError, "discrete: got 'z'"),
    (lambda: mixed_information(np.arange(1000), Y), ValueError, "labels: got 1000 that occur once"),
    (lambda: mixed_information(np.array([None] * 1000), Y), TypeError, "x: got dtype object"),
    (lambda: mixed_information((X > 0).astype(int)[:9], Y), ValueError, "a column of x and of y: got shapes"),
    (lambda: mixed_information((X > 0).astype(int), 0 * Y), ValueError, "rows of one label: got 1000 of 1000"),
    (lambda: independence_test(X, Y, rng=None), TypeError, "rng: got NoneType"),
    (lambda: independence_test(X, Y, blocks=501, rng=0), ValueError, "blocks: got 501, wanted 1 <= blocks <= 500"),
    (lambda: independence_test(X, Y, X, blocks=2, rng=0), ValueError, "blocks: got 2, wanted 1 <= blocks <= 1"),
    (lambda: verify_neighbours(X, np.zeros((5, 2), int)), ValueError, r"idx: got shape \(5, 2\) for 1000 points"),
    (lambda: verify_neighbours(X, -np.ones((1000, 2), int)), ValueError, "idx: got -1 to -1"),
    (lambda: lagged(X, 1000), ValueError, "lag: got 1000"),
    (lambda: transfer_entropy(X, Y, 0), ValueError, "lag: got 0"),
    (lambda: entropy_with_reference(X, references=1, rng=0), ValueError, "references: got 1"),
])
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
