"""Evidence for the simplified loss of ALI, (10.33) and (10.34)."""

from __future__ import annotations

import numpy as np

from refvae.adversarial import (
    VARIANTS,
    Pair,
    ali_forces,
    ali_gradient,
    ali_value,
    grid,
)
from refvae.adversarial.linear import joint_points, log_ratio, omitted, score
from refvae.check.numeric import STEP
from refvae.derivations.adversarial.ali import FORCES_WRONG, by_forces, pair, point
from refvae.derivations.adversarial.common import table
from refvae.evidence import Ledger, gap, holds
from refvae.layers import softplus

ledger = Ledger()


# Linear Gaussian gradients


def numeric(value, at, h=0.02):
    """Derivatives by ten central differences, whose error is of order 20 in h."""
    steps = np.arange(1, 11)
    powers = 2 * np.arange(10)[:, None]
    weights = np.linalg.solve(steps ** (powers + 1.0) / 10.0**powers, np.eye(10)[0]) / (2 * h)
    return np.array([sum(w * (value(Pair(*(np.array(at) + j * h * row))) - value(Pair(*(np.array(at) - j * h * row))))
                         for j, w in zip(steps, weights, strict=True)) for row in np.eye(4)])


GRADIENT_WRONG = {
    "fourth term left out": lambda at, variant, var: ali_gradient(
        at, "simplified" if variant == "complete" else variant, var),
    "fourth term added": lambda at, variant, var: ali_gradient(at, variant, var) + (
        variant == "complete") * 2 * np.append(omitted(at), (0, 0)),
    "sigma for log sigma": lambda at, variant, var: ali_gradient(at, variant, var) * np.exp(
        [0, -at.log_s, 0, -at.log_r])}


@ledger.add("10.33", "limit", ali_gradient, bound=1e-8, wrong=GRADIENT_WRONG)
def differences_of_the_value(gradient, rng):
    """(40): twice the gradient of KL(m || q), by differences of `ali_value`; coarse, for the value is a quadrature."""
    at, var, on = pair(rng), 1.5, grid(0.25, 7.0)
    return gap(gradient(at, "complete", var), 2 * numeric(lambda other: ali_value(other, var, on), at))


@ledger.add("10.33", "identity", ali_gradient, wrong=GRADIENT_WRONG)
def along_moving_points(gradient, rng):
    """(40): twice the gradient of KL(m || q), by imaginary steps in the points of the quadrature, without scores."""
    at, var, on = pair(rng), 1.5, grid()

    def twice(other):
        return sum(on.weights @ softplus(-log_ratio(other, x, var))[0] for x in joint_points(other, var, on))

    slopes = [np.imag(twice(Pair(*(np.array(at) + 1j * STEP * row)))) / STEP for row in np.eye(4)]
    return gap(gradient(at, "complete", var), np.array(slopes))


def encoder_scores(at, var, on):
    """Points under p, their weights, and the gradient of log q(z|x) there."""
    x = joint_points(at, var, on)[1]
    return on.weights @ score(x[:, 0], x[:, 1], at.a, at.log_s)


@ledger.add("10.33", "identity", ali_gradient, wrong=GRADIENT_WRONG)
def simplified_less_complete(gradient, rng):
    """(41) - (40) is E_p grad log q(z|x), by quadrature, for the encoder and 0 for the decoder; (41) = -(42) there."""
    at, var, on = pair(rng), 1.5, grid(0.25, 8.5)
    full, short, game, other = (gradient(at, variant, var) for variant in VARIANTS)
    want = np.append(encoder_scores(at, var, on), (0, 0))
    return gap((short - full, -game[:2], other[2:], full[2:]), (want, short[:2], short[2:], short[2:]))


@ledger.add("10.33", "law", ali_forces, exact=True, wrong={
    "the complete force": lambda t, variant: ali_forces(t, "complete" if variant == "simplified" else variant),
    "that of the minimax game": lambda t, variant: ali_forces(t, "minimax" if variant == "simplified" else variant),
    "a constant more": lambda t, variant: tuple(f + (variant == "simplified") for f in ali_forces(t, variant))})
def forces_of_the_simplified_loss(forces, rng):
    """log(1 + r) twice, with r = p/q."""
    t = 2 * rng.standard_normal(9)
    return gap(forces(t, "simplified"), (np.log(1 + np.exp(-t)),) * 2)


@ledger.add("10.33", "limit", ali_forces, bound=1e-12, exact=True, wrong={
    "the complete force": lambda t, variant: ali_forces(t, "complete" if variant == "simplified" else variant),
    "that of the minimax game": lambda t, variant: ali_forces(t, "minimax" if variant == "simplified" else variant)})
def encoder_of_41_climbs_what_42_descends(forces, rng):
    """On tables, after all logits: (41) = -(42) for the encoder, = (40) = (43) for the decoder."""
    at = point(rng, 3, 2)
    full, short, game, other = (by_forces(forces, variant, *at) for variant in VARIANTS)
    return gap((short[:6], short[6:], short[6:]), (-game[:6], full[6:], other[6:]))


@ledger.add("10.33", "oracle", ali_gradient, bound=1e-6, wrong={
    key: GRADIENT_WRONG[key] for key in GRADIENT_WRONG if "fourth" in key})
def stated_numbers(gradient, rng):
    """The gradients of the example, to the digits stated: the encoder's of (41) and (40) have opposite signs."""
    at = Pair(0.5, -0.5, 1.0, -0.25)
    got = np.array([gradient(at, variant, 1.0) for variant in VARIANTS])
    decoder = 0.2104740, 0.0223039
    return gap(got, np.array([[-0.3512702, -0.0702800, *decoder], [0.1835101, 0.0214707, *decoder],
                              [-0.1835101, -0.0214707, 0.1099556, -0.0035929], [-0.1408505, -0.0041192, *decoder]]))


# Opposite directions


def inner(forces, q, p, one, other):
    """E Cov of two forces after q under q(z|x)."""
    t = np.log(q / p)
    a, b = forces(t, one)[0], forces(t, other)[0]
    c = q / q.sum(1, keepdims=True)
    centred = a - (c * a).sum(1, keepdims=True)
    return (q * centred * b).sum()


OPPOSITE_WRONG = {
    "the complete force for the simplified": lambda t, v: ali_forces(t, "complete" if v == "simplified" else v),
    "(41) with the sign of (42)": lambda t, v: ali_forces(t, "minimax" if v == "simplified" else v),
    "fourth term left out": FORCES_WRONG["fourth term left out"]}


@ledger.add("10.34", "law", ali_forces, bound=0, wrong=OPPOSITE_WRONG)
def signs_of_the_inner_products(forces, rng):
    """(41) against each other negative, the others among one another positive; 40 models, near and far from p = q."""
    cases = []
    for size in (0.01, 0.3, 1, 3):
        for _ in range(10):
            q, p = table(rng), table(rng)
            p = q * np.exp(size * np.log(p / q))
            p = p / p.sum()
            for one in VARIANTS:
                for other in VARIANTS:
                    sign = -1 if (one == "simplified") != (other == "simplified") else 1
                    cases.append(sign * inner(forces, q, p, one, other) > 0)
    return holds(cases)


@ledger.add("10.34", "identity", ali_forces, wrong=OPPOSITE_WRONG)
def gradient_in_the_metric(forces, rng):
    """The inner product of two gradients in Fisher's metric of the logits of q(z|x), with its pseudo-inverse."""
    q, p = table(rng), table(rng)
    data, c = q.sum(1), q / q.sum(1, keepdims=True)
    r = p / q
    full, short = np.log(1 + r) - r, np.log(1 + r)
    want = 0.0
    for w, law_z, a, b in zip(data, c, full, short, strict=True):
        F = np.diag(law_z) - np.outer(law_z, law_z)
        want += (w * F @ a) @ np.linalg.pinv(w * F, rcond=1e-10) @ (w * F @ b)
    return gap(np.array(inner(forces, q, p, "complete", "simplified")), np.array(want))
