"""Evidence for the permutation identity and what it is made of, (6.48) to (6.51)."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from itertools import combinations, permutations, product
from math import comb

import numpy as np

from refvae.derivations.entropy.information import counted, entropies, first, less_by_k, second
from refvae.entropy import exact_local
from refvae.entropy.rational import harmonic
from refvae.evidence import Ledger, gap, z_score

ledger = Ledger()

# Configurations counted against each other


def configurations(m, q):
    """All ways to combine the ranks 1, ..., m in q spaces, points sorted by the first.   -> ((m!)^(q-1), m, q)"""
    each = product(permutations(range(1, m + 1)), repeat=q - 1)
    return np.array([np.array([range(1, m + 1), *rest]).T for rest in each])


def tally(corner, k, found):
    """Numbers of configurations: N = k - 2 with alpha and beta; N = k - 1 with beta only, alpha only, gamma."""
    e1, e2 = np.eye(len(corner), dtype=int)[:2]
    inside, one, two, last = ((found <= corner + step).all(2).sum(1) for step in (0, e1, e2, e1 + e2))
    alpha, beta, gamma = one > inside, two > inside, last - one - two + inside == 1
    once = ((inside == k - 1) & each for each in (beta & ~alpha, alpha & ~beta, gamma))
    return [int(each.sum()) for each in ((inside == k - 2) & alpha & beta, *once)]


multiples = lambda a, b, k: (k - 1, a + 1 - k, b + 1 - k)
MULTIPLES_WRONG = {"k": lambda a, b, k: (k, a + 1 - k, b + 1 - k), "a - k": lambda a, b, k: (k - 1, a - k, b - k),
                   "axes exchanged": lambda a, b, k: (k - 1, b + 1 - k, a + 1 - k)}


@ledger.add("6.48", "identity", multiples, bound=0, exact=True, wrong=MULTIPLES_WRONG)
def enumerated(multiples, rng):
    """All configurations of m = 4 points in two spaces and of 3 points in three, at every corner, for every k."""
    got, want = [], []
    for m, q in ((4, 2), (3, 3)):
        found = configurations(m, q)
        for corner in product(range(m), range(m), *[range(1, m + 1)] * (q - 2)):
            for k in range(1, m + 1):
                *numbers, w = tally(np.array(corner), k, found)
                got += [c * w for c in multiples(*corner[:2], k)]
                want += numbers
    return gap(np.array(got), np.array(want))


@ledger.add("6.48", "law", multiples, bound=0, exact=True, wrong=MULTIPLES_WRONG)
def hypergeometric(multiples, rng):
    """Two spaces, m up to 14, in integers: numbers of N = j, times the chances of alpha, beta, gamma given j."""
    got, want = [], []
    for m in (5, 9, 14):
        for a, b in product(range(m), repeat=2):
            inside = [comb(a, j) * comb(m - a, b - j) for j in range(min(a, b) + 1)]
            for j in range(len(inside)):
                left = m - a - b + j  # points beyond a and b; the chances are over (m - a)(m - b)
                w, before, k = inside[j] * left, inside[j - 1] if j else 0, j + 1
                numbers = before * (a - j + 1) * (b - j + 1), w * (a - j), w * (b - j)
                got += [c * w for c in multiples(a, b, k)]
                want += numbers
    return gap(np.array(got), np.array(want))


# The identity


def orders(xs):
    """The first variable as it is, and the others in all orders, independently."""
    for each in product(permutations(range(len(xs[0]))), repeat=len(xs) - 1):
        yield [xs[0], *(x[list(order)] for x, order in zip(xs[1:], each, strict=True))]


def in_all_orders(estimate, rng):
    """The mean over all orders, plus 1: two variables of 4 points, three of 3 points."""
    means = []
    for n, k, dims in ((4, 1, (2, 1)), (4, 2, (2, 1)), (3, 1, (1, 2, 1))):
        xs = [rng.standard_normal((n, d)) * (1 + d) for d in dims]
        means.append(np.mean([estimate(each, k) for each in orders(xs)]))
    return gap(1 + np.array(means), np.ones(3))


def in_rationals(estimate, rng):
    """Natural numbers for distances, in a random order of size: the local value sums to 0 exactly, every k."""
    sums = []
    for m, q in ((3, 2), (5, 2), (3, 3)):
        sizes = np.sort(rng.permutation(np.arange(1, q * m + 1)).reshape(q, m), axis=1)
        found = [[row[column - 1].tolist() for row, column in zip(sizes, ranks.T, strict=True)]
                 for ranks in configurations(m, q)]
        sums += [sum(estimate(distances, k) for distances in found) for k in range(1, m + 1)]
    return gap(1 + np.array(sums), np.ones(len(sums), int))


squeezed = lambda distances: [[(each + 1) // 2 for each in space] for space in distances]  # ties of neighbouring sizes
AVERAGE_WRONG = {
    "ksg1": {"ends counted": partial(counted, nearer=np.less_equal), "three entropies": entropies,
             "log n": lambda xs, k: first(xs, k) + (len(xs) - 1) * (np.log(len(xs[0])) - psi(len(xs[0])))},
    "ksg2": {"one radius for all": partial(counted, nearer=np.less_equal, add=0, shift=less_by_k),
             "1/k forgotten": partial(counted, nearer=np.less_equal, add=0, joint=False),
             "psi(n_c + 1)": partial(counted, nearer=np.less_equal, joint=False, shift=less_by_k)}}


def psi(n):
    """Digamma of a natural number through its harmonic number."""
    return float(harmonic(n - 1)) - np.euler_gamma


for number, method, estimate in (("6.49", "ksg1", first), ("6.50", "ksg2", second)):
    ledger.add(number, "law", estimate, wrong=AVERAGE_WRONG[method])(in_all_orders)
    ledger.add(number, "identity", partial(exact_local, method=method), bound=0, exact=True, wrong={
        "psi(k + 1)": lambda distances, k, method=method: exact_local(distances, k, method) + Fraction(1, k),
        "ties": lambda distances, k, method=method: exact_local(squeezed(distances), k, method)})(in_rationals)


@ledger.add("6.49", "limit", lambda a: psi(a + 1), bound=1e-12, wrong={
    "psi(n_c)": lambda a: psi(max(a, 1)), "psi(n_c + 2)": lambda a: psi(a + 2), "log": lambda a: np.log(a + 1)})
def along_long_paths(term, rng):
    """m = 40 points, random paths, N as a Markov chain: the mean of both terms at the last corner, psi(k) + psi(n)."""
    found, m = [], 40
    terms = np.array([term(a) for a in range(m + 1)])
    for k in (1, 2, 7, 39):
        corner, chance, mean = np.zeros(2, int), np.eye(k)[0], 0.0
        for axis in rng.permutation(np.repeat([0, 1], m)):
            up = chance * ((corner[1 - axis] - np.arange(k)) / (m - corner[axis]))
            mean += up[-1] * terms[corner].sum()
            chance = chance - up + np.r_[0, up[:-1]]
            corner[axis] += 1
        found.append(mean)
    return gap(np.array(found), np.array([psi(k) + psi(m + 1) for k in (1, 2, 7, 39)]))


@ledger.add("6.50", "limit", lambda a, k: psi(a + 1) - 1 / k, bound=1e-12, wrong={
    "psi(a + 1)": lambda a, k: psi(a + 1), "psi(a) - 1/k": lambda a, k: psi(a) - 1 / k,
    "psi of the mean": lambda a, k: psi(round(k * (a + 1) / (k + 1)))})
def largest_of_a_choice(mean, rng):
    """The mean of psi(M) over all choices of k out of 1, ..., a, for a up to 8."""
    cases = [(a, k) for a in range(1, 9) for k in range(1, a + 1)]
    want = [np.mean([psi(choice[-1]) for choice in combinations(range(1, a + 1), k)]) for a, k in cases]
    return gap(np.array([mean(*case) for case in cases]), np.array(want))


# Independent variables


def both(xs, k):
    """Both estimates."""
    return np.array([first(xs, k), second(xs, k)])


@ledger.add("6.51", "montecarlo", both, wrong={
    "three entropies": lambda xs, k: np.full(2, entropies(xs, k)),
    "ends counted": lambda xs, k: np.full(2, counted(xs, k, nearer=np.less_equal)),
    "1/k forgotten": lambda xs, k: both(xs, k) + np.array([0, 1 / k])})
def mean_zero(estimates, rng):
    """Six points, x exponential, y Cauchy in the plane, k = 2: the mean of both is 0."""
    found = np.array([estimates([rng.exponential(size=(6, 1)), rng.standard_cauchy((6, 2))], 2) for _ in range(100)])
    return max((z_score(each, 0.0) for each in found.T), key=lambda outcome: outcome.error)


@ledger.add("6.51", "limit", first, bound=1e-12, wrong={
    "ends counted": partial(counted, nearer=np.less_equal), "moved apart": lambda xs, k: first(
        [x + 1e-9 * (j + 1) * np.arange(3)[:, None] ** 2 for j, x in enumerate(xs)], k)})
def ties(estimate, rng):
    """The means 19/18 and 7/18 of the two examples, over their six orders."""
    found = [np.mean([estimate(each, 1) for each in orders([np.array(x, float)[:, None]] * 2)])
             for x in ([0, 1, 2], [0, 1, 3])]
    return gap(np.array(found), np.array([19, 7]) / 18)
