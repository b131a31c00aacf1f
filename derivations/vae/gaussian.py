"""Evidence for Gaussian terms, (3.3) to (3.7)."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from math import factorial

import numpy as np
from scipy import stats

from refvae.derivations.vae.common import twice
from refvae.evidence import Ledger, entrywise, gap, holds, spoiled
from refvae.vae import gaussian_nll, kl_std_normal
from refvae.vae.normal import BERNOULLI, exp_minus_tangent

ledger = Ledger()


def three(rng):
    """mu, logvar and x or noise."""
    return rng.standard_normal((7, 6)), rng.standard_normal((7, 6)), rng.standard_normal((7, 6))


NLL_WRONG = {"log-variance taken for log sigma": lambda mu, lv, x: gaussian_nll(mu, 2 * lv, x),
             "constant forgotten": lambda mu, lv, x: (gaussian_nll(mu, lv, x)[0] - 3 * np.log(2 * np.pi), None),
             "half forgotten": lambda mu, lv, x: (2 * gaussian_nll(mu, lv, x)[0], None),
             "mean over features": lambda mu, lv, x: (gaussian_nll(mu, lv, x)[0] / 6, None)}


@ledger.add("3.3", "oracle", gaussian_nll, bound=1e-12, wrong=NLL_WRONG)
def scipy_normal(nll, rng):
    """scipy.stats.norm.logpdf with the standard deviation, summed over features, for a stack of batches."""
    mu, logvar, x = rng.standard_normal((3, 5, 7, 6))
    return gap(nll(mu, logvar, x)[0], -stats.norm.logpdf(x, mu, np.exp(logvar / 2)).sum(2))


@ledger.add("3.3", "law", gaussian_nll, wrong={key: NLL_WRONG[key] for key in NLL_WRONG if "features" not in key})
def a_density(nll, rng):
    """In one dimension its exponential has mass 1, mean mu and variance e^logvar, by the trapezoid rule on 14 sigma."""
    mu, logvar = rng.standard_normal(2)
    x = mu + np.exp(logvar / 2) * np.linspace(-14, 14, 561)[:, None]
    p = np.exp(-nll(np.full_like(x, mu), np.full_like(x, logvar), x)[0]) * (x[1, 0] - x[0, 0])
    moments = [p.sum(), p @ (x[:, 0] - mu + 1), p @ (x[:, 0] - mu) ** 2]
    return gap(np.array(moments), np.array([1, 1, np.exp(logvar)]))


def squares_first(mu, logvar, x):
    """gaussian_nll and its pull from the square of the residual and the precision, which overflow by themselves."""
    r, precision = x - mu, np.exp(-logvar)
    return (np.log(2 * np.pi) + logvar + r * r * precision).sum(-1) / 2, lambda d: (
        -d[:, None] * r * precision, d[:, None] * (1 - r * r * precision) / 2, d[:, None] * r * precision)


@ledger.add("3.3", "identity", gaussian_nll, exact=True, wrong=NLL_WRONG)
def logarithms_of_factors(nll, rng):
    """Minus the logarithms of 1 / sqrt(2 pi sigma^2) and of exp(-(x - mu)^2 / 2 sigma^2), feature by feature."""
    mu, logvar, x = three(rng)
    var = np.exp(logvar)
    return gap(nll(mu, logvar, x)[0], (np.log(2 * np.pi) / 2 + np.log(var) / 2 + (x - mu) ** 2 / (2 * var)).sum(1))


SCALES = np.array([-1500.0, -1200.0, -800.0, 0.0, 800.0, 1200.0])[:, None]


@ledger.add("3.3", "limit", gaussian_nll, bound=1e-12, wrong={
    "square and precision apart": squares_first,
    "constant forgotten": lambda mu, lv, x: (gaussian_nll(mu, lv, x)[0] - np.log(2 * np.pi) / 2, None)})
def at_any_scale(nll, rng):
    """log sigma^2 from -1500 to 1200: at the mean itself, and, where sigma is a number, 0.7 sigma from it."""
    zero, some = 0 * SCALES, SCALES[1:]
    return gap((nll(zero, SCALES, zero)[0], nll(0 * some, some, 0.7 * np.exp(some / 2))[0]),
               ((np.log(2 * np.pi) + SCALES[:, 0]) / 2, (np.log(2 * np.pi) + some[:, 0] + 0.49) / 2))


NLL_SLOPES = {"variance's half forgotten": spoiled(gaussian_nll, twice(1)),
              "mu and x exchanged": spoiled(gaussian_nll, lambda d: d[::-1]),
              "residual not divided by the variance": lambda mu, lv, x: (
                  gaussian_nll(mu, lv, x)[0], lambda d: (d[:, None] * (mu - x), gaussian_nll(mu, lv, x)[1](d)[1],
                                                        d[:, None] * (x - mu)))}
ledger.adjoint("3.4", gaussian_nll, three, wrong=NLL_SLOPES)


@ledger.add("3.4", "identity", gaussian_nll, exact=True, wrong=NLL_SLOPES)
def standardised(nll, rng):
    """With the standardised residual t: -t / sigma, (1 - t^2) / 2, t / sigma."""
    mu, logvar, x = three(rng)
    w, sigma = rng.standard_normal(7), np.sqrt(np.exp(logvar))
    t = (x - mu) / sigma
    want = [w[:, None] * each for each in (-t / sigma, (1 - t) * (1 + t) / 2, t / sigma)]
    return gap(nll(mu, logvar, x)[1](w), tuple(want))


@ledger.add("3.4", "limit", gaussian_nll, bound=1e-12, wrong={
    "square and precision apart": squares_first, "half forgotten": NLL_SLOPES["variance's half forgotten"]})
def slopes_at_any_scale(nll, rng):
    """log sigma^2 from -1500 to 1200: 0, 1/2, 0 at the mean; where sigma is a number, -.7, .255, .7 beside it."""
    zero, some, sigma = 0 * SCALES, SCALES[1:], np.exp(SCALES[1:] / 2)
    here = nll(zero, SCALES, zero)[1](np.ones(6))
    dmu, dlogvar, dx = nll(0 * some, some, 0.7 * sigma)[1](np.ones(5))
    return gap((*here, dmu * sigma, dlogvar, dx * sigma), (zero, zero + 0.5, zero, 0 * some - 0.7, 0 * some + 0.255,
                                                           0 * some + 0.7))


def codes(rng):
    """mu and logvar of both sides of the switch between series and expm1."""
    return rng.standard_normal((7, 6)), rng.standard_normal((7, 6)) * 10.0 ** np.array([-9, -2, -1, 0, 0, 0.3])


KL_WRONG = {"log-variance taken for log sigma": lambda mu, lv: kl_std_normal(mu, 2 * lv),
            "mean over units": lambda mu, lv: (kl_std_normal(mu, lv)[0] / mu.shape[-1], None),
            "minus 1 forgotten": lambda mu, lv: (kl_std_normal(mu, lv)[0] + mu.shape[-1] / 2, None),
            "the other way round": lambda mu, lv: (((mu**2 + 1) * np.exp(-lv) + lv - 1).sum(-1) / 2, None),
            "sign": lambda mu, lv: (-kl_std_normal(mu, lv)[0], None),
            "naive penalty mu^2 + (sigma - 1)^2": lambda mu, lv: ((mu**2 + (np.exp(lv / 2) - 1) ** 2).sum(-1), None)}


@ledger.add("3.5", "identity", kl_std_normal, exact=True, wrong=KL_WRONG)
def integral_of_the_definition(kl, rng):
    """The mean of log q - log p under q: quadratic in the noise, so that over eps = 1 and -1; a stack of batches."""
    mu, logvar = rng.standard_normal((2, 2, 3, 4))
    logvar = logvar + 4
    z = [mu + np.exp(logvar / 2) * eps for eps in (1, -1)]
    ratio = [at * at / 2 - logvar / 2 - (at - mu) ** 2 / np.exp(logvar) / 2 for at in z]
    return gap(kl(mu, logvar)[0], ((ratio[0] + ratio[1]) / 2).sum(2))


@ledger.add("3.5", "oracle", kl_std_normal, bound=1e-9, wrong={
    key: KL_WRONG[key] for key in KL_WRONG if "units" not in key})
def published_values(kl, rng):
    """(mu, sigma) = (0.3, 0.5) and (1.2, 1.7): 0.3631471806 and 1.1343717489, by quadrature with 60 nodes."""
    mu, sigma = np.array([[0.3], [1.2]]), np.array([[0.5], [1.7]])
    return entrywise(kl(mu, 2 * np.log(sigma))[0], np.array([0.3631471806, 1.1343717489]))


@ledger.add("3.5", "law", kl_std_normal, bound=0, wrong={
    **{key: KL_WRONG[key] for key in ("minus 1 forgotten", "sign")},
    "1 for the logarithm": lambda mu, lv: ((mu**2 + np.exp(lv) - 2).sum(-1) / 2, None)})
def least_at_the_prior(kl, rng):
    """Positive at 1000 points near and far, and exactly 0 at mu = logvar = 0."""
    mu, logvar = 10.0 ** rng.uniform(-7, 1, (2, 1000, 1)) * rng.choice([-1, 1], (2, 1000, 1))
    return holds(np.append(kl(mu, logvar)[0] > 0, kl(np.zeros((1, 3)), np.zeros((1, 3)))[0] == 0))


TINY_AND_HUGE = np.concatenate([s * np.append(np.geomspace(1e-12, 700, 90), [0.0999, 0.1001]) for s in (-1, 1)])


def series(coefficients):
    """The divergence with other coefficients of l^2, l^4, ... in (3.6)."""
    def wrong(mu, lv):
        share = lv / 2 - sum(c * lv ** (2 * j) for j, c in enumerate(coefficients, 1))
        return (mu**2 + np.where(abs(lv) < 0.1, np.expm1(lv) * share, np.expm1(lv) - lv)).sum(-1) / 2, None

    return wrong


CANCELLING = {"e^l - 1 - l": lambda mu, lv: ((mu**2 + np.exp(lv) - 1 - lv).sum(-1) / 2, None),
              "expm1(l) - l": lambda mu, lv: ((mu**2 + np.expm1(lv) - lv).sum(-1) / 2, None),
              "the series after its first two terms": series(BERNOULLI[:1])}


@ledger.add("3.6", "limit", kl_std_normal, bound=1e-14, wrong={
    **CANCELLING, "as far as l^6": series(BERNOULLI[:3]), "no change of sign": series(np.abs(BERNOULLI))})
def sixty_digits(kl, rng):
    """Python's decimals with 60 digits, for 184 log-variances of absolute value 1e-12 to 700, each to 1e-14."""
    with localcontext() as context:
        context.prec = 60
        want = [float((Decimal(lv).exp() - 1 - Decimal(lv)) / 2) for lv in TINY_AND_HUGE.tolist()]
    return entrywise(kl(np.zeros((184, 1)), TINY_AND_HUGE[:, None])[0], np.array(want))


def bernoulli():
    """The coefficients as they stand in the code."""
    return BERNOULLI


@ledger.add("3.6", "identity", bernoulli, bound=0, wrong={
    "no change of sign": lambda: tuple(map(abs, BERNOULLI)), "l^8 / 1209601": lambda: (*BERNOULLI[:3], -1 / 1209601),
    "as far as l^6": lambda: BERNOULLI[:3]})
def recursion_in_fractions(bernoulli, rng):
    """Times the series of (e^l - 1) / l they give 1, the odd ones being 0: in fractions, each the nearest float."""
    c = [Fraction(1)]
    for n in range(1, 10):
        c.append(-sum(c[j] / factorial(n + 1 - j) for j in range(n)))
    want = [Fraction(1), Fraction(-1, 2), *(x for each in bernoulli() for x in (each, 0)), *[0] * 10][:10]
    return holds(np.array([float(a) == float(b) for a, b in zip(c, want, strict=True)]))


@ledger.add("3.6", "limit", exp_minus_tangent, bound=1e-14, wrong={
    "growth itself": np.expm1, "cancelling": lambda x: np.exp(x) - 1 - x, "halved": lambda x: exp_minus_tangent(x) / 2})
def the_term_itself(term, rng):
    """e^x - 1 - x to 60 digits, without the divergence around it: at 21 of the points."""
    x = TINY_AND_HUGE[::9]
    with localcontext() as context:
        context.prec = 60
        want = [float(Decimal(value).exp() - 1 - Decimal(value)) for value in x.tolist()]
    return entrywise(term(x), np.array(want))


@ledger.add("3.6", "identity", kl_std_normal, wrong=CANCELLING)
def even_part(kl, rng):
    """e^l - 1 - l and the same at -l sum to 4 sinh^2(l / 2), in which nothing cancels: entry by entry."""
    lv = rng.uniform(1, 9, 200)[:, None] * np.repeat(10.0 ** -np.arange(0, 10), 20)[:, None]
    zero = np.zeros_like(lv)
    return entrywise(2 * (kl(zero, lv)[0] + kl(zero, -lv)[0]), 4 * np.sinh(lv[:, 0] / 2) ** 2)


KL_SLOPES = {"half forgotten": spoiled(kl_std_normal, twice(1)),
             "mean for its square": lambda mu, lv: (kl_std_normal(mu, lv)[0], lambda d: (
                 d[:, None] * mu / 2, kl_std_normal(mu, lv)[1](d)[1])),
             "sigma - 1": lambda mu, lv: (kl_std_normal(mu, lv)[0], lambda d: (
                 d[:, None] * mu, d[:, None] * (np.exp(lv / 2) - 1)))}
ledger.adjoint("3.7", kl_std_normal, codes, wrong=KL_SLOPES, exact=lambda rng: (codes(rng)[0], codes(rng)[1] + 6))


@ledger.add("3.7", "identity", kl_std_normal, exact=True, wrong=KL_SLOPES)
def by_sinh(kl, rng):
    """mu, and (e^l - 1) / 2 = e^(l/2) sinh(l / 2), entry by entry, also at l of 1e-9."""
    mu, logvar = codes(rng)
    dmu, dlogvar = kl(mu, logvar)[1](np.ones(7))
    return entrywise(np.hstack([dmu, dlogvar]), np.hstack([mu, np.exp(logvar / 2) * np.sinh(logvar / 2)]))


@ledger.add("3.7", "limit", kl_std_normal, bound=1e-14, wrong={
    "sigma - 1": KL_SLOPES["sigma - 1"], "e^l - 1, which cancels": lambda mu, lv: (kl_std_normal(mu, lv)[0], lambda d: (
        d[:, None] * mu, d[:, None] * (np.exp(lv) - 1) / 2))})
def next_to_the_prior(kl, rng):
    """At l = +-1e-9 and +-1e-12 the slope is l / 2 + l^2 / 4, each."""
    lv = np.array([[1e-9, -1e-9, 1e-12, -1e-12]])
    return entrywise(kl(0 * lv, lv)[1](np.ones(1))[1], lv / 2 + lv * lv / 4)
