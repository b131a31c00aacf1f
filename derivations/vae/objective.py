"""Evidence for the model and its objective, (3.2), (3.10), (3.11)."""

from __future__ import annotations

import numpy as np
from scipy import linalg, special

from refvae import trees
from refvae.derivations.vae.common import black_and_white, gauss_hermite, model, signs, smooth, twice, wide
from refvae.elimination import slogdet, solve
from refvae.evidence import Ledger, gap, holds, spoiled
from refvae.layers import bernoulli_nll, mlp, tanh
from refvae.vae import elbo_terms, encode, gaussian, neg_elbo

ledger = Ledger()


def expected_elbo(terms, p, x, likelihood, nodes=3):
    """Minus the sum of the two terms, averaged over the noise by Gauss-Hermite quadrature.   -> (n,)"""
    k = p.dec[0].W.shape[0]
    eps, weights = gauss_hermite(nodes, k)
    rec, kl = terms(p, np.repeat(x, len(eps), 0), np.tile(eps, (len(x), 1)), likelihood=likelihood, activation=tanh)[0]
    return -(rec + kl).reshape(len(x), -1) @ weights


def scaled_kl(factor):
    """elbo_terms with the divergence times a factor."""
    def wrong(p, x, eps, **how):
        (rec, kl), pull = elbo_terms(p, x, eps, **how)
        return (rec, factor * kl), pull

    return wrong


def wrong_noise(p, x, eps, **how):
    """elbo_terms at mu + sigma^2 eps, with the divergence of N(mu, sigma^2)."""
    (_, kl), _ = elbo_terms(p, x, eps, **how)
    _, logvar = encode(p.enc, x, tanh)[0]
    (rec, _), pull = elbo_terms(p, x, eps * np.exp(logvar / 2), **how)
    return (rec, kl), pull


TERMS_WRONG = {"divergence halved": scaled_kl(0.5), "divergence doubled": scaled_kl(2.0),
               "divergence rewarded": scaled_kl(-1.0), "variance for the standard deviation": wrong_noise}


@ledger.add("3.2", "identity", elbo_terms, exact=True, wrong=TERMS_WRONG)
def bound_and_divergence(terms, rng):
    """Affine networks: ELBO + KL(q || posterior), by formulas for Gaussians, is log N(x; m, eta C)."""
    p, x = wide(lambda rng: (model(rng, 4, 2), rng.standard_normal((5, 4))))(rng)
    eta, W, m = rng.uniform(0.2, 0.5), p.dec[0].W.T, p.dec[0].b
    (mu, logvar), _ = encode(p.enc, x, tanh)
    precision, C = np.eye(2) + W.T @ W / eta, np.eye(4) + W @ W.T / eta
    off = mu - solve(precision, W.T @ (x - m).T / eta).T
    kl = (np.exp(logvar) @ np.diag(precision) - 2 - logvar.sum(1) - slogdet(precision)[1]
          + np.einsum("ni,ij,nj->n", off, precision, off)) / 2
    squares = ((x - m).T * solve(C, (x - m).T)).sum(0) / eta
    want = -(squares + slogdet(C)[1] + 4 * np.log(eta) + 4 * np.log(2 * np.pi)) / 2
    rec, rate = (part.reshape(5, 4).mean(1) for part in terms(
        p, np.repeat(x, 4, 0), np.tile(signs(2), (5, 1)), likelihood=gaussian(eta), activation=tanh)[0])
    return gap(kl - rec - rate, want)


@ledger.add("3.2", "law", elbo_terms, bound=0, wrong={
    "divergence left out": scaled_kl(0.0), "divergence rewarded": TERMS_WRONG["divergence rewarded"],
    "likelihood of the other pixels": lambda p, x, eps, likelihood, **how: elbo_terms(
        p, x, eps, likelihood=lambda out, x: likelihood(out, 0.5 + 0 * x), **how)})
def never_above_the_evidence(terms, rng):
    """One code unit, tanh, black and white pixels: ELBO < log p(x) by quadrature over z, for nine models."""
    below = []
    for scale in (0.01, 1.0, 3.0) * 3:
        p = trees.map(lambda leaf, scale=scale: scale * leaf, model(rng, 6, 5, 1))
        x, (z, weights) = black_and_white(rng), gauss_hermite(60)
        nll = bernoulli_nll(np.repeat(mlp(p.dec, z)[0], 7, 0), np.tile(x, (60, 1)))[0].reshape(60, 7)
        evidence = special.logsumexp(-nll, axis=0, b=weights[:, None])
        below.append(expected_elbo(terms, p, x, bernoulli_nll, 60) < evidence)
    return holds(np.concatenate(below))


@ledger.add("3.2", "limit", elbo_terms, bound=1e-12, wrong=TERMS_WRONG)
def joint_divergence(terms, rng):
    """Gaussian data, affine networks: KL of the joint laws of (x, z), by formula, is -E ELBO - H(p_data)."""
    p, eta, root = model(rng, 3, 2), 0.4, rng.standard_normal((3, 3))
    W, m, (A, b) = p.dec[0].W.T, p.dec[0].b, (p.enc[0].W[:, :2].T, p.enc[0].b[:2])
    p = p._replace(enc=(p.enc[0]._replace(W=p.enc[0].W * [1, 1, 0, 0]),))  # the variance does not depend on x
    S, V = root @ root.T, np.diag(np.exp(p.enc[0].b[2:]))
    q = np.zeros(3), b, np.block([[S, S @ A.T], [A @ S, A @ S @ A.T + V]])
    model_law = m, np.zeros(2), np.block([[W @ W.T + eta * np.eye(3), W], [W.T, np.eye(2)]])
    off, ratio = np.hstack(model_law[:2]) - np.hstack(q[:2]), linalg.solve(model_law[2], q[2])
    joint = (np.trace(ratio) - 5 - np.linalg.slogdet(ratio)[1] + off @ linalg.solve(model_law[2], off)) / 2
    nodes, weights = gauss_hermite(3, 3)
    entropy = (3 * np.log(2 * np.pi * np.e) + np.linalg.slogdet(S)[1]) / 2
    return gap(-weights @ expected_elbo(terms, p, nodes @ root.T, gaussian(eta)) - entropy, joint)


def encoded(rng):
    """Parameters of an encoder, and data."""
    return model(rng).enc, rng.standard_normal((7, 6))


HEADS_WRONG = {"heads exchanged": lambda enc, x, phi=tanh: (encode(enc, x, phi)[0][::-1], lambda d: encode(
    enc, x, phi)[1](d[::-1])),
    "every other output": lambda enc, x, phi=tanh: (tuple(np.hstack(encode(enc, x, phi)[0])[:, i::2] for i in (0, 1)),
                                                    encode(enc, x, phi)[1])}


@ledger.add("3.10", "identity", encode, exact=True, wrong=HEADS_WRONG)
def two_networks(encode, rng):
    """Two perceptrons with the halves of the last layer, for the mean and for the log-variance."""
    enc, x = encoded(rng)
    halves = [(*enc[:-1], type(enc[-1])(enc[-1].W[:, at], enc[-1].b[at])) for at in (slice(None, 3), slice(3, None))]
    return gap(encode(enc, x, tanh)[0], tuple(mlp(half, x)[0] for half in halves))


ledger.adjoint("3.10", smooth(encode), encoded, wrong={
    "cotangents exchanged": lambda enc, x: (encode(enc, x, tanh)[0], lambda d: encode(enc, x, tanh)[1](d[::-1])),
    "log-variance forgotten": lambda enc, x: (encode(enc, x, tanh)[0], lambda d: encode(enc, x, tanh)[1](
        (d[0], 0 * d[1])))})


def batch(rng, n=7):
    """Parameters, black and white pixels, noise."""
    return model(rng), black_and_white(rng, n), rng.standard_normal((n, 3))


def two(rng):
    """Two examples, with log-variances beyond the reach of the series (3.6)."""
    return wide(lambda rng: batch(rng, 2))(rng)


OBJECTIVE_WRONG = {
    "mean over pixels, sum over units": lambda p, x, eps, **how: neg_elbo(
        p, x, eps, **how, likelihood=lambda out, x: (bernoulli_nll(out, x)[0] / x.shape[1], None)),
    "sum over the batch": lambda p, x, eps, **how: (len(x) * neg_elbo(p, x, eps, **how)[0], None),
    "beta 2": lambda p, x, eps, **how: neg_elbo(p, x, eps, beta=2.0, **how),
    "variance for the standard deviation": lambda p, x, eps, **how: (
        sum(part.mean() for part in wrong_noise(p, x, eps, **how)[0]), None),
    "log-likelihood, not negated": lambda p, x, eps, **how: neg_elbo(
        p, x, eps, **how, likelihood=lambda out, x: (-bernoulli_nll(out, x)[0], None))}


@ledger.add("3.11", "identity", neg_elbo, exact=True, wrong=OBJECTIVE_WRONG)
def one_example_at_a_time(objective, rng):
    """Plain loops over examples and units; the mean of two sums."""
    p, x, eps = two(rng)
    total = 0.0
    for row, noise in zip(x, eps, strict=True):
        h = np.tanh(row @ p.enc[0].W + p.enc[0].b) @ p.enc[1].W + p.enc[1].b
        z = np.array([h[j] + np.sqrt(np.exp(h[3 + j])) * noise[j] for j in range(3)])
        logits = np.tanh(z @ p.dec[0].W + p.dec[0].b) @ p.dec[1].W + p.dec[1].b
        total += np.log(1 + np.exp(np.where(row == 1, -logits, logits))).sum()
        total += sum(h[j] ** 2 + np.exp(h[3 + j]) - h[3 + j] - 1 for j in range(3)) / 2
    return gap(objective(p, x, eps, activation=tanh)[0], total / 2)


@ledger.add("3.11", "law", neg_elbo, exact=True,
            wrong={key: OBJECTIVE_WRONG[key] for key in ("sum over the batch",)} | {
    "mean of squares over the batch": lambda p, x, eps, **how: (np.sqrt(
        (sum(elbo_terms(p, x, eps, **how)[0]) ** 2).mean()), None)})
def a_mean_over_examples(objective, rng):
    """The loss of all rows is the mean of the losses of the rows."""
    p, x, eps = batch(rng, 4)
    each = [objective(p, x[i:i + 1], eps[i:i + 1], activation=tanh)[0] for i in range(4)]
    return gap(objective(p, x, eps, activation=tanh)[0], sum(each) / 4)


def small_batch(rng):
    """The same, a little smaller, for complex steps in every coordinate."""
    return model(rng, 5, 4, 2), black_and_white(rng, 7, 5), rng.standard_normal((7, 2))


def weighted(p, x_frozen, eps):
    """neg_elbo at beta = 0.7 with tanh."""
    return neg_elbo(p, x_frozen, eps, beta=0.7, activation=tanh)


def without(part):
    """`weighted` whose pull forgets a term of the gradient."""
    def wrong(p, x_frozen, eps):
        (rec, kl), pull_terms = elbo_terms(p, x_frozen, eps, activation=tanh)
        drec, dkl = (0.0 if part == "rec" else 1.0) / 7 + 0 * rec, (0.0 if part == "kl" else 1.0) / 7 + 0 * kl
        return (rec + 0.7 * kl).mean(), lambda d: pull_terms((d * drec, d * dkl * (0.7 if part != "beta" else 1.0)))

    return wrong


ledger.adjoint("3.11", weighted, small_batch, wrong={
    "divergence forgotten in the gradient": without("kl"), "reconstruction forgotten": without("rec"),
    "beta forgotten in the gradient": without("beta"), "not divided by the batch": spoiled(weighted, lambda d: (
        trees.map(lambda leaf: 7 * leaf, d[0]), None, 7 * d[2]))}, name="objective", exact=wide(small_batch))
ledger.adjoint("3.11", smooth(elbo_terms), small_batch, wrong={
    "noise's cotangent doubled": spoiled(smooth(elbo_terms), twice(2)),
    "decoder's gradient lost": spoiled(smooth(elbo_terms), lambda d: (
        d[0]._replace(dec=trees.map(lambda leaf: 0 * leaf, d[0].dec)), *d[1:]))}, name="terms", exact=wide(small_batch))
