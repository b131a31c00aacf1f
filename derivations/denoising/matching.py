"""Evidence for the three forms of score matching, (9.5) to (9.8)."""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np

from refvae import trees
from refvae.check.numeric import STEP
from refvae.denoising import dsm, implicit, jacobian, sliced
from refvae.derivations.denoising.common import joint, line, mixture, network
from refvae.evidence import Ledger, gap, holds, spoiled, z_score
from refvae.layers import mlp, mlp_grad, softplus, tanh

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


# Sliced


def slices(layer, p, x, v):
    """Loss and gradient in p, half of what the cotangent 2 gives."""
    loss, pull = sliced(layer, p, x, v)
    return np.array(loss), trees.map(lambda leaf: leaf / 2, pull(2.0)[0])


def changed(value=lambda loss, p, x: loss, gradient=lambda g: g, v=lambda v: v):
    """`slices` with a changed value, gradient or direction."""
    def wrong(layer, p, x, v_given):
        loss, g = slices(layer, p, x, v(v_given))
        s = layer(p, x)[0]
        return value(loss, s, x), gradient(g)

    return wrong


SLICED_WRONG = {
    "half lost": changed(value=lambda loss, s, x: loss + (s * s).sum(1).mean() / 2),
    "slope lost": changed(value=lambda loss, s, x: (s * s).sum(1).mean() / 2),
    "mean of the squared slope of s": changed(value=lambda loss, s, x: 2 * loss - (s * s).sum(1).mean() / 2),
    "gradient doubled": changed(gradient=lambda g: trees.map(lambda leaf: 2 * leaf, g)),
    "unit directions": changed(v=lambda v: v / np.linalg.norm(v, axis=1, keepdims=True))}
NETS = {"field": (vector, (3, 5, 3)), "log density": (partial(mlp_grad, activation=softplus), (3, 5, 4, 1))}


def by_hand(layer, p, x, v):
    """|s|^2 / 2 + <v, Ds v> from all derivatives, by pulls."""
    at = lambda x: (lambda s, pull: (s, lambda ds: pull(ds)[1]))(*layer(p, x))
    s = layer(p, x)[0]
    return (s * s).sum(1) / 2 + np.einsum("ni,nij,nj->n", v, jacobian(at, x), v)


@ledger.add("9.8", "identity", slices, wrong=SLICED_WRONG)
def value_and_gradient_by_other_ways(objective, rng):
    """Field and log-density network: value from all derivatives by pulls; its gradient by an imaginary step in each
    parameter of that value, which never meets an imaginary x.
    """
    got, want = [], []
    for layer, sizes in NETS.values():
        p, x, v = network(rng, *sizes), *rng.standard_normal((2, 7, 3))
        flat = trees.flatten(p)
        moved = [trees.unflatten(flat.vector + 1j * STEP * e, p) for e in np.eye(flat.vector.size)]
        slopes = np.array([by_hand(layer, q, x + 0j, v).mean().imag / STEP for q in moved])
        loss, gradient = objective(layer, p, x, v)
        got += [loss, trees.flatten(gradient).vector]
        want += [by_hand(layer, p, x, v).mean(), slopes]
    return gap(tuple(got), tuple(want))


@ledger.add("9.8", "law", slices, wrong={
    "directions of unit length": SLICED_WRONG["unit directions"], "slope lost": SLICED_WRONG["slope lost"],
    "half lost": SLICED_WRONG["half lost"]})
def all_signs_give_the_divergence(objective, rng):
    """The mean over the eight vectors of signs is the implicit form, exactly: their mean of v v^T is the identity."""
    layer, sizes = NETS["log density"]
    p, x = network(rng, *sizes), rng.standard_normal((7, 3))
    found = [objective(layer, p, x, np.tile(signs, (7, 1)).astype(float))[0] for signs in product((-1, 1), repeat=3)]
    at = lambda x: (lambda s, pull: (s, lambda ds: pull(ds)[1]))(*layer(p, x))
    return gap(np.array(np.mean(found)), np.array(implicit(at, x).mean()))


@ledger.add("9.8", "law", sliced, bound=0, wrong={
    "real cotangents": lambda layer, p, x, v: sliced(lambda p, x: (lambda s, pull: (s, lambda ds: pull(ds.real)))(
        *layer(p, x)), p, x, v),
    "complex ones": lambda layer, p, x, v: sliced(lambda p, x: (lambda s, pull: (s, lambda ds: pull(ds + 0j)))(
        *layer(p, x)), p, x, v)})
def cotangents_of_the_type_of_values(objective, rng):
    """The score map is asked for cotangents of what it gave, once real and once complex."""
    seen = []

    def layer(p, x):
        s, pull = vector(p, x)
        return s, lambda ds: (seen.append((s.dtype, ds.dtype)), pull(ds))[1]

    objective(layer, network(rng, 3, 5, 3), *rng.standard_normal((2, 7, 3)))[1](2.0)
    return holds([*(one == other for one, other in seen), {one.kind for one, _ in seen} == {"f", "c"}])


@ledger.add("9.8", "montecarlo", slices, wrong={
    "slope lost": SLICED_WRONG["slope lost"], "unit directions": SLICED_WRONG["unit directions"]})
def normal_directions(objective, rng):
    """20000 normal directions at one point of a bent field: the mean of the slopes is the divergence."""
    p, x = network(rng, 3, 5, 3), rng.standard_normal((1, 3))
    s = vector(p, x)[0]
    v = rng.standard_normal((20000, 3))
    slopes = [objective(vector, p, np.tile(x, (100, 1)), part)[0] - (s * s).sum() / 2 for part in np.split(v, 200)]
    at = lambda x: (lambda s, pull: (s, lambda ds: pull(ds)[1]))(*vector(p, x))
    return z_score(np.array(slopes), float(np.trace(jacobian(at, x)[0])))


