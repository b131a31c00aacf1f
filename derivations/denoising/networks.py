"""Evidence for score networks, (9.12) to (9.15)."""

from __future__ import annotations

from functools import partial

import numpy as np

from refvae import trees
from refvae.check.numeric import STEP
from refvae.denoising import denoiser_score, dsm, ladder_score
from refvae.derivations.denoising.common import network
from refvae.evidence import Ledger, gap, holds, spoiled
from refvae.layers import Dense, mlp, mlp_grad, sigmoid, sigmoid_prime, softplus, tanh, tanh_prime

ledger = Ledger()


def rows(rng, d=3, n=8):
    """Data, noise, and a level for each of eight rows."""
    return *rng.standard_normal((2, n, d)), rng.uniform(0.3, 1.2, (n, 1))


# A denoiser


def denoiser(p, xt, sigma_frozen):
    """denoiser_score with tanh."""
    return denoiser_score(p, xt, sigma_frozen, activation=tanh)


DENOISER_WRONG = {
    "sigma for its square": lambda p, xt, sigma: (lambda s, pull: (sigma * s, lambda ds: pull(sigma * ds)))(
        *denoiser(p, xt, sigma)),
    "sign": lambda p, xt, sigma: (lambda s, pull: (-s, lambda ds: pull(-ds)))(*denoiser(p, xt, sigma)),
    "input not taken off": lambda p, xt, sigma: (lambda s, pull: (s + xt / sigma**2, pull))(*denoiser(p, xt, sigma))}
ledger.adjoint("9.12", denoiser, lambda rng: (network(rng, 3, 5, 3), *rows(rng)[::2]), wrong={
    "input not taken off": lambda p, xt, sigma: (denoiser(p, xt, sigma)[0], lambda ds: (lambda dp, dx, _: (
        dp, dx + ds / sigma**2, None))(*denoiser(p, xt, sigma)[1](ds))),
    "variance lost": spoiled(denoiser, lambda d: (trees.map(lambda leaf: 2 * leaf, d[0]), d[1], None))})


@ledger.add("9.12", "identity", denoiser, exact=True, wrong=DENOISER_WRONG)
def loss_of_an_autoencoder(score, rng):
    """dsm with the weight sigma^4 is half the squared distance of r(xt) from the clean rows, and so is its gradient."""
    p, (x, eps, sigma) = network(rng, 3, 5, 3), rows(rng)
    loss, pull = dsm(lambda p, xt: score(p, xt, sigma), p, x, eps, sigma, sigma**4)
    r, pull_r = mlp(p, x + sigma * eps, tanh)
    return gap((np.array(loss), pull(1.0)[0]), (np.array(((r - x) ** 2).sum() / 16), pull_r((r - x) / 8)[0]))


# A log density


def log_density_gradient(p, x, eps, sigma, activation):
    """Gradient of dsm for a log-density network in its parameters, with the weight sigma^2."""
    return dsm(lambda p, xt: mlp_grad(p, xt, activation), p, x, eps, sigma, sigma**2)[1](1.0)[0]


PHI = {tanh: (tanh_prime, lambda a: -2 * np.tanh(a) * tanh_prime(a)[0]), softplus: (sigmoid, lambda a: sigmoid_prime(
    a)[0])}  # first and second derivative


def sweeps(p, x, eps, sigma, activation, bend=1.0, start=0.0, v_factor=1.0):
    """The two sweeps of (9.13), as they stand there; bend, start and v_factor spoil them."""
    first, second = PHI[activation]
    h, a = [x + sigma * eps], []
    for layer in p[:-1]:
        a.append(h[-1] @ layer.W + layer.b)
        h.append(activation(a[-1])[0])
    ones = np.ones((len(x), 1))
    gamma, slopes = ones @ p[-1].W.T, [first(each)[0] for each in a]
    grad = gamma
    for layer, slope in zip(p[-2::-1], slopes[::-1], strict=True):
        grad = (grad * slope) @ layer.W.T
    h_dot, a_dot = [v_factor * sigma**2 / len(x) * (grad + eps / sigma)], []
    for layer, slope in zip(p[:-1], slopes, strict=True):
        a_dot.append(h_dot[-1] @ layer.W)
        h_dot.append(slope * a_dot[-1])
    found = [Dense(h_dot[-1].T @ ones, np.zeros(1))]
    delta = start * h[-1]
    for i in reversed(range(len(a))):
        alpha = gamma * slopes[i]
        beta = delta * slopes[i] + bend * gamma * second(a[i]) * a_dot[i]
        found.insert(0, Dense(h_dot[i].T @ alpha + h[i].T @ beta, beta.sum(0)))
        gamma, delta = alpha @ p[i].W.T, beta @ p[i].W.T
    return tuple(found)


SECOND_WRONG = {
    "second derivative lost": partial(sweeps, bend=0.0),
    "second derivative doubled": partial(sweeps, bend=2.0),
    "factor 2": partial(sweeps, v_factor=2.0),
    "delta does not start at 0": partial(sweeps, start=0.1),
    "weights of the first map alone": lambda *args: (lambda g: (g[0], *trees.map(lambda leaf: 0 * leaf, g[1:])))(
        sweeps(*args)),
    "weight lost": lambda p, x, eps, sigma, activation: dsm(lambda p, xt: mlp_grad(p, xt, activation), p, x, eps,
                                                            sigma)[1](1.0)[0]}


def scalar_networks(rng):
    """A network 3-5-4-1 with biases, and rows."""
    return network(rng, 3, 5, 4, 1), *rows(rng)


@ledger.add("9.13", "identity", log_density_gradient, exact=True, wrong=SECOND_WRONG)
def both_sweeps(gradient, rng):
    """The sweeps written out, for tanh and softplus: no line in common with the layers."""
    p, x, eps, sigma = scalar_networks(rng)
    return gap(tuple(gradient(p, x, eps, sigma, f) for f in PHI), tuple(sweeps(p, x, eps, sigma, f) for f in PHI))


@ledger.add("9.13", "oracle", log_density_gradient, bound=1e-12, wrong=SECOND_WRONG)
def imaginary_steps_in_the_parameters(gradient, rng):
    """Every parameter by an imaginary step in the value of the loss, whose score is written out for tanh."""
    p, x, eps, sigma = scalar_networks(rng)
    xt = x + sigma * eps

    def value(p):
        h1 = np.tanh(xt @ p[0].W + p[0].b)
        h2 = np.tanh(h1 @ p[1].W + p[1].b)
        s = (((1 - h2 * h2) * p[2].W[:, 0]) @ p[1].W.T * (1 - h1 * h1)) @ p[0].W.T
        return (sigma**2 * (s + eps / sigma) ** 2).sum() / 16

    flat = trees.flatten(p)
    slopes = [value(trees.unflatten(flat.vector + 1j * STEP * e, p)).imag / STEP for e in np.eye(flat.vector.size)]
    return gap(gradient(p, x, eps, sigma, tanh), trees.unflatten(np.array(slopes), p))


@ledger.add("9.13", "law", log_density_gradient, bound=0, wrong={
    "last bias moves": lambda *args: (lambda g: (*g[:-1], Dense(g[-1].W, g[-1].b + 1)))(log_density_gradient(*args)),
    "constant of the network": lambda p, *args: log_density_gradient(
        (p[0], p[1], Dense(p[2].W * (1 + p[2].b / 1e3), p[2].b)), *args)})
def the_constant_is_free(gradient, rng):
    """The gradient in the last bias is 0, and no gradient depends on that bias, bit by bit."""
    p, *data = scalar_networks(rng)
    one, other = (gradient((*p[:-1], Dense(p[-1].W, np.array([c]))), *data, tanh) for c in (-2.0, 5.0))
    same = [np.array_equal(u, v) for u, v in zip(trees.leaves(one), trees.leaves(other), strict=True)]
    return holds([*same, not one[-1].b.any()])


# One network for all levels


def ladder(p, xt, sigma_frozen, scale=0.75):
    """ladder_score with tanh for data of standard deviation 0.75."""
    return ladder_score(p, xt, sigma_frozen, scale=scale, activation=tanh)


def conditional(rng):
    """A network 4-5-3, noisy rows, levels."""
    return network(rng, 4, 5, 3), *rows(rng)[::2]


ledger.adjoint("9.15", ladder, conditional, wrong={
    "normal part has no slope": lambda p, xt, sigma: (ladder(p, xt, sigma)[0], lambda ds: (lambda dp, dx, _: (
        dp, dx + ds / (sigma**2 + 0.5625), None))(*ladder(p, xt, sigma)[1](ds))),
    "input not scaled": lambda p, xt, sigma: (ladder(p, xt, sigma)[0], lambda ds: (lambda dp, dx, _: (
        dp, (dx + ds / (sigma**2 + 0.5625)) * np.sqrt(sigma**2 + 0.5625) - ds / (sigma**2 + 0.5625), None))(
        *ladder(p, xt, sigma)[1](ds)))})


@ledger.add("9.15", "identity", ladder, exact=True, wrong={
    "scale 1": lambda p, xt, sigma: ladder(p, xt, sigma, scale=1.0),
    "level not told": lambda p, xt, sigma: ladder((Dense(p[0].W * [[1], [1], [1], [0]], p[0].b), *p[1:]), xt, sigma),
    "correction not scaled": lambda p, xt, sigma: (lambda s, pull: (s / sigma, pull))(*ladder(p, xt, sigma))})
def weighted_loss_is_a_regression(score, rng):
    """Row by row, sigma^2 / 2 |s + eps / sigma|^2 is tau^2 / 2v |f - f*|^2 with a network that is run by hand."""
    p, (x, eps, sigma) = network(rng, 4, 5, 3), rows(rng, n=2)
    v, xt = 0.5625 + sigma**2, x + sigma * eps
    f = np.tanh(np.hstack([xt / np.sqrt(v), np.log(sigma) / 4]) @ p[0].W + p[0].b) @ p[1].W + p[1].b
    target = (sigma * x - 0.5625 * eps) / (0.75 * np.sqrt(v))
    got = (sigma**2 * (score(p, xt, sigma)[0] + eps / sigma) ** 2).sum(1) / 2
    return gap(got, (0.5625 / (2 * v) * (f - target) ** 2).sum(1))


@ledger.add("9.15", "limit", ladder, bound=1e-12, exact=True, wrong={
    "scale 1": lambda p, xt, sigma: ladder(p, xt, sigma, scale=1.0),
    "noise lost": lambda p, xt, sigma: (-xt / 0.5625, None),
    "standard deviation": lambda p, xt, sigma: (-xt / np.sqrt(0.5625 + sigma**2), None)})
def normal_data_need_no_network(score, rng):
    """With f = 0: the score of N(0, 0.5625 I) smoothed by the level of each row."""
    p, xt, sigma = conditional(rng)
    s = score(trees.map(lambda leaf: 0 * leaf, p), xt, sigma)[0]
    return gap(s, np.array([-x / (0.5625 + t**2) for x, t in zip(xt, sigma[:, 0], strict=True)]))


