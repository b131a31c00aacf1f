"""Evidence for the scale of the reconstruction, (3.12), (3.13)."""

from __future__ import annotations

import numpy as np
from scipy import stats

from refvae import trees
from refvae.derivations.vae.objective import batch
from refvae.evidence import Ledger, gap, spoiled
from refvae.layers import mlp, squared_error, tanh
from refvae.vae import elbo_terms, encode, gaussian, kl_std_normal, neg_elbo

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


@ledger.add("3.12", "identity", fixed(0.3), wrong=GAUSSIAN_WRONG)
def squares_and_a_constant(nll, rng):
    """|x - out|^2 / (2 eta) + (d/2) log(2 pi eta), for real x and for integers."""
    out, x = images(rng)
    each = x, np.rint(3 * x).astype(int)
    want = (np.linalg.norm(x - out, axis=1) ** 2 / 0.6 + 3 * np.log(0.6 * np.pi) for x in each)
    return gap(tuple(nll(out, x)[0] for x in each), tuple(want))


ledger.adjoint("3.12", fixed(0.3), images, wrong={
    "sign": spoiled(fixed(0.3), lambda d: d[::-1]),
    "weight 2, as of a unit weight": spoiled(fixed(0.3), lambda d: tuple(0.6 * each for each in d))})


def scaled(eta, beta):
    """The loss and gradient of neg_elbo with a Gaussian decoder, as a function of (p, x, eps)."""
    def found(objective, p, x, eps):
        loss, pull = objective(p, x, eps, likelihood=gaussian(eta), beta=beta, activation=tanh)
        return loss, trees.flatten(pull(1.0)[0]).vector

    return found


def beta_on_the_reconstruction(p, x, eps, *, likelihood, beta, activation):
    """beta on the wrong term."""
    (rec, kl), pull = elbo_terms(p, x, eps, likelihood=likelihood, activation=activation)
    return (beta * rec + kl).mean(), lambda d: pull((d * beta / 7 + 0 * rec, d / 7 + 0 * kl))


def beta_squared(p, x, eps, *, beta, **how):
    """beta entering twice."""
    return neg_elbo(p, x, eps, beta=beta**2, **how)


SCALE_WRONG = {"beta on the reconstruction": beta_on_the_reconstruction, "beta entering twice": beta_squared,
               "beta ignored": lambda p, x, eps, beta, **how: neg_elbo(p, x, eps, **how)}


@ledger.add("3.13", "identity", neg_elbo, wrong=SCALE_WRONG)
def one_product(objective, rng):
    """Loss and gradient at eta = 0.3, beta = 1.7 are 1.7 times those at 0.51, 1, and a constant."""
    (p, _, eps), x = batch(rng), rng.standard_normal((7, 6))
    (loss, g), (base, h) = scaled(0.3, 1.7)(objective, p, x, eps), scaled(0.51, 1.0)(objective, p, x, eps)
    constant = 3 * (np.log(0.6 * np.pi) - 1.7 * np.log(1.02 * np.pi))
    return gap((np.atleast_1d(loss), g), (np.atleast_1d(1.7 * base + constant), 1.7 * h))


@ledger.add("3.13", "law", neg_elbo, wrong={"decoder variance 1": lambda p, x, eps, likelihood, **how: neg_elbo(
    p, x, eps, likelihood=gaussian(1.0), **how), "decoder variance 1/4": lambda p, x, eps, likelihood, **how: neg_elbo(
        p, x, eps, likelihood=gaussian(0.25), **how)})
def unit_weights(objective, rng):
    """At eta = 1/2 less (d/2) log pi it is the mean of |x - xhat|^2 + KL, written down with unit weights."""
    (p, _, eps), x = batch(rng), rng.standard_normal((7, 6))
    (mu, logvar), _ = encode(p.enc, x, tanh)
    xhat = mlp(p.dec, mu + np.exp(logvar / 2) * eps)[0]
    want = (squared_error(xhat, x)[0] + kl_std_normal(mu, logvar)[0]).mean()
    loss, pull = objective(p, x, eps, likelihood=gaussian(0.5), activation=tanh)
    dW = pull(1.0)[0].dec[-1].W
    return gap((np.atleast_1d(loss - 3 * np.log(np.pi)), dW),
               (np.atleast_1d(want), np.tanh((mu + np.exp(logvar / 2) * eps) @ p.dec[0].W + p.dec[0].b).T
                @ (2 * (xhat - x)) / 7))


