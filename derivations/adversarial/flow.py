"""Evidence for the flows of ALI where p = q, (10.35)."""

from __future__ import annotations

import numpy as np

from refvae.adversarial import (
    VARIANTS,
    Pair,
    ali_descent,
    ali_flow,
    ali_gradient,
    grid,
)
from refvae.derivations.adversarial.ali import pair
from refvae.derivations.adversarial.common import softmax
from refvae.derivations.adversarial.turned import GRADIENT_WRONG
from refvae.evidence import Ledger, gap, holds

ledger = Ledger()


# The flow at p = q


def solution(rng, n=12, k=3, other=4):
    """A law, and Jacobians of encoder and decoder whose columns sum to 0."""
    q = softmax(rng.standard_normal(n))
    J = rng.standard_normal((n, k + other)) * q[:, None]
    J -= q[:, None] * J.sum(0)
    return q, J[:, :k], J[:, k:]


def descent(forces_of, q, enc, dec, variant, x):
    """Minus the gradient after (phi, theta) at x: laws linear in both, the best D, forces of (10.32)."""
    a, b = q + enc @ x[:enc.shape[1]], q + dec @ x[enc.shape[1]:]
    of_q, of_p = forces_of(np.log(a / b), variant)
    return -np.concatenate([enc.T @ of_q, dec.T @ of_p])


FLOW_WRONG = {
    "(41) like the others": lambda q, enc, dec, variant: ali_flow(q, enc, dec, "complete"),
    "the decoder turned instead": lambda q, enc, dec, variant: -ali_flow(q, enc, dec, variant) if (
        variant == "simplified") else ali_flow(q, enc, dec, variant),
    "half lost": lambda *args: 2 * ali_flow(*args),
    "cross terms with the wrong sign": lambda q, enc, dec, variant: ali_flow(q, enc, -dec, variant)}


@ledger.add("10.35", "identity", ali_flow, wrong=FLOW_WRONG)
def derivative_of_the_descent(flow, rng):
    """The derivative at 0 of minus the gradient, from the forces of (10.32), by a quotient of 16 roots of unity."""
    q, enc, dec = solution(rng)
    size = enc.shape[1] + dec.shape[1]
    turns = 0.05 * q.min() * np.exp(2j * np.pi * np.arange(16) / 16)
    got, want = [], []
    for variant in VARIANTS:
        got.append(flow(q, enc, dec, variant))
        slopes = [np.mean([descent(complex_forces, q, enc, dec, variant, h * row) / h for h in turns], 0)
                  for row in np.eye(size)]
        want.append(np.stack(slopes, 1).real)
    return gap(tuple(got), tuple(want))


def complex_forces(t, variant):
    """The table of (10.32) and (10.33), written out."""
    r = np.exp(-t)
    one, two = np.log(1 + r), np.log(1 + 1 / r)
    return {"complete": (one - r, one), "simplified": (one, one), "minimax": (-one, -two),
            "non_saturating": (two, one)}[variant]


@ledger.add("10.35", "law", ali_flow, bound=0, wrong=FLOW_WRONG | {
    "half lost": lambda q, enc, dec, variant: ali_flow(q, enc, dec, variant) / (1 + (variant == "complete"))})
def signs_of_the_eigenvalues(flow, rng):
    """Real; none positive but for (41), where as many are as the encoder has parameters, whatever the rates."""
    cases = []
    for k, other in ((1, 1), (3, 4), (4, 2)):
        q, enc, dec = solution(rng, 12, k, other)
        rates = np.exp(rng.uniform(-3, 3, k + other))
        full = ali_flow(q, enc, dec, "complete")
        for variant in VARIANTS:
            A = flow(q, enc, dec, variant)
            for values in (np.linalg.eigvals(A), np.linalg.eigvals(rates[:, None] * A)):
                cases += [abs(values.imag).max() < 1e-9 * abs(values).max(),
                          (values.real > 0).sum() == (k if variant == "simplified" else 0)]
            sign = np.repeat([-1 if variant == "simplified" else 1, 1], [k, other])
            cases.append(np.allclose(sign[:, None] * A, full, rtol=1e-12, atol=0))
    return holds(cases)


def rank_deficient(rng, k, other, lost):
    """A law and Jacobians as in `solution`, of which `lost` directions in common move nothing to first order."""
    q, enc, dec = solution(rng, 12, k, other)
    kernel = np.linalg.qr(rng.standard_normal((k + other, lost)))[0]
    both = np.hstack([enc, -dec])
    both = both - both @ kernel @ kernel.T
    return q, both[:, :k], -both[:, k:], kernel


def symmetric_pair(rng, k):
    """Jacobians of both sides that are equal: the kernel is {(y, y)}, and its image under S orthogonal to it."""
    q, enc, _ = solution(rng, 12, k, 1)
    return q, enc, enc.copy(), np.vstack([np.eye(k), np.eye(k)]) / np.sqrt(2)


def counts(A):
    """How many eigenvalues grow; the ranks of A, A^2 and A^3."""
    values, rank = np.linalg.eigvals(A), lambda B: int((np.linalg.svd(B, compute_uv=False) > 1e-9).sum())
    return int((values.real > 1e-6).sum()), rank(A), rank(A @ A), rank(A @ A @ A)


@ledger.add("10.35", "law", ali_flow, bound=0, wrong={key: FLOW_WRONG[key] for key in FLOW_WRONG if "half" not in key})
def with_a_kernel(flow, rng):
    """(41) grows in as many directions as S has negative squares on the complement of the kernel, between k - kappa and
    k of them, at the rates 1 and at others; blocks of size 2 by the kernel's image; the others never grow."""
    cases = []
    for q, enc, dec, K in (rank_deficient(rng, 3, 2, 1), rank_deficient(rng, 3, 2, 2), rank_deficient(rng, 2, 4, 3),
                           symmetric_pair(rng, 2)):
        k, size, lost = enc.shape[1], sum(each.shape[1] for each in (enc, dec)), K.shape[1]
        sign = np.repeat([-1.0, 1.0], [k, size - k])
        rest = np.linalg.svd(K)[0][:, lost:]
        squares = int((np.linalg.eigvalsh((rest.T * sign) @ rest) < -1e-9).sum())
        image = np.linalg.svd((K.T * sign) @ K, compute_uv=False)
        rates = np.exp(rng.uniform(-1, 1, size))
        A = flow(q, enc, dec, "simplified")
        grow, one, two, three = counts(A)
        cases += [grow == squares, k - lost <= grow <= k, one == size - lost, two == three,
                  one - two == (image < 1e-9).sum(), k - lost <= counts(rates[:, None] * A)[0] <= k]
        for variant in ("complete", "minimax", "non_saturating"):
            calm = flow(q, enc, dec, variant)
            cases += [counts(calm)[0] == 0, np.abs(calm @ K).max() < 1e-12, counts(calm)[1] == counts(calm)[2]]
    return holds(cases)


DESCENT_WRONG = {
    "climbs": lambda at, variant, **how: 2 * np.array(at) - ali_descent(at, variant, **how),
    "(40) for (41)": lambda at, variant, **how: ali_descent(at, "complete", **how),
    "not cut": lambda at, variant, **how: ali_descent(at, variant, **how | {"clip": 1e9}),
    "twice the step": lambda at, variant, **how: ali_descent(at, variant, **how | {"lr": 2 * how["lr"]})}


@ledger.add("10.35", "identity", ali_descent, wrong=DESCENT_WRONG)
def steps_written_out(descent, rng):
    """Two steps of size .05 of (41) against its gradient, from two pairs that mirror each other; components cut at a
    value that cuts one of them, or all."""
    at, var, on, got, want = pair(rng), 1.5, grid(0.5, 7.0), [], []
    for start in (at, at._replace(a=-at.a, b=-at.b)):
        sizes = np.sort(abs(ali_gradient(start, "simplified", var, on)))
        for clip in ((sizes[-1] + sizes[-2]) / 2, sizes[0] / 2):
            path = [np.array(start)]
            for _ in range(2):
                g = ali_gradient(Pair(*path[-1]), "simplified", var, on)
                path.append(path[-1] - 0.05 * np.maximum(-clip, np.minimum(clip, g)))
            got.append(descent(start, "simplified", steps=2, lr=0.05, clip=clip, var=var, on=on))
            want.append(path)
    return gap(np.array(got), np.array(want))


@ledger.add("10.35", "limit", ali_gradient, bound=2e-5, wrong={
    key: GRADIENT_WRONG[key] for key in GRADIENT_WRONG if "fourth" in key})
def eigenvalues_of_the_linear_gaussian_model(gradient, rng):
    """At a = b = 0.6 those of (10.35a): one growing direction for (41), none for the others, one idle."""
    at, h = np.array([0.6, np.log(0.8), 0.6, np.log(0.8)]), 1e-4
    got = [np.sort(np.linalg.eigvals(np.array([
        (gradient(Pair(*(at - h * row)), variant, 1.0) - gradient(Pair(*(at + h * row)), variant, 1.0)) / (2 * h)
        for row in np.eye(4)])).real) for variant in VARIANTS]
    stable = [-1.80642, -1.20250, -0.55358, 0]
    return gap(np.array(got), np.array([stable, [-0.84433, 0, 0, 0.84433], stable, stable]))
