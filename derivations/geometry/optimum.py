"""Evidence for the optimum of the linear VAE, (4.22) to (4.24)."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from refvae.data import digits
from refvae.derivations.geometry.common import SPECTRUM, spread
from refvae.derivations.geometry.linear import descend
from refvae.evidence import Ledger, entrywise, gap, holds, z_score
from refvae.geometry import aggregated_moments, best_encoder, profile_loss
from refvae.vae import kl_std_normal
from refvae.vae.linear import linear_vae_optimum

ledger = Ledger()


def full_covariance(W, S, beta=1.0):
    """The objective if the posterior may have any covariance: log det in place of the columns' norms."""
    gamma = beta / 2
    inner = np.eye(W.shape[1]) + W.T @ W / gamma
    value = np.trace(S - S @ W @ best_encoder(W, beta=beta)[0]) + gamma * np.linalg.slogdet(inner)[1]
    fit = profile_loss(W, S, beta=beta)[1](1.0)[0] - profile_loss(W, 0 * S, beta=beta)[1](1.0)[0]
    return value, lambda d: (d * (fit + 2 * W @ linalg.inv(inner)), None)


def plain(W, S, beta=1.0):
    """The autoencoder without noise and with the best encoder: only the range of W matters."""
    P = W @ linalg.pinv(W)
    return np.trace(S - P @ S), lambda d: (-2 * d * (np.eye(len(S)) - P) @ S @ linalg.pinv(W).T, None)


ALIGN_WRONG = {"full covariance": full_covariance, "plain autoencoder": plain}


@ledger.add("4.22", "limit", profile_loss, bound=1e-5, wrong=ALIGN_WRONG)
def descent_finds_the_axes(loss, rng):
    """L-BFGS, k = 4, variances 4, 2, 1, .6: |V'W| is diag sqrt(l - 1/2), with the columns in some order."""
    X, V = spread(rng)
    W, _ = descend(loss, X.T @ X / 11, 4, rng)
    order = np.argsort(-(W**2).sum(0))
    return gap(np.abs(V[:, :4].T @ W[:, order]), np.diag(np.sqrt(SPECTRUM[:4] - 0.5)))


@ledger.add("4.22", "oracle", profile_loss, bound=1e-9, wrong={
    "plain autoencoder": plain, "naive penalty": lambda W, S: profile_loss(W, S, kind="naive")})
def value_at_the_minimum(loss, rng):
    """The loss there is 4.8206023201, that is sum over the four (1 + log 2 l)/2, plus .45 and .2."""
    X, _ = spread(rng)
    return gap(descend(loss, X.T @ X / 11, 4, rng)[1], 4.8206023201)


@ledger.add("4.22", "law", profile_loss, bound=0, wrong={
    **ALIGN_WRONG, "naive penalty at W = 0": lambda W, S: profile_loss(0 * W, S, kind="naive")})
def rotations_cost(loss, rng):
    """W R costs more than W for 100 rotations R, by the Hadamard gap; and the aligned W costs less than 100 near it."""
    X, V = spread(rng)
    S, W = X.T @ X / 11, V[:, :4] * np.sqrt(SPECTRUM[:4] - 0.5)
    best, truths = loss(W, S)[0], []
    for size in np.repeat([1.0, 1e-2], 50):
        R = linalg.expm(size * ((B := rng.standard_normal((4, 4))) - B.T))
        inner = np.eye(4) + 2 * (W @ R).T @ W @ R
        hadamard = (np.log(np.diag(inner)).sum() - np.linalg.slogdet(inner)[1]) / 2
        truths += [hadamard > 0, abs(loss(W @ R, S)[0] - best - hadamard) < 1e-12,
                   loss(W + size * rng.standard_normal(W.shape), S)[0] > best]
    return holds(truths)


def optimum(X, k, tau):
    """The optimum of (3.33) for beta eta = tau: A with mean A x, and the deviations."""
    p = linear_vae_optimum(X, k, tau)
    return p.V.T, np.exp(p.logvar / 2)


def changed(decoder=1.0, kind="kl", beta=2.0):
    """The best encoder of a decoder with another threshold, for another penalty or another beta."""
    def wrong(X, k, tau):
        lam, V = (part[..., ::-1] for part in linalg.eigh(X.T @ X / len(X)))
        W = V[:, :k] * np.sqrt(np.maximum(lam[:k] - decoder * tau, 0))
        return best_encoder(W, beta=beta * tau, kind=kind)

    return wrong


UNION_WRONG = {"threshold doubled": changed(decoder=2.0), "naive penalty": changed(kind="naive"),
               "not shrunk": changed(decoder=0.0), "beta for beta / 2": changed(beta=1.0)}


@ledger.add("4.23", "identity", optimum, wrong=UNION_WRONG)
def union_of_the_digits(optimum, rng):
    """On the digits, k = 8, tau = .5 (three active directions), .04 and .3: mean 0 and covariance I."""
    X, _ = digits()
    X = X - X.mean(0)
    got = []
    for tau in (0.5, 0.04, 0.3):
        A, sigma = optimum(X, 8, tau)
        mean, covariance = aggregated_moments(X @ A.T, np.broadcast_to(2 * np.log(sigma), (len(X), 8)))
        got.append((1 + mean, covariance))
    return gap(tuple(got), ((np.ones(8), np.eye(8)),) * 3)


@ledger.add("4.23", "montecarlo", optimum, wrong={key: UNION_WRONG[key] for key in UNION_WRONG if key != "not shrunk"})
def gaussian_data(optimum, rng):
    """Gaussian data: for 200 000 codes, E cos(u'z) at |u| = 1.5 is e^(-9/8), as for N(0, I)."""
    (X, V), u = spread(rng), 1.5 * np.array([1, 1, 0, 0]) / np.sqrt(2)
    A, sigma = optimum(X, 4, 0.5)
    x = rng.standard_normal((200_000, 6)) * np.sqrt(SPECTRUM) @ V.T
    return z_score(np.cos((x @ A.T + sigma * rng.standard_normal((200_000, 4))) @ u), float(np.exp(-9 / 8)))


def average_rate(lam, tau):
    """Half the sum of log(l / tau) over the active directions."""
    return np.log(np.maximum(lam / tau, 1)).sum() / 2


RATE_WRONG = {"half forgotten": lambda lam, tau: 2 * average_rate(lam, tau),
              "not cut off": lambda lam, tau: np.log(lam / tau).sum() / 2,
              "2 tau": lambda lam, tau: average_rate(lam, 2 * tau),
              "bits": lambda lam, tau: average_rate(lam, tau) / np.log(2),
              "channel capacity": lambda lam, tau: np.log1p(np.maximum(lam / tau - 1, 0) / 2).sum()}


@ledger.add("4.24", "identity", average_rate, wrong=RATE_WRONG)
def average_divergence(rate, rng):
    """Mean KL on data that are not Gaussian, spectrum 4, 2, 1, .6, .45 (k = 5), tau = .5 and .8."""
    X, _ = spread(rng)
    got, want = [], []
    for tau in (0.5, 0.8):
        A, sigma = optimum(X, 5, tau)
        want.append(kl_std_normal(X @ A.T, np.broadcast_to(2 * np.log(sigma), (11, 5)))[0].mean())
        got.append(rate(SPECTRUM[:5], tau))
    return entrywise(np.array(got), np.array(want))


@ledger.add("4.24", "oracle", average_rate, bound=5e-8, wrong=RATE_WRONG)
def mutual_information(rate, rng):
    """Gaussian data, k = 4 and 5: I(X; Z) from determinants of the joint covariance; it is 2.1706023 nats."""
    got, want = [2.1706023, 2.1706023], []
    X, _ = spread(rng)
    S = X.T @ X / 11
    for k in (4, 5):
        A, sigma = optimum(X, k, 0.5)
        code = A @ S @ A.T + np.diag(sigma**2)
        logdet = [np.linalg.slogdet(part)[1] for part in (S, code, np.block([[S, S @ A.T], [A @ S, code]]))]
        got.append(rate(SPECTRUM[:k], 0.5))
        want += [rate(SPECTRUM[:k], 0.5), (logdet[0] + logdet[1] - logdet[2]) / 2]
    return gap(np.array(got), np.array([want[0], want[2], want[1], want[3]]))


@ledger.add("4.23", "law", optimum, bound=0, wrong={"everything switched off": lambda X, k, tau: (
    np.zeros((k, X.shape[1])), np.ones(k)), "means alone": lambda X, k, tau: (optimum(X, k, tau)[0], np.ones(k))})
def no_single_posterior_is_the_prior(optimum, rng):
    """On the digits at tau = .5, every one of the 1797 posteriors is more than 0.04 nats from N(0, I)."""
    X, _ = digits()
    X = X - X.mean(0)
    A, sigma = optimum(X, 8, 0.5)
    return holds(kl_std_normal(X @ A.T, np.broadcast_to(2 * np.log(sigma), (len(X), 8)))[0] > 0.04)
