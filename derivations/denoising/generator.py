"""Evidence for the objective of the generator, (9.18) to (9.21)."""

from __future__ import annotations

import numpy as np

from refvae import trees
from refvae.check.identity import along
from refvae.check.numeric import STEP
from refvae.denoising import dsm, frozen_log_density, smoothed_kl
from refvae.derivations.denoising.common import Mixture, line, mixture, network
from refvae.evidence import Ledger, gap, holds, spoiled, vanishes
from refvae.layers import Dense, mlp_grad, softplus

ledger = Ledger()


# The layer


def arguments(rng):
    """A generator 3-5-2, seven codes, noise, a level."""
    return network(rng, 3, 5, 2), rng.standard_normal((7, 3)), rng.standard_normal((7, 2)), np.array(0.6)


OWN, TARGET = (network(np.random.default_rng(seed), 2, 6, 1) for seed in (3, 4))


def objective(own=OWN, target=TARGET, scale=1.0, level=lambda sigma: sigma):
    """smoothed_kl for two networks, or a version of it."""
    def loss(p, z, eps, sigma_frozen):
        value, pull = smoothed_kl(frozen_log_density(own), frozen_log_density(target), p, z, eps, level(sigma_frozen))
        return scale * value, lambda d: pull(scale * d)

    return loss


KL = objective()
KL_WRONG = {
    "sign, as for an energy": objective(scale=-1.0),
    "laws exchanged": objective(TARGET, OWN),
    "no noise": objective(level=lambda sigma: 0 * sigma),
    "variance for sigma": objective(level=lambda sigma: sigma**2),
    "sum over the batch": objective(scale=7.0)}
ledger.adjoint("9.18", KL, arguments, wrong={
    "own density has no slope": lambda p, z, eps, sigma: (KL(p, z, eps, sigma)[0], objective(network(
        np.random.default_rng(0), 2, 1), TARGET)(p, z, eps, sigma)[1]),
    "noise not scaled": spoiled(KL, lambda d: (d[0], d[1], d[2] / 0.6, None)),
    "gradient of the sum": spoiled(KL, lambda d: (*(trees.map(lambda leaf: 7 * leaf, part) for part in d[:3]), None))})


@ledger.add("9.18", "identity", KL, exact=True, wrong={**KL_WRONG, "sum over the batch": objective(scale=3.0)})
def row_by_row(loss, rng):
    """The value from generator and networks that are written out, row by row, for three rows."""
    p, z, eps, sigma = arguments(rng)
    z, eps = z[:3], eps[:3]
    total = 0.0
    for zi, ei in zip(z, eps, strict=True):
        xt = np.tanh(zi @ p[0].W + p[0].b) @ p[1].W + p[1].b + 0.6 * ei
        own, target = ((np.log(1 + np.exp(xt @ q[0].W + q[0].b)) @ q[1].W + q[1].b)[0] for q in (OWN, TARGET))
        total += (own - target) / 3
    return gap(np.array(loss(p, z, eps, sigma)[0]), np.array(total))


# Freezing


def places(rng, k=3):
    """A generator that puts k equally likely codes at k places on the line, the smoothed law of them, and data."""
    places = np.sort(rng.standard_normal((k, 1)), 0)
    return Mixture(np.full(k, 1 / k), places, np.zeros(k)), mixture(rng, d=1, k=2)


def frozen_slopes(own_law, data, sigma, constants=(0.0, 0.0)):
    """Mean gradient of smoothed_kl in the places, code by code, the noise by a trapezoid sum."""
    nodes = np.arange(-9, 9, 0.02)
    weights = np.exp(-(nodes**2) / 2)
    k, n = len(own_law.w), len(nodes)
    p, z = (Dense(own_law.m, np.zeros(1)),), np.eye(k).repeat(n, 0)
    _, pull = smoothed_kl(own_law.log_density(sigma, constants[0]), data.log_density(sigma, constants[1]), p, z,
                          np.tile(nodes, k)[:, None], sigma)
    each = pull(1.0)[2] / sigma * (k * n)  # slope at each noisy point, from the cotangent of the noise
    return (each.reshape(k, n) @ weights / weights.sum()) / k


def divergence(m, own_law, data, sigma):
    """KL of the smoothed laws for places m, by quadrature."""
    moved = own_law._replace(m=m)
    x = np.arange(-15, 15, 0.02)[:, None]
    p, q = moved.density(x, sigma), data.density(x, sigma)
    return 0.02 * (p * (np.log(p) - np.log(q))).sum()


FREEZE_WRONG = {
    "at the level 0.9 sigma": lambda own, data, sigma: frozen_slopes(own, data, 0.9 * sigma),
    "moving density counted twice": lambda own, data, sigma: 2 * frozen_slopes(own, data, sigma),
    "divergence from the data": lambda own, data, sigma: -frozen_slopes(own, data, sigma)}


@ledger.add("9.19", "identity", frozen_slopes, wrong=FREEZE_WRONG)
def slope_of_the_divergence(slopes, rng):
    """For three places on the line: the divergence by quadrature, whose own density moves too, by imaginary steps."""
    own_law, data = places(rng)
    sigma = 0.7
    want = [divergence(own_law.m + 1j * STEP * e[:, None], own_law, data, sigma).imag / STEP for e in np.eye(3)]
    return gap(slopes(own_law, data, sigma), np.array(want))


def moving_part(own_law, sigma, power=1):
    """Terms of E d/dm log p_m(xt), the part that freezing leaves out, (nodes, places)."""
    x, w = line(own_law, sigma)
    slopes = [np.log(own_law._replace(m=own_law.m + 1j * STEP * e[:, None]).density(x, sigma)).imag / STEP
              for e in np.eye(3)]
    return w[:, None] * np.array(slopes).T**power


@ledger.add("9.19", "law", moving_part, wrong={
    "mean of its square": lambda own_law, sigma: moving_part(own_law, sigma, 2),
    "over the law of one place": lambda own_law, sigma: moving_part(own_law, sigma) * (
        own_law._replace(w=np.array([1.0, 0, 0])).density(line(own_law, sigma)[0], sigma)
        / own_law.density(line(own_law, sigma)[0], sigma))[:, None]})
def moving_density_has_no_mean_slope(part, rng):
    """E d/dm log p_m = 0 for each place, while its mean square is not."""
    return vanishes(part(places(rng)[0], 0.7))


# Smoothed laws


PAIRS = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])  # codes and noise with exact second moments


def normal_layer(var, constant=0.0):
    """log N(0, var) on the line, plus a constant."""
    return lambda x: (-(x[:, 0] ** 2) / (2 * var) - np.log(2 * np.pi * var) / 2 + constant,
                      lambda d: -d[:, None] * x / var)


def normal_generator(a, lam, sigma, constants=(0.0, 0.0), own_var=None):
    """Value and slope of smoothed_kl for G(z) = a z and data N(0, lam); four rows give both means exactly."""
    value, pull = smoothed_kl(normal_layer(own_var or a * a + sigma**2, constants[0]),
                              normal_layer(lam + sigma**2, constants[1]), (Dense(np.array([[a]]), np.zeros(1)),),
                              PAIRS[:, :1], PAIRS[:, 1:], sigma)
    return np.array([value, pull(1.0)[0][0].W[0, 0]])


NORMAL_WRONG = {
    "noise left out of the own law": lambda a, lam, sigma: normal_generator(a, lam, sigma, own_var=a * a),
    "noise left out of the data": lambda a, lam, sigma: normal_generator(a, lam - sigma**2 / 2, sigma),
    "own law frozen for good": lambda a, lam, sigma: normal_generator(a, lam, sigma, own_var=1.0),
    "sign": lambda a, lam, sigma: -normal_generator(a, lam, sigma)}


@ledger.add("9.20", "identity", normal_generator, wrong=NORMAL_WRONG)
def divergence_of_normal_laws(generator, rng):
    """Value: KL of N(0, v) and N(0, v_p), as an integral; slope: by an imaginary step in the closed form."""
    a, lam, sigma = rng.uniform(0.5, 2, 3)
    v, vp = a * a + sigma**2, lam + sigma**2
    x, w = np.polynomial.hermite_e.hermegauss(10)
    x, w = np.sqrt(v) * x, w / w.sum()
    value = w @ (-(x**2) / (2 * v) + x**2 / (2 * vp)) + np.log(vp / v) / 2
    closed = lambda a: (lambda r: (r - np.log(r)) / 2)((a**2 + sigma**2) / vp)
    return gap(generator(a, lam, sigma), np.array([value, along(closed, a, 1.0)]))


@ledger.add("9.20", "law", normal_generator, wrong={name: NORMAL_WRONG[name] for name in NORMAL_WRONG})
def descent_finds_the_law_without_noise(generator, rng):
    """Descent with a step that fits ends at a = sqrt(lam), for three levels: the noise is not learned."""
    lam, found = 1.69, []
    for sigma in (0.3, 0.7, 1.2):
        a = 0.5
        for _ in range(60):
            a -= 0.45 * (lam + sigma**2) ** 2 / lam * generator(a, lam, sigma)[1]
        found.append(a)
    return gap(np.array(found), np.full(3, 1.3))


# The constant


@ledger.add("9.21", "identity", normal_generator, exact=True, wrong={
    "constants add": lambda a, lam, sigma, c: normal_generator(a, lam, sigma, (c[0], -c[1])),
    "constants cancel": lambda a, lam, sigma, c: normal_generator(a, lam, sigma),
    "times sigma^2": lambda a, lam, sigma, c: np.array([sigma**2, 1]) * normal_generator(a, lam, sigma, c)})
def value_moves_and_slope_does_not(generator, rng):
    """Value KL + C_G - C_p and the slope of KL, from the closed forms, for random constants."""
    a, lam, sigma = rng.uniform(0.5, 2, 3)
    c = rng.standard_normal(2)
    r = (a * a + sigma**2) / (lam + sigma**2)
    slope = a * (1 / (lam + sigma**2) - 1 / (a * a + sigma**2))
    return gap(generator(a, lam, sigma, c), np.array([(r - 1 - np.log(r)) / 2 + c[0] - c[1], slope]))


def biases(gradient):
    """Gradients of smoothed_kl in the generator, and of dsm in a network, when the last biases are shifted."""
    def found(rng, shift):
        p, z, eps, sigma = arguments(rng)
        moved = tuple((*q[:-1], Dense(q[-1].W, q[-1].b + c)) for q, c in zip((OWN, TARGET), shift, strict=True))
        value, pull = objective(*moved)(p, z, eps, sigma)
        x = rng.standard_normal((7, 2))
        matched = [dsm(lambda p, xt: mlp_grad(p, xt, softplus), q, x, eps, 0.6)[1](1.0)[0] for q in moved]
        return value, gradient(trees.flatten((pull(1.0)[0], *matched)).vector, shift)

    return found


@ledger.add("9.21", "law", biases(lambda g, shift: g), bound=0, wrong={
    "a gradient in the last bias": biases(lambda g, shift: np.append(g, shift[0])),
    "value counts": biases(lambda g, shift: g * (1 + 1e-3 * shift[1]))})
def no_gradient_sees_a_constant(found, rng):
    """Networks whose last biases differ by 3 and -5: all gradients agree bit by bit; the values differ by 8."""
    seed = int(rng.integers(1000))
    (one, g), (other, h) = (found(np.random.default_rng(seed), shift) for shift in ((0.0, 0.0), (3.0, -5.0)))
    return holds([np.array_equal(g, h), abs(other - one - 8) < 1e-13])
