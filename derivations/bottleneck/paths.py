"""Evidence for paths between codes, (5.26) to (5.28)."""

from __future__ import annotations

import numpy as np
from scipy import stats

from refvae.bottleneck import interpolate, linear_combination, rotate, uniform_mix_density
from refvae.evidence import Ledger, gap, holds, z_score
from refvae.vae import kl_std_normal

ledger = Ledger()


def codes(rng):
    """Two codes in 7 dimensions."""
    return rng.standard_normal((2, 7))


ALPHAS, ANGLES = (0.0, 0.125, 0.5, 0.75, 1.0), np.linspace(0, np.pi / 2, 5)
STRAIGHT_WRONG = {"ends exchanged": lambda z1, z2, alpha: interpolate(z2, z1, alpha),
                  "cosine and sine": lambda z1, z2, alpha: rotate(z1, z2, alpha * np.pi / 2),
                  "square roots of the weights": lambda z1, z2, alpha: np.sqrt(1 - alpha) * z1 + np.sqrt(alpha) * z2}


@ledger.add("5.26", "law", interpolate, exact=True, wrong=STRAIGHT_WRONG)
def norms_over_a_sign(path, rng):
    """Averaged over z2 and -z2, |z|^2 is (1 - alpha)^2 |z1|^2 + alpha^2 |z2|^2 exactly; the ends are z1 and z2."""
    z1, z2 = codes(rng)
    got = [np.mean([(path(z1, sign * z2, alpha) ** 2).sum() for sign in (1, -1)]) for alpha in ALPHAS]
    want = [(1 - alpha) ** 2 * (z1 @ z1) + alpha**2 * (z2 @ z2) for alpha in ALPHAS]
    return gap((np.array(got), path(z1, z2, 0.0), path(z1, z2, 1.0)), (np.array(want), z1, z2))


@ledger.add("5.26", "identity", interpolate, wrong={key: STRAIGHT_WRONG[key] for key in STRAIGHT_WRONG
                                                    if "ends" not in key})
def variance_and_divergence(path, rng):
    """Weights read off unit codes: the variance by (5.25), the divergence by (3.5), against the closed forms."""
    one, zero = np.ones(1), np.zeros(1)
    gamma = np.array([linear_combination(np.zeros(2), np.ones(2), np.append(path(one, zero, a), path(zero, one, a)))[1]
                      for a in ALPHAS])
    want = np.array([(1 - a) ** 2 + a**2 for a in ALPHAS])
    kl = kl_std_normal(np.zeros((5, 7)), np.repeat(np.log(gamma)[:, None], 7, 1))[0]
    return gap((gamma, kl), (want, 3.5 * (want - 1 - np.log(want))))


@ledger.add("5.26", "montecarlo", interpolate, wrong={key: STRAIGHT_WRONG[key] for key in STRAIGHT_WRONG
                                                      if "ends" not in key})
def norm_at_a_quarter(path, rng):
    """|z|^2 / k at alpha = 1/4 for 2000 pairs in 50 dimensions against 0.625."""
    return z_score((path(*rng.standard_normal((2, 2000, 50)), 0.25) ** 2).mean(1), 0.625)


@ledger.add("5.26", "limit", interpolate, bound=1e-12, wrong=STRAIGHT_WRONG | {
    "midpoint of norms": lambda z1, z2, alpha: interpolate(z1, z2, alpha) * np.sqrt(2)})
def midpoint(path, rng):
    """Orthogonal unit codes: the midpoint has the norm 1/sqrt 2, and (log 2 - 1/2)/2 = 0.0966 per dimension."""
    a, b = path(np.array([1.0, 0.0]), np.array([0.0, 1.0]), 0.5)
    kl = kl_std_normal(np.zeros(1), np.log([a * a + b * b]))[0]
    first = path(np.array([1.0, 0.0]), np.array([0.0, 1.0]), 0.25)
    return gap(np.array([a, b, kl, *first]), np.array([0.5, 0.5, (np.log(2) - 0.5) / 2, 0.75, 0.25]))


ROTATE_WRONG = {"straight": lambda z1, z2, theta: interpolate(z1, z2, 2 * theta / np.pi),
                "ends exchanged": lambda z1, z2, theta: rotate(z2, z1, theta),
                "degrees": lambda z1, z2, theta: rotate(z1, z2, np.rad2deg(theta)),
                "scaled to the norm of the first": lambda z1, z2, theta: (lambda z: z * np.sqrt(
                    (z1 * z1).sum(-1, keepdims=True) / (z * z).sum(-1, keepdims=True)))(rotate(z1, z2, theta))}


@ledger.add("5.27", "identity", rotate, wrong=ROTATE_WRONG)
def norm_in_twice_the_angle(path, rng):
    """|z|^2 by its expansion in 1, cos 2 theta and sin 2 theta."""
    z1, z2 = codes(rng)
    n1, n2, both = z1 @ z1, z2 @ z2, z1 @ z2
    return gap(np.array([(path(z1, z2, t) ** 2).sum() for t in ANGLES]),
               (n1 + n2) / 2 + (n1 - n2) / 2 * np.cos(2 * ANGLES) + both * np.sin(2 * ANGLES))


def spherical(z1, z2, t):
    """Spherical interpolation by the angle between the codes."""
    angle = np.arccos(z1 @ z2 / np.sqrt((z1 @ z1) * (z2 @ z2)))
    return (np.sin((1 - t) * angle) * z1 + np.sin(t * angle) * z2) / np.sin(angle)


@ledger.add("5.27", "law", rotate, bound=0, wrong={
    **{key: ROTATE_WRONG[key] for key in ("straight", "ends exchanged", "scaled to the norm of the first")},
    "spherical": lambda z1, z2, theta: spherical(z1, z2, 2 * theta / np.pi)})
def great_circle_if_orthogonal_and_equal(path, rng):
    """Then it is spherical interpolation; with another angle or other norms it is not, and its norm varies."""
    z1, z2 = codes(rng)
    z2 = z2 - (z1 @ z2) / (z1 @ z1) * z1
    equal, longer, oblique = (z2 * np.sqrt(z1 @ z1 / (z2 @ z2)) for _ in range(3))
    longer, oblique = 2 * longer, (0.6 * z1 + 0.8 * oblique)
    norms = lambda z: np.array([np.sqrt((path(z1, z, t) ** 2).sum()) for t in ANGLES])
    apart = lambda z: max(np.abs(path(z1, z, t) - spherical(z1, z, 2 * t / np.pi)).max() for t in ANGLES)
    return holds([np.ptp(norms(equal)) < 1e-13, apart(equal) < 1e-13, np.ptp(norms(longer)) > 0.1,
                  np.ptp(norms(oblique)) > 0.1, apart(oblique) > 0.05])


@ledger.add("5.27", "montecarlo", rotate, wrong={key: ROTATE_WRONG[key] for key in ("straight",)} | {
    "sine and sine": lambda z1, z2, theta: np.sin(theta) * (z1 + z2)})
def norm_is_kept(path, rng):
    """|z|^2 / k at three angles for 2000 pairs in 50 dimensions against 1."""
    z1, z2 = rng.standard_normal((2, 2000, 50))
    return z_score(np.mean([(path(z1, z2, t) ** 2).mean(1) for t in (0.2, 0.4, 0.6)], 0), 1.0)


MIX_WRONG = {"uniform": lambda z, alpha: np.full(np.shape(z), 0.5),
             "a triangle for every alpha": lambda z, alpha: 1 - np.abs(z),
             "slope doubled": lambda z, alpha: np.clip((1 - np.abs(z)) / (2 * alpha * (1 - alpha)), 0,
                                                       1 / (2 * max(alpha, 1 - alpha))),
             "height of the smaller": lambda z, alpha: np.minimum((1 - np.abs(z)) / (4 * alpha * (1 - alpha)),
                                                                  1 / (2 * min(alpha, 1 - alpha)))}
SHARES = (0.1, 0.3, 0.5, 0.8)


@ledger.add("5.28", "identity", uniform_mix_density, wrong=MIX_WRONG)
def moments(density, rng):
    """Mass, second and fourth moment, by quadrature between the kinks, against those of sums of uniform numbers."""
    nodes, weights = np.polynomial.legendre.leggauss(4)
    got, want = [], []
    for alpha in SHARES:
        a, b = sorted((alpha**2, (1 - alpha) ** 2))
        kink = np.sqrt(b) - np.sqrt(a)
        pieces = [(c + (d - c) * (nodes + 1) / 2, (d - c) * weights) for c, d in ((0, kink), (kink, 1))]
        got.append([sum(w @ (density(z, alpha) * z**r) for z, w in pieces) for r in (0, 2, 4)])
        want.append([1, (a + b) / 3, a * a / 5 + 6 * a * b / 9 + b * b / 5])
    return gap(np.array(got), np.array(want))


@ledger.add("5.28", "law", uniform_mix_density, wrong=MIX_WRONG)
def difference_of_distribution_functions(density, rng):
    """By conditioning on one variable: (F(z + a) - F(z - a)) / 2a with SciPy's uniform law of half-width b."""
    z = np.linspace(-1.2, 1.2, 25)
    want = []
    for a in SHARES:
        wide = stats.uniform(-(1 - a), 2 * (1 - a))
        want.append((wide.cdf(z + a) - wide.cdf(z - a)) / (2 * a))
    return gap(np.array([density(z, a) for a in SHARES]), np.array(want))
