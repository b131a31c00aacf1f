"""Evidence for gradient estimators, (3.23) to (3.25)."""

from __future__ import annotations

import numpy as np

from refvae import trees
from refvae.derivations.vae.common import black_and_white, flat, model, smooth
from refvae.derivations.vae.importance import draws, few_draws
from refvae.derivations.vae.reported import inflated
from refvae.evidence import Ledger, Outcome, gap, spoiled
from refvae.layers import Dense, bernoulli_nll, tanh
from refvae.vae import (
    VAE,
    dreg_surrogate,
    encode,
    gaussian,
    iw_bound,
    iw_surrogate,
    log_joint,
    log_mean_exp,
    log_weights,
    neg_elbo,
    normalised_weights,
    path_weights,
    reparam,
    stl_surrogate,
)

ledger = Ledger()


# The gradient of the bound


def frozen_weights(change):
    """iw_surrogate with its frozen weights passed through `change`."""
    return lambda p, x, eps, w, **how: iw_surrogate(p, x, eps, change(w), **how)


WEIGHT_WRONG = {"equal weights": frozen_weights(lambda w: 0 * w + 1 / len(w)),
                "weights not normalised": frozen_weights(lambda w: w * len(w)),
                "weights of the next draw": frozen_weights(lambda w: np.roll(w, 1, 0)),
                "squared weights": frozen_weights(lambda w: w * w)}


@ledger.add("3.23", "identity", iw_surrogate, exact=True, wrong=WEIGHT_WRONG)
def gradient_of_the_bound(surrogate, rng):
    """At the frozen weights its gradient is that of `iw_bound`, in every coordinate, for two images, three draws."""
    p, x, eps = draws(rng)
    x, eps = x[:2], eps[:3, :2]
    w = normalised_weights(log_weights(p, x, eps, activation=tanh)[0])
    got = surrogate(p, x, eps, w, activation=tanh)[1](1.0)[0]
    return gap(flat(got), flat(iw_bound(p, x, eps, activation=tanh)[1](1.0)[0]))


ledger.adjoint("3.23", log_mean_exp, lambda rng: (2 * rng.standard_normal((5, 7)),), wrong={
    "equal weights": spoiled(log_mean_exp, lambda d: 0 * d + d.mean(0)),
    "weights not normalised": spoiled(log_mean_exp, lambda d: 2 * d)}, name="mean")
ledger.adjoint("3.23", smooth(iw_surrogate), lambda rng: (
    *few_draws(rng), normalised_weights(rng.standard_normal((3, 7)))), name="surrogate", wrong={
        "mean over draws": spoiled(smooth(iw_surrogate), lambda d: (
            trees.map(lambda leaf: leaf / 3, d[0]), *d[1:])),
        "equal weights": lambda p, x_frozen, eps_frozen, w_frozen: (
            smooth(iw_surrogate)(p, x_frozen, eps_frozen, w_frozen)[0],
            smooth(iw_surrogate)(p, x_frozen, eps_frozen, 0 * w_frozen + 1 / 3)[1])})


@ledger.add("3.23", "limit", normalised_weights, bound=1e-12, wrong={
    "without the shift, which overflows": lambda log_w: np.exp(log_w) / np.exp(log_w).sum(0),
    "shifted by the largest of all": lambda log_w: (w := np.exp(log_w - log_w.max())) / w.sum(0),
    "shifted by the smallest": lambda log_w: (w := np.exp(log_w - log_w.min(0))) / w.sum(0)})
def weights_at_any_scale(weights, rng):
    """Of log w = 1000, 1000 - log 3 and -1000: 3/4, 1/4 and 0; the same for all of them less 3000."""
    column = np.array([1000, 1000 - np.log(3), -1000])
    return gap(weights(np.stack([column, column - 3000], 1)), np.array([[0.75, 0.75], [0.25, 0.25], [0, 0]]))


def recomputed(p, x, eps, p_frozen, **how):
    """path_weights with z - mu for sigma eps in the density of the encoder."""
    (mu, logvar), _ = encode(p.enc, x, how["activation"])
    z = mu + np.exp(logvar / 2) * eps
    log_p = log_joint(p.dec, x, z, **how)[0]
    return log_p + ((z - mu) ** 2 * np.exp(-logvar) + logvar + np.log(2 * np.pi)).sum(2) / 2, None


@ledger.add("3.24", "law", path_weights, wrong={
    "z - mu recomputed": recomputed, "noise of the next draw": lambda p, x, eps, p0, **how: path_weights(
        p, x, np.roll(eps, 1, 0), p0, **how)})
def weights_of_a_sharp_encoder(paths, rng):
    """Codes of size 1e3, sigma = 1e-6, one affine decoder of size 1e-3: log p(x, z) - log q is log w, each draw."""
    p, x, eps = model(rng, 4, 2), rng.standard_normal((7, 4)), rng.standard_normal((3, 7, 2))
    last = p.enc[-1]
    sharp = Dense(last.W * [1, 1, 0, 0], np.array([1e3, -2e3, -27.6, -27.6]))
    p = VAE((sharp,), (Dense(1e-3 * p.dec[0].W, p.dec[0].b),))
    how = {"likelihood": gaussian(0.3), "activation": tanh}
    log_w = log_weights(p, x, eps, **how)[0]
    shift = log_joint(p.dec, x, np.repeat(encode(p.enc, x, tanh)[0][0][None], 3, 0), **how)[0]
    return gap(paths(p, x, eps, p, **how)[0] - shift, log_w - shift)


# Means over the noise, exactly. Row i of the data is the i-th unit vector, so row i of the encoder's only matrix is the
# code of that row alone, and its gradient the estimate from the i-th noise; the decoder is compared draw by draw.


def one_unit(rng, K=1):
    """A model of one image with one code unit; noises eps (K, n, 1) with weights (n,); data and how to call.

    The weights are those of the trapezoid rule within a ball, which for analytic functions errs by exp(-c / step).
    """
    axes = np.meshgrid(*[np.arange(-8.82, 9, 0.42)] * K)
    eps = np.stack([axis.ravel() for axis in axes])
    eps = eps[:, (eps**2).sum(0) < 78]
    weights = np.exp(-(eps**2).sum(0) / 2)
    image, n = black_and_white(rng, 1, 4), len(weights)
    decoder = trees.map(lambda leaf: leaf / 6, model(rng, 4, 3, 1).dec)
    p = VAE((Dense(np.tile([0.4, -0.4], (n, 1)), np.zeros(2)),), decoder)
    how = {"activation": tanh, "likelihood": lambda out, x: bernoulli_nll(out, np.broadcast_to(image, out.shape))}
    return p, np.eye(n), eps[:, :, None], weights / weights.sum(), how


def estimates_of(estimator, world):
    """The mean over the noise of the estimate in mu and in the log-variance, and the estimate in the decoder."""
    p, x, eps, weights, how = world
    g = estimator(p, x, eps, **how)
    return len(x) * weights @ g.enc[0].W, flat(g.dec)


def at_itself(surrogate):
    """The estimate of a surrogate at p_frozen = p."""
    return lambda p, x, eps, **how: surrogate(p, x, eps, p, **how)[1](1.0)[0]


def of_the_bound(p, x, eps, **how):
    """The plain gradient of the bound."""
    return iw_bound(p, x, eps, **how)[1](1.0)[0]


def of_the_elbo(p, x, eps, **how):
    """The gradient of the ELBO, its divergence in closed form; one draw."""
    return trees.map(lambda leaf: -leaf, neg_elbo(p, x, eps[0], **how)[1](1.0)[0])


def paths_weighted_by(power, decoder_power=1):
    """dreg_surrogate whose paths have the weights w^power and whose decoder has w^decoder_power."""
    def wrong(p, x, eps, p_frozen, **how):
        w = normalised_weights(log_weights(p_frozen, x, eps, **how)[0])
        _, pull = path_weights(p, x, eps, p_frozen, **how)
        return 0.0, lambda d: (VAE(pull(d * w**power / len(x))[0].enc, pull(d * w**decoder_power / len(x))[0].dec),
                               None, None, None)

    return wrong


def with_score(p, x, eps, p_frozen, **how):
    """The weights w^2 on the whole gradient of log w, not on its paths alone."""
    w = normalised_weights(log_weights(p_frozen, x, eps, **how)[0])
    return iw_surrogate(p, x, eps, w**2, **how)


DREG_WRONG = {"paths weighted by w": paths_weighted_by(1), "decoder weighted by w^2": paths_weighted_by(2, 2),
              "density of q not frozen": with_score, "paths weighted by w^3": paths_weighted_by(3)}


@ledger.add("3.24", "identity", dreg_surrogate, wrong=DREG_WRONG)
def mean_is_the_gradient(surrogate, rng):
    """K = 2: the mean over 1389 nodes is that of the plain gradient of the bound; the decoder's is that gradient."""
    world = one_unit(rng, 2)
    return gap(estimates_of(at_itself(surrogate), world), estimates_of(of_the_bound, world))


def share_at_the_posterior(surrogate, rng, K):
    """Affine networks with their exact posterior: the largest of 20 gradients of the encoder, relative to the plain
    gradient of the same draw, which goes through the density too."""
    vae, _ = inflated(1.0)
    x, how, worst = rng.standard_normal((7, 4)), {"likelihood": gaussian(0.3), "activation": tanh}, 0.0
    for eps in rng.standard_normal((20, K, 7, 2)):
        got = flat(surrogate(vae, x, eps, vae, **how)[1](1.0)[0].enc)
        plain = flat(iw_bound(vae, x, eps, **how)[1](1.0)[0].enc)
        worst = max(worst, float(np.linalg.norm(got) / np.linalg.norm(plain)))
    return Outcome(worst, 0.0, worst)


@ledger.add("3.24", "law", dreg_surrogate, wrong={
    "density of q not frozen": with_score, "frozen at other parameters": lambda p, x, eps, p_frozen, **how: (
        dreg_surrogate(p, x, eps, trees.map(lambda leaf: 1.1 * leaf, p_frozen), **how))})
def no_variance_of_many_draws(surrogate, rng):
    """At the posterior of affine networks the encoder's gradient is 0 for each of 20 times four draws."""
    return share_at_the_posterior(surrogate, rng, 4)


def two_models(rng):
    """Free and frozen parameters that differ, images, three draws."""
    p, x, eps = few_draws(rng)
    return p, x, eps, model(rng, 5, 4, 2)


def lost(layer, part):
    """A surrogate whose gradient forgets the encoder or the decoder."""
    return spoiled(layer, lambda d: (d[0]._replace(**{part: trees.map(lambda leaf: 0 * leaf, getattr(d[0], part))}),
                                     *d[1:]))


ledger.adjoint("3.24", smooth(dreg_surrogate), two_models, name="surrogate", wrong={
    "decoder's gradient lost": lost(smooth(dreg_surrogate), "dec"),
    "encoder's gradient lost": lost(smooth(dreg_surrogate), "enc")})
ledger.adjoint("3.24", smooth(path_weights), two_models, name="paths", wrong={
    "density of q not frozen": lambda p, x, eps, p_frozen: (path_weights(p, x, eps, p_frozen, activation=tanh)[0],
                                                           lambda d: (log_weights(p, x, eps, activation=tanh)[1](d)[0],
                                                                      None, None, None)),
    "decoder's gradient lost": lost(smooth(path_weights), "dec")})


def decoder_and_path(p, x, eps, p_frozen, *, likelihood=bernoulli_nll, activation):
    """Sticking the landing without the density of q: the path's gradient of log p(x, z) alone."""
    (mu, logvar), pull_encode = encode(p.enc, x, activation)
    z, pull_reparam = reparam(mu, logvar, eps[0])
    log_p, pull_joint = log_joint(p.dec, x, z[None], likelihood=likelihood, activation=activation)

    def pull(d):
        ddec, _, dz = pull_joint(np.full_like(log_p, d / log_p.size))
        return (VAE(pull_encode(pull_reparam(dz[0])[:2])[0], ddec),)

    return log_p.mean(), pull


STL_WRONG = {"density of q not frozen": lambda p, x, eps, p_frozen, **how: iw_surrogate(
    p, x, eps, np.ones(eps.shape[:2]), **how),
    "density of q forgotten": decoder_and_path,
    "closed form of the divergence": lambda p, x, eps, p_frozen, **how: (
        0.0, lambda d: (of_the_elbo(p, x, eps, **how),))}


@ledger.add("3.25", "identity", stl_surrogate, wrong=STL_WRONG)
def one_draw_of_the_doubly_reparametrised(surrogate, rng):
    """At K = 1 it is (3.24), draw by draw."""
    p, x, eps = draws(rng)
    return gap(*(flat(at_itself(each)(p, x, eps[:1], activation=tanh)) for each in (surrogate, dreg_surrogate)))


@ledger.add("3.25", "law", stl_surrogate, wrong=STL_WRONG)
def no_variance_at_the_posterior(surrogate, rng):
    """At the posterior of affine networks the encoder's gradient is 0 for each of 20 draws."""
    return share_at_the_posterior(surrogate, rng, 1)


@ledger.add("3.25", "limit", stl_surrogate, bound=1e-12, wrong={
    "density of q forgotten": decoder_and_path,
    "divergence counted twice": lambda p, x, eps, p_frozen, **how: (0.0, lambda d: (trees.axpy(
        1.0, of_the_elbo(p, x, eps, **how), stl_surrogate(p, x, eps, p_frozen, **how)[1](d)[0]),))})
def mean_is_the_gradient_of_the_elbo(surrogate, rng):
    """Away from the posterior: the mean over 43 nodes is that of the gradient of the ELBO; so is the decoder's."""
    world = one_unit(rng)
    return gap(estimates_of(at_itself(surrogate), world), estimates_of(of_the_elbo, world))


ledger.adjoint("3.25", smooth(stl_surrogate), two_models, wrong={
    "decoder's gradient lost": lost(smooth(stl_surrogate), "dec"),
    "sum for the mean": spoiled(smooth(stl_surrogate), lambda d: (trees.map(lambda leaf: 7 * leaf, d[0]), *d[1:]))})
