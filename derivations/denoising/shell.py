"""Evidence for the length of normal noise, (9.17)."""

from __future__ import annotations

import numpy as np
from scipy import special

from refvae.denoising import shell
from refvae.evidence import Ledger, entrywise, gap, order

ledger = Ledger()

SHELL_WRONG = {
    "mean 1": lambda d: (1.0, shell(d)[1]),
    "variance": lambda d: (shell(d)[0], shell(d)[1] ** 2),
    "gamma functions exchanged": lambda d: (1 / shell(d)[0], shell(d)[1]),
    "dimension shifted": lambda d: shell(d + 1)}


@ledger.add("9.17", "identity", shell, wrong={name: SHELL_WRONG[name] for name in SHELL_WRONG})
def radial_quadrature(moments, rng):
    """Mean and standard deviation for d = 1 to 9 from the radial density, integrated."""
    nodes, weights = np.polynomial.legendre.leggauss(100)
    r, want = 7 * (nodes + 1), []
    for d in range(1, 10):
        density = weights * r ** (d - 1) * np.exp(-(r**2) / 2)
        mass, first, second = (density @ r**j for j in range(3))
        want.append((first / mass / np.sqrt(d), np.sqrt((second - first**2 / mass) / mass / d)))
    return gap(np.array([moments(d) for d in range(1, 10)]), np.array(want))


@ledger.add("9.17", "law", shell, wrong={"mean 1": SHELL_WRONG["mean 1"],
                                         "dimension shifted": SHELL_WRONG["dimension shifted"],
                                         "gamma functions exchanged": SHELL_WRONG["gamma functions exchanged"]})
def neighbouring_dimensions(moments, rng):
    """The product of the means in d and d + 1 dimensions is sqrt(d / (d + 1)), for d = 1 to 60: Gamma(a + 1) = a Gamma.
    """
    d = np.arange(1, 61)
    means = np.array([moments(int(i))[0] for i in (*d, 61)])
    return gap(means[:-1] * means[1:], np.sqrt(d / (d + 1)))


@ledger.add("9.17", "identity", shell, wrong={
    name: SHELL_WRONG[name] for name in SHELL_WRONG} | {
    "gamma functions divided": lambda d: (lambda m: (m, np.sqrt(1 - m * m)))(np.sqrt(2 / d) * np.exp(
        special.gammaln((d + 1) / 2) - special.gammaln(d / 2)))})
def integral_of_the_hyperbolic_tangent(moments, rng):
    """log of the squared mean by Gauss-Laguerre quadrature, d = 20 to 10^16: both numbers, entry by entry."""
    u, w = np.polynomial.laguerre.laggauss(40)
    sizes = [20, 77, 10**3, 10**6, 10**9, 10**12, 10**16]
    logs = np.array([-(w @ (np.tanh(u / d / 2) / u)) for d in sizes])
    return entrywise(np.array([moments(d) for d in sizes]), np.stack([np.exp(logs / 2), np.sqrt(-np.expm1(logs))], 1))


@ledger.add("9.17", "limit", shell, bound=1e-14, wrong={
    "mean 1": SHELL_WRONG["mean 1"], "dimension shifted": SHELL_WRONG["dimension shifted"],
    "the series alone": lambda d: (lambda log: (np.exp(log / 2), np.sqrt(-np.expm1(log))))(
        -1 / (2 * d) + 1 / (12 * d**3) - 1 / (10 * d**5))})
def from_one_and_two_dimensions(moments, rng):
    """2 / pi and pi / 4 are the squared means for d = 1 and 2, the next ones products; both numbers up to d = 20."""
    squares = [0.0, 2 / np.pi, np.pi / 4]
    for d in range(1, 19):
        squares.append(squares[d] * (d + 1) ** 2 / (d * (d + 2)))
    want = np.array(squares[1:])
    return entrywise(np.array([moments(d) for d in range(1, 21)]), np.sqrt(np.stack([want, 1 - want], 1)))


@ledger.add("9.17", "limit", shell, bound=1e-3, wrong={
    "coefficient 1/2": lambda d: (1 - 1 / (2 * d), shell(d)[1]), "mean alone": lambda d: (shell(d)[0], np.sqrt(1 / d)),
    "no second order": lambda d: (1 - 1 / (4 * d), np.sqrt(1 / (2 * d)))})
def coefficients(moments, rng):
    """d (1 - mean) and d var from d = 100 and 200, extrapolated: 1/4, 1/2; what they leave, times d: -1/32, -1/8."""
    d = np.array([100.0, 200.0])
    mean, sd = np.array([moments(int(i)) for i in d]).T
    first, rest = [], []
    for scaled, coefficient in ((d * (1 - mean), 1 / 4), (d * sd**2, 1 / 2)):
        first.append(2 * scaled[1] - scaled[0])
        second = d * (scaled - coefficient)
        rest.append(2 * second[1] - second[0])
    return entrywise(np.array(first + rest), np.array([1 / 4, 1 / 2, -1 / 32, -1 / 8]))


@ledger.add("9.17", "oracle", shell, bound=6e-6, wrong={"variance": SHELL_WRONG["variance"],
                                                        "dimension shifted": SHELL_WRONG["dimension shifted"]})
def printed_digits(moments, rng):
    """0.463251, 0.175349, 0.088214 for d = 2, 16, 64."""
    return entrywise(np.array([moments(d)[1] for d in (2, 16, 64)]), np.array([0.463251, 0.175349, 0.088214]))


@ledger.add("9.17", "rate", shell, bound=0.02, wrong={
    "mean 1 - 1/d^2": lambda d: (1 - 1 / d**2, shell(d)[1]), "sd of order 1/d": lambda d: (1 - 1 / d**2, 1 / d)})
def expansions(moments, rng):
    """1 - mean is of order 1/d: slope -1 over d = 16, 32, 64, 128."""
    d = np.array([16, 32, 64, 128])
    return order(d, np.array([1 - moments(int(i))[0] for i in d]), -1.0)
