"""Evidence for the linear decoder and the naive penalty, (4.17) to (4.19)."""

from __future__ import annotations

import numpy as np
from scipy import linalg, optimize

from refvae.derivations.geometry.common import SPECTRUM, spread
from refvae.elimination import solve
from refvae.evidence import Ledger, Outcome, entrywise, gap, holds, spoiled
from refvae.geometry import (
    best_encoder,
    naive_infimum,
    naive_penalty,
    noisy_linear_cost,
    optimal_axes,
    profile_loss,
)
from refvae.vae import kl_std_normal

ledger = Ledger()
CASES = ({"kind": "kl", "beta": 0.7}, {"kind": "naive", "beta": 0.7}, {"kind": "naive", "beta": 1.3, "mu_weight": 0.5})


def penalty_of(kind, mu_weight=1.0, **_):
    """The penalty as a function of mean and log-variance."""
    return kl_std_normal if kind == "kl" else lambda mu, logvar: naive_penalty(mu, logvar, mu_weight)


def expected_loss(W, mu, sigma, X, beta, **case):
    """Mean of the error and the penalty of given codes, by the layers of the chapter."""
    logvar = 2 * np.log(sigma) + 0 * mu
    return (noisy_linear_cost(W, mu, logvar, X)[0] + beta * penalty_of(**case)(mu, logvar)[0]).mean()


PROFILE_WRONG = {
    "noise forgotten": lambda W, S, **case: (np.trace(S - S @ W @ best_encoder(W, **case)[0]), None),
    "ridge without beta": lambda W, S, beta=1.0, **case: profile_loss(W, S, **case),
    "rows for columns": lambda W, S, **case: (profile_loss(W, S, **case)[0] - profile_loss(
        W, 0 * S, **case)[0] + profile_loss(W.T, np.zeros((3, 3)), **case)[0], None),
    "penalties exchanged": lambda W, S, kind="kl", beta=1.0, mu_weight=1.0: profile_loss(
        W, S, beta=beta, kind="naive" if kind == "kl" else "kl")}


@ledger.add("4.17", "identity", profile_loss, wrong=PROFILE_WRONG)
def error_and_penalty_of_the_best_codes(profile, rng):
    """On data, three penalties: the layers at the codes A x and these axes, averaged, against the closed form."""
    X, _ = spread(rng)
    W, got, want = rng.standard_normal((6, 3)), [], []
    for case in CASES:
        A, sigma = best_encoder(W, **case)
        got.append(profile(W, X.T @ X / 11, **case)[0])
        want.append(expected_loss(W, X @ A.T, sigma, X, **case))
    return entrywise(np.array(got), np.array(want))


ENCODER_WRONG = {"pseudo-inverse": lambda W, **case: (linalg.pinv(W), best_encoder(W, **case)[1]),
                 "transpose": lambda W, **case: (W.T, best_encoder(W, **case)[1]),
                 "variances for deviations": lambda W, **case: (best_encoder(W, **case)[0],
                                                                best_encoder(W, **case)[1] ** 2),
                 "ridge without beta": lambda W, beta=1.0, **case: (best_encoder(W, **case)[0],
                                                                    best_encoder(W, beta=beta, **case)[1])}


@ledger.add("4.17", "law", best_encoder, bound=0, wrong=ENCODER_WRONG)
def no_codes_are_cheaper(encoder, rng):
    """Other means of each example, not linear in x, and other axes cost more: 300 pairs, at 1e-1 to 1e-4."""
    X, _ = spread(rng)
    W, truths = rng.standard_normal((6, 3)), []
    for case in CASES:
        A, sigma = encoder(W, **case)
        best = expected_loss(W, X @ A.T, sigma, X, **case)
        for size in 10.0 ** -np.repeat(np.arange(1, 5), 25):
            means, axes = size * rng.standard_normal((11, 3)), np.exp(size * rng.standard_normal((11, 3)))
            truths.append(expected_loss(W, X @ A.T + means, sigma * axes, X, **case) >= best)
    return holds(truths)


def kl_profile(W, S_frozen):
    """profile_loss of the divergence at beta = 0.7."""
    return profile_loss(W, S_frozen, beta=0.7)


def naive_profile(W, S_frozen):
    """profile_loss of the naive penalty, its mean weighted by 0.5, at beta = 0.7."""
    return profile_loss(W, S_frozen, beta=0.7, kind="naive", mu_weight=0.5)


def decoder_and_covariance(rng):
    """W (6, 3) and S."""
    return rng.standard_normal((6, 3)), (X := spread(rng)[0]).T @ X / 11


for layer in (kl_profile, naive_profile):
    ledger.adjoint("4.18", layer, decoder_and_covariance, name=f"of {layer.__name__}", wrong={
        "halved": spoiled(layer, lambda d: (d[0] / 2, d[1])),
        "noise without gradient": lambda W, S_frozen, layer=layer: (layer(W, S_frozen)[0], lambda d: (
            layer(W, S_frozen)[1](d)[0] - layer(W, 0 * S_frozen)[1](d)[0], None)),
        "error without gradient": lambda W, S_frozen, layer=layer: (
            layer(W, S_frozen)[0], layer(W, 0 * S_frozen)[1])})


def gradient(W, S, **case):
    """The pull at 1."""
    return profile_loss(W, S, **case)[1](1.0)[0]


def deviations(W, kind, beta, **_):
    """The axes (4.13) for the decoder W."""
    return optimal_axes(2 * (W * W).sum(0), beta, kind=kind)


@ledger.add("4.18", "identity", gradient, exact=True, wrong={
    "2 lost": lambda W, S, **case: gradient(W, S, **case) / 2,
    "sigma for variance": lambda W, S, **case: gradient(W, S, **case) + 2 * W * (
        (s := deviations(W, **case)) - s**2),
    "encoder held to W'": lambda W, S, **case: 2 * (W @ W.T - np.eye(6)) @ S @ W + 2 * W * deviations(W, **case) ** 2})
def resolvent(gradient, rng):
    """With G = (I + W W'/gamma)^-1 the gradient is -(2/gamma) G S G W + 2 W diag sigma^2, the axes by (4.13)."""
    W, X, got, want = rng.standard_normal((6, 3)), rng.standard_normal((11, 6)), [], []
    S = X.T @ X
    for case, gamma in zip(CASES, (0.35, 0.7, 0.65), strict=True):
        G, c, beta = solve(np.eye(6) + W @ W.T / gamma, np.eye(6)), (W**2).sum(0), case["beta"]
        variance = beta / (beta + 2 * c) if case["kind"] == "kl" else (beta / (beta + c)) ** 2
        got.append(gradient(W, S, **case))
        want.append(-2 * G @ S @ G @ W / gamma + 2 * W * variance)
    return gap(tuple(got), tuple(want))


def lowest(threshold=1.0, directions=lambda k, d: k, floor=True):
    """A candidate for the infimum of the naive objective."""
    def value(S, k, beta=1.0):
        excess = linalg.eigvalsh(S)[::-1][:directions(k, len(S))] - threshold * beta
        return np.trace(S) - (np.maximum(excess, 0) if floor else excess).sum()

    return value


INFIMUM_WRONG = {"threshold of the divergence": lowest(0.5),
                 "every direction": lowest(directions=lambda k, d: d),
                 "no positive part": lowest(floor=False),
                 "one direction too few": lowest(directions=lambda k, d: k - 1),
                 "the tail": lambda S, k, beta=1.0: linalg.eigvalsh(S)[::-1][k:].sum()}


@ledger.add("4.19", "law", naive_infimum, wrong=INFIMUM_WRONG)
def along_principal_directions(infimum, rng):
    """k = 3, 5 and beta = 0.5, 0.9: W = V_m diag(s) is above it by sum (l_i - beta)/(1 + s^2/beta), s = 1 to 1e6."""
    S, V = np.diag(SPECTRUM), np.eye(6)
    got, want = [], []
    for k, beta in ((3, 0.5), (5, 0.5), (3, 0.9), (5, 0.9)):
        lam = SPECTRUM[:k][SPECTRUM[:k] > beta]
        for s in (1.0, 30.0, 1e3, 1e6):
            W = V[:, :k] * np.where(np.arange(k) < len(lam), s, 0)
            got.append(profile_loss(W, S, beta=beta, kind="naive")[0])
            want.append(infimum(S, k, beta) + (lam - beta).sum() / (1 + s * s / beta))
    return gap(np.array(got), np.array(want))


@ledger.add("4.19", "law", naive_infimum, bound=0, wrong={
    "threshold 2": lowest(2.0), "one direction too few": INFIMUM_WRONG["one direction too few"],
    "nothing kept": lambda S, k, beta=1.0: np.trace(S)})
def nothing_is_as_low(infimum, rng):
    """600 decoders of all sizes, a sixth of them near V_k, are strictly above; W = 0 attains it if l_1 <= beta."""
    X, V = spread(rng)
    S, truths = X.T @ X / 11, []
    for k, beta in ((1, 0.5), (3, 0.5), (5, 1.0)):
        low = infimum(S, k, beta)
        scales = 10.0 ** rng.uniform(-2, 2, (200, k))
        for i, s in enumerate(scales):
            W = rng.standard_normal((6, k)) if i % 6 else V[:, :k] + 0.01 * rng.standard_normal((6, k))
            truths.append(profile_loss(W * s, S, beta=beta, kind="naive")[0] > low)
        truths.append(abs(profile_loss(np.zeros((6, k)), S, beta=4.5, kind="naive")[0] - infimum(S, k, 4.5)) < 1e-12)
    return holds(truths)


@ledger.add("4.19", "law", naive_infimum, wrong={key: INFIMUM_WRONG[key] for key in (
    "threshold of the divergence", "the tail")})
def level_at_beta(infimum, rng):
    """If all variances are beta, every decoder with orthogonal columns, of any lengths, attains it."""
    got = [profile_loss(linalg.qr(rng.standard_normal((6, 3)), mode="economic")[0] * 10.0 ** rng.uniform(-2, 2, 3),
                        0.7 * np.eye(6), beta=0.7, kind="naive")[0] for _ in range(20)]
    return gap(np.array(got), np.full(20, infimum(0.7 * np.eye(6), 3, 0.7)))


@ledger.add("4.19", "limit", naive_infimum, bound=1e-2, wrong={
    key: wrong for key, wrong in INFIMUM_WRONG.items() if key != "no positive part"})
def where_descent_goes(infimum, rng):
    """L-BFGS from a Gaussian start, k = 3, beta = 0.5: within 1 % of it, all three columns longer than 5."""
    X, _ = spread(rng)
    W, value = descend(profile_loss, S := X.T @ X / 11, 3, rng, beta=0.5, kind="naive")
    found = gap(value, infimum(S, 3, 0.5))
    return found if (W**2).sum(0).min() > 25 else Outcome(float((W**2).sum(0).min()), 25.0, 1.0)


def descend(loss, S, k, rng, **case):
    """L-BFGS on W from a Gaussian start."""
    def objective(w):
        value, pull = loss(w.reshape(-1, k), S, **case)
        return value, pull(1.0)[0].ravel()

    found = optimize.minimize(objective, rng.standard_normal(len(S) * k), jac=True, method="L-BFGS-B",
                              options={"maxiter": 2000, "ftol": 1e-15, "gtol": 1e-10})
    return found.x.reshape(-1, k), found.fun
