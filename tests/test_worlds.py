"""Each law agrees with itself by routes that share no code, and every such test rejects a named wrong law."""

import math
import re
from dataclasses import replace
from functools import cache
from zlib import crc32

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.special import logsumexp

from refvae.data import worlds
from refvae.data.worlds import WORLDS, World, checkerboard, gaussian, laplace, mixture, ring, spiral, student_t

# The laws once more: how far a structure reaches (sigma), and where the mass lies, in panels of Gauss-Legendre nodes


def lines(low, high, count):
    return np.linspace(low, high, count + 1)


SCALE = {"gaussian": 0.5, "ring": 0.2, "spiral": 0.2, "checkerboard": 0.1, "uniform_square": 1.0, "uniform_torus": 1.0,
         "laplace": 1.0, "student_t": 1.0}
SMOOTH = ("gaussian", "ring", "spiral", "checkerboard", "student_t")
PANELS = {
    "gaussian": (lines(-14, 16, 24), lines(-9.5, 5.5, 24)), "ring": (lines(-4, 4, 20), lines(-4, 4, 20)),
    "spiral": (lines(-4.8, 4.8, 28), lines(-4.8, 4.8, 28)),
    "checkerboard": (lines(-2.9, 2.9, 25), lines(-2.9, 2.9, 25)),
    "uniform_square": (lines(-1, 1, 7), lines(-1, 1, 6)), "uniform_torus": (lines(0, 1, 7), lines(0, 1, 6)),
    "laplace": (lines(-45, 45, 30), lines(-45, 45, 30)), "student_t": (lines(-18, 12, 40), lines(-np.pi, np.pi, 6)),
}
NODES, WEIGHTS = np.polynomial.legendre.leggauss(14)


def from_chart(name, s):
    """Points and volume element: of the polar chart (log radius, angle) for the law with heavy tails, else s itself."""
    if name != "student_t":
        return s, np.ones(len(s))
    radius = np.exp(s[:, :1])
    return radius * np.hstack([np.cos(s[:, 1:]), np.sin(s[:, 1:])]), radius[:, 0] ** 2


def to_chart(name, x):
    if name != "student_t":
        return x
    return np.stack([np.log(np.hypot(*x.T)), np.arctan2(x[:, 1], x[:, 0])], 1)


def axis(edges):
    half = np.diff(edges) / 2
    return (edges[:-1, None] + half[:, None] * (1 + NODES)).ravel(), (half[:, None] * WEIGHTS).ravel()


@cache
def rule(name):
    """Nodes (m, 2) and weights (m,) of an integral over the plane."""
    (u, a), (v, b) = map(axis, PANELS[name])
    x, volume = from_chart(name, np.stack(np.meshgrid(u, v, indexing="ij"), -1).reshape(-1, 2))
    return x, np.outer(a, b).ravel() * volume


@cache
def truth(name):
    """Nodes, log density there, and mass of each node."""
    x, weight = rule(name)
    logp = np.concatenate([WORLDS[name].logpdf(part) for part in np.array_split(x, 300)])
    return x, logp, weight * np.exp(logp)


def draws(world, title, n=20_000):
    """A sample from the seed that the title gives."""
    return world.sample(crc32(f"{title} {world.name}".encode()), n)


def instances(*names):
    return pytest.mark.parametrize("name", names or tuple(WORLDS))


# Named wrong laws


def drawing(name, draw):
    """The law with another sampler."""
    return replace(WORLDS[name], _draw=draw)


def product_of_t(rng, n):
    return rng.standard_t(5, (n, 2))


COV = np.array([[2, 0.6], [0.6, 0.5]])
ROOT = np.linalg.cholesky(COV)
ARM = spiral(arms=1)
WRONG_SAMPLERS = {
    "root transposed": drawing("gaussian", lambda rng, n: (1, -2) + rng.standard_normal((n, 2)) @ ROOT),
    "covariance for its root": drawing("gaussian", lambda rng, n: (1, -2) + rng.standard_normal((n, 2)) @ COV),
    "variance for sigma": drawing("ring", ring(sigma=0.04).sample),
    "one mode missing": drawing("ring", mixture(2 * np.stack([np.cos(t := np.arange(7) * np.pi / 4), np.sin(t)], 1),
                                                0.2).sample),
    "seven modes": drawing("ring", ring(modes=7).sample),
    "one arm": drawing("spiral", ARM.sample),
    "mirrored": drawing("spiral", lambda rng, n: WORLDS["spiral"].sample(rng, n) * (1, -1)),
    "noise forgotten": drawing("checkerboard", checkerboard(sigma=1e-9).sample),
    "light squares": drawing("checkerboard", lambda rng, n: WORLDS["checkerboard"].sample(rng, n) * (1, -1)),
    "[0, 1) for [-1, 1)": drawing("uniform_square", lambda rng, n: rng.random((n, 2))),
    "period short by 2 %": drawing("uniform_torus", lambda rng, n: rng.random((n, 2)) * 0.98),
    "variance 1": drawing("laplace", lambda rng, n: rng.laplace(0, 0.5**0.5, (n, 2))),
    "one coordinate drawn": drawing("laplace", lambda rng, n: rng.laplace(0, 1, (n, 1)) * (1, 1)),
    "product of two Student laws": drawing("student_t", product_of_t),
    "Gaussian": drawing("student_t", lambda rng, n: rng.standard_normal((n, 2)) * np.sqrt(5 / 3)),
}


# Density


def excess(name, logp):
    """The integral of a density, less 1."""
    return math.fsum(rule(name)[1] * np.exp(logp)) - 1


@instances()
def test_the_density_integrates_to_one(name):
    assert abs(excess(name, truth(name)[1])) < 1e-12


@instances()
@pytest.mark.parametrize("factor", [2**0.5, 2, math.tau**0.5, 1 + 1e-9], ids="{:.3g}".format)
def test_a_lost_factor_shows(name, factor):
    assert abs(excess(name, truth(name)[1] - np.log(factor))) > 1e-10


def plane_of(name):
    """Log density by SciPy, or by quadrature of the noise over the dark squares in the log domain."""
    if name == "gaussian":
        return stats.multivariate_normal((1, -2), COV).logpdf
    if name == "laplace":
        return lambda x: stats.laplace.logpdf(x).sum(1)
    if name == "student_t":
        return stats.multivariate_t((0, 0), np.eye(2), 5).logpdf
    if name == "checkerboard":
        return by_convolution
    t = np.sqrt((np.arange(30) + 0.5) / 30)
    z = 2 * np.exp(2j * np.pi * np.arange(8) / 8) if name == "ring" else np.concatenate(
        [3 * t * np.exp(2.5j * np.pi * t), -3 * t * np.exp(2.5j * np.pi * t)])
    return lambda x: logsumexp(stats.norm.logpdf(x[:, :1], z.real, 0.2) + stats.norm.logpdf(x[:, 1:], z.imag, 0.2),
                               axis=1) - np.log(len(z))


def by_convolution(x):
    s, weight = axis(lines(-0.5, 0.5, 160))

    def column(x, i):
        return logsumexp(stats.norm.logpdf(x[:, None], s + i - 1.5, 0.1), axis=1, b=weight)

    return logsumexp([column(x[:, 0], i) + column(x[:, 1], j) for i in range(4) for j in range(4) if (i + j) % 2 == 0],
                     axis=0) - np.log(8)


FAR = np.array([[40, -28.3], [-0.71, 39], [-33, -35], [36, 36.5]])
MIDDLE = {"gaussian": (1, -2)}


def near_and_far(name):
    """Draws, spread draws between the modes, and points some 40 scales out."""
    x, middle = draws(WORLDS[name], "points", 30), np.array(MIDDLE.get(name, (0, 0)))
    return np.concatenate([x, middle + 1.3 * (x[::-1] - middle) + 0.01, middle + SCALE[name] * FAR])


@instances("laplace", *SMOOTH)
def test_the_density_is_that_of_another_route_out_to_40_sigma(name):
    x = near_and_far(name)
    want = plane_of(name)(x)
    np.testing.assert_allclose(WORLDS[name].logpdf(x), want, rtol=2e-12, atol=0)
    assert not np.allclose(WORLDS[name].logpdf(x + 1e-3 * SCALE[name]), want, rtol=1e-9, atol=0)


def test_uniform_densities():
    box = worlds.uniform_square(((-1, 2), (3, 2.5)))
    np.testing.assert_array_equal(box.logpdf([[-1, 2], [3, 2.5], [0, 2.2], [3.1, 2.2], [0, 1.9]]),
                                  [-np.log(2)] * 3 + [-np.inf] * 2)
    torus = worlds.uniform_torus((2, 3, 0.5))
    np.testing.assert_allclose(torus.logpdf([[0, 0, 0], [-7, 1e9, 0.7]]), -np.log(3), rtol=1e-15)
    assert (torus.d, torus.entropy) == (3, pytest.approx(np.log(3), rel=1e-15))
    assert (torus.sample(3, 1000).max(0) < (2, 3, 0.5)).all()
    for world in (box, torus):
        assert not world.score(np.full((2, world.d), 2.2)).any()


@pytest.mark.parametrize("far", [1e3, 1e8, 1e155, 1e300])
@instances()
def test_nothing_is_lost_far_out(name, far):
    """Out there log p is -|x|^2 / 2 sigma^2, or its like, and its slope points home."""
    world, x = WORLDS[name], far * np.array([[1, -0.7], [0.3, 0], [-0.2, -0.9]])
    logp, score = world.logpdf(x), world.score(x)
    assert not np.isnan(logp).any()
    assert np.isfinite(score).all()
    if name in ("ring", "spiral", "checkerboard"):
        np.testing.assert_allclose(score, -x / SCALE[name] ** 2, rtol=0, atol=4 / SCALE[name] ** 2 + 1e-12 * far * 100)
    if name == "student_t":
        np.testing.assert_allclose(score, -7 * x / np.hypot(*x.T)[:, None] / np.hypot(*x.T)[:, None], rtol=1e-4)
        np.testing.assert_allclose(logp, 2.5 * np.log(5) - 7 * np.log(np.hypot(*x.T)) + np.log(5 / math.tau), rtol=1e-5)


# Score


def slopes(name, x):
    """Gradient of log p by differences of sixth order."""
    h = SCALE[name] / 200
    columns = [sum(c * (WORLDS[name].logpdf(x + j * h * e) - WORLDS[name].logpdf(x - j * h * e))
                   for j, c in ((1, 45), (2, -9), (3, 1))) / (60 * h) for e in np.eye(2)]
    return np.stack(columns, 1)


def score_error(name, score):
    """The largest difference, relative to the length of the score and 1 / sigma."""
    x = near_and_far(name)
    want = slopes(name, x)
    return np.max(np.abs(score(x) - want) / (np.abs(want).max(1, keepdims=True) + 1 / SCALE[name]))


@instances("laplace", *SMOOTH)
def test_the_score_is_the_slope_of_the_log_density(name):
    assert score_error(name, WORLDS[name].score) < 1e-9


def nearest_mode_only(x):
    z = x[:, None] - 2 * np.stack([np.cos(t := np.arange(8) * np.pi / 4), np.sin(t)], 1)
    return -z[np.arange(len(x)), (z**2).sum(2).argmin(1)] / 0.04


@pytest.mark.parametrize(("name", "wrong"), [
    *((name, lambda x, score=world.score: -score(x)) for name, world in WORLDS.items() if "uniform" not in name),
    *((name, lambda x, name=name: WORLDS[name].score(x) * SCALE[name]) for name in ("ring", "spiral", "checkerboard")),
    ("gaussian", lambda x: -(x - (1, -2)) @ np.linalg.inv(ROOT)),
    ("gaussian", lambda x: -x @ np.linalg.inv(COV)),
    ("ring", nearest_mode_only),
    ("student_t", lambda x: WORLDS["student_t"].score(x) * 6 / 7),
    ("student_t", lambda x: -6 * x / (5 + x**2)),
    ("laplace", lambda x: -x),
])
def test_wrong_scores_show(name, wrong):
    assert score_error(name, wrong) > 1e-5


# Entropy


def entropy_error(name, entropy):
    _, logp, mass = truth(name)
    return abs(entropy + math.fsum(mass * logp))


@instances()
def test_the_entropy_is_the_integral(name):
    h = WORLDS[name].entropy
    assert type(h) is float
    assert entropy_error(name, h) < 3e-12
    for wrong in (h + np.log(2), -h + 1e-6, h / np.log(2) + 1e-6, h + 1e-9):  # a factor 2, the sign, bits, a trace
        assert entropy_error(name, wrong) > 1e-10


@pytest.mark.parametrize("k", [1, 3])
def test_modes_far_apart_add_log_k(k):
    assert ring(modes=k, radius=4, sigma=0.2).entropy == pytest.approx(
        np.log(k) + 1 + np.log(math.tau * 0.04), rel=1e-12)


@pytest.mark.parametrize("apart", [0.5, 3, 5.5, 8.5, 10])
def test_two_modes_are_a_line_times_a_gaussian(apart):
    def p(x):
        return 0.3 * stats.norm.pdf(x) + 0.7 * stats.norm.pdf(x - apart)

    line = -quad(lambda x: p(x) * np.log(p(x)), -12, 12 + apart, epsabs=1e-13, epsrel=1e-13, limit=200)[0]
    world = mixture([[0, 0], [apart * 0.18, apart * 0.24]], 0.3, (0.3, 0.7))  # 0.3 apart in the direction (3, 4)
    assert world.entropy == pytest.approx(line + stats.norm.entropy() + 2 * np.log(0.3), abs=3e-12)


def test_a_mixture_of_one_is_a_gaussian():
    x = near_and_far("ring")
    one, same = mixture([[1, -2]], 0.3), gaussian((1, -2), 0.09 * np.eye(2))
    assert one.entropy == pytest.approx(same.entropy, rel=1e-13)
    np.testing.assert_allclose(one.logpdf(x), same.logpdf(x), rtol=1e-13)
    np.testing.assert_allclose(one.score(x), same.score(x), rtol=1e-13)


@pytest.mark.parametrize("shift", [0.0, 1e9])
def test_a_mixture_with_weights(shift):
    """Shifted by a number of 30 bits it keeps its digits, for only differences meet."""
    means = np.array([[0, 0], [1, 0], [0, 2.0]])
    world = mixture(means + shift, 0.5, (0.5, 0.2, 0.3))
    x = np.round(draws(WORLDS["ring"], "points", 20) * 64) / 64
    want = logsumexp(stats.norm.logpdf(x[:, None], means, 0.5).sum(2), axis=1, b=(0.5, 0.2, 0.3))
    np.testing.assert_allclose(world.logpdf(x + shift), want, rtol=1e-12)


def test_entropy_in_other_dimensions():
    cov = np.diag([2.0, 3, 0.5]) + 0.25
    assert gaussian((1, 2, 3), cov).entropy == pytest.approx(stats.multivariate_normal(cov=cov).entropy(), rel=1e-14)
    assert gaussian((0,), [[4]]).entropy == pytest.approx(stats.norm(0, 2).entropy(), rel=1e-14)
    assert laplace((1, 0.5, 3)).entropy == pytest.approx(sum(stats.laplace(0, b).entropy() for b in (1, 0.5, 3)))


@pytest.mark.parametrize("nu", [0.5, 1.0, 3.0, 40.0, 1e12])
def test_student_is_that_of_scipy_and_nearly_gaussian_for_large_nu(nu):
    world = student_t(nu)
    x = near_and_far("student_t")
    want = stats.multivariate_t((0, 0), np.eye(2), nu) if nu < 1e9 else stats.multivariate_normal((0, 0))
    np.testing.assert_allclose(world.logpdf(x), want.logpdf(x), rtol=1e-6 if nu > 1e9 else 1e-12)
    assert world.entropy == pytest.approx(want.entropy(), rel=1e-10)


def test_the_entropy_is_computed_when_asked_for_and_once():
    calls = []
    world = World("law", 2, *3 * (None,), lambda: calls.append(1) or 7)
    assert calls == []
    assert (world.entropy, world.entropy, calls) == (7.0, 7.0, [1])


# Samples


def worst_z(name, world, spoil=0):
    """The largest standard score of the means of x, of its centred products, and of -log p against the truth.

    The truth of -log p is the entropy, plus `spoil`.
    """
    x, logp, mass = truth(name)
    middle = mass @ x

    def statistics(x, logp):
        u = x - middle
        return np.stack([*u.T, u[:, 0] ** 2, u[:, 0] * u[:, 1], u[:, 1] ** 2, -logp], 1)

    sample = draws(world, "moments")
    got, want = statistics(sample, WORLDS[name].logpdf(sample)), mass @ statistics(x, logp)
    want[-1] = WORLDS[name].entropy + spoil
    if not np.isfinite(got).all():
        return np.inf
    off, sd = got.mean(0) - want, got.std(0)
    off[np.abs(off) < 1e-12] = 0  # uniform laws have a constant log p
    return np.max(np.abs(off) / np.maximum(sd, 1e-300) * np.sqrt(len(sample)))


@instances()
def test_moments_of_samples(name):
    assert worst_z(name, WORLDS[name]) < 6.11


@instances()
def test_wrong_moments_show(name):
    draw = WORLDS[name].sample
    for wrong in (lambda rng, n: draw(rng, n) * 1.1, lambda rng, n: draw(rng, n) + np.array((0.1, 0))):
        assert worst_z(name, drawing(name, wrong)) > 6.11


@instances()
def test_an_entropy_off_by_log_2_shows_in_samples(name):
    assert worst_z(name, WORLDS[name], np.log(2)) > 6.11


def chance(name, world):
    """The p-value of chi-squared of the counts in the panels against their masses by quadrature."""
    edges, (_, _, mass) = PANELS[name], truth(name)
    rows, columns = (len(edge) - 1 for edge in edges)
    cells = mass.reshape(rows, 14, columns, 14).sum((1, 3)).ravel()
    sample = draws(world, "cells")
    counts = np.histogram2d(*to_chart(name, sample).T, edges)[0].ravel()
    full = cells * len(sample) >= 10
    got, want = ([*part[full], total - part[full].sum()] for part, total in ((counts, len(sample)), (cells, 1)))
    got, want = np.array(got), np.maximum(np.array(want), 1e-15) * len(sample)
    if want[-1] < 10:  # too little is left for a cell of its own
        got, want = np.append(got[:-2], got[-2:].sum()), np.append(want[:-2], want[-2:].sum())
    return stats.chi2.sf(((got - want) ** 2 / want).sum(), len(want) - 1)


@instances()
def test_samples_follow_the_density(name):
    assert chance(name, WORLDS[name]) > 1e-9


@pytest.mark.parametrize("wrong", WRONG_SAMPLERS)
def test_wrong_samplers_show(wrong):
    world = WRONG_SAMPLERS[wrong]
    assert chance(world.name, world) < 1e-9


def test_weights_are_those_of_the_draws():
    means, weights = np.array([[0, 0], [10, 0], [0, 10.0]]), np.array([0.5, 0.2, 0.3])
    x = mixture(means, 0.5, weights).sample(crc32(b"weights"), 20_000)
    counts = np.bincount(((x[:, None] - means) ** 2).sum(2).argmin(1))
    assert stats.chisquare(counts, weights * 20_000).pvalue > 1e-9
    assert stats.chisquare(counts, weights[::-1] * 20_000).pvalue < 1e-9


@instances()
def test_a_seed_gives_its_sample(name):
    world = WORLDS[name]
    np.testing.assert_array_equal(world.sample(3, 7), world.sample(np.random.default_rng(3), 7))
    assert world.sample(3, 1).shape == (1, 2)
    assert world.sample(3, 7).dtype == np.float64
    rng = np.random.default_rng(3)
    assert not np.array_equal(world.sample(rng, 7), world.sample(rng, 7))
    assert not np.array_equal(world.sample(3, 7), world.sample(4, 7))


# Bad input


@pytest.mark.parametrize(("x", "error", "message"), [
    (np.ones(2), ValueError, r"x: got shape \(2,\), wanted \(n, d\)"),
    (np.ones((7, 3)), ValueError, r"x: got shape \(7, 3\), wanted \(n, 2\)$"),
    (np.ones((0, 2)), ValueError, r"x: got shape \(0, 2\), wanted"),
    ([[1, np.nan]], ValueError, r"x: got 1 NaN or infinite entries, the first at \(0, 1\)"),
    (np.ones((7, 2)) * 1j, TypeError, "x: got dtype complex128, wanted real numbers"),
    ([["a", "b"]], TypeError, "x: got dtype <U1, wanted real numbers"),
])
@instances()
def test_bad_points(name, x, error, message):
    for f in (WORLDS[name].logpdf, WORLDS[name].score):
        with pytest.raises(error, match=f"^{message}"):
            f(x)


@pytest.mark.parametrize(("rng", "n", "error", "message"), [
    (None, 7, TypeError, "rng: got NoneType, wanted a numpy Generator"), (-1, 7, ValueError, "rng: got -1, wanted"),
    (3, 0, ValueError, "n: got 0, wanted n >= 1"), (3, 7.0, TypeError, "n: got float, wanted an int"),
    (3, True, TypeError, "n: got bool, wanted an int"),
])
@instances()
def test_bad_draws(name, rng, n, error, message):
    with pytest.raises(error, match=f"^{message}"):
        WORLDS[name].sample(rng, n)


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: ring(sigma=-0.1), ValueError, "sigma: got -0.1, wanted > 0"),
    (lambda: ring(sigma=0), ValueError, "sigma: got 0.0, wanted > 0"),
    (lambda: ring(sigma=np.nan), ValueError, "sigma: got 1 NaN or infinite"),
    (lambda: ring(sigma="a"), TypeError, "sigma: got dtype <U1, wanted real numbers"),
    (lambda: ring(sigma=None), TypeError, "sigma: got dtype object, wanted real numbers"),
    (lambda: ring(sigma=[1, 2]), ValueError, "sigma: got shape (2,), wanted a number"),
    (lambda: ring(modes=0), ValueError, "modes: got 0, wanted modes >= 1"),
    (lambda: ring(radius=-2), ValueError, "radius: got -2.0, wanted > 0"),
    (lambda: spiral(arms=1.0), TypeError, "arms: got float, wanted an int"),
    (lambda: spiral(turns=0), ValueError, "turns: got 0.0, wanted > 0"),
    (lambda: checkerboard(cells=1), ValueError, "cells: got 1, wanted cells >= 2"),
    (lambda: checkerboard(side=0), ValueError, "side: got 0.0, wanted > 0"),
    (lambda: checkerboard(sigma=-1), ValueError, "sigma: got -1.0, wanted > 0"),
    (lambda: student_t(0), ValueError, "nu: got 0.0, wanted > 0"),
    (lambda: student_t(np.inf), ValueError, "nu: got 1 NaN or infinite"),
    (lambda: laplace(1.0), ValueError, "scale: got shape (), wanted (d,)"),
    (lambda: laplace((1, -1)), ValueError, "scale: got [1.0, -1.0], wanted > 0"),
    (lambda: laplace((1, (2, 3))), ValueError, "scale: got rows of unequal length, wanted (d,)"),
    (lambda: laplace(()), ValueError, "scale: got shape (1, 0), wanted (n, d)"),
    (lambda: worlds.uniform_torus((1, 0)), ValueError, "period: got [1.0, 0.0], wanted > 0"),
    (lambda: worlds.uniform_square(((0, 1), (1, 1))), ValueError, "box: got [[0.0, 1.0], [1.0, 1.0]], wanted two rows"),
    (lambda: worlds.uniform_square(((0, 1),)), ValueError, "box: got [[0.0, 1.0]], wanted two rows"),
    (lambda: mixture(np.ones((7, 3)), 1), ValueError, "means: got shape (7, 3), wanted (k, 2)"),
    (lambda: mixture([[np.inf, 0]], 1), ValueError, "means: got 1 NaN or infinite"),
    (lambda: mixture([[1, 2]], 1, (0.5, 0.5)), ValueError, "weights: got shape (2,) and sum 1.0, wanted (1,)"),
    (lambda: mixture(np.ones((2, 2)), 1, (0.5, 0.4)), ValueError, "weights: got shape (2,) and sum 0.9, wanted (2,)"),
    (lambda: mixture(np.ones((2, 2)), 1, (1.5, -0.5)), ValueError, "weights: got [1.5, -0.5], wanted > 0"),
    (lambda: gaussian(0, [[1]]), ValueError, "mean: got shape (), wanted (d,)"),
    (lambda: gaussian((0, 0), [[1]]), ValueError, "cov: got shape (1, 1), wanted (2, 2)"),
    (lambda: gaussian((0, 0), [[1, 0.5], [0, 1]]), ValueError, "cov: got mirror images that differ by 0.5, wanted"),
    (lambda: gaussian((0, 0), [[1, 2], [2, 1]]), ValueError, "cov: got the smallest eigenvalue -1, wanted > 0"),
])
def test_bad_parameters(make, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}") as caught:
        make()
    assert type(caught.value) is error


def test_names_are_keys():
    assert {name: world.name for name, world in WORLDS.items()} == {name: name for name in WORLDS}
    assert all(world.d == 2 for world in WORLDS.values())
    assert repr(WORLDS["ring"]) == "World(name='ring', d=2)"
