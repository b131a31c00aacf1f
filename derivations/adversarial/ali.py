"""Evidence for the complete loss of ALI and its forces, (10.30) and (10.32)."""

from __future__ import annotations

import numpy as np

from refvae.adversarial import (
    Pair,
    ali_complete,
    ali_forces,
    ali_value,
    grid,
    label_divergence,
    optimal_discriminator,
)
from refvae.adversarial.linear import joint_points, log_ratio
from refvae.derivations.adversarial.common import jensen_shannon, kl, mixture, slope, softmax
from refvae.evidence import Ledger, gap

ledger = Ledger()


# Tables


def conditionals(rng, n, m):
    """n laws on m points."""
    return np.array([softmax(rng.standard_normal(m)) for _ in range(n)])


def models(rng, n=5, m=4):
    """p_data and p(z), and encoder and decoder twice: tables q, p, q_old, p_old."""
    data, prior = softmax(rng.standard_normal(n)), softmax(rng.standard_normal(m))
    q, q_old = (data[:, None] * conditionals(rng, n, m) for _ in range(2))
    p, p_old = ((prior[:, None] * conditionals(rng, m, n)).T for _ in range(2))
    return q, p, q_old, p_old


def shifted(change):
    """ali_complete with something added."""
    return lambda q, p, q_old, p_old: ali_complete(q, p, q_old, p_old) + change(q, p, q_old, p_old)


COMPLETE_WRONG = {
    "fourth term left out": shifted(lambda q, p, q_old, p_old: -(p * np.log(q_old / q)).sum()),
    "fourth term under q": shifted(lambda q, p, q_old, p_old: ((q - p) * np.log(q_old / q)).sum()),
    "third term left out": shifted(lambda q, p, q_old, p_old: -kl(p, p_old)),
    "ratio inverted": shifted(lambda q, p, q_old, p_old: -2 * (p * np.log(q_old / q)).sum())}


@ledger.add("10.30", "identity", ali_complete, wrong=COMPLETE_WRONG)
def by_the_labelled_divergence(loss, rng):
    """2 log 2 + twice (10.8) on the pairs, with D of the old tables."""
    q, p, q_old, p_old = models(rng)
    d = optimal_discriminator(q_old.ravel(), p_old.ravel())
    return gap(np.array(loss(q, p, q_old, p_old)),
               np.array(2 * np.log(2) + 2 * label_divergence(q.ravel(), p.ravel(), d).joint))


@ledger.add("10.30", "law", ali_complete, wrong=COMPLETE_WRONG)
def definition_by_the_integrals(loss, rng):
    """E_q log 1/D + E_p log p/((1 - D) q) for ten quadruples of tables, by sums."""
    got, want = [], []
    for _ in range(10):
        q, p, q_old, p_old = models(rng)
        d = q_old / (q_old + p_old)
        got.append(loss(q, p, q_old, p_old))
        want.append(-(q * np.log(d)).sum() + (p * np.log(p / ((1 - d) * q))).sum())
    return gap(np.array(got), np.array(want))


# Forces


def tables_of(theta, data, prior):
    """q and p from the logits of n laws on m points and of m laws on n: 5 and 4, if nothing else is said."""
    n, m = len(data), len(prior)
    enc, dec = theta[:n * m].reshape(n, m), theta[n * m:].reshape(m, n)
    return (data[:, None] * np.array([softmax(row) for row in enc]),
            (prior[:, None] * np.array([softmax(row) for row in dec])).T)


def by_forces(forces, variant, theta, data, prior):
    """The gradient after all logits, from the forces at the freeze."""
    q, p = (each.copy() for each in tables_of(theta, data, prior))
    of_q, of_p = forces(np.log(q / p), variant)
    return slope(lambda th: (lambda a, b: (a * of_q).sum() + (b * of_p).sum())(*tables_of(th, data, prior)), theta)


def point(rng, n=5, m=4):
    """Logits, p_data and p(z)."""
    return rng.standard_normal(2 * n * m), softmax(rng.standard_normal(n)), softmax(rng.standard_normal(m))


def forces_with(change):
    return lambda t, variant: change(*ali_forces(t, variant), t, variant)


FORCES_WRONG = {
    "fourth term left out": lambda t, variant: ali_forces(t, "simplified" if variant == "complete" else variant),
    "1 - D for p/q": forces_with(
        lambda a, b, t, v: (a + np.exp(-t) - 1 / (1 + np.exp(t)), b) if v == "complete" else (a, b)),
    "sides exchanged": forces_with(lambda a, b, t, v: (b, a))}


@ledger.add("10.32", "identity", ali_forces, wrong=FORCES_WRONG)
def gradients_of_the_divergences(forces, rng):
    """After 40 logits: (40) that of 2 KL(m || q), (42) that of 2 JS, by complex step."""
    at = point(rng)
    got = tuple(by_forces(forces, variant, *at) for variant in ("complete", "minimax"))
    want = tuple(slope(lambda th, f=f: 2 * f(*tables_of(th, *at[1:])), at[0]) for f in (
        lambda q, p: mixture(p, q), lambda q, p: jensen_shannon(p, q)))
    return gap(got, want)


@ledger.add("10.32", "law", ali_forces, exact=True, wrong={
    "fourth term left out": FORCES_WRONG["fourth term left out"], "sides exchanged": FORCES_WRONG["sides exchanged"],
    "(42) for (43)": forces_with(lambda a, b, t, v: ali_forces(t, "minimax") if v == "non_saturating" else (a, b))})
def probabilities_and_ratios(forces, rng):
    """All four columns from D and r = p/q written out."""
    t = 2 * rng.standard_normal(9)
    r = np.exp(-t)
    d = 1 / (1 + r)
    want = (-np.log(d) - r, -np.log(d)), (np.log(d), np.log(1 - d)), (-np.log(1 - d), -np.log(d))
    return gap(tuple(forces(t, v) for v in ("complete", "minimax", "non_saturating")), want)


def pair(rng):
    """A linear Gaussian encoder and decoder."""
    return Pair(rng.uniform(0.3, 1), rng.uniform(-0.7, 0), rng.uniform(0.3, 1), rng.uniform(-0.7, 0))


VALUE_WRONG = {
    "JS": lambda at, var: np.log(2) - sum(grid().weights @ np.log1p(np.exp(s * log_ratio(at, x, var))) for s, x in zip(
        (-1, 1), joint_points(at, var, grid()), strict=True)) / 2,
    "variance for standard deviation": lambda at, var: ali_value(at._replace(log_s=2 * at.log_s), var),
    "not halved": lambda at, var: 2 * ali_value(at, var)}


@ledger.add("10.32", "identity", ali_value, wrong=VALUE_WRONG)
def sum_over_a_fine_grid(value, rng):
    """KL(m || q) of two bivariate normal laws, from their covariance matrices, as a sum over points of the plane."""
    at, var = pair(rng), 1.5
    cov_q = np.array([[var, at.a * var], [at.a * var, at.a**2 * var + np.exp(2 * at.log_s)]])
    cov_p = np.array([[at.b**2 + np.exp(2 * at.log_r), at.b], [at.b, 1.0]])
    axis = 0.08 * np.arange(-190, 191)
    x = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    log_q, log_p = (-np.einsum("ni,ij,nj->n", x, np.linalg.inv(c), x) / 2 - np.log(np.linalg.det(c)) / 2
                    - np.log(2 * np.pi) for c in (cov_q, cov_p))
    m = (np.exp(log_q) + np.exp(log_p)) / 2
    log_ratio = np.logaddexp(0, np.clip(log_p - log_q, -700, None)) - np.log(2)
    return gap(np.array(1 + value(at, var)), np.array(1 + 0.08**2 * (m * log_ratio).sum()))
