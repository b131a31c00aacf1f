"""Evidence for the objectives of the bottleneck, (5.12), (5.14) and (5.15)."""

from __future__ import annotations

import numpy as np
from scipy import special, stats

from refvae import trees
from refvae.bottleneck import capacity_loss, vib_loss
from refvae.check.numeric import STEP
from refvae.derivations.bottleneck.common import forward, network
from refvae.derivations.vae.common import wide
from refvae.evidence import Ledger, gap, spoiled
from refvae.layers import Dense, softmax_nll, tanh
from refvae.vae import VAE, encode, kl_std_normal, reparam

ledger = Ledger()
LAM = 0.7


def nll_by_hand(logits, labels):
    """Cross entropy of rows, from ratios of probabilities."""
    return np.log(np.exp(logits - logits[np.arange(len(labels)), labels, None]).sum(1))


def rate_by_hand(mu, logvar):
    """Divergence of rows from N(0, I)."""
    return 0.5 * (mu**2 + np.exp(logvar) - 1.0 - logvar).sum(1)


def complex_gradient(value, p, eps):
    """Gradient of value(p, eps) by a complex step in every coordinate, without any pull."""
    start = trees.flatten((p, eps))
    basis = np.eye(start.vector.size)
    slopes = [np.imag(value(*trees.unflatten(start.vector + 1j * STEP * e, start.tree))) / STEP for e in basis]
    return trees.unflatten(np.array(slopes), start.tree)


# The variational bottleneck


def vib(p, x_frozen, labels, eps):
    """vib_loss at lambda = 0.7 with tanh."""
    return vib_loss(p, x_frozen, labels, eps, LAM, activation=tanh)


def replaced(rate, lam=LAM, sample=reparam):
    """A hand-written wrong objective: another rate, weight or sample, with a gradient that is consistent."""
    def loss(p, x, labels, eps):
        def value(p, eps):
            (mu, logvar), _ = encode(p.enc, x, tanh)
            from_noise = sample(mu, logvar, eps)[0]
            W3, W4 = p.dec
            logits = np.tanh(from_noise @ W3.W + W3.b) @ W4.W + W4.b
            return (nll_by_hand(logits, labels) + lam * rate(mu, logvar)).mean()

        def pull(d):
            dp, deps = complex_gradient(value, p, eps)
            return trees.map(lambda leaf: d * leaf, dp), None, None, d * deps

        return value(p, eps), pull

    return loss


VIB_WRONG = {
    "mean over features": replaced(lambda mu, logvar: rate_by_hand(mu, logvar) / mu.shape[1]),
    "half lost": replaced(lambda mu, logvar: 2 * rate_by_hand(mu, logvar)),
    "lambda lost": replaced(rate_by_hand, 1.0),
    "noise times the variance": replaced(rate_by_hand, sample=lambda mu, logvar, eps: (mu + np.exp(logvar) * eps,)),
    "no noise": replaced(rate_by_hand, sample=lambda mu, logvar, eps: (mu + 0 * eps,)),
    "sum over the batch": lambda p, x, labels, eps: (lambda loss, pull: (7 * loss, lambda d: pull(7 * d)))(
        *vib(p, x, labels, eps))}
PULL_WRONG = {
    "rate has no gradient": lambda p, x, labels, eps: (vib(p, x, labels, eps)[0], lambda d: vib_loss(
        p, x, labels, eps, 0.0, activation=tanh)[1](d)),
    "gradient of the sum": spoiled(vib, lambda d: (trees.map(lambda leaf: 7 * leaf, d[0]), None, None, 7 * d[3])),
    "encoder not reached by the labels": spoiled(vib, lambda d: (VAE(trees.map(lambda leaf: 0 * leaf, d[0].enc),
                                                                     d[0].dec), None, None, d[3]))}
ledger.adjoint("5.14", vib, network, wrong=PULL_WRONG, exact=wide(network))


@ledger.add("5.14", "identity", vib, exact=True, wrong=VIB_WRONG)
def value_by_hand(loss, rng):
    """The value from the probabilities and the divergence written out, without the layers of the package."""
    p, *data = wide(network)(rng)
    x, labels, eps = (each[:2] for each in data)
    mu, logvar, _, logits = forward(p, x, eps)
    return gap(loss(p, x, labels, eps)[0], (nll_by_hand(logits, labels) + LAM * rate_by_hand(mu, logvar)).mean())


@ledger.add("5.14", "identity", vib, exact=True, wrong=PULL_WRONG)
def line_by_line(loss, rng):
    """The gradient written out with softmax - one-hot, without the layers of the package."""
    (p, x, labels, eps), d = network(rng), rng.standard_normal()
    mu, logvar, z, logits = forward(p, x, eps)
    (W1, b1), (W2, _), (W3, b3), (W4, _) = *p.enc, *p.dec
    sigma, h, g = np.exp(0.5 * logvar), np.tanh(x @ W1 + b1), np.tanh(z @ W3 + b3)
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    dlogits = d * (probabilities - np.eye(4)[labels]) / 7
    da = dlogits @ W4.T * (1 - g**2)
    dz = da @ W3.T
    dheads = np.hstack([dz + d * LAM * mu / 7, 0.5 * dz * eps * sigma + d * LAM * (sigma**2 - 1) / 14])
    dh = dheads @ W2.T * (1 - h**2)
    dp = VAE((Dense(x.T @ dh, dh.sum(0)), Dense(h.T @ dheads, dheads.sum(0))),
             (Dense(z.T @ da, da.sum(0)), Dense(g.T @ dlogits, dlogits.sum(0))))
    got, _, _, deps = loss(p, x, labels, eps)[1](d)
    return gap((got, deps), (dp, dz * sigma))


# The penalty that programs print


def weighted(rate):
    """A wrong (p, x, labels, eps, lam) objective, value alone."""
    return lambda p, x, labels, eps, lam: (replaced(rate, lam)(p, x, labels, eps)[0], None)


def vib_at(p, x, labels, eps, lam):
    """vib_loss with tanh and any weight."""
    return vib_loss(p, x, labels, eps, lam, activation=tanh)


WEIGHTED_WRONG = {
    "mean over features": weighted(lambda mu, logvar: rate_by_hand(mu, logvar) / mu.shape[1]),
    "sum over the batch": weighted(lambda mu, logvar: rate_by_hand(mu, logvar) * len(mu)),
    "variance and its logarithm exchanged": weighted(lambda mu, logvar: (mu**2 + logvar - np.exp(logvar)).sum(1) / 2)}


@ledger.add("5.15", "identity", vib_at, exact=True, wrong=WEIGHTED_WRONG)
def sum_of_means(loss, rng):
    """L at lambda = 1 minus L at 0 against -1/2 sum over features of the mean over examples."""
    args = wide(network)(rng)
    mu, logvar, _, _ = forward(args[0], args[1], args[3])
    want = -0.5 * np.sum(np.mean(1 + logvar - np.square(mu) - np.exp(logvar), axis=0))
    return gap(np.array(loss(*args, 1.0)[0] - loss(*args, 0.0)[0]), np.array(want))


@ledger.add("5.15", "law", vib_at, exact=True, wrong={
    **{key: WEIGHTED_WRONG[key] for key in ("mean over features", "sum over the batch")},
    "lambda squared": lambda p, x, labels, eps, lam: vib_at(p, x, labels, eps, lam**2)})
def affine_in_the_weight(loss, rng):
    """L(2.5) - L(0.5) is twice the mean of (3.5), and L(0.5) - L(0) half of it."""
    args = network(rng)
    rate = kl_std_normal(*encode(args[0].enc, args[1], tanh)[0])[0].mean()
    values = [loss(*args, lam)[0] for lam in (0.0, 0.5, 2.5)]
    return gap(np.diff(values), rate * np.array([0.5, 2.0]))


# Capacity


def capacity(p, x_frozen, labels, eps):
    """capacity_loss at lambda = 0.7, c = 0.4 with tanh; some rows are clipped and some are not."""
    return capacity_loss(p, x_frozen, labels, eps, LAM, 0.4, activation=tanh)


def capacity_by_hand(p, x, labels, eps, clip):
    """The objective from SciPy-free densities; `clip` makes the mean penalty from g."""
    mu, logvar, z, logits = forward(p, x, eps)
    cost = ((z[:, None] - mu) ** 2 * np.exp(-logvar) + logvar).sum(2) / 2
    g = np.log(len(mu)) - np.log(np.exp(np.diagonal(cost)[:, None] - cost).sum(1))
    return nll_by_hand(logits, labels).mean() + LAM * clip(g)


def clipped(g):
    """Mean of max(g - 0.4, 0), on complex numbers."""
    return np.where(g.real > 0.4, g - 0.4, 0).mean()


def handmade(clip):
    """A wrong capacity objective with a consistent gradient."""
    def loss(p, x, labels, eps):
        value = lambda p, eps: capacity_by_hand(p, x, labels, eps, clip)

        def pull(d):
            dp, deps = complex_gradient(value, p, eps)
            return trees.map(lambda leaf: d * leaf, dp), None, None, d * deps

        return value(p, eps), pull

    return loss


CAPACITY_WRONG = {"mean clipped": handmade(lambda g: np.where(g.mean().real > 0.4, g.mean() - 0.4, 0)),
                  "not clipped": handmade(lambda g: g.mean() - 0.4),
                  "sum for mean in the mixture": handmade(lambda g: clipped(g - np.log(7))),
                  "moduli": handmade(lambda g: (np.where(g.real > 0.4, 1, -1) * (g - 0.4)).mean())}
CAPACITY_PULL = {
    "penalty without gradient": spoiled(lambda p, x, labels, eps: capacity_loss(
        p, x, labels, eps, 0.0, 0.0, activation=tanh), lambda d: d),
    "gradient of the sum": spoiled(capacity, lambda d: (trees.map(lambda leaf: 7 * leaf, d[0]), None, None, 7 * d[3])),
    "sign of the noise": spoiled(capacity, lambda d: (*d[:3], -d[3]))}
ledger.adjoint("5.12", capacity, network, wrong={
    **{key: CAPACITY_PULL[key] for key in CAPACITY_PULL if "with" not in key},
    "noise of the next example": spoiled(capacity, lambda d: (*d[:3], np.roll(d[3], 1, 0)))})


@ledger.add("5.12", "identity", capacity, wrong={**CAPACITY_WRONG, **CAPACITY_PULL})
def densities_by_hand(loss, rng):
    """Value from densities written out, gradient by complex steps."""
    p, x, labels, eps = network(rng)
    value, pull = loss(p, x, labels, eps)
    want = lambda p, eps: capacity_by_hand(p, x, labels, eps, clipped)
    dp, _, _, deps = pull(1.0)
    return gap((np.array(value), dp, deps), (np.array(want(p, eps)), *complex_gradient(want, p, eps)))


@ledger.add("5.12", "limit", lambda *args: capacity_loss(*args, activation=tanh), bound=1e-12, wrong={
    "mean clipped": lambda p, x, labels, eps, lam, c: (vib_loss(p, x, labels, eps, 0.0, activation=tanh)[0] + lam * max(
        capacity_by_hand(p, x, labels, eps, lambda g: g.mean() / LAM) - vib_loss(
            p, x, labels, eps, 0.0, activation=tanh)[0] - c, 0), None),
    "capacity added": lambda p, x, labels, eps, lam, c: capacity_loss(p, x, labels, eps, lam, -c, activation=tanh)})
def far_from_the_clip(loss, rng):
    """c = 2 > log 7: the cross entropy alone; c = -50: the mean of g + 50, by (5.8); c = median: half of the terms."""
    p, x, labels, eps = network(rng)
    mu, logvar, z, logits = forward(p, x, eps)
    log_q = stats.norm.logpdf(z[:, None], mu, np.exp(logvar / 2)).sum(2)
    g = np.log(7) + np.diag(special.log_softmax(log_q, axis=1))
    nll, middle = softmax_nll(logits, labels)[0].mean(), np.median(g)
    want = [nll, nll + 3 * (g.mean() + 50), nll + 3 * (np.sort(g)[4:] - middle).sum() / 7]
    return gap(np.array([loss(p, x, labels, eps, 3.0, c)[0] for c in (2.0, -50.0, middle)]), np.array(want))
