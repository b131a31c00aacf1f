"""Evidence for the gradient penalty, (10.26) and (10.27)."""

from __future__ import annotations

import numpy as np

from refvae.adversarial import (
    critic_loss,
    gradient_penalty,
    raised_critic,
)
from refvae.check.identity import along
from refvae.derivations.adversarial.common import net, run
from refvae.evidence import Ledger, gap, holds, spoiled
from refvae.layers import Dense, relu, softplus, tanh
from refvae.trees import leaves

ledger = Ledger()


# Gradient penalty


def critic(rng):
    """A critic 4-6-1 with tanh, seven rows of data, seven generated ones, and where between them."""
    return net(rng, 4, 6, 1), rng.standard_normal((7, 4)), rng.standard_normal((7, 4)), rng.uniform(0, 1, 7)


def smooth_penalty(p, x, y, u):
    return gradient_penalty(p, x, y, u, activation=softplus)


def smooth_critic(p, x, y, u):
    return critic_loss(p, x, y, u, lam=0.7, activation=tanh)


def through(p, factor):
    """Cotangents of the parameters multiplied."""
    return tuple(Dense(factor * layer.W, factor * layer.b) for layer in p)


ledger.adjoint("10.26", smooth_penalty, critic, name="penalty", zero=("p[1].b",), wrong={
    "2 lost": spoiled(smooth_penalty, lambda d: (through(d[0], 0.5), *d[1:])),
    "rows exchanged": spoiled(smooth_penalty, lambda d: (d[0], d[2], d[1], d[3])),
    "the place does not move": spoiled(smooth_penalty, lambda d: (d[0], 0 * d[1], 0 * d[2], 0 * d[3]))})
ledger.adjoint("10.26", smooth_critic, critic, name="loss", zero=("p[1].b",), wrong={
    "penalty of weight 1": lambda p, x, y, u: (smooth_critic(p, x, y, u)[0], critic_loss(p, x, y, u, lam=1.0)[1]),
    "data and generated rows exchanged": lambda p, x, y, u: (smooth_critic(p, x, y, u)[0],
                                                             smooth_critic(p, y, x, 1 - u)[1])})


def by_complex_step(p, at):
    """Slopes of the critic at the rows, one coordinate after the other."""
    return np.stack([along(lambda at: run(p, at)[:, 0], at, row) for row in np.eye(at.shape[1])], 1)


@ledger.add("10.26", "identity", smooth_critic, exact=True, wrong={
    "slope not rooted": lambda p, x, y, u: (smooth_critic(p, x, y, u)[0] + 0.7 * np.mean(
        ((by_complex_step(p, u[:, None] * x + (1 - u)[:, None] * y) ** 2).sum(1) - 1) ** 2), None),
    "u and 1 - u exchanged": lambda p, x, y, u: smooth_critic(p, x, y, 1 - u),
    "sign of the critic": lambda p, x, y, u: (smooth_critic(p, x, y, u)[0] + 2 * (run(p, x) - run(p, y)).mean(), None),
    "sum for the mean": lambda p, x, y, u: (7 * smooth_critic(p, x, y, u)[0], None)})
def slopes_by_complex_step(loss, rng):
    """Mean of T(x') - T(x) + lam (|s| - 1)^2 with slopes from a network written out, by complex step."""
    p, x, y, u = critic(rng)
    s = by_complex_step(p, u[:, None] * x + (1 - u)[:, None] * y)
    penalty = (np.sqrt((s**2).sum(1)) - 1) ** 2
    want = (run(p, y) - run(p, x)).mean() + 0.7 * penalty.mean()
    return gap(np.asarray(loss(p, x, y, u)[0]), np.asarray(want))


def shut(rng):
    """A critic 3-2-1 whose hidden units are shut on the first three of six rows, and open on the others."""
    p = (Dense(rng.uniform(0.5, 1, (3, 2)), np.zeros(2)), Dense(rng.uniform(0.5, 1, (2, 1)), np.array([0.3])))
    signs = np.repeat([[-1.0], [1.0]], 3, 0)
    return p, signs * rng.uniform(0.5, 1, (6, 3)), signs * rng.uniform(0.5, 1, (6, 3)), rng.uniform(0, 1, 6)


def kinked_penalty(p, x, y, u):
    return gradient_penalty(p, x, y, u, activation=relu)


@ledger.add("10.26", "law", kinked_penalty, bound=0, wrong={
    "no penalty where it is flat": lambda p, x, y, u: (lambda v, pull: (np.where(v == 1, 0, v), pull))(
        *kinked_penalty(p, x, y, u)),
    "the parameters feel it where it is flat": lambda p, x, y, u: (lambda v, pull: (v, lambda d: (
        through(pull(d)[0], 1 + d[:3].sum()), *pull(d)[1:])))(*kinked_penalty(p, x, y, u)),
    "NaN where it is flat": lambda p, x, y, u: (lambda v, pull: (v, lambda d: (*pull(d)[:3], d / (v != 1))))(
        *kinked_penalty(p, x, y, u))})
def convention_where_it_is_flat(penalty, rng):
    """At s = 0 the penalty is exactly 1 and nothing feels it; beside it, it is (|W1 W2| - 1)^2 of open units."""
    p, x, y, u = shut(rng)
    found, pull = penalty(p, x, y, u)
    d = rng.standard_normal(6)
    dp, dx, dy, du = pull(d)
    open_only = pull(np.append(np.zeros(3), d[3:]))[0]
    want = (np.sqrt(((p[0].W @ p[1].W) ** 2).sum()) - 1) ** 2
    return holds([*(found[:3] == 1), *(abs(found[3:] / want - 1) < 1e-13), not dx.any(), not dy.any(), not du.any(),
                  *(np.array_equal(a, b) for a, b in zip(leaves(dp), leaves(open_only), strict=True))])


# The generator


def against_a_critic(rng):
    """A generator 3-5-4, seven codes, a critic 4-6-1."""
    return net(rng, 3, 5, 4), rng.standard_normal((7, 3)), net(rng, 4, 6, 1)


def smooth_raised(p, z, critic_frozen):
    return raised_critic(p, z, critic_frozen, activation=tanh, critic_activation=softplus)


ledger.adjoint("10.26a", smooth_raised, against_a_critic, wrong={
    "generator climbs": spoiled(smooth_raised, lambda d: (through(d[0], -1), *d[1:])),
    "sum for the mean": spoiled(smooth_raised, lambda d: (through(d[0], 7), *d[1:])),
    "codes forgotten": spoiled(smooth_raised, lambda d: (d[0], 0 * d[1], None))})


@ledger.add("10.26a", "identity", smooth_raised, wrong={
    "sign of the critic": lambda p, z, c: (-smooth_raised(p, z, c)[0], smooth_raised(p, z, c)[1]),
    "sum for the mean": lambda p, z, c: (7 * smooth_raised(p, z, c)[0], smooth_raised(p, z, c)[1]),
    "activations exchanged": lambda p, z, c: raised_critic(p, z, c, activation=softplus, critic_activation=tanh),
    "cotangent climbs": lambda p, z, c: (smooth_raised(p, z, c)[0], lambda d: smooth_raised(p, z, c)[1](-d))})
def value_and_slopes_line_by_line(loss, rng):
    """Mean of -T(G(z)), and what a code feels, by complex step in its coordinates; networks written out."""
    p, z, c = against_a_critic(rng)
    def value(z):
        return -(np.log(1 + np.exp(run(p, z) @ c[0].W + c[0].b)) @ c[1].W + c[1].b).sum() / 7
    slopes = np.array([[np.imag(value(z + 1e-30j * np.outer(np.eye(7)[i], np.eye(3)[j]))) / 1e-30 for j in range(3)]
                       for i in range(7)])
    got, pull = loss(p, z, c)
    return gap((np.asarray(got), pull(-0.3)[1]), (np.asarray(value(z)), -0.3 * slopes))


# Overshoot


def linear_loss(w, x, y, lam):
    return critic_loss((Dense(w[:, None], np.zeros(1)),), x, y, np.full(len(x), 0.5), lam=lam)


LINEAR_WRONG = {
    "one-sided penalty": lambda w, x, y, lam: linear_loss(w, x, y, lam) if w @ w > 1 else linear_loss(w, x, y, 0.0),
    "penalty of the square": lambda w, x, y, lam: (w @ (y - x).mean(0) + lam * (w @ w - 1) ** 2, lambda d: ((Dense(
        ((y - x).mean(0) + 4 * lam * (w @ w - 1) * w)[:, None], np.zeros(1)),),)),
    "twice the weight": lambda w, x, y, lam: linear_loss(w, x, y, 2 * lam)}


@ledger.add("10.27", "identity", linear_loss, wrong={key: LINEAR_WRONG[key] for key in LINEAR_WRONG
                                                  if "one" not in key})
def value_and_no_gradient_at_the_stated_slope(loss, rng):
    """At w = (1 + |Delta|/2 lam) Delta/|Delta| the value is -|Delta| - |Delta|^2/4 lam, and the gradient 0."""
    x, y, lam = rng.standard_normal((8, 3)) + 1, rng.standard_normal((8, 3)), 0.75
    delta = x.mean(0) - y.mean(0)
    size = np.sqrt(delta @ delta)
    value, pull = loss((1 + size / (2 * lam)) * delta / size, x, y, lam)
    gradient = pull(1.0)[0][0].W[:, 0]
    return gap(np.array([value, *(1 + gradient)]), np.array([-size - size**2 / (4 * lam), 1, 1, 1]))


@ledger.add("10.27", "limit", linear_loss, bound=0, wrong={
    "size of the weight": lambda w, x, y, lam: linear_loss(w, x, y, abs(lam) + 0.1),
    "critics of bounded slope": lambda w, x, y, lam: linear_loss(w / np.maximum(np.linalg.norm(w), 1), x, y, lam)})
def no_minimum_without_a_weight(loss, rng):
    """For the weights 0 and -1/10 the loss falls along Delta, at lengths 10 to 10^6, below every bound."""
    x, y = rng.standard_normal((7, 3)) + 1, rng.standard_normal((7, 3))
    delta = x.mean(0) - y.mean(0)
    found = [[loss(10.0**k * delta, x, y, lam)[0] for k in range(1, 7)] for lam in (0.0, -0.1)]
    return holds([case for values in found for case in (*(np.diff(values) < 0), values[-1] < -1e5 * (delta @ delta))])


@ledger.add("10.27", "law", linear_loss, bound=0, wrong={
    "twice the weight": LINEAR_WRONG["twice the weight"],
    "penalty of the square": LINEAR_WRONG["penalty of the square"],
    "no penalty": lambda w, x, y, lam: linear_loss(w, x, y, 0.0)})
def lowest_of_all(loss, rng):
    """No lower value at 40 other slopes, short, long and turned; and equal to the stated least value at its own."""
    x, y, lam = rng.standard_normal((7, 3)) + 1, rng.standard_normal((7, 3)), 0.7
    delta = x.mean(0) - y.mean(0)
    size = np.linalg.norm(delta)
    w, least = (1 + size / (2 * lam)) * delta / size, -size - size**2 / (4 * lam)
    others = [w * rng.uniform(0.2, 2) + s * rng.standard_normal(3) for s in (0.01, 0.3) for _ in range(20)]
    return holds([abs(loss(w, x, y, lam)[0] - least) < 1e-12, *(loss(v, x, y, lam)[0] > least for v in others)])
