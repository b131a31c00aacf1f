"""Evidence for proofs by exact numbers, (1.34) and (1.35)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from unittest import mock

import numpy as np

from refvae.check import check_layer, proof
from refvae.check.constant import written
from refvae.check.exact import prove_layer
from refvae.check.proof import PROVED, REFUTED, Proof, rank
from refvae.evidence import Ledger, entrywise, gap, holds

ledger = Ledger()


def scaled(f, slope):
    """A function of numbers as a layer with the given slope."""
    return lambda x: (f(x), lambda d: d * slope(x))


def in_floats(f, args, **_):
    """The check in floating point, as if a pass were a proof."""
    return Proof(PROVED if check_layer(f, args).status == "PASS" else REFUTED)


CASES = (  # a term of size 2^-52, a sign on one branch only, an element that is 0 modulo 2^61 - 1; and right ones
    (scaled(np.tanh, lambda x: (1 - np.tanh(x) ** 2) * (1 + 2.0**-52)), REFUTED),
    (scaled(lambda x: np.abs(x) ** 3, lambda x: 3 * x**2), REFUTED),
    (scaled(lambda x: x * x, lambda x: 2 * x + (2**61 - 1) * x), REFUTED),
    (scaled(np.tanh, lambda x: 1 - np.tanh(x) ** 2), PROVED),
    (scaled(lambda x: np.abs(x) ** 3, lambda x: 3 * x * np.abs(x)), PROVED))


@ledger.add("1.34", "law", prove_layer, bound=0, wrong={
    "one cell only": lambda f, args: prove_layer(f, args, here=True),
    "in floating point": in_floats,
    "everything proved": lambda f, args: Proof(PROVED)})
def what_is_seen(prove, rng):
    """Terms of size 2^-52, a sign on the other branch and multiples of a prime are refuted; right slopes are proved."""
    x = rng.uniform(0.3, 0.9, 4)
    return holds([prove(f, (x,)).status == status for f, status in CASES])


@ledger.add("1.34", "identity", prove_layer, wrong={
    "degree of the value alone": lambda f, args: replace(prove_layer(f, args), error=6 * (2.0**-88 + 2.0**-76)),
    "primes forgotten": lambda f, args: replace(prove_layer(f, args), error=10 * 2.0**-88)})
def bound_by_hand(prove, rng):
    """x^2 has the size 2, its derivative 2 (2 + 1); the pull 2 x dy has 3, with v 4: t = 10 without formal elements.
    e^x = r^4, of size 4, twice: k = 2 and s = 2 * 2 (1 + 4), t = 2 * 4 + 2 + 4 + 1 + 1 + s = 36.
    """
    x = rng.standard_normal(1)
    found = [prove(scaled(*each), (x,)).error for each in ((lambda x: x * x, lambda x: 2 * x), (np.exp, np.exp))]
    want = [10 * (2.0**-88 + 2.0**-76), (36 + 196 * 2 * 20) * 2.0**-88 + 36 * 2.0**-76]
    return entrywise(np.array(found), np.array(want))


@ledger.add("1.34a", "identity", written, exact=True, wrong={
    "as floats": Fraction,
    "twelve digits": lambda c: Fraction(f"{c:.12g}"),
    "small denominators": lambda c: Fraction(c).limit_denominator(10**6)})
def decimals_are_read_back(written, rng):
    """Of the double next to n 10^-k, n of up to 15 digits, n 10^-k comes back: residues, 4 300 times."""
    digits = [*range(-1000, 1000), *rng.integers(-10**15 + 1, 10**15, 150).tolist()]
    decimals = [Fraction(n, 10**k) for n in digits for k in (3, 17)]
    residue = lambda c: c.numerator * pow(c.denominator, -1, 2**31 - 1) % (2**31 - 1)
    return gap(np.array([residue(written(float(each))) for each in decimals]), np.array([*map(residue, decimals)]))


@ledger.add("1.34a", "law", written, bound=0, wrong={
    "all digits": lambda c: Fraction(repr(c)),
    "fifteen digits of every constant": lambda c: Fraction(f"{c:.15g}"),
    "small denominators": lambda c: Fraction(c).limit_denominator(10**6)})
def no_constant_is_another(written, rng):
    """The neighbours of a decimal are themselves, as are 2^-60, 1/3 and 3 * 0.1: none is read as the decimal."""
    near = [float(np.nextafter(n / 1000, side)) for n in rng.integers(1, 1000, 40).tolist() for side in (-1.0, 2.0)]
    return holds([written(c) == Fraction(c) for c in (*near, 2.0**-60, 1 / 3, 3 * 0.1)])


@ledger.add("1.35", "identity", rank, exact=True, wrong={
    "over the reals": lambda rows: np.linalg.matrix_rank(np.array(rows[1:], float) - np.array(rows[0], float)),
    "of the rows": lambda rows: rank([[False] * len(rows[0]), *rows])})
def span_counted(rank, rng):
    """2^rank is the number of different sums of the differences, by enumeration; for twenty-one sets of rows."""
    ranks, counts = [], []
    odd = np.array([[0, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]])  # of rank 3 over the reals
    for rows in (odd.astype(bool), *rng.integers(0, 2, (20, 5, 4)).astype(bool)):
        choices = (np.arange(16)[:, None] >> np.arange(4)) & 1
        counts.append(len({tuple(row) for row in choices @ (rows[1:] ^ rows[0]).astype(int) % 2}))
        ranks.append(2 ** int(rank(rows.tolist())))
    return gap(np.array(ranks), np.array(counts))


def left_by(prove, x, signs):
    """The probability of error for a function with one root of a square, after that many runs beyond the root."""
    with mock.patch.object(proof, "SIGNS", signs):
        return prove(scaled(lambda x: x, lambda x: np.sqrt(x**2) ** 2 / x**2), (x,)).error


@ledger.add("1.35", "limit", prove_layer, bound=1e-9, wrong={
    "k for 2^-k": lambda f, args: replace(prove_layer(f, args), error=0.5),
    "one run more": lambda f, args: replace(found := prove_layer(f, args), error=found.error / 2)})
def what_signs_leave(prove, rng):
    """One root of a square, m = k = 1: of 31 runs 2^-31 is left, of 32 half of it; beside it (1.34) is nothing."""
    x = rng.uniform(0.3, 0.9, 1)
    return entrywise(np.array([left_by(prove, x, signs) for signs in (29, 30)]), np.array([2.0**-31, 2.0**-32]))


def one_run(f, args, seed):
    """A proof by one run, whatever the signs."""
    with mock.patch.multiple(proof, SIGNS=-2, CERTAIN=1.0):
        return prove_layer(f, args, seed)


@ledger.add("1.35", "law", prove_layer, bound=0, wrong={
    "one run": one_run,
    "everything refuted": lambda f, args, seed: Proof(REFUTED)})
def roots_of_squares(prove, rng):
    """sqrt(x^2) = x for x < 0 is refuted for 20 seeds; the derivative x / x^2 of log sqrt(x^2) is proved."""
    x = -rng.uniform(0.3, 0.9, 1)
    wrong = [prove(scaled(lambda x: np.sqrt(x**2), lambda x: 1 + 0 * x), (x,), seed).status for seed in range(20)]
    right = [prove(scaled(lambda x: np.log(np.sqrt(x**2)), lambda x: x / x**2), (x,), 0).status]
    return holds([status == REFUTED for status in wrong] + [status == PROVED for status in right])
