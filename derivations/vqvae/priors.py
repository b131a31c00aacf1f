"""Evidence for laws of grids of codes, (8.22) to (8.24) and (8.32)."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy import special

from refvae import trees
from refvae.derivations.vqvae.common import HOW, attention, grids, made
from refvae.evidence import Ledger, gap, holds, spoiled
from refvae.vqvae import (
    attention_logits,
    count_logits,
    made_logits,
    neg_log_prior,
    prior_loss,
)

ledger = Ledger()
ALL = grids(3, 4)
smooth = partial(made_logits, **HOW)


# One code after the other


def costs(rng):
    """Logits and indices of seven grids of four codes out of five."""
    return 2 * rng.standard_normal((7, 4, 5)), rng.integers(0, 5, (7, 4))


def mean_over_places(logits, idx):
    """Mean over the places for the sum."""
    nll, pull = neg_log_prior(logits, idx)
    return nll / 4, lambda d: pull(d / 4)


def softmax_over_places(logits, idx):
    """Normalised over the wrong axis."""
    log_p = special.log_softmax(logits, axis=1)
    return -np.take_along_axis(log_p, idx[:, :, None], 2).sum((1, 2)), neg_log_prior(logits, idx)[1]


PRIOR_WRONG = {"mean over places": mean_over_places, "softmax over places": softmax_over_places,
               "codes moved on by one": lambda logits, idx: neg_log_prior(logits, np.roll(idx, 1, 1))}
ledger.adjoint("8.22", neg_log_prior, costs, wrong={
    "mean over places": spoiled(neg_log_prior, lambda d: (d[0] / 4, None)),
    "probability without the chosen one": spoiled(neg_log_prior, lambda d: (np.maximum(d[0], 0), None))})
ledger.adjoint("8.22", partial(prior_loss, logits=smooth), lambda rng: (made(rng), rng.integers(0, 3, (7, 4))),
               name="objective", wrong={"sum over the batch": spoiled(partial(prior_loss, logits=smooth), lambda d: (
                   trees.map(lambda leaf: 7 * leaf, d[0]), None)), "biases forgotten": spoiled(
                       partial(prior_loss, logits=smooth), lambda d: (
                           tuple(layer._replace(b=0 * layer.b) for layer in d[0]), None))})


@ledger.add("8.22", "identity", neg_log_prior, wrong=PRIOR_WRONG)
def scipy_log_softmax(layer, rng):
    """Value by scipy.special.log_softmax place by place, cotangent by softmax minus one hot."""
    logits, idx = costs(rng)
    d, value, slope = rng.standard_normal(7), np.zeros(7), np.zeros_like(logits)
    for i, t in np.ndindex(7, 4):
        value[i] -= special.log_softmax(logits[i, t])[idx[i, t]]
        slope[i, t] = d[i] * (special.softmax(logits[i, t]) - np.eye(5)[idx[i, t]])
    got, pull = layer(logits, idx)
    return gap((got, pull(d)[0]), (value, slope))


@ledger.add("8.22", "limit", lambda p, idx: prior_loss(p, idx, logits=smooth), bound=1e-12, exact=True, wrong={
    "sum over the batch": lambda p, idx: (81 * prior_loss(p, idx, logits=smooth)[0], None),
    "first place not counted": lambda p, idx: (prior_loss(p, idx, logits=smooth)[0] - np.log(3), None),
    "in bits": lambda p, idx: (prior_loss(p, idx, logits=smooth)[0] / np.log(2), None)})
def uniform_law(loss, rng):
    """With zero weights every grid costs m log K."""
    p = trees.map(lambda leaf: 0 * leaf, made(rng))
    return gap(np.array(loss(p, ALL)[0]), np.array(4 * np.log(3 + trees.leaves(p)[0][0, 0])))


# Normalised


def of_all(cost, rng):
    """exp(-cost) of all 81 grids under counts, a masked perceptron and attention."""
    seen = rng.integers(0, 3, (9, 4))
    laws = (count_logits(seen, ALL, 3, order=2, alpha=0.3), smooth(made(rng), ALL)[0],
            attention_logits(attention(rng), ALL, **HOW)[0])
    return np.array([np.exp(-cost(logits, ALL)[0]) for logits in laws])


def sees_itself(logits, idx):
    """Logits that know the code they are for."""
    return neg_log_prior(logits + 2 * np.eye(3)[idx], idx)


@ledger.add("8.23", "identity", neg_log_prior, wrong={**PRIOR_WRONG, "looks at its own code": sees_itself})
def sums_to_one(cost, rng):
    """Over all 3^4 grids, for three kinds of law."""
    return gap(of_all(cost, rng).sum(1), np.ones(3))


@ledger.add("8.23", "law", neg_log_prior, wrong={
    "mean over places": mean_over_places, "looks at its own code": sees_itself,
    "softmax over places": softmax_over_places})
def conditional_laws(cost, rng):
    """Marginals of the first places, summed out, divided: the softmax of the logits there."""
    p, got, want = made(rng), [], []
    logits = smooth(p, ALL)[0]
    table = np.exp(-cost(logits, ALL)[0]).reshape(3, 3, 3, 3)
    for t in range(4):
        marginal = table.sum(tuple(range(t + 1, 4)), keepdims=True)
        conditional = marginal / table.sum(tuple(range(t, 4)), keepdims=True)
        got.append(np.broadcast_to(conditional, (3,) * 4).ravel())
        want.append(special.softmax(logits[:, t], axis=1)[np.arange(81), ALL[:, t]])
    return gap(np.array(got), np.array(want))


# Counts


def sample(rng, n=60):
    """Grids of four codes out of three, which depend on each other."""
    idx = rng.integers(0, 3, (n, 4))
    idx[:, 1:] = np.where(rng.random((n, 3)) < 0.5, idx[:, :3], idx[:, 1:])
    return idx


def forgets_the_place(seen, idx, K, *, order, alpha):
    """Counts of all places together."""
    return np.broadcast_to(count_logits(seen.reshape(-1, 1), idx[:1, :1], K, order=0, alpha=alpha), (*idx.shape, K))


def alpha_once(seen, idx, K, *, order, alpha):
    """The denominator grows by alpha and not by K alpha."""
    before = [slice(max(0, t - order), t) for t in range(idx.shape[1])]
    total = np.stack([(seen[None, :, s] == idx[:, None, s]).all(2).sum(1) for s in before], 1)[..., None]
    return count_logits(seen, idx, K, order=order, alpha=alpha) + np.log((total + K * alpha) / (total + alpha))


def one_order_less(seen, idx, K, *, order, alpha):
    """One code of the context lost."""
    return count_logits(seen, idx, K, order=max(order - 1, 0), alpha=alpha)


COUNT_WRONG = {"places together": forgets_the_place, "one code of the context lost": one_order_less}


def cost_of(logits, idx):
    """The mean cost in nats, without softmax."""
    return -np.take_along_axis(logits, idx[:, :, None], 2).sum((1, 2))


@ledger.add("8.24", "identity", count_logits, wrong=COUNT_WRONG | {"alpha once": alpha_once})
def by_dictionaries(counts, rng):
    """Counts of contexts in dictionaries, for orders 0 to 3 and two alphas."""
    seen, got, want = sample(rng), [], []
    for order, alpha in ((1, 0.5), (2, 0.1), (3, 0.5), (3, 1.0)):
        table = {}
        for grid in seen.tolist():
            for t in range(4):
                table.setdefault((t, *grid[max(0, t - order):t]), [0] * 3)[grid[t]] += 1
        each = [[table.get((t, *grid[max(0, t - order):t]), [0] * 3) for t in range(4)] for grid in ALL.tolist()]
        each = np.array(each) + alpha
        want.append(np.log(each / each.sum(2, keepdims=True)))
        got.append(counts(seen, ALL, 3, order=order, alpha=alpha))
    return gap(np.array(got), np.array(want))


@ledger.add("8.24", "law", count_logits, wrong=COUNT_WRONG)
def full_context_is_the_empirical_law(counts, rng):
    """At alpha = 0: the frequency of every grid that was seen; its cost is their entropy."""
    seen = sample(rng)
    kinds, times = np.unique(seen, axis=0, return_counts=True)
    p = times / times.sum()
    got = np.exp(-cost_of(counts(seen, kinds, 3, order=3, alpha=0.0), kinds))
    cost = cost_of(counts(seen, seen, 3, order=3, alpha=0.0), seen).mean()
    return gap(np.append(got, cost), np.append(p, -(p * np.log(p)).sum()))


@ledger.add("8.24", "limit", count_logits, bound=1e-12, wrong={
    "first code after what never came": lambda *a, **h: np.where(
        np.arange(3) == 0, 0.0, -np.inf) + 0 * count_logits(*a, **h),
    "order one less": lambda seen, idx, K, order, alpha: count_logits(seen, idx, K, order=order - 1, alpha=alpha)})
def after_what_never_came(counts, rng):
    """At alpha = 0 all codes are alike there, and at alpha = 1/2 as well; elsewhere the only grid that was seen."""
    seen, idx = np.array([[0, 1, 2]]), np.array([[0, 1, 2], [1, 0, 2], [2, 2, 0]])
    bare, smoothed = (np.exp(counts(seen, idx, 3, order=1, alpha=alpha)) for alpha in (0.0, 0.5))
    return gap((bare[0], bare[2, 1:], smoothed[2, 1:]), (np.eye(3), np.full((2, 3), 1 / 3), np.full((2, 3), 1 / 3)))


@ledger.add("8.24", "law", count_logits, bound=0, wrong={**COUNT_WRONG, "most frequent alone": lambda *a, **h: np.log(
    special.softmax(3 * count_logits(*a, **h), axis=2))})
def no_law_of_its_order_costs_less(counts, rng):
    """Neither smoothed counts, nor counts of other rows, of order 2; and no law at all less than the entropy."""
    seen = sample(rng)
    best = cost_of(counts(seen, seen, 3, order=2, alpha=0.0), seen).mean()
    others = [count_logits(seen, seen, 3, order=2, alpha=a) for a in (0.01, 0.5, 3)]
    others += [count_logits(sample(rng), seen, 3, order=2, alpha=0.3) for _ in range(5)]
    every = [cost_of(logits, seen).mean() for logits in others]
    floor = cost_of(count_logits(seen, seen, 3, order=3, alpha=0.0), seen).mean()
    return holds([*(np.array(every) > best), best > floor * (1 + 1e-9)])


# The bound


@ledger.add("8.32", "law", neg_log_prior, bound=0, wrong={
    "mean over places": mean_over_places, "looks at its own code": sees_itself,
    "sign": lambda logits, idx: (-neg_log_prior(logits, idx)[0], None)})
def never_below(cost, rng):
    """For every grid, 5 images and 3 laws: at least -log of the sum over all grids; all but equal for a sharp image."""
    cases = []
    for _ in range(3):
        logits, image = smooth(made(rng), ALL)[0], rng.exponential(2, (5, 81))
        both = cost(logits, ALL)[0] + image
        truth = -special.logsumexp(-neg_log_prior(logits, ALL)[0] - image, axis=1)
        cases += [*(both >= truth[:, None]).ravel()]
        sharp = np.where(np.arange(81) == 7, 1.0, 1e3)
        truth = -special.logsumexp(-neg_log_prior(logits, ALL)[0] - sharp)
        cases.append(abs((cost(logits, ALL)[0] + sharp)[7] - truth) < 1e-12)
    return holds(cases)


@ledger.add("8.32", "identity", neg_log_prior, wrong={key: PRIOR_WRONG[key] for key in ("mean over places",)} | {
    "in bits": lambda logits, idx: (neg_log_prior(logits, idx)[0] / np.log(2), None),
    "places in the other order": lambda logits, idx: neg_log_prior(logits[:, ::-1], idx)})
def divergence_of_a_certain_encoder(cost, rng):
    """sum q log(q / p) over all grids, for q on one grid each; m log K under the uniform law."""
    logits = smooth(made(rng), ALL)[0]
    p = np.exp(special.log_softmax(logits, axis=2))
    joint = np.prod(np.take_along_axis(p, ALL[:, :, None], 2)[..., 0], 1)
    want = [special.rel_entr(row, joint).sum() for row in np.eye(81)]
    return gap((cost(logits, ALL)[0], cost(0 * logits, ALL)[0]), (np.array(want), np.full(81, 4 * np.log(3))))
