"""Evidence for sliced score matching, (9.8)."""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np

from refvae import trees
from refvae.check.numeric import STEP
from refvae.denoising import implicit, jacobian, sliced
from refvae.derivations.denoising.common import network
from refvae.derivations.denoising.matching import vector
from refvae.evidence import Ledger, gap, holds, z_score
from refvae.layers import mlp_grad, softplus

ledger = Ledger()


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
