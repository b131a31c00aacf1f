"""Evidence for motions, scalings and affine maps, (6.8) and (6.9)."""

from __future__ import annotations

import numpy as np
from scipy import linalg, special

from refvae.derivations.entropy.common import points, radii, value
from refvae.entropy import log_ball_volume, neighbours
from refvae.entropy.tree import tree_search
from refvae.evidence import Ledger, gap, holds

ledger = Ledger()


def rotation(rng, d):
    """A random orthogonal matrix."""
    return np.linalg.qr(rng.standard_normal((d, d)))[0]


@ledger.add("6.8", "identity", value, wrong={
    "log a without d": lambda x, k, **how: value(x, k, **how) - (x.shape[1] - 1) * np.log(np.ptp(x)),
    "standardised": lambda x, k, **how: value((x - x.mean(0)) / x.std(0), k, **how),
    "noise of fixed size": lambda x, k, **how: value(x + 1e-6 * np.sin(1e6 * x), k, **how)})
def moved_and_scaled(estimate, rng):
    """Rotation and translation for the Euclidean norm, axes and signs for both, and d log|a|."""
    x, found, want = points(rng), [], []
    for k in (1, 4):
        h = {norm: estimate(x, k, norm=norm) for norm in (2, np.inf)}
        found.append(estimate(-0.3 * x @ rotation(rng, 3) + 5, k) - 3 * np.log(0.3))
        found.append(estimate(7 * x[::-1, [2, 0, 1]] * [1, -1, 1] - 2, k, norm=np.inf) - 3 * np.log(7))
        want += [h[2], h[np.inf]]
    return gap(np.array(found), np.array(want))


def by_expansion(x, k, norm=2):
    """Radii from |x|^2 + |y|^2 - 2xy, which lose digits far from the origin."""
    square = (x * x).sum(1)
    distance = np.sqrt(np.maximum(square[:, None] + square - 2 * x @ x.T, 0))
    np.fill_diagonal(distance, np.inf)
    return np.sort(distance)[:, :k] if norm == 2 else neighbours(x, k, norm=norm).rho


def radii_of_order(x, k, norm=2):
    """All radii up to order k."""
    return neighbours(x, k, norm=norm).rho


@ledger.add("6.8", "law", radii_of_order, bound=0, wrong={
    "by expansion": by_expansion,
    "noise of fixed size": lambda x, k, norm=2: radii_of_order(x + 1e-12 * np.sin(1e6 * x), k, norm),
    "centred first": lambda x, k, norm=2: radii_of_order(x - x.mean(0) / 3, k, norm)})
def bit_for_bit(radii, rng):
    """Powers of two, signs, order of the points, axes for the maximum norm, translation of dyadic numbers."""
    cases = []
    for norm in (2, np.inf):
        x = np.round(points(rng, 40) * 2**20) / 2**20
        rho, order = radii(x, 4, norm), rng.permutation(40)
        cases += [np.array_equal(radii(x * 2.0**e, 4, norm), rho * 2.0**e) for e in (-300, -7, 11, 300)]
        cases += [np.array_equal(radii(-x, 4, norm), rho), np.array_equal(radii(x * [1, -1, 1], 4, norm), rho),
                  np.array_equal(radii(x[order], 4, norm), rho[order])]
        cases += [np.array_equal(radii(x + 2.0**20, 4, norm), rho)]
    return holds([*cases, np.array_equal(radii(x[:, [2, 0, 1]], 4, np.inf), rho)])


def by_either(x, k):
    """The radii of a tree, with its own sums of squares, or of products, as the first row has it."""
    if x[0, 0] > 0:
        return tree_search(x, x, k, np.arange(len(x)))[0]
    return neighbours(x, k, method="products").rho


def by_place(x, k):
    """Squares summed from another feature on for every point."""
    squares = np.stack([np.roll(each, i, axis=1) for i, each in enumerate((x[:, None] - x) ** 2)])
    return np.sort(np.sqrt(sum(squares[..., j] for j in range(x.shape[1]))), axis=1)[:, 1:k + 1]


@ledger.add("6.8", "law", lambda x, k: neighbours(x, k).rho, bound=0, wrong={
    "sums by whichever method": by_either, "sums in an order that depends on the place": by_place})
def permuted_in_many_dimensions(radii, rng):
    """The same bits after permutations of 300 points in 8 and 12 dimensions, where the search may choose its method."""
    cases = []
    for d in (8, 12):
        x = rng.standard_normal((300, d))
        x[0], x[1] = np.abs(x[0]), -np.abs(x[1])
        rho = radii(x, 4)
        for order in (rng.permutation(300), np.arange(300)[::-1], np.r_[1, 0, 2:300]):
            cases.append(np.array_equal(radii(x[order], 4), rho[order]))
    return holds(cases)


def whitened(x, k, norm=2):
    """The estimate with whitening."""
    return value(x, k, whiten=True, norm=norm)


def spheres(x, k, norm=2):
    """Each column divided by its standard deviation: no rotation."""
    return value((x - x.mean(0)) / x.std(0), k, norm=norm) + np.log(x.std(0)).sum()


def log_root(x):
    """Half the log-determinant of the covariance."""
    return np.linalg.slogdet(np.cov(x.T))[1] / 2


WHITEN_WRONG = {"columns alone": spheres, "no determinant": lambda x, k, norm=2: whitened(x, k, norm) - log_root(x),
                "determinant of the covariance": lambda x, k, norm=2: whitened(x, k, norm) + log_root(x)}


@ledger.add("6.5", "identity", whitened, wrong=WHITEN_WRONG)
@ledger.add("6.9", "identity", whitened, wrong=WHITEN_WRONG)
def by_mahalanobis(estimate, rng):
    """Radii in the metric of the inverse covariance, by loops."""
    x = points(rng)
    S = np.cov(x.T, bias=True)
    square = np.array([[(a - b) @ np.linalg.solve(S, a - b) for b in x] for a in x])
    rho = np.sqrt(np.sort(square)[:, 2])  # the smallest is the point itself
    constant = special.digamma(9) - special.digamma(2) + log_ball_volume(3)
    return gap(np.array(estimate(x, 2)), constant + 3 * np.log(rho).mean() + np.linalg.slogdet(S)[1] / 2)


@ledger.add("6.9", "law", whitened, wrong=WHITEN_WRONG | {"not whitened": value})
def under_affine_maps(estimate, rng):
    """H(XB + b) = H(X) + log|det B| for random B of condition numbers up to some hundred, and for 2^-600 and 2^600."""
    x = points(rng, 40)
    maps = [rotation(rng, 3) * np.exp(rng.uniform(-2, 2, 3)) @ rotation(rng, 3) for _ in range(3)]
    found = [estimate(x @ B + rng.standard_normal(3), 3) - np.linalg.slogdet(B)[1] for B in maps]
    found += [estimate(x * 2.0**e, 3) - 3 * e * np.log(2) for e in (-600, 600)]
    return gap(np.array(found), np.full(5, estimate(x, 3)))


# The maximum norm


def by_root(root):
    """The whitened estimate with another root A of the covariance."""
    def estimate(x, k, norm=2):
        A = root(np.cov(x.T, bias=True))
        return value((x - x.mean(0)) @ np.linalg.inv(A).T, k, norm=norm) + np.linalg.slogdet(A)[1]

    return estimate


def principal(S):
    """Axes of the covariance."""
    size, V = np.linalg.eigh(S)
    return V * np.sqrt(size)


def axes_of_the_correlation(S):
    """Axes of the correlation matrix, scaled back."""
    sigma = np.sqrt(np.diag(S))
    return sigma[:, None] * principal(S / np.outer(sigma, sigma))


def scaled_by_powers_of_two(S):
    """Axes of the covariance of columns whose standard deviations were brought into [1/2, 1)."""
    power = 2.0 ** np.frexp(np.sqrt(np.diag(S)))[1]
    return power[:, None] * principal(S / np.outer(power, power))


ROOTS_WRONG = {"principal axes": by_root(principal), "Cholesky": by_root(np.linalg.cholesky),
               "columns by powers of two first": by_root(scaled_by_powers_of_two)}


@ledger.add("6.9", "identity", whitened, wrong=ROOTS_WRONG | WHITEN_WRONG | {
    "axes of the correlation": by_root(axes_of_the_correlation)})
def symmetric_root_of_the_correlation(estimate, rng):
    """Maximum norm: the root by Schur's form, radii by loops."""
    x = points(rng)
    D = x.std(0)
    Y = (x - x.mean(0)) / D
    R = Y.T @ Y / 9
    Z = np.linalg.solve(linalg.sqrtm(R), Y.T).T
    constant = special.digamma(9) - special.digamma(2) + np.log(np.linalg.det(R)) / 2 + np.log(D).sum()
    return gap(np.array(estimate(x, 2, np.inf)), constant + 3 * np.log(2 * radii(Z, 2, norm=np.inf)).mean())


@ledger.add("6.9", "law", whitened, wrong=ROOTS_WRONG)
def units_signs_and_order_of_columns(estimate, rng):
    """Columns scaled by 2, .3, -1000 and 2^-500 and permuted, both norms: log|det B| more, and nothing else."""
    x, found, want = points(rng, 40), [], []
    for norm in (2, np.inf):
        for scale in ([2, 1, 1], [0.3, -1000, 1], [1, 2.0**-500, -1]):
            B = np.diag(np.array(scale, float))[:, [2, 0, 1]]
            found.append(estimate(x @ B, 3, norm) - np.log(np.abs(scale)).sum())
            want.append(estimate(x, 3, norm))
    return gap(np.array(found), np.array(want))
