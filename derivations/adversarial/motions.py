"""Evidence for steps of a generator, (10.15), (10.19) and (10.20)."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
from scipy import integrate, stats

from refvae.adversarial import (
    Bounds,
    complete_loss,
    fisher,
    generator_loss,
    optimal_discriminator,
    proximal_bounds,
)
from refvae.derivations.adversarial.common import kl, law, net, softmax
from refvae.evidence import Ledger, entrywise, gap, holds, order
from refvae.layers import mlp, tanh
from refvae.trees import axpy, flatten

ledger = Ledger()


# Inert at the first step


def game(rng):
    """Generator 3-5-4, seven codes, discriminator 4-6-1, and other old outputs."""
    return net(rng, 3, 5, 4), rng.standard_normal((7, 3)), net(rng, 4, 6, 1), rng.standard_normal((7, 4))


def smooth_generator(p, z, disc_frozen, old_frozen, lam=0.7):
    return generator_loss(p, z, disc_frozen, old_frozen, lam=lam, activation=tanh)


def first_power(p, z, disc_frozen, old_frozen, lam):
    """The distance without its square, smoothed: no minimum at the old outputs that are off by a little."""
    loss, pull = smooth_generator(p, z, disc_frozen, old_frozen - 0.1, lam)
    return loss, pull


def two_steps(loss, rng, lam):
    """The gradients of the first and the second step from the freeze."""
    p, z, disc, _ = game(rng)
    old = mlp(p, z, tanh)[0]
    first = loss(p, z, disc, old, lam)[1](1.0)[0]
    second = loss(axpy(-0.1, first, p), z, disc, old, lam)[1](1.0)[0]
    return flatten(first).vector, flatten(second).vector


@ledger.add("10.15", "law", smooth_generator, bound=0, wrong={
    "old outputs of another generator": first_power,
    "weight on the whole loss": lambda p, z, d, old, lam: (lambda y, pull: (y, lambda dy: pull((1 + lam) * dy)))(
        *smooth_generator(p, z, d, old, lam)),
    "weight without effect": lambda p, z, d, old, lam: smooth_generator(p, z, d, old, 0.0)})
def only_the_first_step_is_free(loss, rng):
    """The first step's gradient is the same to the last bit for the weights 0, 1/2 and 50, the second's is not."""
    seeds = rng.integers(2**32, size=3)
    found = [[two_steps(loss, np.random.default_rng(seed), lam) for lam in (0.0, 0.5, 50.0)] for seed in seeds]
    return holds([case for (a, b, c) in found for case in (
        np.array_equal(a[0], b[0]), np.array_equal(a[0], c[0]), np.abs(a[1] - b[1]).max() > 1e-9)])


@ledger.add("10.15", "rate", complete_loss, bound=0.05, wrong={
    "divergence left out": lambda q, p, old: (0, complete_loss(q, p, old)[1] - kl(p, old)),
    "divergence from the data": lambda q, p, old: (0, complete_loss(q, p, old)[1] - kl(p, old) + kl(p, q))})
def divergence_of_second_order(loss, rng):
    """Complete loss minus -E log D is of order 2 in the distance from the freeze."""
    q, theta, v = law(rng), rng.standard_normal(6), rng.standard_normal(6)
    old, steps = softmax(theta), 0.1 / 2.0 ** np.arange(4, 10)
    log_d = np.log(optimal_discriminator(q, old))
    rest = [abs(loss(q, p, old)[1] + p @ log_d) for p in (softmax(theta + h * v) for h in steps)]
    return order(steps, np.array(rest), 2)


# Second order


def family(rng):
    """Six softmax logits with their probabilities and Jacobian."""
    theta = rng.standard_normal(6)
    p = softmax(theta)
    return theta, p, np.diag(p) - np.outer(p, p)


FISHER_WRONG = {"not divided by p": lambda p, J: J.T @ J, "p for 1/p": lambda p, J: J.T @ (J * p[:, None]),
                "a single square": lambda p, J: (lambda c: np.outer(c, c))(np.abs(J / np.sqrt(p)[:, None]).sum(0)),
                "half": lambda p, J: fisher(p, J) / 2}


@ledger.add("10.19", "identity", fisher, exact=True, wrong=FISHER_WRONG)
def covariance_of_scores(information, rng):
    """E s s' of the scores s = e_x - p of the softmax family; and for it diag p - p p'."""
    _, p, J = family(rng)
    scores = np.eye(6) - p
    return gap((information(p, J),) * 2, (sum(w * np.outer(s, s) for w, s in zip(p, scores, strict=True)), J))


@ledger.add("10.19", "law", fisher, exact=True, wrong=FISHER_WRONG | {
    "Jacobian transposed": lambda p, J: fisher(p, J.T) if J.shape[0] == J.shape[1] else fisher(p, J)})
def other_families(information, rng):
    """sum of (dp)(dp)'/p, point by point, for logits that are linear in three and in six parameters."""
    got, want = [], []
    for k in (3, 6):
        _, p, J = family(rng)
        J = J @ rng.standard_normal((6, k))
        got.append(information(p, J))
        want.append(sum(np.outer(row, row) / w for w, row in zip(p, J, strict=True)))
    return gap(tuple(got), tuple(want))


@ledger.add("10.19", "rate", fisher, bound=0.08, wrong=FISHER_WRONG)
def remainder_of_third_order(information, rng):
    """KL - half the quadratic form is of order 3, along a direction with no small third derivative."""
    theta, p, J = family(rng)
    v = np.array([2.0, -1, 0.5, 0, 1, -0.5])
    third = (J @ v) @ ((v - p @ v) ** 2)  # third cumulant
    v = v if abs(third) > 0.05 else np.eye(6)[np.argmin(abs(p - 0.25))] * 2
    steps = 0.5 / 2.0 ** np.arange(4, 10)
    F = information(p, J)
    rest = [abs(kl(softmax(theta + h * v), p) - h * h * v @ F @ v / 2) for h in steps]
    return order(steps, np.array(rest), 3)


@ledger.add("10.19", "law", fisher, bound=0, wrong={
    "a single square": FISHER_WRONG["a single square"], "identity": lambda p, J: np.eye(J.shape[1])})
def rank_of_the_softmax(information, rng):
    """Rank n - 1 for n = 2 to 9 logits: a single square for two of them only; the kernel is the constant vector."""
    cases = []
    for n in range(2, 10):
        p = softmax(rng.standard_normal(n))
        F = information(p, np.diag(p) - np.outer(p, p))
        cases += [np.linalg.matrix_rank(F, tol=1e-9) == n - 1, np.abs(F.sum(1)).max() < 1e-14]
    return holds(cases)


# Upper bound


def gains(rng):
    """Two gains and a small noise."""
    return (*rng.uniform(0.5, 1.5, 2), rng.uniform(0.2, 0.5))


PROXIMAL_WRONG = {
    "lam = 1 / sigma^2": lambda a, b, s: (lambda f: f._replace(joint=2 * f.joint))(proximal_bounds(a, b, s)),
    "lam = 1 / 2 sigma": lambda a, b, s: (lambda f: f._replace(joint=f.joint * s))(proximal_bounds(a, b, s)),
    "divergence reversed": lambda a, b, s: proximal_bounds(b, a, s),
    "noise left out of the marginals": lambda a, b, s: proximal_bounds(a, b, s)._replace(
        marginal=(a * a / b / b - 1 - 2 * np.log(a / b)) / 2)}


@lru_cache
def integrals(a, b, s):
    """Both by integration: over x with SciPy's densities, and over z with the divergence of two Gaussians."""
    one, two = stats.norm(0, np.hypot(a, s)), stats.norm(0, np.hypot(b, s))
    marginal = integrate.quad(lambda x: one.pdf(x) * (one.logpdf(x) - two.logpdf(x)), -15, 15, epsabs=1e-14,
                              epsrel=1e-13, limit=200, points=[0])[0]
    joint = integrate.quad(lambda z: stats.norm.pdf(z) * ((a - b) * z / s) ** 2 / 2, -12, 12, epsrel=1e-13)[0]
    return Bounds(marginal, joint)


@ledger.add("10.20", "identity", proximal_bounds, wrong=PROXIMAL_WRONG)
def quadrature(bounds, rng):
    """Both by integration: over x with SciPy's densities, and over z with the divergence of two Gaussians."""
    at = gains(rng)
    return gap(bounds(*at), integrals(*at))


@ledger.add("10.20", "identity", proximal_bounds, wrong={
    "variances exchanged": lambda a, b, s: proximal_bounds(b, a, s),
    "logarithm of standard deviations": lambda a, b, s: (lambda f, r: f._replace(marginal=f.marginal + np.log(r) / 4))(
        proximal_bounds(a, b, s), (a * a + s * s) / (b * b + s * s)),
    "difference of the logarithms": lambda a, b, s: (lambda r: proximal_bounds(a, b, s)._replace(
        marginal=(r - 1 - np.log(r)) / 2))((a * a + s * s) / (b * b + s * s))})
def gains_near_and_far(bounds, rng):
    """Ratios of the variances r of 1/10 to 20 by (r - 1 - log r)/2; next to 1 by (r - 1)^2/4 - (r - 1)^3/6 + ..., where
    r - 1 is a fraction."""
    b, s = rng.uniform(0.5, 1.5), rng.uniform(0.2, 0.5)
    far, near = (b * np.array([0.2, 0.9, 1.1, 4.0]), b * (1 + np.array([1e-5, -1e-7, 1e-9])))
    r = (far**2 + s * s) / (b * b + s * s)
    want, fractions = list((r - 1 - np.log(r)) / 2), [Fraction(float(each)) for each in (b, s)]
    for a in near:
        e = float((Fraction(float(a)) ** 2 - fractions[0] ** 2) / (fractions[0] ** 2 + fractions[1] ** 2))
        want.append(sum((-e) ** m / m for m in range(2, 6)) / 2)
    return entrywise(np.array([bounds(a, b, s).marginal for a in (*far, *near)]), np.array(want))


@ledger.add("10.20", "law", proximal_bounds, bound=0, wrong={
    "lam = 1 / sigma^2": PROXIMAL_WRONG["lam = 1 / sigma^2"], "half the weight": lambda a, b, s: (
        lambda f: f._replace(joint=f.joint / 40))(proximal_bounds(a, b, s)),
    "squared difference of the gains' sizes": lambda a, b, s: proximal_bounds(abs(a), abs(b), s)})
def above_and_loose(bounds, rng):
    """Joint >= marginal for 50 pairs; .0376 against 22.2; 0 against 2 a^2 / sigma^2 for opposite gains."""
    found = [bounds(*gains(rng)) for _ in range(50)]
    stated, a = bounds(1.2, 1.0, 0.03), rng.uniform(0.5, 1.5)
    mirrored = bounds(a, -a, 0.1)
    return holds([*(f.joint >= f.marginal for f in found), round(stated.marginal, 4) == 0.0376,
                  round(stated.joint, 1) == 22.2, mirrored.marginal == 0,
                  abs(mirrored.joint / (2 * a * a / 0.01) - 1) < 1e-12])
