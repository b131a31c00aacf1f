"""Evidence for laws of grids of codes, (8.22) to (8.25), (8.31) and (8.32)."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy import special

from refvae import trees
from refvae.derivations.vqvae.common import HOW, attention, grids, made
from refvae.evidence import Ledger, gap, holds, spoiled, z_score
from refvae.layers import Dense, mlp, tanh
from refvae.vqvae import (
    attention_logits,
    count_logits,
    made_logits,
    made_masks,
    neg_log_prior,
    prior_loss,
    sample_codes,
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
                   trees.map(lambda leaf: 7 * leaf, d[0]), None))})


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


@ledger.add("8.22", "limit", lambda p, idx: prior_loss(p, idx, logits=smooth), bound=1e-12, wrong={
    "sum over the batch": lambda p, idx: (81 * prior_loss(p, idx, logits=smooth)[0], None),
    "in bits": lambda p, idx: (prior_loss(p, idx, logits=smooth)[0] / np.log(2), None)})
def uniform_law(loss, rng):
    """With zero weights every grid costs m log K."""
    return gap(np.array(loss(trees.map(lambda leaf: 0 * leaf, made(rng)), ALL)[0]), np.array(4 * np.log(3)))


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
    logits = count_logits(seen, idx, K, order=order, alpha=alpha)
    return logits + (0.1 if alpha else 0.01)


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


@ledger.add("8.24", "law", count_logits, wrong=COUNT_WRONG | {"alpha once": alpha_once})
def full_context_is_the_empirical_law(counts, rng):
    """At alpha = 0: the frequency of every grid that was seen; its cost is their entropy."""
    seen = sample(rng)
    kinds, times = np.unique(seen, axis=0, return_counts=True)
    p = times / times.sum()
    got = np.exp(-cost_of(counts(seen, kinds, 3, order=3, alpha=0.0), kinds))
    cost = cost_of(counts(seen, seen, 3, order=3, alpha=0.0), seen).mean()
    return gap(np.append(got, cost), np.append(p, -(p * np.log(p)).sum()))


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


# The masked perceptron


def masked_by(change):
    """made_logits with matrices whose masks are changed."""
    def wrong(p, idx):
        masks = change(made_masks(4, 3, (9, 7)))
        x = np.eye(3)[idx].reshape(len(idx), 12)
        y, pull = mlp(tuple(Dense(layer.W * mask, layer.b) for layer, mask in zip(p, masks, strict=True)), x, tanh)
        return y.reshape(-1, 4, 3), lambda d: (tuple(Dense(one.W * mask, one.b) for one, mask in zip(
            pull(d.reshape(-1, 12))[0], masks, strict=True)), None)

    return wrong


MADE_WRONG = {"no masks": masked_by(lambda masks: tuple(np.ones_like(mask) for mask in masks)),
              "last mask not strict": masked_by(lambda masks: (*masks[:2], np.arange(7)[:, None] % 3 <= np.repeat(
                  np.arange(4), 3))),
              "masks transposed in order": masked_by(lambda masks: tuple(mask[::-1] for mask in masks))}
ledger.adjoint("8.25", smooth, lambda rng: (made(rng), rng.integers(0, 3, (7, 4))), wrong={
    "masked entries move": spoiled(smooth, lambda d: (tuple(Dense(one.W + 0.1 * (one.W == 0), one.b) for one in d[0]),
                                                      None)),
    "first bias forgotten": spoiled(smooth, lambda d: ((Dense(d[0][0].W, 0 * d[0][0].b), *d[0][1:]), None))})


@ledger.add("8.25", "identity", smooth, wrong=MADE_WRONG)
def unit_by_unit(layer, rng):
    """Every unit as a sum over those units before it whose degree permits it."""
    p, idx = made(rng), rng.integers(0, 3, (5, 4))
    place = lambda unit: unit // 3
    degrees = [place, lambda unit: unit % 3, lambda unit: unit % 3, place]
    h = np.eye(3)[idx].reshape(5, 12)
    for i, (W, b) in enumerate(p):
        h = np.tanh(h) if i else h
        allowed = [[a(u) < c(v) if i == 2 else a(u) <= c(v) for v in range(W.shape[1])] for u in range(W.shape[0])
                   for a, c in [degrees[i:i + 2]]]
        h = np.array([[b[v] + sum(row[u] * W[u, v] for u in range(W.shape[0]) if allowed[u][v])
                       for v in range(W.shape[1])] for row in h])
    return gap(layer(p, idx)[0], h.reshape(5, 4, 3))


@ledger.add("8.25", "law", made_masks, bound=0, wrong={
    "last mask not strict": lambda m, K, hidden: (*made_masks(m, K, hidden)[:-1], np.ones((hidden[-1], m * K), bool)),
    "one hidden degree": lambda m, K, hidden: (np.repeat(np.arange(m), K)[:, None] <= np.zeros(hidden[0]), np.ones(
        hidden, bool), np.zeros(hidden[1])[:, None] < np.repeat(np.arange(m), K))})
def all_paths_lead_forward(masks, rng):
    """The product of the masks counts paths: none from place s to t unless s < t, and some for all s < t."""
    cases = []
    for m, K, hidden in ((4, 3, (9, 7)), (2, 2, (3, 5)), (5, 1, (8, 8))):
        first, *rest = masks(m, K, hidden)
        paths = first.astype(int)
        for mask in rest:
            paths = paths @ mask.astype(int)
        place = np.repeat(np.arange(m), K)
        cases += [*((paths > 0) == (place[:, None] < place)).ravel()]
    return holds(cases)


# Samples


def chain(rng):
    """The logits of a masked perceptron as a function of the grids alone."""
    p = made(rng)
    return lambda idx: smooth(p, idx)[0]


SAMPLE_WRONG = {"always the likeliest": lambda logits, u: sample_codes(lambda idx: 50 * logits(idx), u),
                "from the marginals of the first grid": lambda logits, u: sample_codes(
                    lambda idx: logits(0 * idx), u),
                "logits for probabilities": lambda logits, u: sample_codes(lambda idx: np.log(
                    np.abs(logits(idx)) + 0.01), u)}


@ledger.add("8.31", "identity", sample_codes, bound=0, wrong=SAMPLE_WRONG)
def every_interval(sampler, rng):
    """u at 1, 50 and 99 % of the intervals of each of the 81 grids gives that grid back."""
    logits = chain(rng)
    p = special.softmax(logits(ALL), axis=2)
    low = np.take_along_axis(p.cumsum(2) - p, ALL[:, :, None], 2)[..., 0]
    width = np.take_along_axis(p, ALL[:, :, None], 2)[..., 0]
    return holds(np.concatenate([(sampler(logits, low + share * width) == ALL).ravel() for share in (0.01, 0.5, 0.99)]))


@ledger.add("8.31", "montecarlo", sample_codes, wrong={
    "always the likeliest": SAMPLE_WRONG["always the likeliest"],
    "least likely first": lambda logits, u: sample_codes(lambda idx: -logits(idx), u)})
def mean_cost(sampler, rng):
    """The mean of -log p over 4000 samples against the entropy, a sum over all 81 grids."""
    logits = chain(rng)
    cost = neg_log_prior(logits(ALL), ALL)[0]
    idx = sampler(logits, rng.random((4000, 4)))
    return z_score(cost[idx @ [27, 9, 3, 1]], float(np.exp(-cost) @ cost))


@ledger.add("8.31", "limit", sample_codes, bound=1e-12, wrong={
    "from the end": lambda logits, u: sample_codes(logits, 1 - u),
    "codes from 1": lambda logits, u: sample_codes(logits, u) + 1})
def fair_codes(sampler, rng):
    """Equal logits: the code is the whole part of 3 u."""
    u = rng.random((50, 4))
    return gap(sampler(lambda idx: np.zeros((50, 4, 3)), u).astype(float), np.floor(3 * u))


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
    "in bits": lambda logits, idx: (neg_log_prior(logits, idx)[0] / np.log(2), None)})
def divergence_of_a_certain_encoder(cost, rng):
    """sum q log(q / p) over all grids, for q on one grid each; m log K under the uniform law."""
    logits = smooth(made(rng), ALL)[0]
    p = np.exp(special.log_softmax(logits, axis=2))
    joint = np.prod(np.take_along_axis(p, ALL[:, :, None], 2)[..., 0], 1)
    want = [special.rel_entr(row, joint).sum() for row in np.eye(81)]
    return gap((cost(logits, ALL)[0], cost(0 * logits, ALL)[0]), (np.array(want), np.full(81, 4 * np.log(3))))
