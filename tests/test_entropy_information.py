"""Information from neighbours: identities on any data, bit for bit where they are bitwise; bad input; extreme data."""

from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import digamma

from refvae.derivations.entropy import information_experiments as experiments
from refvae.entropy import (
    conditional_mutual_information,
    exact_conditional_mutual_information,
    exact_local,
    exact_total_correlation,
    knn_entropy,
    mutual_information,
    mutual_information_layer,
    neighbours,
    total_correlation,
)
from refvae.entropy.counts import PAIRS, below, counts_within, weights_around
from refvae.entropy.ksg import Form, ksg_local

RNG = np.random.default_rng(0)
LINE, PLANE = RNG.standard_normal((40, 1)), RNG.standard_normal((40, 2))
KSG = st.sampled_from(["ksg1", "ksg2"])
METHODS = st.sampled_from(["ksg1", "ksg2", "3h"])
some = settings(max_examples=30, deadline=None)


@st.composite
def variables(draw, q=(2, 3), least=3, most=10, dims=3):
    """Dyadic points of two or three variables without ties between distances from the same point."""
    n = draw(st.integers(least, most))
    sizes = draw(st.lists(st.integers(1, dims), min_size=q[0], max_size=q[1]))
    seed = draw(st.integers(0, 2**32 - 1))
    xs = [np.random.default_rng([seed, c]).integers(-2**30, 2**30, (n, d)) / 2.0**20 for c, d in enumerate(sizes)]
    return xs, draw(st.integers(1, n - 1))


@st.composite
def lattices(draw):
    """Numbers with many ties, some of them tiny; radii that occur as distances."""
    n = draw(st.integers(1, 30))
    step = draw(st.sampled_from([1.0, 0.1, 1e-5, 3e7]))
    x = draw(arrays(np.int64, n, elements=st.integers(-8, 8))) * step + draw(st.sampled_from([0.0, 0.3, 1e6]))
    x[: n // 3] *= 1e-17
    j = draw(arrays(np.int64, n, elements=st.integers(0, n - 1)))
    return x, np.abs(x[:, None] - x)[np.arange(n), j]


def close(a, b, tol=1e-12):
    """Equal to 1e-12 of the larger of 1 and the size."""
    return np.abs(np.asarray(a) - b).max() <= tol * max(1.0, np.abs(b).max())


def local(xs, k, method):
    """The local values."""
    return total_correlation(xs, k, method=method).local


# Values are rational


@given(variables(), KSG)
@some
def test_values_are_those_in_rationals(case, method):
    xs, k = case
    assert close(total_correlation(xs, k, method=method).value, float(exact_total_correlation(xs, k, method)))


@given(variables(q=(3, 3), dims=2))
@some
def test_conditional_values_are_those_in_rationals(case):
    xs, k = case
    assert close(conditional_mutual_information(*xs, k).value, float(exact_conditional_mutual_information(*xs, k)))


def test_rationals_are_rational():
    x, y = [0, 1, 3, Fraction(9, 2)], [0.5, 7, 2, 1.25]
    assert exact_total_correlation([x, y], 1) == Fraction(1, 8)
    assert exact_total_correlation([x, x], 1) == 1 + Fraction(1, 2) + Fraction(1, 3)
    assert exact_total_correlation([x, x, x], 2, "ksg2") == Fraction(2, 3)
    assert exact_local([[1, 2], [2, 1]], 1) == Fraction(-1, 2)


# The permutation identity


@pytest.mark.parametrize("method", ["ksg1", "ksg2"])
@pytest.mark.parametrize(("m", "q"), [(2, 2), (3, 2), (4, 2), (5, 2), (2, 3), (3, 3), (2, 4)])
def test_local_values_sum_to_0_over_all_configurations(m, q, method):
    for seed in range(2):
        sizes = np.sort(np.random.default_rng(seed).permutation(q * m).reshape(q, m) + 1, axis=1).tolist()
        orders = list(product(permutations(range(m)), repeat=q - 1))
        for k in range(1, m + 1):
            total = sum(exact_local([sizes[0], *([row[j] for j in order] for row, order in zip(
                sizes[1:], each, strict=True))], k, method) for each in orders)
            assert total == 0, (seed, k)


@pytest.mark.parametrize("method", ["ksg1", "ksg2"])
@pytest.mark.parametrize(("n", "k"), [(4, 1), (4, 2), (4, 3), (5, 2)])
def test_the_mean_over_all_orders_is_0(n, k, method):
    x, y = (np.random.default_rng([n, c]).standard_cauchy((n, c)) for c in (1, 2))
    values = np.array([local([x, y[list(order)]], k, method) for order in permutations(range(n))])
    assert np.abs(values.mean(0)).max() < 1e-14


@pytest.mark.parametrize(("x", "mean"), [((0, 1, 2), Fraction(19, 18)), ((0, 1, 3), Fraction(7, 18))])
def test_with_ties_the_mean_is_not_0(x, mean):
    assert sum(exact_total_correlation([x, y], 1) for y in permutations(x)) / 6 == mean


# Copies, bounds, motions


@given(st.integers(2, 30), st.integers(1, 29), st.integers(1, 3), st.integers(0, 2**32 - 1))
@some
def test_copies_and_nearly_copies(n, k, d, seed):
    rng, k = np.random.default_rng(seed), min(k, n - 1)
    x = rng.integers(0, 2**40, (n, d))
    most = sum(1 / np.arange(k, n))
    assert close(mutual_information(x, x, k).value, most)
    assert close(mutual_information(x, x, k, method="ksg2").value, most - 1 / k)
    noisy = x + np.stack([rng.permutation(n) for _ in range(d)], 1)  # far below all gaps, and no distance is kept
    for method in ("ksg1", "ksg2"):
        assert close(mutual_information(x, noisy, k, method=method).value, most - 1 / k)


@given(variables(), KSG)
@some
def test_bounds(case, method):
    xs, k = case
    n, q = len(xs[0]), len(xs)
    values = local(xs, k, method)
    assert (values <= (q - 1) * (sum(1 / np.arange(k, n)) - 1 / k) + 1e-12).all()
    if method == "ksg1":
        assert (values >= digamma(k) + (q - 1) * digamma(n) - q * digamma(((q - 1) * n + k) / q) - 1e-12).all()
    if k == n - 1:
        assert np.abs(values).max() < 1e-14


@given(lattices(), lattices())
@some
def test_the_lower_bound_holds_with_ties(one, other):
    n = min(len(one[0]), len(other[0]))
    x, y = one[0][:n, None], other[0][:n, None]
    near = neighbours(np.hstack([x, y]), 1, norm=np.inf) if n >= 2 else None
    if near and (near.rho > 0).all():
        form = Form(np.hstack([x, y]), (x, y), (-1, -1), 1, False)
        assert (ksg_local(form, near) >= digamma(1) + digamma(n) - 2 * digamma((n + 1) / 2) - 1e-12).all()


@given(variables(), METHODS, st.integers(-200, 200), st.randoms(use_true_random=False))
@some
def test_motions_change_no_bit(case, method, power, random):
    xs, k = case
    values = local(xs, k, method)
    moved = [-x[:, ::-1] + random.randint(-2**10, 2**10) for x in xs]
    assert np.array_equal(local(moved, k, method), values)
    order = random.sample(range(len(values)), len(values))
    assert np.array_equal(local([x[order] for x in xs], k, method), values[order])
    scaled = local([-2.0**power * x for x in xs], k, method)
    assert np.array_equal(scaled, values) if method != "3h" else close(scaled, values, 1e-10)
    if len(xs) == 2:
        assert np.array_equal(local(xs[::-1], k, method), values)
    assert close(local(xs[::-1], k, method), values)


@given(variables(q=(2, 2), dims=1), KSG)
@some
def test_ranks_see_no_monotone_map(case, method):
    (x, y), k = case
    if len(np.unique(x)) == len(x) and len(np.unique(y)) == len(y):
        ranked = lambda *xs: local([np.argsort(np.argsort(v[:, 0]))[:, None] for v in xs], k, method)
        assert np.array_equal(ranked(x, y), ranked(np.arctan(x), y**3))


@given(variables(), KSG, st.integers(0, 2**32 - 1))
@some
def test_small_motions_change_no_bit_so_there_is_no_gradient(case, method, seed):
    xs, k = case
    moved = [x + np.random.default_rng(seed).uniform(-1, 1, x.shape) * 2.0**-24 for x in xs]
    gaps = [np.diff(np.sort(np.concatenate([np.abs(np.delete(x, i, 0) - x[i]).max(1) for x in xs])), prepend=0).min()
            for i in range(len(xs[0]))]
    if min(gaps) > 2.0**-22:
        assert np.array_equal(local(moved, k, method), local(xs, k, method))


# Three entropies, and its layer


@given(variables())
@some
def test_three_entropies(case):
    xs, k = case
    want = sum(knn_entropy(x, k, norm=np.inf).value for x in xs) - knn_entropy(np.hstack(xs), k, norm=np.inf).value
    assert close(total_correlation(xs, k, method="3h").value, want, 1e-11)


def test_the_layer_has_the_value_and_the_slope_of_the_estimate():
    idx = [neighbours(space, 3, norm=np.inf).idx for space in (LINE, PLANE, np.hstack([LINE, PLANE]))]
    i, pull = mutual_information_layer(LINE, PLANE, *idx)
    assert i == pytest.approx(mutual_information(LINE, PLANE, 3, method="3h").value, rel=1e-13)
    v, w, t = RNG.standard_normal((40, 1)), RNG.standard_normal((40, 2)), 1e-7
    dx, dy, *rest = pull(1.0)
    ends = [mutual_information(LINE + s * v, PLANE + s * w, 3, method="3h").value for s in (t, -t)]
    assert (ends[0] - ends[1]) / (2 * t) == pytest.approx((dx * v).sum() + (dy * w).sum(), rel=1e-6)
    assert rest == [None] * 3
    with pytest.raises(ValueError, match="a column of x and of y"):
        mutual_information_layer(LINE, PLANE[:3], *idx)


# Counts


@given(lattices())
@some
def test_counts_are_exact(case):
    x, radius = case
    for r in (radius, np.where(radius > 0, below(radius), 0)):
        want = (np.abs(x[:, None] - x) <= r[:, None]).sum(1) - 1
        assert np.array_equal(counts_within(x[:, None], r), want)
        assert np.array_equal(counts_within(np.stack([x, x], 1), r), want)


def test_sums_over_those_around_in_pieces():
    n, d = int(PAIRS**0.5) + 100, 2
    x, w, r = RNG.standard_normal((n, d)), RNG.random(n), np.full(n, 0.3)
    found = weights_around(x, r, w, np.arange(n))
    rows = RNG.integers(0, n, 20)
    want = [w[np.abs(x - x[j]).max(1) <= r].sum() - w[j] for j in rows]
    assert found[rows] == pytest.approx(want, rel=1e-12)


# Standard errors


@given(variables(least=4, most=7, dims=2), METHODS)
@settings(max_examples=15, deadline=None)
def test_leave_one_out_values_are_those_computed_anew(case, method):
    xs, k = case
    k = min(k, len(xs[0]) - 2)
    anew = [total_correlation([np.delete(x, j, 0) for x in xs], k, method=method).value for j in range(len(xs[0]))]
    assert close(total_correlation(xs, k, method=method).leave_one_out()[0], anew, 1e-11)


def test_leave_one_out_values_with_ties_between_distances():
    x, y = np.array([[0, 1, 2, 3, 5, 6]]).T, np.array([[0, 2, 1, 3, 7, 6]]).T
    anew = [mutual_information(np.delete(x, j, 0), np.delete(y, j, 0), 1).value for j in range(6)]
    assert close(mutual_information(x, y, 1).leave_one_out()[0], anew)


def test_estimates_as_objects():
    e = mutual_information(LINE, PLANE, method="ksg2")
    assert float(e) == e.value == pytest.approx(e.local.mean())
    assert repr(e).startswith("InformationEstimate(")
    assert repr(e).endswith(f"n = 40, d = (1, 2), k = 3, method = ksg2; warning: {e.warnings[0]})")
    assert e.warnings[0].startswith("biased for d >= 3, here 3")
    assert e.naive_se == pytest.approx(e.local.std(ddof=1) / np.sqrt(40))
    assert e.jackknife_se > 0
    assert not mutual_information(LINE, LINE[::-1]).biased
    with pytest.raises(ValueError, match="k: got 39 of 39 neighbours, wanted k < 39"):
        _ = mutual_information(LINE, PLANE, 39).jackknife_se


# Bad input, extreme data


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: mutual_information(LINE[:, 0], LINE), ValueError, r"x: got shape \(40,\), wanted \(n, d\)"),
    (lambda: mutual_information(LINE, PLANE[:5]), ValueError, "a column of x and of y: got shapes"),
    (lambda: mutual_information(LINE, LINE * np.nan), ValueError, "y: got 40 NaN or infinite entries"),
    (lambda: mutual_information(LINE, PLANE, 40), ValueError, "k: got 40, wanted 1 <= k <= 39"),
    (lambda: mutual_information(LINE, PLANE, 0, method="3h"), ValueError, "k: got 0, wanted 1 <= k <= 39"),
    (lambda: mutual_information(LINE, PLANE, 2.0), TypeError, "k: got float, wanted an int"),
    (lambda: mutual_information(LINE, PLANE, method="ksg"), ValueError, "method: got 'ksg', wanted 'ksg1', 'ksg2' or"),
    (lambda: mutual_information(LINE, PLANE, ties="no"), ValueError, "ties: got 'no'"),
    (lambda: mutual_information(LINE, PLANE, ties="jitter"), TypeError, "rng: got NoneType"),
    (lambda: mutual_information(LINE, PLANE, rng=0), ValueError, "rng: got one with ties = 'raise'"),
    (lambda: mutual_information(LINE[:4] * 0, LINE[:4] * 0, 1), ValueError, "x and y together: got 4 of 4 points"),
    (lambda: mutual_information(np.ones((4, 1)), LINE[:4], 1, method="3h"), ValueError, "x: got 4 of 4 points"),
    (lambda: total_correlation([LINE]), ValueError, "xs: got 1 variables, wanted at least 2"),
    (lambda: total_correlation([LINE, PLANE, PLANE[:4]]), ValueError, r"a column of xs\[0\] and of xs\[2\]"),
    (lambda: conditional_mutual_information(LINE, PLANE, LINE[:4]), ValueError, "a column of x and of z"),
    (lambda: exact_local([[1, 2], [1]], 1), ValueError, "argument 2 is shorter"),
    (lambda: exact_local([[1, 2], [1, 2]], 3), ValueError, "k: got 3, wanted 1 <= k <= 2"),
    (lambda: exact_local([[1, 2], [1, 2]], 1, "3h"), ValueError, "method: got '3h', wanted 'ksg1' or 'ksg2'"),
    (lambda: exact_local([[0, 2], [0, 2]], 1), ValueError, "distances: got 1 of 0"),
])
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("method", ["ksg1", "ksg2", "3h"])
def test_jitter_moves_duplicates_apart(method):
    x = np.repeat(LINE[:20], 4, axis=0)
    how = {"method": method, "ties": "jitter"}
    a, b = (mutual_information(x, x[::-1], **how, rng=rng) for rng in (3, np.random.default_rng(3)))
    assert a.value == b.value
    assert a.settings["ties"] == "jitter"
    assert np.isfinite(a.local).all()


@pytest.mark.parametrize("scale", [1e-150, 1e150, 1e300])
@pytest.mark.parametrize("method", ["ksg1", "ksg2", "3h"])
def test_no_size_of_numbers_matters(scale, method):
    a, b = (mutual_information(s * LINE, s * PLANE, method=method).value for s in (1, 2.0 ** round(np.log2(scale))))
    assert b == pytest.approx(a, rel=1e-12)


def test_integers_and_float32_are_cast():
    x, y = RNG.permutation(30)[:, None], RNG.permutation(30)[:, None] ** 2
    assert mutual_information(x, y.astype(np.float32)).value == mutual_information(x * 1.0, y * 1.0).value


def test_constant_variables():
    assert mutual_information(LINE, 0 * LINE).value == pytest.approx(0, abs=1e-14)
    assert mutual_information(LINE, PLANE, 3).value == pytest.approx(
        conditional_mutual_information(LINE, PLANE, 0 * LINE).value, rel=1e-13)


def test_threads_change_nothing():
    x, y = RNG.standard_normal((2, 300, 2))
    assert np.array_equal(mutual_information(x, y, workers=2).local, mutual_information(x, y).local)


def test_scikit_learn_has_the_same_core():
    core = pytest.importorskip("sklearn.feature_selection._mutual_info")._compute_mi_cc
    x, y = RNG.standard_normal((2, 300))
    assert core(x, x + y, 4) == pytest.approx(mutual_information(x[:, None], (x + y)[:, None], 4).value, rel=1e-13)


# Experiments


@pytest.mark.slow
def test_a_row_of_the_table():
    bias, sd = experiments.errors(0.9, 1, 200, "ksg1", trials=200)
    assert abs(bias - experiments.TABLE_ROW[0]) < 1e-3
    assert abs(sd - experiments.TABLE_ROW[1]) < 1e-3
