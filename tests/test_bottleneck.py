"""The bottleneck: bad input, edge cases, and rows of its experiments."""

import numpy as np
import pytest

from refvae import trees
from refvae.bottleneck import (
    DualAscent,
    Saddle,
    batch_bounds,
    capacity_loss,
    chain_rule,
    descending,
    dual_step,
    estimate_split,
    gaussian_bottleneck,
    gaussian_factors,
    gaussian_split,
    information_bounds,
    interpolate,
    linear_combination,
    max_entropy,
    mean_excess,
    neg_entropy,
    neg_log_aggregate,
    normal_entropy,
    pointwise_information,
    predict,
    rate_split,
    rotate,
    uniform_mix_density,
    vib_loss,
)
from refvae.derivations.bottleneck import experiments
from refvae.fit import fit
from refvae.layers import mlp_init
from refvae.optim import Adam, TwoParts
from refvae.vae import VAE, encode, kl_std_normal

HALF, BIT = np.full(2, 0.5), np.array([[0.8, 0.2], [0.2, 0.8]])
MU = np.arange(6.0).reshape(3, 2)


def network(rng=0):
    """Encoder 4-2*2, classifier 2-3, three rows."""
    rng = np.random.default_rng(rng)
    p = VAE(mlp_init((4, 4), rng), mlp_init((2, 3), rng))
    return p, rng.standard_normal((3, 4)), np.array([0, 2, 1]), rng.standard_normal((3, 2))


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: chain_rule(BIT, BIT / 2), ValueError, "q: got probabilities of sum 2.0, wanted 1"),
    (lambda: chain_rule(BIT / 2, np.full((2, 3), 1 / 6)), ValueError, "q and p: got shapes"),
    (lambda: chain_rule(HALF, HALF), ValueError, r"q: got shape \(2,\)"),
    (lambda: rate_split(HALF, BIT, [0.5, 0.6]), ValueError, "prior: got probabilities of sum 1.1"),
    (lambda: rate_split(HALF, BIT + np.array([[0.1, 0], [-0.1, 0]]), HALF), ValueError, "channel: got a row of sum"),
    (lambda: rate_split([1.5, -0.5], BIT, HALF), ValueError, "weights: got shape .* least entry -0.5"),
    (lambda: rate_split(HALF.astype(complex), BIT, HALF), TypeError, "weights: got dtype complex128"),
    (lambda: rate_split(HALF, BIT, np.full(3, 1 / 3)), ValueError, "a row of channel and prior: got shapes"),
    (lambda: mean_excess(np.full(3, 1 / 3), BIT, 0.0), ValueError, "a column of channel and the weights"),
    (lambda: information_bounds(BIT / 2, BIT, np.full((3, 2), 0.5)), ValueError, "decoder against"),
    (lambda: gaussian_factors(np.zeros(2), np.diag([1.0, -1.0])), ValueError, "cov: .* least eigenvalue -1.0"),
    (lambda: gaussian_factors(np.zeros(2), np.array([[1.0, 0.5], [0.4, 1.0]])), ValueError, "cov: .* wanted symmetric"),
    (lambda: gaussian_factors(np.zeros(3), np.eye(2)), ValueError, "the outer product of mean and cov"),
    (lambda: gaussian_split(np.eye(2), np.eye(2), [0, 0], [1, 0]), ValueError, "var: got 0.0, wanted variances above"),
    (lambda: gaussian_split(np.eye(3), np.eye(2), [0, 0], [1, 1]), ValueError, "A against"),
    (lambda: estimate_split(MU, MU, [MU]), ValueError, r"eps against \(draws >= 2, n, k\): got shapes"),
    (lambda: estimate_split(MU, MU, [MU[:2], MU[:2]]), ValueError, "eps against"),
    (lambda: estimate_split(MU, MU * np.nan, [MU, MU]), ValueError, "logvar: got 6 NaN"),
    (lambda: batch_bounds([[1.0]]), ValueError, "log_q: got 1 example, wanted at least 2"),
    (lambda: batch_bounds(MU), ValueError, "log_q and its transpose"),
    (lambda: gaussian_bottleneck(1.0, 0.5), ValueError, "rho: got 1.0, wanted a number above -1 and below 1"),
    (lambda: gaussian_bottleneck(0.5, 0.0), ValueError, "lam: got 0.0, wanted a number above 0"),
    (lambda: gaussian_bottleneck(np.nan, 0.5), ValueError, "rho: got nan"),
    (lambda: neg_entropy([0.5, 0.0], [1, 1]), ValueError, "p: got 0.0, wanted numbers above 0"),
    (lambda: neg_entropy([0.5, 0.5], [1, 1, 1]), ValueError, "p and weights: got shapes"),
    (lambda: max_entropy([0, 1, 2], [1, 1, 0], [1]), ValueError, "weights: got 0.0"),
    (lambda: max_entropy([0, 1], [1, 1, 1], [1]), ValueError, "x and weights: got shapes"),
    *((lambda mean=mean: max_entropy([0, 1, 2], [1, 1, 1], [mean]), ArithmeticError,
       rf"moments: got the mean {mean}, wanted one between the ends 0.0 and 2.0 of x")
      for mean in (2.5, 2.0, 0.0, -1.0)),
    (lambda: max_entropy([0, 1, 2, 3], [1, 1, 1, 1], [1, 0.5]), ArithmeticError, "moments: got the variance -0.5"),
    (lambda: max_entropy([0, 1, 2, 3], [1, 1, 1, 1], [1, 1]), ArithmeticError, "moments: got the variance 0, wanted"),
    (lambda: max_entropy([0, 1, 2], [1, 1, 1], [1, 2]), ArithmeticError, "moments: got ones that no positive"),
    (lambda: max_entropy([0, 1, 2], [1, 1, 1], [0.5, 0.5]), ArithmeticError, "moments: got"),
    (lambda: max_entropy([0, 1, 2], [1, 1, 1], [1, 2.5]), ArithmeticError, "wanted moments that can be met"),
    (lambda: max_entropy(np.arange(9.0), np.ones(9), [4, 20, 112, 100]), ArithmeticError, "moments: got"),
    (lambda: max_entropy(np.ones((3, 1)), [1, 1, 1], [1]), ValueError, r"x: got shape \(3, 1\), wanted \(n,\)"),
    (lambda: max_entropy([0, 1, 2], np.ones((1, 3)), [1]), ValueError, r"weights: got shape \(1, 3\), wanted \(n,\)"),
    (lambda: max_entropy([0, 1, 2], [1, 1, 1], [[1]]), ValueError, r"moments: got shape \(1, 1\), wanted \(n,\)"),
    (lambda: neg_entropy(np.ones((2, 1)) / 2, [1, 1]), ValueError, r"p: got shape \(2, 1\), wanted \(n,\)"),
    (lambda: gaussian_factors(np.zeros((2, 1)), np.eye(2)), ValueError, r"mean: got shape \(2, 1\), wanted \(n,\)"),
    (lambda: gaussian_split(np.eye(2), np.eye(2), np.zeros((2, 1)), [1, 1]), ValueError, r"b: got shape \(2, 1\)"),
    (lambda: gaussian_split(np.eye(2), np.eye(2), [0, 0], np.ones((1, 2))), ValueError, r"var: got shape \(1, 2\)"),
    (lambda: rate_split(HALF[:, None], BIT, HALF), ValueError, r"weights: got shape \(2, 1\), wanted \(n,\)"),
    (lambda: rate_split(HALF, BIT, HALF[:, None]), ValueError, r"prior: got shape \(2, 1\), wanted \(n,\)"),
    (lambda: mean_excess(HALF, BIT, HALF), TypeError, "capacity: got ndarray, wanted a real number"),
    (lambda: mean_excess(HALF, BIT, np.nan), ValueError, "capacity: got nan, wanted a finite number"),
    (lambda: interpolate(MU, MU, HALF), TypeError, "alpha: got ndarray, wanted a real number"),
    (lambda: rotate(MU, MU, np.ones((3, 1))), TypeError, "theta: got ndarray, wanted a real number"),
    (lambda: normal_entropy(0.0), ValueError, "var: got 0.0, wanted variances above 0"),
    (lambda: linear_combination(MU, MU[:2], [1, 2, 3]), ValueError, "mu and var: got shapes"),
    (lambda: linear_combination(MU, MU, [1, 2]), ValueError, "weights: got shapes"),
    (lambda: interpolate(MU, MU[0], 0.5), ValueError, "z1 and z2: got shapes"),
    (lambda: rotate(MU, MU[0], 0.5), ValueError, "z1 and z2: got shapes"),
    (lambda: uniform_mix_density(np.zeros(2), 0.0), ValueError, "alpha: got 0.0, wanted a number above 0 and below 1"),
    (lambda: predict(network()[0], np.ones((3, 4)), []), ValueError, r"eps: got shape \(0,\), wanted at least"),
    (lambda: predict(network()[0], np.ones(4)), ValueError, r"x: got shape \(4,\)"),
    (lambda: vib_loss(*network()[:2], np.zeros((3, 1), int), np.ones((3, 2)), 1.0), ValueError, "labels: got shapes"),
    (lambda: vib_loss(*network()[:3], np.ones((1, 2)), 1.0), ValueError, "mu and eps: got shapes"),
    (lambda: capacity_loss(*network()[:3], np.ones((3, 1)), 1.0, 1.0), ValueError, "mu and eps: got shapes"),
    (lambda: neg_log_aggregate(np.ones((3, 1)), MU, MU), ValueError, "a row of z and of mu: got shapes"),
    (lambda: pointwise_information(MU, MU, MU[:2]), ValueError, "mu and z: got shapes"),
])
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_what_never_happens_costs_nothing():
    found = rate_split([0.5, 0.5, 0.0], [[1, 0], [0, 1], [1, 0]], HALF)
    assert found == (np.log(2), np.log(2), 0.0)
    assert mean_excess(HALF, np.eye(2), 0.0) == np.log(2)
    assert information_bounds(np.diag(HALF), np.eye(2), np.eye(2)) == (0.0, 0.0, 0.0)


def test_a_prior_without_a_code_in_use_costs_infinitely_much():
    found = rate_split(HALF, BIT, [1.0, 0.0])
    assert (found.rate, found.marginal) == (np.inf, np.inf)
    assert found.information == pytest.approx(0.1927448, abs=5e-8)
    assert chain_rule([[0.5, 0.5], [0, 0]], [[0, 0], [0.5, 0.5]]).joint == np.inf


def test_one_value_for_all_examples_says_nothing():
    z = np.random.default_rng(0).standard_normal((3, 2))
    assert np.abs(pointwise_information(0 * MU, 0 * MU, z)[0]).max() < 1e-15
    assert estimate_split(0 * MU, 0 * MU, [z, -z])[:3] == pytest.approx((0, 0, 0), abs=1e-15)


def test_weight_and_capacity_may_be_named_or_stand_in_their_place():
    p, x, labels, eps = network()
    loss, pull = vib_loss(p, x, labels, eps, lam=0.3)
    assert loss == vib_loss(p, x, labels, eps, 0.3)[0]
    dp, dx, dlabels, deps = pull(1.0)
    assert (dx, dlabels, deps.shape) == (None, None, (3, 2))
    assert isinstance(dp, VAE)
    assert capacity_loss(p, x, labels, eps, capacity=50.0, lam=9.0)[0] == vib_loss(p, x, labels, eps, 0.0)[0]


def test_predictions_are_probabilities():
    p, x, _, eps = network()
    for log_q in (predict(p, x), predict(p, x, [eps, 2 * eps])):
        assert np.exp(log_q).sum(1) == pytest.approx(1, rel=1e-14)
    assert (predict(p, x, [0 * eps]) == predict(p, x)).all()


@pytest.mark.parametrize("lam", [0.6401, 0.65, 5.0])
def test_a_closed_channel_is_exactly_closed(lam):
    assert gaussian_bottleneck(0.8, lam) == (0, 0, 0)


@pytest.mark.parametrize("alpha", [0.2, 0.5, 0.9])
def test_the_trapezoid_ends_at_one(alpha):
    assert (uniform_mix_density(np.array([-1.5, -1.0, 1.0, 2.0]), alpha) == 0).all()


# Numbers that were wrong


def test_moments_far_from_zero_are_met():
    x, w = 1e4 + np.arange(0, 10.01, 0.1), np.full(101, 0.1)
    p, theta = max_entropy(x, w, [10005, 10005.0**2 + 1])
    assert w @ p == pytest.approx(1, rel=1e-13)
    assert (w * p) @ (x - 10005) == pytest.approx(0, abs=1e-12)
    assert (w * p) @ (x - 10005) ** 2 == pytest.approx(1, rel=1e-12)
    assert theta[2] == pytest.approx(-0.5, rel=1e-4)  # the nodes end at five standard deviations


def test_means_beside_the_end_are_met():
    for mean in (2 - 1e-9, 1e-12):
        assert max_entropy([0, 1, 2], [1, 1, 1], [mean])[0] @ [0, 1, 2] == pytest.approx(mean, rel=1e-15)


def test_faint_channels_have_their_information():
    d = 1e-9
    assert rate_split([1.0], [[0.5 + d, 0.5 - d]], HALF).rate == pytest.approx(2 * d * d, rel=1e-6)
    assert gaussian_split(np.eye(1), [[1e-8]], [0], [1]).information == pytest.approx(5e-17, rel=1e-14)
    assert gaussian_factors([0, 0], [[1, 1e-8], [1e-8, 1]])[:2] == pytest.approx((5e-17, 5e-17), rel=1e-14)
    assert gaussian_bottleneck(1e-9, 5e-19).relevance == pytest.approx(2.5e-19, rel=1e-14)
    assert gaussian_bottleneck(1e-9, 5e-19).snr == pytest.approx(1, rel=1e-14)


def test_no_code_knows_more_than_log_n_by_rounding_either():
    for n in (3, 7, 10, 1437):
        mu = 100 * np.random.default_rng(n).standard_normal((n, 3))
        assert (pointwise_information(mu, 0 * mu, mu + 0.1)[0] <= np.log(n)).all()
        assert estimate_split(mu, 0 * mu, [0 * mu, 0 * mu + 0.1]).information <= np.log(n)


KINDS = ["uint8", "int8", "bool", "float16", "float32"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("f", [
    lambda a: neg_log_aggregate(a, a[:2], a[:2])[0], lambda a: pointwise_information(a, a, a)[0],
    lambda a: estimate_split(a, a, [a, a]), lambda a: normal_entropy(np.ones_like(a)), lambda a: linear_combination(
        a, a, a[:, 0]), lambda a: interpolate(a, a[::-1], 0.25), lambda a: rotate(a, a[::-1], 0.5),
    lambda a: uniform_mix_density(a, 0.3), lambda a: batch_bounds(a[:, [0, 1, 0]]), lambda a: neg_entropy(
        a[2], a[2]), lambda a: max_entropy(a[:2, 0], a[2], np.array([0.5])),
    lambda a: predict(network()[0], a[:, [0, 1, 0, 1]], [a]),
    lambda a: chain_rule(np.eye(2, dtype=a.dtype)[:1], np.eye(2, dtype=a.dtype)[:1]),
    lambda a: rate_split(a[:1, 1], np.eye(2, dtype=a.dtype)[:1], np.array([1, 0], a.dtype)),
    lambda a: vib_loss(network()[0], a[:, [0, 1, 0, 1]], np.array([0, 2, 1]), a, 0.5)[0],
    lambda a: capacity_loss(network()[0], a[:, [0, 1, 0, 1]], np.array([0, 2, 1]), a, 0.5, 0.1)[0]])
def test_every_kind_of_number_gives_what_float64_gives_or_is_refused(f, kind):
    a = np.array([[0, 1], [1, 0], [1, 1]], kind)
    try:
        got = f(a)
    except TypeError as error:
        assert kind == "float16"
        assert "got dtype float16, wanted float64, float32 or integers" in str(error)  # noqa: PT017
        return
    want = f(a.astype(np.float64))
    assert numbers(got) == pytest.approx(numbers(want), rel=1e-5 if kind == "float32" else 1e-15)


def numbers(y):
    """All numbers of nested tuples of arrays."""
    return np.concatenate([numbers(part) for part in y]) if isinstance(y, tuple) else np.ravel(y).astype(float)


# Experiments


def test_rows_are_split_by_their_index():
    x, labels, x_test, labels_test = experiments.split()
    assert (len(x), len(labels), len(x_test), len(labels_test)) == (1437, 1437, 360, 360)
    few = experiments.split(200, seed=1)
    assert len(few[0]) == 200
    assert (few[2] == x_test).all()
    assert not (few[0] == experiments.split(200, seed=2)[0]).all()


@pytest.mark.slow
@pytest.mark.parametrize("few", [None, 200])
def test_a_row_of_the_table_of_classifiers(few):
    row = experiments.judge(experiments.classifier(0.1, 0, few), 0.1, 0, few)
    bands = {None: ((3.7, 4.6), (0.008, 0.016), (0.08, 0.13), (0.055, 0.075), (0.14, 0.19), (0.975, 0.99)),
             200: ((3.8, 4.4), (0.0065, 0.0085), (0.07, 0.13), (0.18, 0.45), (0.3, 0.52), (0.87, 0.97))}[few]
    assert [low <= value <= high for value, (low, high) in zip(row, bands, strict=True)] == [True] * 6


def test_a_step_of_training_under_a_capacity_moves_the_multiplier_by_the_excess():
    p, x, labels, eps = network()
    start = Saddle(p, np.array(0.5))
    size = trees.flatten(p).vector.size
    rate = kl_std_normal(*encode(p.enc, x)[0])[0].mean()
    for capacity in (rate - 0.25, rate + 0.25, rate + 99):
        found = fit(lambda p, *args, c=capacity: descending(p, *args, capacity=c), start, np.arange(3), batch=3, rng=0,
                    steps=1, optimiser=TwoParts(size, Adam(), DualAscent(0.3)), draw=lambda *_: (x, labels, eps))
        assert found.p.lam == pytest.approx(dual_step(0.5, rate - capacity, 0.3), rel=1e-14)
    assert found.p.lam == 0


def test_a_multiplier_that_is_no_number_is_refused_by_name():
    p, *rest = network()
    with pytest.raises(ValueError, match="lam and a number: got shapes"):
        descending(Saddle(p, np.ones(1)), *rest, capacity=1.0)
