"""Evidence for denoising and implicit score matching, (9.5) to (9.7)."""

from __future__ import annotations

import numpy as np

from refvae import trees
from refvae.check.numeric import STEP
from refvae.denoising import dsm, implicit, jacobian
from refvae.derivations.denoising.common import joint, line, mixture, network
from refvae.evidence import Ledger, gap, spoiled
from refvae.layers import mlp, tanh

ledger = Ledger()


# The objective


def vector(p, xt):
    """A network 3-5-3 that gives the score itself."""
    return mlp(p, xt, tanh)


def arguments(rng):
    """Parameters, seven rows, noise, and a level for each."""
    return network(rng, 3, 5, 3), *rng.standard_normal((2, 7, 3)), rng.uniform(0.3, 1.2, (7, 1))


def objective(change=lambda p, x, eps, sigma: (p, x, eps, sigma), weight=None, target=lambda eps, sigma: eps / sigma):
    """dsm of `vector` with the weight sigma^2; or a version whose arguments or target are changed."""
    def loss(p, x, eps, sigma_frozen):
        p, x, eps, sigma = change(p, x, eps, sigma_frozen)
        shift = target(eps, sigma) - eps / sigma
        moved = lambda p, xt: (lambda s, pull: (s + shift, pull))(*vector(p, xt))
        return dsm(moved, p, x, eps, sigma, sigma**2 if weight is None else weight(sigma))

    return loss


DSM = objective()
DSM_WRONG = {
    "target sigma eps": objective(target=lambda eps, sigma: sigma * eps),
    "target of the other sign": objective(target=lambda eps, sigma: -eps / sigma),
    "target over sigma^2": objective(target=lambda eps, sigma: eps / sigma**2),
    "variance for sigma": objective(change=lambda p, x, eps, sigma: (p, x, eps, sigma**2)),
    "weight lost": objective(weight=lambda sigma: 1.0),
    "score at the clean point": objective(change=lambda p, x, eps, sigma: (p, x - sigma * eps, eps, sigma)),
    "mean over features": lambda *args: (lambda loss, pull: (loss / 3, lambda d: pull(d / 3)))(*DSM(*args))}
ledger.adjoint("9.5", DSM, arguments, wrong={
    "x for eps": spoiled(DSM, lambda d: (d[0], d[1], d[1], None)),
    "gradient of the sum": spoiled(DSM, lambda d: (*(trees.map(lambda leaf: 7 * leaf, part) for part in d[:3]), None)),
    "noise used once": spoiled(DSM, lambda d: (d[0], d[1], 0.5 * d[1], None)),
    "factor 2": spoiled(DSM, lambda d: (trees.map(lambda leaf: 2 * leaf, d[0]), d[1], d[2], None))})


@ledger.add("9.5", "identity", DSM, exact=True, wrong=DSM_WRONG)
def row_by_row(loss, rng):
    """The value of a network 3-5-3 as a sum over rows and coordinates."""
    p, x, eps, sigma = arguments(rng)
    total = 0.0
    for xi, ei, si in zip(x, eps, sigma[:, 0], strict=True):
        s = np.tanh((xi + si * ei) @ p[0].W + p[0].b) @ p[1].W + p[1].b
        total += si**2 * sum((s[j] + ei[j] / si) ** 2 for j in range(3)) / 2
    return gap(np.array(loss(p, x, eps, sigma)[0]), np.array(total / 7))


# Denoising is explicit matching


def weighted_dsm(score_map, x, eps, sigma, w):
    """Mean of dsm over the nodes of a quadrature with weights w of sum 1."""
    return dsm(lambda p, xt: score_map(xt), (), x, eps, sigma, len(x) * w[:, None])[0]


def spoiled_noise(change):
    """dsm that takes change(eps, sigma) for its noise after x + sigma eps."""
    return lambda score_map, x, eps, sigma, w: weighted_dsm(
        lambda xt: (lambda s, pull: (s + (change(eps, sigma) - eps) / sigma, pull))(*score_map(xt)), x, eps, sigma, w)


VINCENT_WRONG = {
    "target of the other sign": spoiled_noise(lambda eps, sigma: -eps),
    "target over sigma^2": spoiled_noise(lambda eps, sigma: eps / sigma),
    "factor 2": lambda *args: 2 * weighted_dsm(*args),
    "no noise": lambda score_map, x, eps, sigma, w: weighted_dsm(score_map, x, 0 * eps, sigma, w)}


@ledger.add("9.6", "identity", weighted_dsm, wrong=VINCENT_WRONG)
def explicit_matching_and_a_constant(loss, rng):
    """Over a mixture, the cubic field 0.3 - x + 0.1 x^3: joint law of x and eps on one side, the line on the other."""
    law, sigma = mixture(rng, d=1), 0.7
    field = lambda xt: (0.3 - xt + 0.1 * xt**3, None)
    x, w = line(law, sigma)
    true = law.score(x, sigma)[:, 0]
    want = w @ ((field(x)[0][:, 0] - true) ** 2 + 1 / sigma**2 - true**2) / 2
    return gap(np.array(loss(field, *joint(law, sigma)[:2], sigma, joint(law, sigma)[2])), np.array(want))


@ledger.add("9.6", "law", weighted_dsm, wrong={
    "score at the clean point": lambda score_map, x, eps, sigma, w: weighted_dsm(
        score_map, x - sigma * eps, eps, sigma, w),
    "target of the other sign": VINCENT_WRONG["target of the other sign"],
    "no noise": VINCENT_WRONG["no noise"],
    "target over sigma^2": VINCENT_WRONG["target over sigma^2"]})
def differences_of_two_fields(loss, rng):
    """Normal data of variance 0.6: the losses of a + b x differ from that of the score by half its mean squared error.
    """
    sigma, lam = 0.5, 0.6
    law = mixture(rng, d=1, k=1)._replace(m=np.zeros((1, 1)), sd=np.sqrt([lam]))
    x, eps, w = joint(law, sigma)
    a, b = rng.standard_normal(2)
    value = lambda a, b: loss(lambda xt: (a + b * xt, None), x, eps, sigma, w)
    best, var = -1 / (lam + sigma**2), lam + sigma**2
    return gap(np.array(value(a, b) - value(0, best)), np.array((a**2 + (b - best) ** 2 * var) / 2))


# Implicit


IMPLICIT_WRONG = {
    "half lost": lambda score_map, x: implicit(score_map, x) + (score_map(x)[0] ** 2).sum(1) / 2,
    "sign of the divergence": lambda score_map, x: (score_map(x)[0] ** 2).sum(1) - implicit(score_map, x),
    "first derivative alone": lambda score_map, x: (score_map(x)[0] ** 2).sum(1) / 2 + jacobian(score_map, x)[:, 0, 0],
    "sum of all derivatives": lambda score_map, x: (score_map(x)[0] ** 2).sum(1) / 2 + jacobian(
        score_map, x).sum((1, 2))}


def product_law(rng, sigma):
    """Two independent coordinates: nodes (n, 2) on a grid and weights, the law of each."""
    laws = [mixture(rng, d=1, k=2) for _ in range(2)]
    (u, wu), (v, wv) = (line(law, sigma, h=0.15) for law in laws)
    x = np.stack(np.meshgrid(u[:, 0], v[:, 0], indexing="ij"), 2).reshape(-1, 2)
    return laws, x, np.outer(wu, wv).ravel()


@ledger.add("9.7", "identity", implicit, wrong=IMPLICIT_WRONG)
def squared_error_less_the_information(form, rng):
    """A bent field in the plane, over a product of two mixtures: half the squared error is the form + J / 2."""
    sigma = 0.8
    laws, x, w = product_law(rng, sigma)
    A, true = rng.standard_normal((2, 2)), np.hstack([law.score(x[:, i:i + 1], sigma) for i, law in enumerate(laws)])

    def field(x):
        y = np.tanh(x @ A)
        return y @ A, lambda ds: (ds @ A.T * (1 - y * y)) @ A.T

    want = w @ ((field(x)[0] - true) ** 2).sum(1) / 2 - w @ (true**2).sum(1) / 2
    return gap(np.array(w @ form(field, x)), np.array(want))


@ledger.add("9.7", "law", implicit, wrong={
    name: IMPLICIT_WRONG[name] for name in IMPLICIT_WRONG if "deriv" not in name})
def the_score_itself_gives_minus_half_the_information(form, rng):
    """At s = grad log p of a mixture the implicit form has the mean -J / 2."""
    law, sigma = mixture(rng, d=1), 0.6
    x, w = line(law, sigma)
    return gap(np.array(w @ form(law.layer(sigma), x)), np.array(-(w @ law.score(x, sigma)[:, 0] ** 2) / 2))


DERIVATIVE_WRONG = {
    "transposed": lambda score_map, x: jacobian(score_map, x).transpose(0, 2, 1),
    "diagonal alone": lambda score_map, x: jacobian(score_map, x) * np.eye(x.shape[1]),
    "row summed": lambda score_map, x: np.broadcast_to(jacobian(score_map, x).sum(1, keepdims=True), (
        len(x), *2 * x.shape[1:]))}


@ledger.add("9.7", "identity", jacobian, wrong=DERIVATIVE_WRONG)
def derivative_by_imaginary_steps(derivative, rng):
    """All derivatives of a network 3-5-3 from its values alone, one imaginary step a column."""
    p, x = network(rng, 3, 5, 3), rng.standard_normal((7, 3))
    columns = [vector(p, x + 1j * STEP * e)[0].imag / STEP for e in np.eye(3)]
    layer = lambda x: (lambda s, pull: (s, lambda ds: pull(ds)[1]))(*vector(p, x))
    return gap(derivative(layer, x), np.stack(columns, 2))
