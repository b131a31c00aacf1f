"""Evidence for the scale of the reconstruction, (3.12), (3.13)."""

from __future__ import annotations

import numpy as np
from scipy import stats

from refvae.derivations.vae.objective import two
from refvae.evidence import Ledger, gap, holds, spoiled
from refvae.layers import mlp, squared_error, tanh
from refvae.vae import elbo_terms, encode, gaussian, gaussian_nll, kl_std_normal, neg_elbo

ledger = Ledger()


def fixed(eta):
    """The likelihood as a layer of its own."""
    def layer(out, x):
        return gaussian(eta)(out, x)

    return layer


GAUSSIAN_WRONG = {"variance taken for sigma": fixed(0.09), "sigma taken for the variance": fixed(np.sqrt(0.3)),
                  "unit weight": lambda out, x: squared_error(out, x),
                  "constant forgotten": lambda out, x: (squared_error(out, x)[0] / 0.6, None)}


def images(rng):
    """Reconstructions and images."""
    return rng.standard_normal((7, 6)), rng.standard_normal((7, 6))


@ledger.add("3.12", "oracle", fixed(0.3), bound=1e-12, wrong=GAUSSIAN_WRONG)
def scipy_spherical(nll, rng):
    """scipy.stats.multivariate_normal with the covariance 0.3 I."""
    out, x = images(rng)
    return gap(nll(out, x)[0], -stats.multivariate_normal(np.zeros(6), 0.3 * np.eye(6)).logpdf(x - out))


@ledger.add("3.12", "identity", gaussian, exact=True, wrong={
    "variance taken for sigma": lambda eta: gaussian(eta**2), "unit weight": lambda eta: squared_error,
    "constant forgotten": lambda eta: lambda out, x: (squared_error(out, x)[0] / (2 * eta), None)})
def squares_and_a_constant(likelihood, rng):
    """|x - out|^2 / (2 eta) + (d/2) log(2 pi eta), for real x and for integers."""
    (out, x), eta = images(rng), rng.uniform(0.2, 0.5)
    each = x, rng.integers(-5, 6, x.shape)
    want = (((x - out) ** 2).sum(1) / (2 * eta) + 3 * (np.log(2 * np.pi) + np.log(eta)) for x in each)
    return gap(tuple(likelihood(eta)(out, x)[0] for x in each), tuple(want))


@ledger.add("3.12", "law", gaussian, bound=0, wrong={
    "eta as a NumPy number": lambda eta: lambda out, x: (
        gaussian_nll(out, out * 0 + np.float64(np.log(eta)), x)[0], None),
    "in float64": lambda eta: lambda out, x: gaussian(eta)(out.astype(float), x)})
def float32_stays(likelihood, rng):
    """Of float32 images, for eta as a Python and as a NumPy number; and the value is that of float64 to 1e-5."""
    out, x = images(rng)
    found = [likelihood(eta)(out.astype("f4"), x.astype("f4"))[0] for eta in (0.3, np.float64(0.3))]
    return holds([case for one in found for case in (one.dtype == np.float32, np.allclose(
        one, fixed(0.3)(out, x)[0], rtol=1e-5))])


ledger.adjoint("3.12", fixed(0.3), images, wrong={
    "sign": spoiled(fixed(0.3), lambda d: d[::-1]),
    "weight 2, as of a unit weight": spoiled(fixed(0.3), lambda d: tuple(0.6 * each for each in d)),
    "mean over pixels": spoiled(fixed(0.3), lambda d: tuple(0 * each + each.mean(1, keepdims=True) for each in d))})


def beta_on_the_reconstruction(p, x, eps, *, likelihood, beta, activation):
    """beta on the wrong term."""
    (rec, kl), pull = elbo_terms(p, x, eps, likelihood=likelihood, activation=activation)
    return (beta * rec + kl).mean(), lambda d: pull((d * beta / len(x) + 0 * rec, d / len(x) + 0 * kl))


def beta_squared(p, x, eps, *, beta, **how):
    """beta entering twice."""
    return neg_elbo(p, x, eps, beta=beta**2, **how)


SCALE_WRONG = {"beta on the reconstruction": beta_on_the_reconstruction, "beta entering twice": beta_squared,
               "beta ignored": lambda p, x, eps, beta, **how: neg_elbo(p, x, eps, **how)}


@ledger.add("3.13", "identity", neg_elbo, exact=True, wrong=SCALE_WRONG)
def one_product(objective, rng):
    """Loss and gradient at eta, beta = 1.75 are 1.75 times those at 1.75 eta, 1, and a constant."""
    (p, _, eps), x, eta, d = two(rng), rng.standard_normal((2, 6)), rng.uniform(0.2, 0.5), rng.standard_normal()
    (loss, pull), (base, pull_base) = (objective(p, x, eps, likelihood=gaussian(at), beta=beta, activation=tanh)
                                       for at, beta in ((eta, 1.75), (1.75 * eta, 1.0)))
    log_2pi = np.log(2 * np.pi) + 0 * eta
    constant = 3 * (np.log(eta) - 1.75 * np.log(1.75 * eta) - 0.75 * log_2pi)
    return gap((loss, pull(d)[0]), (1.75 * base + constant, pull_base(1.75 * d)[0]))


@ledger.add("3.13", "law", neg_elbo, exact=True, wrong={
    "decoder variance 1": lambda p, x, eps, likelihood, **how: neg_elbo(p, x, eps, likelihood=gaussian(1.0), **how),
    "decoder variance 1/4": lambda p, x, eps, likelihood, **how: neg_elbo(p, x, eps, likelihood=gaussian(0.25), **how)})
def unit_weights(objective, rng):
    """At eta = 1/2 less (d/2) log pi it is the mean of |x - xhat|^2 + KL, written down with unit weights."""
    (p, _, eps), x, d = two(rng), rng.standard_normal((2, 6)), rng.standard_normal()
    (mu, logvar), _ = encode(p.enc, x, tanh)
    xhat = mlp(p.dec, mu + np.exp(logvar / 2) * eps)[0]
    want = (squared_error(xhat, x)[0] + kl_std_normal(mu, logvar)[0]).mean()
    loss, pull = objective(p, x, eps, likelihood=gaussian(0.5 + 0 * d), activation=tanh)
    dW = pull(d)[0].dec[-1].W
    return gap((np.atleast_1d(loss - 3 * (np.log(np.pi) + 0 * d)), dW),
               (np.atleast_1d(want), np.tanh((mu + np.exp(logvar / 2) * eps) @ p.dec[0].W + p.dec[0].b).T
                @ (2 * (xhat - x)) * d / 2))


