"""Evidence for straight-through, (8.6) to (8.10)."""

from __future__ import annotations

import numpy as np

from refvae import trees
from refvae.check.identity import along
from refvae.derivations.vqvae.common import spread
from refvae.evidence import Ledger, gap, holds, spoiled
from refvae.layers import Dense, mlp, squared_error, tanh
from refvae.vqvae import implied_cost, lookup, nearest_code, straight_through

ledger = Ledger()

THROUGH_WRONG = {"slope of the rectifier": lambda z, shift: (z + shift, lambda d: (d * (z > 0), None)),
                 "stopped altogether": lambda z, shift: (z + shift, lambda d: (0 * d, None)),
                 "value not shifted": lambda z, shift: (z + 0 * shift, lambda d: (d.copy(), None))}
ledger.adjoint("8.6", straight_through, lambda rng: tuple(rng.standard_normal((2, 7, 3))), wrong={
    "stopped altogether": spoiled(straight_through, lambda d: (0 * d[0], None)),
    "doubled": spoiled(straight_through, lambda d: (2 * d[0], None)),
    "to the shift": spoiled(straight_through, lambda d: (np.roll(d[0], 1, 1), None))})


@ledger.add("8.6", "identity", straight_through, exact=True, wrong=THROUGH_WRONG)
def rectifier_and_quantiser(layer, rng):
    """Values of max(x, 0) and of the nearest codes, and every cotangent passed on."""
    z, codes = spread(rng)
    d, zq = rng.standard_normal(z.shape), codes[nearest_code(z, codes)]
    got = [(layer(z, f - z)[0], layer(z, f - z)[1](d)[0]) for f in (np.maximum(z, 0), zq)]
    return gap(tuple(got), ((np.maximum(z, 0), d), (zq, d)))


# Of what it is the derivative


def decoder(rng, k=3):
    """A smooth function of a code, |x - mlp(y)|^2 -> (values, gradient)."""
    p = (Dense(rng.standard_normal((k, 5)), rng.standard_normal(5)), Dense(rng.standard_normal((5, 6)), np.zeros(6)))
    x = rng.standard_normal(6)

    def f(y):
        out, pull = mlp(p, y, tanh)
        se, pull_se = squared_error(out, np.broadcast_to(x, out.shape))
        return se, lambda d: pull(pull_se(d)[0])[1]

    return f


def slope(layer, f, z, zq):
    """What training takes for the gradient of f(q(z))."""
    y, pull = layer(z, zq - z)
    return pull(f(y)[1](np.ones(len(z))))[0]


@ledger.add("8.7", "identity", straight_through, exact=True, wrong={key: THROUGH_WRONG[key] for key in (
    "stopped altogether", "value not shifted")})
def gradient_at_the_code(layer, rng):
    """It is the gradient of f at the nearest code, by complex step there."""
    (z, codes), f = spread(rng), decoder(rng)
    zq = codes[nearest_code(z, codes)]
    want = np.stack([along(lambda at: f(at)[0], zq, axis) for axis in np.eye(3)], 1)
    return gap(slope(layer, f, z, zq), want)


@ledger.add("8.7", "law", straight_through, bound=0, wrong={
    "stopped altogether": THROUGH_WRONG["stopped altogether"],
    "f at z for f at its code": lambda z, shift: (z + 0 * shift, lambda d: (d.copy(), None))})
def constant_on_cells_and_not_zero(layer, rng):
    """f(q(z)) does not change in small balls, and still the gradient is no zero; it is one for the whole cell."""
    (z, codes), f = spread(rng, 40), decoder(rng)
    q = lambda z: lookup(codes, nearest_code(z, codes))[0]
    near = [f(q(z + 1e-9 * rng.standard_normal(z.shape)))[0] == f(q(z))[0] for _ in range(3)]
    g, idx = slope(layer, f, z, q(z)), nearest_code(z, codes)
    same = [np.abs(np.ptp(g[idx == j], axis=0)).max() < 1e-12 for j in np.unique(idx)]
    return holds([*np.ravel(near), *(np.abs(g).max(1) > 1e-6), *same])


# Circulation


def loop(layer, f, codes, corners, steps=50):
    """The integral of the field along straight lines between corners, by midpoints, which lie on no face."""
    total = 0.0
    for a, b in zip(corners, [*corners[1:], corners[0]], strict=True):
        at = a + (np.arange(steps)[:, None] + 0.5) / steps * (b - a)
        total += (slope(layer, f, at, codes[nearest_code(at, codes)]) @ (b - a)).sum() / steps
    return total


def face(rng):
    """Codes +-e with a third far away, and a loop around two points of the face between +e and -e."""
    e = rng.standard_normal(2)
    across = np.array([-e[1], e[0]])
    codes = np.array([e, -e, 1e3 * across])
    return codes, [across + 0.2 * e, -across + 0.2 * e, -across - 0.2 * e, across - 0.2 * e], across


@ledger.add("8.8", "identity", straight_through, exact=True, wrong={key: THROUGH_WRONG[key] for key in (
    "stopped altogether", "value not shifted")})
def circulation(layer, rng):
    """Around a rectangle across a face: the jump of the gradient times the way between the two crossings."""
    (codes, corners, across), f = face(rng), decoder(rng, 2)
    g = f(codes)[1](np.ones(3))
    return gap(np.array(loop(layer, f, codes, corners)), np.array((g[0] - g[1]) @ (-2 * across)))


@ledger.add("8.8", "law", straight_through, bound=0, wrong={
    "stopped altogether": THROUGH_WRONG["stopped altogether"],
    "f at z for f at its code": THROUGH_WRONG["value not shifted"]})
def a_gradient_only_for_normal_jumps(layer, rng):
    """No circulation for |x - y|^2 without decoder, nor for an orthogonal one; some for a decoder that stretches."""
    codes, corners, _ = face(rng)
    x, e = rng.standard_normal(2), codes[0] / np.sqrt(codes[0] @ codes[0])
    W = np.eye(2) + np.outer(e + np.array([-e[1], e[0]]), e)
    f = lambda W: lambda y: (((y @ W - x) ** 2).sum(1), lambda d: 2 * d[:, None] * (y @ W - x) @ W.T)
    turn = np.array([[0.6, 0.8], [-0.8, 0.6]])
    return holds([abs(loop(layer, f(np.eye(2)), codes, corners)) < 1e-12, abs(loop(
        layer, f(turn), codes, corners)) < 1e-12, abs(loop(layer, f(W), codes, corners)) > 0.1])


# Without a decoder


def pulled(rng):
    """Points, images, codes and nearest indices."""
    z, codes = spread(rng)
    return z, rng.standard_normal(z.shape), codes, nearest_code(z, codes)


def cost(gamma):
    """The layer with a fixed weight."""
    return lambda z, x, codes, idx: implied_cost(z, x, codes, idx, gamma=gamma)


def weight(change):
    """The layer with another weight of the distance from the code."""
    return lambda z, x, codes, idx, *, gamma: implied_cost(z, x, codes, idx, gamma=change(gamma))


COST_WRONG = {"the distance from the code not subtracted": weight(lambda gamma: 1.0),
              "as if quantisation were the identity": lambda z, x, codes, idx, *, gamma: (
                  squared_error(z, x)[0], lambda d: (*squared_error(z, x)[1](d), 0 * codes, None)),
              "1 + gamma for 1 - gamma": weight(lambda gamma: -gamma)}
ledger.adjoint("8.9", cost(0.3), pulled, wrong={
    "the code does not move": spoiled(cost(0.3), lambda d: (d[0], d[1], 0 * d[2], None)),
    "sign": spoiled(cost(0.3), lambda d: trees.map(lambda leaf: -leaf, d))})


@ledger.add("8.9", "identity", implied_cost, exact=True, wrong=COST_WRONG)
def sum_of_both_gradients(layer, rng):
    """Its slope in z is straight-through of |x - y|^2 plus the commitment; its value the maximum of the G_j."""
    z, x, codes, idx = pulled(rng)
    got, want = [], []
    for gamma in (0.0, 0.25, 0.8):
        zq = codes[idx]
        value, pull = layer(z, x, codes, idx, gamma=gamma)
        through = straight_through(z, zq - z)
        got.append((value, pull(np.ones(len(z)))[0]))
        G = [gamma * ((z - e) ** 2).sum(1) - 2 * ((x - e) * (z - e)).sum(1) + ((x - e) ** 2).sum(1) for e in codes]
        want.append((np.max(G, 0), through[1](2 * (through[0] - x))[0] + 2 * gamma * (z - zq)))
    return gap(tuple(got), tuple(want))


def value(layer, z, x, codes, gamma):
    """The cost at points with their own nearest codes, for one image."""
    return layer(z, np.broadcast_to(x, z.shape), codes, nearest_code(z, codes), gamma=gamma)[0]


@ledger.add("8.10", "law", implied_cost, bound=0, wrong=COST_WRONG)
def growth_from_the_minimum(layer, rng):
    """At 300 points the cost exceeds that at e + (x - e) / gamma by gamma times the squared distance or more."""
    cases = []
    for gamma in (0.05, 0.25, 1.0):
        best, codes = spread(rng, 1, 2)
        e = codes[nearest_code(best, codes)[0]]
        x, z = e + gamma * (best[0] - e), best + rng.standard_normal((300, 2)) * 10 ** rng.uniform(-2, 2, (300, 1))
        least = value(layer, best, x, codes, gamma)[0]
        more = least + gamma * ((z - best) ** 2).sum(1)
        cases += [*(value(layer, z, x, codes, gamma) >= more - 1e-12 * (1 + np.abs(more)))]
    return holds(cases)


@ledger.add("8.10", "law", implied_cost, bound=0, wrong=COST_WRONG)
def between_two_codes(layer, rng):
    """The same where the minimum lies on a face and the code is a mean of two."""
    codes, _, across = face(rng)
    best, mean, cases = 0.4 * across[None], 0.3 * codes[0], []
    for gamma in (0.1, 0.5):
        x = mean + gamma * (best[0] - mean)
        z = best + rng.standard_normal((300, 2))
        more = value(layer, best, x, codes, gamma)[0] + gamma * ((z - best) ** 2).sum(1)
        cases += [*(value(layer, z, x, codes, gamma) >= more - 1e-12)]
    return holds(cases)


@ledger.add("8.10", "limit", implied_cost, bound=1e-12, wrong={
    **{key: COST_WRONG[key] for key in COST_WRONG if "gamma" not in key},
    "always with commitment": weight(lambda gamma: gamma + 0.25)})
def runaway(layer, rng):
    """Codes -1 and 1, gamma = 0, z > 0: 8 - 4 z for x = 3, without a bound; z - 3/4 for x = 1/2."""
    z, codes = np.array([[0.5], [10.0], [1e4]]), np.array([[-1.0], [1.0]])
    outside = value(layer, z, np.array([3.0]), codes, 0.0)
    inside = value(layer, z, np.array([0.5]), codes, 0.0)
    return gap((outside, inside), (8 - 4 * z[:, 0], z[:, 0] - 0.75))
