"""Evidence for the masked perceptron and for samples, (8.25) and (8.31)."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy import special

from refvae.derivations.vqvae.common import HOW, grids, made
from refvae.evidence import Ledger, gap, holds, spoiled, z_score
from refvae.layers import Dense, mlp, tanh
from refvae.vqvae import made_logits, made_masks, neg_log_prior, sample_codes

ledger = Ledger()
ALL = grids(3, 4)
smooth = partial(made_logits, **HOW)


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


@ledger.add("8.25", "identity", smooth, exact=True, wrong=MADE_WRONG)
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


@ledger.add("8.25", "law", made_masks, bound=0, exact=True, wrong={
    "last mask not strict": lambda m, K, hidden: (*made_masks(m, K, hidden)[:-1], np.ones((hidden[-1], m * K), bool)),
    "one hidden degree": lambda m, K, hidden: (np.repeat(np.arange(m), K)[:, None] <= np.zeros(hidden[0]), np.ones(
        hidden, bool), np.zeros(hidden[1])[:, None] < np.repeat(np.arange(m), K))})
def all_paths_lead_forward(masks, rng):
    """The product of the masks counts paths: none from place s to t unless s < t, and some for all s < t."""
    got, want = [], []
    for m, K, hidden in ((4, 3, (9, 7)), (2, 2, (3, 5)), (5, 1, (8, 8))):
        first, *rest = masks(m, K, hidden)
        paths = first.astype(int)
        for mask in rest:
            paths = paths @ mask.astype(int)
        place = np.repeat(np.arange(m), K)
        got += [*(paths > 0).ravel().astype(int)]
        want += [*(place[:, None] < place).ravel().astype(int)]
    return gap(np.array(got), np.array(want))


# Samples


def chain(rng):
    """The logits of a masked perceptron as a function of the grids alone."""
    p = made(rng)
    return lambda idx: smooth(p, idx)[0]


def without_maximum(logits, u):
    """exp of the logits themselves, which overflows and underflows."""
    idx = np.zeros(u.shape, int)
    for t in range(u.shape[1]):
        mass = np.exp(logits(idx)[:, t]).cumsum(1)
        idx[:, t] = (mass[:, :-1] <= u[:, t, None] * mass[:, -1:]).sum(1)
    return idx


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
    """Equal logits: the code is the whole part of 3 u, also where an interval begins."""
    u = np.vstack([rng.random((49, 4)), [1 / 3, 2 / 3, 0.5, 0.25]])
    return gap(sampler(lambda idx: np.zeros((50, 4, 3)), u).astype(float), np.floor(3 * u))


@ledger.add("8.31", "law", sample_codes, bound=0, wrong={
    "exp without the maximum": without_maximum, "maximum of all rows": lambda logits, u: without_maximum(
        lambda idx: logits(idx) - logits(idx).max((0, 2), keepdims=True), u),
    "always the likeliest": SAMPLE_WRONG["always the likeliest"]})
def large_logits(sampler, rng):
    """Logits moved by 900, -900, 0 and 800 in every row and place give the codes that they gave before; one that is
    900 above the others, its code."""
    logits, u = chain(rng), rng.random((50, 4))
    far = rng.choice([900.0, -900.0, 0.0, 800.0], (50, 4, 1))
    alone = 900.0 * np.eye(3)[rng.integers(0, 3, (50, 4))]
    return holds(np.concatenate([(sampler(lambda idx: logits(idx) + far, u) == without_maximum(logits, u)).ravel(),
                                 (sampler(lambda idx: alone, u) == alone.argmax(2)).ravel()]))
