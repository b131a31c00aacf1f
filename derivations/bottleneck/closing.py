"""Evidence for what the objective implies, (5.16) to (5.19)."""


from __future__ import annotations

import numpy as np
from scipy import special, stats

from refvae import trees
from refvae.bottleneck import information_bounds, predict, rate_split
from refvae.derivations.bottleneck.common import LABELS, encoder, forward, law, network, noisy
from refvae.derivations.bottleneck.objectives import (
    LAM,
    PULL_WRONG,
    VIB_WRONG,
    complex_gradient,
    rate_by_hand,
    replaced,
    vib,
    vib_at,
    weighted,
)
from refvae.derivations.vae.common import wide
from refvae.evidence import Ledger, Outcome, gap, holds, spoiled
from refvae.fit import fit
from refvae.layers import Dense, mlp_init, tanh
from refvae.optim import Adam
from refvae.vae import VAE, encode, kl_std_normal, neg_elbo

ledger = Ledger()


# A VAE


ONE_HOT = np.eye(6)[[5, 0, 3, 3, 1, 0, 2]]


def one_hot(rng):
    """A network from six features to six classes, with one-hot data that are their own labels."""
    p, _, _, eps = network(rng, classes=6)
    return p, ONE_HOT, ONE_HOT.argmax(1), eps


def categorical(logits, x):
    """-log of the categorical likelihood of one-hot x, with a gradient of its own."""
    log_p = special.log_softmax(logits, axis=1)
    return -(x * log_p).sum(1), lambda d: (d[:, None] * (np.exp(log_p) - x), -d[:, None] * log_p)


VAE_WRONG = {**{key: VIB_WRONG[key] for key in ("mean over features", "half lost", "lambda lost",
                                               "noise times the variance")},
             "labels of the next example": lambda p, x, labels, eps: vib(p, x, np.roll(labels, 1), eps)}


@ledger.add("5.16", "law", vib, wrong=VAE_WRONG)
def the_same_as_the_vae(loss, rng):
    """Value and gradients against the objective of chapter 3, (3.11), with a categorical likelihood and beta = 0.7."""
    p, x, labels, eps = one_hot(rng)
    value, pull = loss(p, x, labels, eps)
    want, pull_vae = neg_elbo(p, x, eps, likelihood=categorical, beta=LAM, activation=tanh)
    return gap((np.array(value), *pull(1.0)), (np.array(want), *pull_vae(1.0)[:2], None, pull_vae(1.0)[2]))


@ledger.add("5.16", "identity", vib, wrong=VAE_WRONG)
def a_vae_by_hand(loss, rng):
    """A VAE of one-hot data written out with NumPy alone, its gradient by complex steps."""
    p, x, labels, eps = one_hot(rng)

    def elbo(p, eps):
        mu, logvar, _, logits = forward(p, x, eps)
        return (np.log(np.exp(logits).sum(1)) - (x * logits).sum(1) + LAM * rate_by_hand(mu, logvar)).mean()

    value, pull = loss(p, x, labels, eps)
    dp, _, _, deps = pull(1.0)
    return gap((np.array(value), dp, deps), (np.array(elbo(p, eps)), *complex_gradient(elbo, p, eps)))


@ledger.add("5.16", "law", information_bounds, bound=0, wrong={
    "log of the mean for the mean of the log": lambda joint, q, d: (-np.log((q.T @ joint * d).sum()),),
    "in bits": lambda joint, q, d: (information_bounds(joint, q, d)[0] / np.log(2),)})
def bound_with_a_copy(bounds, rng):
    """With y = x, cross entropy + lambda R >= H(X) + (lambda - 1) I, equal for the best decoder and prior."""
    cases = []
    for lam in (0.3, 1.0, 2.0):
        w, q, prior = encoder(rng)
        entropy, best = -w @ np.log(w), rate_split(w, q, w @ q)
        floor = entropy + (lam - 1) * best.information
        decoder = (w[:, None] * q / (w @ q)).T
        cases += [bounds(np.diag(w), q, law(rng, 4, 5))[0] + lam * rate_split(w, q, prior).rate > floor,
                  abs(bounds(np.diag(w), q, decoder)[0] + lam * best.rate - floor) < 1e-14]
    return holds(cases)


# Closed


def narrow(rng):
    """Encoder 6-5-2*1 and a classifier 1-5-4, for seven rows that show their labels."""
    x = 2 * np.eye(4, 6)[LABELS] + 0.3 * rng.standard_normal((7, 6))
    return VAE(noisy(mlp_init((6, 5, 2), rng), rng), noisy(mlp_init((1, 5, 4), rng), rng)), x


SHARES = np.bincount(LABELS) / 7
ENTROPY = float(-SHARES @ np.log(SHARES))


def expected(loss, p, x, lam):
    """The mean of the loss over the noise, by Gauss-Hermite quadrature (one noise for all rows has the same mean)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    values = [loss(p, x, LABELS, np.full((7, 1), node), lam)[0] for node in nodes]
    return weights @ np.array(values) / weights.sum()


CLOSED_WRONG = {"half of the rate": weighted(lambda mu, logvar: rate_by_hand(mu, logvar) / 2),
                "half of the cross entropy": lambda p, x, labels, eps, lam: (
                    vib_at(p, x, labels, eps, lam)[0] - vib_at(p, x, labels, eps, 0.0)[0] / 2, None),
                "squares of the means alone": weighted(lambda mu, logvar: (mu**2).sum(1) / 2)}


def trained(loss, p, x, lam, last=60):
    """A network after Adam on 12 quantiles of the noise per row, and its last loss."""
    atoms = stats.norm.ppf((np.arange(12) + 0.5) / 12)
    rows, labels, noise = np.repeat(x, 12, 0), np.repeat(LABELS, 12), np.tile(atoms / atoms.std(), 7)[:, None]
    draw = lambda rng, at: (rows[at], labels[at], noise[at])
    for step, epochs in ((5e-2, 140), (3e-3, last)):
        p, history = fit(lambda p, *args: loss(p, *args, lam), p, np.arange(84), epochs=epochs, batch=84, rng=0,
                         optimiser=Adam(step), draw=draw, progress=False)
    return p, history[-1]


@ledger.add("5.17", "law", vib_at, bound=0, wrong=CLOSED_WRONG)
def above_the_line(loss, rng):
    """E L >= H(Y) + (lambda - 1) R, by quadrature, trained at lambda = 0.05 and not; H(Y) where nothing is encoded."""
    p, x = narrow(rng)
    cases, open_one = [], trained(vib_at, p, x, 0.05, last=1)[0]
    nothing = VAE(trees.map(np.zeros_like, p.enc), (p.dec[0], Dense(0 * p.dec[1].W, np.log(SHARES))))
    for lam in (0.0, 0.4, 1.0, 2.0):
        for q in (p, open_one):
            rate = kl_std_normal(*encode(q.enc, x, tanh)[0])[0].mean()
            cases.append(expected(loss, q, x, lam) > ENTROPY + (lam - 1) * rate)
        cases.append(abs(expected(loss, nothing, x, lam) - ENTROPY) < 1e-14)
    return holds(cases)


@ledger.add("5.17", "limit", vib_at, bound=1e-4, wrong={
    "a quarter of the rate": lambda p, x, labels, eps, lam: vib_at(p, x, labels, eps, lam / 4),
    "rate not penalised": lambda p, x, labels, eps, lam: vib_at(p, x, labels, eps, 0.0)})
def training_closes_it(loss, rng):
    """At lambda = 1.6, from a network that encodes, 200 steps come to H(Y)."""
    p, x = narrow(rng)
    found = trained(loss, p, x, 1.6)[1]
    return Outcome(found, ENTROPY, abs(found - ENTROPY))


# Gauge


def moved(p, t, c):
    """The network whose codes are t z + c."""
    last, first, k = p.enc[-1], p.dec[0], len(t)
    scale = np.append(t, np.ones(k))
    b = last.b * scale + np.append(c, 2 * np.log(t))
    W = first.W / t[:, None]
    return VAE((*p.enc[:-1], Dense(last.W * scale, b)), (Dense(W, first.b - c @ W), *p.dec[1:]))


@ledger.add("5.18", "identity", vib_at, exact=True, wrong={
    "noise times the variance": lambda p, x, labels, eps, lam: (replaced(
        rate_by_hand, lam, lambda mu, logvar, eps: (mu + np.exp(logvar) * eps,))(p, x, labels, eps)[0], None),
    "noise of fixed size": lambda p, x, labels, eps, lam: (replaced(
        rate_by_hand, lam, lambda mu, logvar, eps: (mu + eps,))(p, x, labels, eps)[0], None),
    "weight decay": lambda p, x, labels, eps, lam: (vib_at(p, x, labels, eps, lam)[0] + 1e-3 * trees.dot(p, p), None)})
def the_gauge_moves_the_rate_alone(loss, rng):
    """L plus lambda times the rate of the other, moved network: the same, at lambda = 0 and 0.7; the rate is not."""
    p, *data = wide(network)(rng)
    x, labels, eps = (each[:2] for each in data)
    other = moved(p, np.exp(rng.standard_normal(3)), rng.standard_normal(3))
    rates = [rate_by_hand(*forward(q, x, eps)[:2]).mean() for q in (p, other)]
    values = [[loss(q, x, labels, eps, lam)[0] + lam * rate for lam in (0.0, LAM)]
              for q, rate in zip((p, other), rates[::-1], strict=True)]
    return gap(np.array(values[1]), np.array(values[0])) if abs(rates[1] - rates[0]) > 0.1 else holds(False)


@ledger.add("5.18", "law", vib, exact=True, wrong={
    **PULL_WRONG, "gradient of sigma^2 for sigma^2 - 1": spoiled(vib, lambda d: (d[0]._replace(enc=(
        *d[0].enc[:-1], Dense(d[0].enc[-1].W, d[0].enc[-1].b + LAM / 2 * np.repeat([0, 1], 3)))), *d[1:])),
    "weight decay": lambda p, x, labels, eps: (lambda L, pull: (L, lambda d: (
        trees.axpy(1e-3, p, pull(d)[0]), *pull(d)[1:])))(*vib(p, x, labels, eps))})
def balance(loss, rng):
    """The inner products of the gradient with the tangents of the gauge, for every coordinate."""
    (p, x, labels, eps), d = network(rng), rng.standard_normal()
    dp = loss(p, x, labels, eps)[1](d)[0]
    mu, logvar, _, _ = forward(p, x, eps)
    e, first, de, dfirst = p.enc[-1], p.dec[0], dp.enc[-1], dp.dec[0]
    shift = de.b[:3] - first.W @ dfirst.b
    scale = (e.W * de.W).sum(0)[:3] + e.b[:3] * de.b[:3] + 2 * de.b[3:] - (first.W * dfirst.W).sum(1)
    return gap(np.array([shift, scale]), d * LAM * np.array([mu.mean(0), (mu**2 + np.exp(logvar) - 1).mean(0)]))


# Prediction


def linear(rng):
    """A network with a linear classifier, data, labels."""
    return VAE(noisy(mlp_init((6, 5, 6), rng), rng), noisy(mlp_init((3, 4), rng), rng)), rng.standard_normal((7, 6))


PREDICT_WRONG = {
    "mean of log-probabilities": lambda p, x, eps=None: predict(p, x) if eps is None else np.mean(
        [predict(p, x, e[None]) for e in eps], 0),
    "first draw alone": lambda p, x, eps=None: predict(p, x, eps if eps is None else eps[:1]),
    "sum over draws": lambda p, x, eps=None: predict(p, x, eps) + (0 if eps is None else np.log(len(eps)))}


@ledger.add("5.19", "identity", predict, wrong=PREDICT_WRONG)
def probabilities_averaged(predict, rng):
    """The mean of scipy.special.softmax over four draws; at the mean code scipy.special.log_softmax."""
    p, x = linear(rng)
    eps, [last] = rng.standard_normal((4, 7, 3)), p.dec
    (mu, logvar), _ = encode(p.enc, x)
    z = mu + np.exp(logvar / 2) * eps
    return gap((predict(p, x), predict(p, x, eps)), (special.log_softmax(mu @ last.W + last.b, axis=1),
                                                     np.log(special.softmax(z @ last.W + last.b, axis=2).mean(0))))


@ledger.add("5.19", "law", predict, bound=0, wrong={
    **{key: PREDICT_WRONG[key] for key in ("mean of log-probabilities", "first draw alone")},
    "sampled code for the mean code": lambda p, x, eps=None: predict(p, x, np.ones((1, 7, 3)) if eps is None else eps)})
def both_cost_less_than_a_sample(predict, rng):
    """With draws eps and -eps, whose mean code is mu: both inequalities, strictly, for every row and label."""
    p, x = linear(rng)
    half = rng.standard_normal((3, 7, 3))
    eps = np.concatenate([half, -half])
    sampled = np.mean([predict(p, x, e[None]) for e in eps], 0)
    return holds([predict(p, x) > sampled, predict(p, x, eps) > sampled])
