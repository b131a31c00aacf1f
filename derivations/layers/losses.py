"""Evidence for losses from logits, (1.12) to (1.17)."""

from __future__ import annotations

import numpy as np
from scipy import special, stats
from scipy.spatial.distance import cdist

from refvae.evidence import Ledger, entrywise, gap, holds, spoiled
from refvae.layers import (
    bernoulli_nll,
    sigmoid,
    softmax_nll,
    squared_error,
)

ledger = Ledger()


def pixels(rng):
    """Logits and grey pixels."""
    return 3 * rng.standard_normal((7, 6)), rng.uniform(0, 1, (7, 6))


BERNOULLI_VALUES = {"mean over pixels": lambda logits, x: (bernoulli_nll(logits, x)[0] / logits.shape[1], None),
                    "x and 1 - x exchanged": lambda logits, x: bernoulli_nll(logits, 1 - x),
                    "log-likelihood, not negated": lambda logits, x: (-bernoulli_nll(logits, x)[0], None)}


@ledger.add("1.12", "identity", bernoulli_nll, exact=True, wrong=BERNOULLI_VALUES)
def cross_entropy(nll, rng):
    """-x log p - (1 - x) log(1 - p) with probabilities, where that is safe."""
    logits, x = pixels(rng)
    p = 1 / (1 + np.exp(-logits))
    return gap(nll(logits, x)[0], -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(1))


@ledger.add("1.12", "limit", bernoulli_nll, bound=0, wrong={
    **BERNOULLI_VALUES,
    "from probabilities, clipped": lambda logits, x: (
        -np.log(np.clip(np.where(x, special.expit(logits), special.expit(-logits)), 1e-7, 1)).sum(1), None),
    "max(l, 0) + log(1 + e) - x l, which cancels": lambda logits, x: (
        (np.maximum(logits, 0) + np.log1p(np.exp(-np.abs(logits))) - x * logits).sum(1), None),
    "log(1 + e), which is 0 for small e": lambda logits, x: (
        (((logits >= 0) - x) * logits + np.log(1 + np.exp(-np.abs(logits)))).sum(1), None)})
def saturated(nll, rng):
    """At logits +-800 a pixel costs exactly 0 if it is right and 800 if it is wrong; if right at +-40, exp(-40)."""
    logits = np.array([[800.0, -800.0], [800.0, -800.0], [800.0, -800.0], [40.0, -800.0], [800.0, -40.0]])
    x = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    return holds(nll(logits, x)[0] == [0, 800, 1600, np.exp(-40.0), np.exp(-40.0)])


@ledger.add("1.12", "oracle", bernoulli_nll, bound=1e-12, wrong=BERNOULLI_VALUES)
def scipy_bernoulli(nll, rng):
    """scipy.stats.bernoulli.logpmf on black and white pixels."""
    logits, x = 3 * rng.standard_normal((7, 6)), rng.integers(0, 2, (7, 6)).astype(float)
    return gap(nll(logits, x)[0], -stats.bernoulli.logpmf(x, special.expit(logits)).sum(1))


def unobserved(logits, x):
    """bernoulli_nll whose gradient is the mean, without minus the observation."""
    nll, pull = bernoulli_nll(logits, x)
    return nll, lambda d: (d[:, None] * sigmoid(logits)[0], pull(d)[1])


BERNOULLI_SLOPES = {"observation forgotten": unobserved,
                    "sign of the logits' cotangent": spoiled(bernoulli_nll, lambda d: (-d[0], d[1])),
                    "cotangents exchanged": spoiled(bernoulli_nll, lambda d: (d[1], d[0]))}
ledger.adjoint("1.13", bernoulli_nll, pixels, wrong=BERNOULLI_SLOPES)


@ledger.add("1.13", "identity", bernoulli_nll, exact=True, wrong=BERNOULLI_SLOPES)
def mean_minus_observation(nll, rng):
    """With cotangents w: w / (1 + e^-logit) - w x, and -w logit."""
    (logits, x), w = pixels(rng), rng.standard_normal((7, 1))
    return gap(nll(logits, x)[1](w[:, 0]), (w / (1 + np.exp(-logits)) - w * x, -w * logits))


@ledger.add("1.13", "limit", bernoulli_nll, bound=1e-12, wrong={
    "mean minus observation, which cancels": lambda logits, x: (
        bernoulli_nll(logits, x)[0], lambda d: (d[:, None] * (special.expit(logits) - x), None)),
    "sign of the logits' cotangent": BERNOULLI_SLOPES["sign of the logits' cotangent"]})
def nearly_right(nll, rng):
    """At logits +-40 of the right sign the gradient is -+e / (1 + e) with e = exp(-40), entry by entry."""
    got = nll(np.array([[40.0, -40.0]]), np.array([[1.0, 0.0]]))[1](np.ones(1))[0]
    return entrywise(got, np.array([[-1, 1]]) * np.exp(-40.0) / (1 + np.exp(-40.0)))


def classes(rng):
    """Logits and labels."""
    return 3 * rng.standard_normal((7, 5)), rng.integers(0, 5, 7)


SOFTMAX_VALUES = {"off by log 2": lambda logits, c: (softmax_nll(logits, c)[0] - np.log(2), None),
                  "label shifted by one": lambda logits, c: softmax_nll(logits, (c + 1) % logits.shape[1]),
                  "base 2": lambda logits, c: (softmax_nll(logits, c)[0] / np.log(2), None)}


@ledger.add("1.14", "oracle", softmax_nll, bound=1e-12, wrong=SOFTMAX_VALUES)
def log_softmax(nll, rng):
    """scipy.special.log_softmax."""
    logits, labels = classes(rng)
    return gap(nll(logits, labels)[0], -special.log_softmax(logits, axis=1)[np.arange(7), labels])


def all_maxima_left_out(logits, labels):
    """(1.14) with the sum over the logits below the maximum, which is another number where two are largest."""
    shifted = logits - logits.max(1, keepdims=True)
    others = np.where(shifted < 0, np.exp(shifted), 0).sum(1)
    return np.log1p(others) - shifted[np.arange(len(labels)), labels], None


@ledger.add("1.14", "limit", softmax_nll, bound=0, wrong={
    **SOFTMAX_VALUES, "without the shift, which overflows": lambda logits, c: (
        np.log(np.exp(logits).sum(1)) - logits[np.arange(len(c)), c], None),
    "every maximum left out of the sum": all_maxima_left_out})
def saturated_softmax(nll, rng):
    """At logits +-800 exactly 0 or 1600; at -40 against 0 exp(-40) to the last digit; log 2 where both are largest."""
    logits = np.array([[800.0, -800.0], [800.0, -800.0], [0.0, -40.0], [3.0, 3.0]])
    return holds(nll(logits, np.array([0, 1, 0, 1]))[0] == [0, 1600, np.exp(-40.0), np.log1p(1.0)])


@ledger.add("1.14", "identity", softmax_nll, exact=True, wrong=SOFTMAX_VALUES)
def two_classes(nll, rng):
    """With two classes and logits (0, l) it is the Bernoulli loss of l, (1.12)."""
    logits, labels = 5 * rng.standard_normal((7, 1)), rng.integers(0, 2, 7)
    return gap(nll(np.hstack([0 * logits, logits]), labels)[0], bernoulli_nll(logits, labels[:, None].astype(float))[0])


def softmax_slope(onehot):
    """softmax_nll whose gradient subtracts onehot(labels, m) in place of the one-hot."""
    def wrong(logits, labels):
        nll, _ = softmax_nll(logits, labels)
        e = np.exp(logits)
        return nll, lambda d: (d[:, None] * (e / e.sum(1, keepdims=True) - onehot(labels, logits.shape[1])), None)

    return wrong


SOFTMAX_SLOPES = {"one-hot not subtracted": softmax_slope(lambda c, m: 0),
                  "one-hot of the next label": softmax_slope(lambda c, m: np.eye(m)[(c + 1) % m]),
                  "uniform for one-hot": softmax_slope(lambda c, m: 1 / m)}
ledger.adjoint("1.15", softmax_nll, classes, wrong=SOFTMAX_SLOPES)


@ledger.add("1.15", "identity", softmax_nll, exact=True, wrong=SOFTMAX_SLOPES)
def minus_one_hot(nll, rng):
    """Shares of exponentials minus an identity matrix picked by the labels; rows sum to 0."""
    logits, labels = classes(rng)
    got, e = nll(logits, labels)[1](np.ones(7))[0], np.exp(logits - logits.max(1, keepdims=True))
    return gap(np.column_stack([got, got.sum(1) + 1]),
               np.column_stack([e / e.sum(1, keepdims=True) - np.eye(5)[labels], np.ones(7)]))


@ledger.add("1.15", "limit", softmax_nll, bound=1e-12, wrong={
    "p - one-hot, which cancels": softmax_slope(lambda c, m: np.eye(m)[c]), **SOFTMAX_SLOPES})
def nearly_right_class(nll, rng):
    """At logits (40, 0) of label 0 the gradient is (-e, e) / (1 + e) with e = exp(-40), entry by entry."""
    got = nll(np.array([[40.0, 0.0]]), np.array([0]))[1](np.ones(1))[0]
    return entrywise(got, np.array([[-1, 1]]) * np.exp(-40.0) / (1 + np.exp(-40.0)))


SQUARE_VALUES = {"half": lambda a, b: (squared_error(a, b)[0] / 2, None),
                 "mean over features": lambda a, b: (squared_error(a, b)[0] / a.shape[1], None),
                 "summed over examples": lambda a, b: (((a - b) ** 2).sum(0), None)}


def images(rng):
    """Two arrays of one shape."""
    return rng.standard_normal((7, 6)), rng.standard_normal((7, 6))


@ledger.add("1.16", "oracle", squared_error, bound=1e-12, wrong=SQUARE_VALUES)
def scipy_distance(error, rng):
    """The diagonal of scipy.spatial.distance.cdist(..., "sqeuclidean")."""
    xhat, x = images(rng)
    return gap(error(xhat, x)[0], np.diag(cdist(xhat, x, "sqeuclidean")))


@ledger.add("1.16", "identity", squared_error, exact=True, wrong=SQUARE_VALUES)
def expanded(error, rng):
    """|a|^2 - 2 <a, b> + |b|^2, for as many examples as features."""
    a, b = rng.standard_normal((2, 6, 6))
    return gap(error(a, b)[0], (a * a).sum(1) - 2 * np.einsum("ij,ij->i", a, b) + (b * b).sum(1))


SQUARE_SLOPES = {"factor 2 lost": spoiled(squared_error, lambda d: (d[0] / 2, d[1] / 2)),
                 "same sign for both": spoiled(squared_error, lambda d: (d[0], -d[1])),
                 "mean over examples": spoiled(squared_error, lambda d: (d[0] / 7, d[1] / 7)),
                 "slope of the sum squared": spoiled(squared_error, lambda d: tuple(
                     each.sum(1, keepdims=True) + 0 * each for each in d))}
ledger.adjoint("1.17", squared_error, images, wrong=SQUARE_SLOPES)


@ledger.add("1.17", "identity", squared_error, exact=True, wrong=SQUARE_SLOPES)
def exact_difference(error, rng):
    """For a quadratic, L(u + v) - L(u - v) = 2 <grad L(u), v> without remainder."""
    (a, b), (u, v), w = images(rng), images(rng), rng.standard_normal(7)
    da, db = error(a, b)[1](w)
    return gap(2 * (da * u + db * v).sum(1), w * (error(a + u, b + v)[0] - error(a - u, b - v)[0]))
