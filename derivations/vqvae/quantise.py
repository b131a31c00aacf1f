"""Evidence for quantisation, (8.2) and (8.3)."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.cluster.vq import vq

from refvae.derivations.vqvae.common import spread
from refvae.evidence import Ledger, entrywise, gap, holds
from refvae.vqvae import nearest_code
from refvae.vqvae.quantise import margins, scores

ledger = Ledger()


# The search


def by_products(z, codes):
    """The expansion alone, decided by its rounding errors."""
    return ((codes**2).sum(1) - 2 * z @ codes.T).argmin(1)


def highest(z, codes):
    """The highest index among equals."""
    return len(codes) - 1 - nearest_code(z, codes[::-1])


SEARCH_WRONG = {"product without a second look": by_products,
                "largest inner product": lambda z, codes: (z @ codes.T).argmax(1),
                "highest index": highest}


def brute(z, codes):
    """Every squared distance as a sum of Python floats, from the first feature to the last."""
    table = [[sum((a - b) * (a - b) for a, b in zip(row, code, strict=True)) for code in codes.tolist()]
             for row in z.tolist()]
    return np.array([row.index(min(row)) for row in table])


def adversaries(rng):
    """Points and codes with ties, duplicates, offsets, tiny differences and tiny or large scales."""
    z, codes = spread(rng, 13, 3, 7)
    whole = np.rint(2 * z), np.rint(2 * codes)
    bits = codes[rng.integers(0, 7, 13)] * (1 + 2e-16 * rng.integers(-3, 4, (13, 3)))
    twins = np.vstack([codes, codes[::-1], codes * (1 + 2.3e-16)])
    return [(z, codes), whole, (whole[0] / 2 + 1e8, whole[1] + 1e8), (z + 1e8, codes + 1e8), (1e9 * z, codes),
            (bits, twins), (z, np.vstack([codes] * 2)), (z * 1e-160, codes * 1e-160),
            (z * 1e-162, codes * 1e-162), (z * 1e150, codes * 1e150), (codes, codes),
            (np.zeros((3, 3)), np.vstack([codes, -codes])), (z * 1e-5 + 1, codes * 1e-5 + 1),
            (np.c_[1 - 1e-8 * np.arange(1, 41), np.zeros(40)], np.array([[0, 2.0**-26.49], [0, 0]]))]


@ledger.add("8.2", "law", nearest_code, bound=0, wrong=SEARCH_WRONG)
def brute_force(search, rng):
    """The index of the brute search in floating point, for fourteen kinds of adversaries."""
    return holds(np.concatenate([search(z, codes) == brute(z, codes) for z, codes in adversaries(rng)]))


@ledger.add("8.2", "oracle", nearest_code, bound=0, wrong={key: SEARCH_WRONG[key] for key in (
    "largest inner product",)} | {"farthest": lambda z, codes: nearest_code(-1e3 * z, codes)})
def scipy_vq(search, rng):
    """scipy.cluster.vq.vq on random points, where nothing is tied."""
    z, codes = spread(rng, 200, 5, 17)
    return holds(search(z, codes) == vq(z, codes)[0])


def by_margin(margin):
    """A search whose second look is at scores within a margin of k, |z'| and the largest |e'|."""
    def search(z, codes):
        z0, codes0 = z - codes.mean(0), codes - codes.mean(0)
        scores = (codes0 * codes0).sum(1) - 2 * z0 @ codes0.T
        size, largest = np.sqrt((z0 * z0).sum(1)), np.sqrt((codes0 * codes0).sum(1).max())
        close = scores <= (scores.min(1) + margin(z.shape[1], size, largest))[:, None]
        distances = sum((a[:, None] - b) * (a[:, None] - b) for a, b in zip(z.T, codes.T, strict=True))
        return np.where(close, distances, np.inf).argmin(1)

    return search


def bisectors(rng):
    """Points so near to the plane between two codes that rounding decides, close to the codes' mean and far from it."""
    cases = []
    for k, far in itertools.product((2, 3, 17), (1e-3, 1, 1e3)):
        e = rng.standard_normal((2, k))
        codes = np.vstack([e[0], -e[0]] if far < 1 else [e, -e[::-1]]) + rng.standard_normal(k)
        middle, half = (codes[0] + codes[1]) / 2, (codes[0] - codes[1]) / 2
        along = rng.standard_normal((150, k))
        along -= np.outer(along @ half, half) / (half @ half)
        size = far * 10 ** rng.uniform(-1, 1, (150, 1))
        cases.append((middle + size * along + 1e-16 * (1 + size**2) * rng.standard_normal((150, 1)) * half, codes))
    return cases


@ledger.add("8.2", "identity", scores, exact=True, wrong={
    "product not doubled": lambda z, codes: (codes * codes).sum(1) - z @ codes.T,
    "length not squared": lambda z, codes: np.sqrt((codes * codes).sum(1)) - 2 * z @ codes.T,
    "sign of the product": lambda z, codes: scores(-z, codes)})
def squared_distance_less_a_square(score, rng):
    """The sum of (z - e)^2 less |z|^2, pair by pair."""
    z, codes = spread(rng, 7)
    return gap(score(z, codes), np.array([[((a - b) ** 2).sum() - (a**2).sum() for b in codes] for a in z]))


EPS = np.finfo(float).eps


@ledger.add("8.2", "identity", margins, exact=True, wrong={
    "half": lambda z, codes: margins(z, codes) / 2,
    "one number less": lambda z, codes: margins(z, codes) * (z.shape[1] + 3) / (z.shape[1] + 4),
    "for the codes": lambda z, codes: margins(codes[[0] * len(z)], codes),
    "nothing for what underflows": lambda z, codes: margins(z, codes) - margins(0 * z, 0 * codes)})
def margin_of_the_proof(margin, rng):
    """8 (k + 4) u rho^2 + 2^-1022, row by row; 2^-1022 alone for zeros."""
    z, codes = spread(rng, 7)
    longest = max(np.sqrt(code @ code) for code in codes)
    want = [8 * 7 * 2.0**-53 * (np.sqrt(row @ row) + longest) ** 2 + 2.0**-1022 for row in z]
    return entrywise(np.append(margin(z, codes), margin(0 * z, 0 * codes)), np.append(want, np.full(7, 2.0**-1022)))


MARGIN_WRONG = {"product without a second look": by_products, "no margin": by_margin(lambda k, z, e: 0 * z),
                "margin of the codes alone": by_margin(lambda k, z, e: 4 * (k + 4) * EPS * e**2 + 0 * z),
                "margin of the point alone": by_margin(lambda k, z, e: 4 * (k + 4) * EPS * z**2),
                "margin of the product": by_margin(lambda k, z, e: 4 * (k + 4) * EPS * z * e),
                "lengths not squared": by_margin(lambda k, z, e: 4 * (k + 4) * EPS * (z + e))}


@ledger.add("8.2", "limit", nearest_code, bound=0, wrong=MARGIN_WRONG)
def near_bisectors(search, rng):
    """The index of the brute search for points of 2, 3 and 17 numbers on the plane between two codes, but for rounding.
    """
    return holds(np.concatenate([search(z, codes) == brute(z, codes) for z, codes in bisectors(rng)]))


@ledger.add("8.3", "law", nearest_code, bound=0, wrong=SEARCH_WRONG)
def idempotent_and_moved(search, rng):
    """q(q(z)) = q(z), bit for bit, also with equal codes; a common shift by whole numbers changes no index."""
    z, codes = spread(rng)
    z, codes = np.rint(64 * z) / 64, np.rint(4 * codes) / 4
    far, twins = 2.0**44, np.vstack([codes, codes[:2]])
    once = twins[search(z, twins)]
    return holds([*(twins[search(once, twins)] == once).ravel(), *(search(z + far, codes + far) == search(z, codes)),
                  *(search(z, twins) == search(z, codes))])


@ledger.add("8.3", "identity", nearest_code, bound=0, wrong={key: SEARCH_WRONG[key] for key in (
    "largest inner product",)} | {"nearest to the mirrored point": lambda z, codes: nearest_code(-z, codes)})
def half_spaces(search, rng):
    """The index is the one whose inequalities all hold; between two points of a cell is the same cell."""
    z, codes = spread(rng, 60)
    idx = search(z, codes)
    inside = [all(2 * row @ (e - codes[j]) <= e @ e - codes[j] @ codes[j] + 1e-12 for e in codes)
              for row, j in zip(z, idx, strict=True)]
    pairs = [(i, j) for i in range(60) for j in range(i) if idx[i] == idx[j]]
    between = np.array([0.3 * z[i] + 0.7 * z[j] for i, j in pairs])
    return holds([*inside, *(search(between, codes) == idx[[i for i, _ in pairs]])])
