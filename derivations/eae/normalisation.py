"""Evidence for what normalisation does to the entropy's gradient and after training, (7.5) to (7.7)."""

from __future__ import annotations

import numpy as np

from refvae.check.identity import along
from refvae.derivations.eae.common import LAM, entropy_by_hand, forward, nearest, network, value
from refvae.eae import EAE, normalised, normalised_entropy
from refvae.entropy import knn_entropy_layer
from refvae.evidence import Ledger, gap, holds, vanishes
from refvae.layers import Dense, batch_norm, mlp, squared_error, tanh

ledger = Ledger()


# The entropy's share


def codes(rng):
    """Codes of unequal columns, and neighbours of order 2 among the normalised ones."""
    h = rng.standard_normal((9, 3)) * [0.3, 1, 4] + [1, -2, 5]
    return h, nearest((h - h.mean(0)) / h.std(0), 2)


def with_slope(slope):
    """The right value with a hand-written gradient from h, z, g and deviation."""
    def wrong(h, idx):
        z = batch_norm(h)[0]
        g, sigma = knn_entropy_layer(z, idx)[1](1.0)[0], h.std(0)
        return normalised_entropy(h, idx)[0], lambda d: (d * slope(h, z, g, sigma), None)

    return wrong


SHARE_WRONG = {"springs alike": with_slope(lambda h, z, g, sigma: (g - z / 9) / sigma),
               "no springs": with_slope(lambda h, z, g, sigma: g / sigma),
               "one deviation for all": with_slope(lambda h, z, g, sigma: (g - z * (z * g).mean(0)) / sigma.mean()),
               "springs of h": with_slope(lambda h, z, g, sigma: (g - h * (z * g).mean(0)) / sigma)}
ledger.adjoint("7.5", normalised_entropy, codes, wrong=SHARE_WRONG)


@ledger.add("7.5", "identity", normalised_entropy, exact=True, wrong=SHARE_WRONG | {
    "not normalised": lambda h, idx: knn_entropy_layer(h, idx)})
def forces_and_springs(layer, rng):
    """Forces in a loop, and stiffnesses d/n times the sum of delta_c^2 / rho^2, whose sum is d."""
    (h, idx), d = codes(rng), rng.standard_normal()
    z = (h - h.mean(0)) / h.std(0)
    g, tau = 0 * z, 0 * z[0]
    for i, j in enumerate(idx[:, -1]):
        delta = z[i] - z[j]
        g[i] += delta / (delta @ delta) / 3
        g[j] -= delta / (delta @ delta) / 3
        tau += delta**2 / (delta @ delta) / 3
    return gap((layer(h, idx)[1](d)[0], np.array(3)), (d * (g - tau / 9 * z) / h.std(0), np.array(tau.sum())))


@ledger.add("7.5", "identity", normalised_entropy, wrong={
    "not normalised": lambda h, idx: knn_entropy_layer(h, idx),
    "one deviation for all": lambda h, idx: knn_entropy_layer((h - h.mean(0)) / h.std(), idx)})
def value_by_hand(layer, rng):
    """Normalisation, distances and constants, written out."""
    h, idx = codes(rng)
    return gap(np.array(layer(h, idx)[0]), np.array(entropy_by_hand((h - h.mean(0)) / h.std(0), idx)))


@ledger.add("7.5", "law", normalised_entropy, exact=True, wrong={
    key: SHARE_WRONG[key] for key in SHARE_WRONG if "dev" not in key})
def neither_shift_nor_scale(layer, rng):
    """Column by column the gradient is orthogonal to 1 and to h."""
    h, idx = codes(rng)
    dh = layer(h, idx)[1](1.0)[0]
    return vanishes(np.hstack([dh, dh * (h - h.mean(0))]))


# Without normalisation


def on_curve(p, x, idx, c, norm=lambda h: h, biases=True, decoder=True):
    """The objective without normalisation at the point c of the curve."""
    W, b = p.enc[1]
    first = p.dec[0]
    q = EAE((p.enc[0], Dense(c * W, c * b if biases else b)), (first._replace(W=first.W / c) if decoder else first,
                                                               p.dec[1]))
    h = norm(mlp(q.enc, x)[0])
    return squared_error(mlp(q.dec, h)[0], x)[0].mean() - LAM * knn_entropy_layer(h, idx)[0]


CURVE_WRONG = {"normalised": lambda *args: on_curve(*args, norm=lambda h: batch_norm(h)[0]),
               "decoder not divided": lambda *args: on_curve(*args, decoder=False),
               "biases not multiplied": lambda *args: on_curve(*args, biases=False)}


@ledger.add("7.6", "law", on_curve, wrong=CURVE_WRONG)
def unbounded(value, rng):
    """L(c) - L(1) = -lambda d log c, from c = 1/10 to 1e6."""
    p, x = network(rng)
    idx = nearest(forward(p, x)[0], 2)
    scales = np.array([0.1, 3, 1e3, 1e6])
    return gap(np.array([value(p, x, idx, c) for c in scales]), value(p, x, idx, 1.0) - LAM * 3 * np.log(scales))


@ledger.add("7.6", "identity", on_curve, wrong=CURVE_WRONG)
def slope(value, rng):
    """dL/dc = -lambda d / c, by complex steps."""
    p, x = network(rng)
    idx = nearest(forward(p, x)[0], 2)
    scales = np.array([0.5, 1, 7])
    return gap(np.array([along(lambda c: value(p, x, idx, c), c, 1.0) for c in scales]), -LAM * 3 / scales)


# Folding


def folding(p, x):
    """Fold the moments of all rows, for a network with tanh."""
    return normalised(p, x, tanh)


def folded(scale, shift):
    """A wrong version: scale and shift of the last affine map from h."""
    def wrong(p, x):
        h = forward(p, x)[0]
        W, b = p.enc[1]
        return p._replace(enc=(p.enc[0], Dense(W / scale(h), shift(h, b))))

    return wrong


FOLD_WRONG = {"variance for deviation": folded(lambda h: h.var(0), lambda h, b: (b - h.mean(0)) / h.var(0)),
              "bias not divided": folded(lambda h: h.std(0), lambda h, b: b - h.mean(0)),
              "n - 1": folded(lambda h: h.std(0, ddof=1), lambda h, b: (b - h.mean(0)) / h.std(0, ddof=1)),
              "mean added": folded(lambda h: h.std(0), lambda h, b: (b + h.mean(0)) / h.std(0))}


@ledger.add("7.7", "identity", folding, exact=True, wrong=FOLD_WRONG)
def codes_by_themselves(fold, rng):
    """The new encoder gives (h - mean) / deviation of all rows, and the same alone as among others."""
    p, x = network(rng)
    q, z = fold(p, x), forward(p, x)[1]
    alone = np.vstack([mlp(q.enc, row[None])[0] for row in x])
    return gap((mlp(q.enc, x)[0], alone), (z, z))


@ledger.add("7.7", "law", folding, bound=0, wrong={
    "column lost": lambda p, x: folding(p._replace(enc=(p.enc[0], Dense(p.enc[1].W * [1, 1, 0], p.enc[1].b))), x),
    "sign of a column": lambda p, x: (lambda q: q._replace(enc=(q.enc[0], Dense(
        q.enc[1].W * [1, 1, -1], q.enc[1].b))))(folding(p, x))})
def no_batch_notices(fold, rng):
    """The objective of parts of the rows, before and after, to 1e-12."""
    p, x = network(rng)
    q, cases = fold(p, x), []
    for rows in (x[:5], x[3:], x[::2]):
        idx = nearest(forward(p, rows)[1], 1)
        cases.append(abs(value(q, rows, idx) - value(p, rows, idx)) <= 1e-12 * abs(value(p, rows, idx)))
    return holds(cases)
