"""Evidence for one field that is taught several levels, (9.16)."""

from __future__ import annotations

import numpy as np

from refvae.check.identity import along
from refvae.denoising import dsm, pooled_score
from refvae.derivations.denoising.common import Mixture, line, mixture
from refvae.evidence import Ledger, gap, vanishes

ledger = Ledger()
SIGMAS = np.array([0.1, 0.3, 0.6])
CORNERS = Mixture(np.array([0.5, 0.3, 0.2]), np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.5]]), np.full(3, 0.3))


def field(pooled, law, x, sigmas, weights, factors):
    """The pooled field at x."""
    return pooled(np.array([law.density(x, sigma) for sigma in sigmas]),
                  np.array([law.score(x, sigma) for sigma in sigmas]), weights, factors)


def rotation(pooled, law, x, sigmas, weights, factors):
    """d_1 s_2 - d_2 s_1 by imaginary steps or exactly, (n,)."""
    slopes = [along(lambda x: field(pooled, law, x, sigmas, weights, factors), x, e) for e in np.eye(2)]
    return slopes[0][:, 1] - slopes[1][:, 0]


POOLED_WRONG = {
    "densities lost": lambda p, s, w, c: pooled_score(np.ones_like(p), s, w, c),
    "weights lost": lambda p, s, w, c: pooled_score(p, s, np.ones_like(w), c),
    "factors in the denominator too": lambda p, s, w, c: pooled_score(p, s, w * c, np.ones_like(c)),
    "factors lost": lambda p, s, w, c: pooled_score(p, s, w, np.ones_like(c)),
    "mean of the scores": lambda p, s, w, c: np.tensordot(c * w, s, 1) / w.sum()}


@ledger.add("9.16", "identity", pooled_score, wrong=POOLED_WRONG)
def normal_equations(pooled, rng):
    """On the line: sum over levels of w E <s*(xt) + c eps / sigma, eta(xt)> = 0 for four eta, where E[eps | xt] comes
    from the posteriors of the components.
    """
    law, sigmas = mixture(rng, d=1), np.array([0.3, 0.6, 0.9])
    weights, factors = rng.uniform(0.5, 2, (2, 3))
    terms = []
    for sigma, weight, factor in zip(sigmas, weights, factors, strict=True):
        xt, w = line(law, sigma)
        noise = (xt - law.posterior(xt, sigma)[0]) / sigma
        residual = field(pooled, law, xt, sigmas, weights, factors) + factor * noise / sigma
        terms.append(weight * w[:, None] * residual * np.hstack([np.ones_like(xt), xt, xt**2 - 1, np.sin(xt)]))
    return vanishes(np.vstack(terms))


@ledger.add("9.16", "law", pooled_score, exact=True, wrong={
    name: POOLED_WRONG[name] for name in POOLED_WRONG if "factors" not in name})
def equal_factors_give_the_score_of_a_mixture(pooled, rng):
    """With c = 1 the field is the gradient of log sum w p, by imaginary steps in that function."""
    law, x, weights = mixture(rng), rng.standard_normal((7, 2)), rng.uniform(0.5, 2, 3)
    total = lambda x: np.log(sum(w * law.density(x, sigma) for w, sigma in zip(weights, SIGMAS, strict=True)))
    want = np.stack([along(total, x, e) for e in np.eye(2)], 1)
    return gap(field(pooled, law, x, SIGMAS, weights, np.ones(3)), want)


@ledger.add("9.16", "identity", pooled_score, exact=True, wrong={
    name: POOLED_WRONG[name] for name in ("factors lost", "weights lost", "factors in the denominator too")})
def rotation_in_closed_form(pooled, rng):
    """The rotation of the field from the slopes of f and g alone, at seven points."""
    law, x = mixture(rng), rng.standard_normal((7, 2))
    weights, factors = rng.uniform(0.5, 2, (2, 3))
    slopes = np.array([law.density(x, s)[:, None] * law.score(x, s) for s in SIGMAS])
    f, g = np.tensordot(weights * factors, slopes, 1), np.tensordot(weights, slopes, 1)
    total = sum(w * law.density(x, s) for w, s in zip(weights, SIGMAS, strict=True))
    want = (f[:, 0] * g[:, 1] - f[:, 1] * g[:, 0]) / total**2
    return gap(rotation(pooled, law, x, SIGMAS, weights, factors), want)


@ledger.add("9.16", "oracle", pooled_score, bound=1e-6, wrong={
    "factors lost": POOLED_WRONG["factors lost"], "densities lost": POOLED_WRONG["densities lost"],
    "factors in the denominator too": POOLED_WRONG["factors in the denominator too"]})
def the_example(pooled, rng):
    """The instance of the text: field (-0.0792817, -0.2084458) and rotation 0.0396028 at (1/2, 1/2)."""
    x, c = np.full((1, 2), 0.5), SIGMAS**2
    return gap(np.append(field(pooled, CORNERS, x, SIGMAS, np.ones(3), c)[0],
                         rotation(pooled, CORNERS, x, SIGMAS, np.ones(3), c)),
               np.array([-0.0792817, -0.2084458, 0.0396028]))


def multi_scale(s, x, eps, sigma, sigma0):
    """MDSM's objective, as published, of a field s of xt: mean of |(x - xt) / sigma0^2 - s|^2 / sigma^2."""
    scaled = lambda _, xt: (lambda value: (sigma0**2 / sigma**2 * value, None))(s(xt))
    return dsm(scaled, (), x, eps, sigma, 2 * sigma**2 / sigma0**4)[0]


@ledger.add("9.16", "identity", multi_scale, exact=True, wrong={
    "weight 1": lambda s, x, eps, sigma, sigma0: dsm(lambda _, xt: (sigma0**2 / sigma**2 * s(xt), None), (), x, eps,
                                                     sigma)[0],
    "half lost": lambda *args: multi_scale(*args) / 2,
    "field not scaled": lambda s, x, eps, sigma, sigma0: dsm(lambda _, xt: (s(xt), None), (), x, eps, sigma,
                                                             2 * sigma**2 / sigma0**4)[0]})
def published_objective(objective, rng):
    """`dsm` with that score map and weight against the formula, row by row: five levels on seven rows."""
    x, eps, sigma = *rng.standard_normal((2, 7, 3)), rng.uniform(0.1, 1, (7, 1))
    A = rng.standard_normal((3, 3))
    xt = x + sigma * eps
    want = [((x[i] - xt[i]) * 16 - xt[i] @ A) @ ((x[i] - xt[i]) * 16 - xt[i] @ A) / sigma[i, 0] ** 2
            for i in range(7)]
    return gap(np.array(objective(lambda y: y @ A, x, eps, sigma, 0.25)), np.array(np.mean(want)))
