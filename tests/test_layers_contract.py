"""Every layer keeps the contract: a pure function f(*args) -> (y, pull) whose pull is the adjoint of its derivative."""

import ast
import functools
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import refvae
from refvae import adversarial, layers, trees, vae, vqvae
from refvae.bottleneck import (
    Saddle,
    capacity_lagrangian,
    capacity_loss,
    neg_log_aggregate,
    pointwise_information,
    vib_loss,
)
from refvae.check import check_layer
from refvae.check.problem import argument_names
from refvae.denoising import denoiser_score, dsm, frozen_log_density, ladder_score, smoothed_kl
from refvae.eae import EAE, kl_of_moments, neg_objective, normalised_entropy
from refvae.entropy import (
    knn_cross_entropy_layer,
    knn_divergence_layer,
    knn_entropy_layer,
    log_norm,
    mutual_information_layer,
    neighbours,
)
from refvae.entropy.kl import take
from refvae.geometry import ellipse_loss, kl_uniform_normal, naive_penalty, noisy_linear_cost, profile_loss
from refvae.layers import Dense
from refvae.linear_ae import affine_ae, linear_ae, linear_ae_grad, regularised_ae
from refvae.models.ae import AE, squared_loss
from refvae.models.dae import DAE, conditional_score
from refvae.spring import chain_action, differences, identity, lagrangian
from refvae.vae import VAE
from refvae.vqvae import Attention, Block, Norm

MODULES = [module.name for module in pkgutil.walk_packages(refvae.__path__, "refvae.")
           if module.name.split(".")[1] not in {"check", "cli", "evidence", "__main__"}]


class Row(NamedTuple):
    """Arguments of a layer at a seed; blocks that are zero by theorem; the branches it takes, if it has any."""

    args: Callable[[np.random.Generator], tuple[Any, ...]]
    zero: tuple[str, ...] = ()
    branches: Callable[..., Any] | None = None


def normal(*shape):
    """One Gaussian array of that shape."""
    return lambda rng: (rng.standard_normal(shape),)


def affine(rng, d=6, h=3):
    """Parameters of an affine map with a bias that is not zero."""
    return Dense(rng.standard_normal((d, h)), rng.standard_normal(h))


def net(rng):
    """Three affine maps of unequal sizes."""
    return affine(rng, 6, 8), affine(rng, 8, 5), affine(rng, 5, 3)


def labelled(rng):
    """A network of encoder 6-8-2*3 and classifier 3-5, seven rows with labels, and noise."""
    p = VAE((affine(rng, 6, 8), affine(rng, 8, 6)), (affine(rng, 3, 5),))
    return p, rng.standard_normal((7, 6)), rng.integers(0, 5, 7), rng.standard_normal((7, 3))


def coder(rng):
    """An encoder 6-5-2*3 and a decoder 3-5-6."""
    return VAE((affine(rng, 6, 5), affine(rng, 5, 6)), (affine(rng, 3, 5), affine(rng, 5, 6)))


def pictures(rng):
    """Seven rows of six black and white pixels."""
    return rng.integers(0, 2, (7, 6)).astype(float)


def draws(rng):
    """A coder, pictures and four draws of noise for each."""
    return coder(rng), pictures(rng), rng.standard_normal((4, 7, 3))


def near(rng, among=None):
    """Seven points and the three nearest others of each; with a second sample, that too and its nearest."""
    x, y = rng.standard_normal((7, 3)), None if among is None else rng.standard_normal((among, 3))
    return (x, neighbours(x, 3).idx) if y is None else (x, y, neighbours(x, 3).idx, neighbours(x, 3, among=y).idx)


def paired(rng):
    """Seven points in two spaces, and the three nearest others of each in both and side by side, maximum norm."""
    x, y = rng.standard_normal((7, 3)), rng.standard_normal((7, 2))
    return x, y, *(neighbours(space, 3, norm=np.inf).idx for space in (x, y, np.hstack([x, y])))


def quantised(rng):
    """A quantised autoencoder 6-5-2*3 with four codes, and seven rows with indices."""
    p = vqvae.VQVAE((affine(rng, 6, 5), affine(rng, 5, 6)), (affine(rng, 6, 5), affine(rng, 5, 6)),
                    rng.standard_normal((4, 3)))
    return p, rng.standard_normal((7, 6)), rng.integers(0, 4, (7, 2))


def attending(rng, h=4):
    """A block of attention of width 4."""
    norm = lambda: Norm(*rng.standard_normal((2, h)))
    feed = affine(rng, h, 5), affine(rng, 5, h)
    return Block(norm(), Attention(affine(rng, h, 3 * h), affine(rng, h, h)), norm(), feed)


def masked(rng):
    """A perceptron for three codes out of two, and grids."""
    return (affine(rng, 6, 5), affine(rng, 5, 6)), rng.integers(0, 2, (7, 3))


def called(layer, **how):
    """The layer with keyword arguments, under its own name."""
    return functools.wraps(layer)(lambda *args: layer(*args, **how))


def smooth(layer):
    """The layer with tanh for its activation, which has no kinks."""
    return called(layer, activation=layers.tanh)


def named(name):
    """Give a layer whose first arguments are layers themselves the name of that function."""
    return lambda layer: setattr(layer, "__name__", name) or layer


@named("dsm")
def matched(p, x, eps, sigma_frozen):
    """dsm of a perceptron, rows weighted."""
    return dsm(layers.mlp, p, x, eps, sigma_frozen, sigma_frozen**2)


@named("ladder_score")
def conditional(p, xt):
    """ladder_score at seven levels, which are positive."""
    s, pull = ladder_score(p, xt, np.linspace(0.3, 1.2, 7)[:, None], scale=0.7, activation=layers.tanh)
    return s, lambda ds: pull(ds)[:2]


@named("conditional_score")
def noise_level(p, xt):
    """conditional_score at the level 0.6."""
    s, pull = conditional_score(p, xt, 0.6, 0.7)
    return s, lambda ds: pull(ds)[:2]


FIXED = [(Dense(np.full((3, 4), 0.3), np.arange(4.0) - c), Dense(np.ones((4, 1)) * c, np.zeros(1))) for c in (0.5, 2.0)]


@named("smoothed_kl")
def generated(p, z, eps, sigma_frozen):
    """smoothed_kl between two fixed networks."""
    dtype = np.float32 if z.dtype == np.float32 else np.float64
    own, target = (frozen_log_density(trees.map(lambda leaf: leaf.astype(dtype), q)) for q in FIXED)
    return smoothed_kl(own, target, p, z, eps, sigma_frozen)


def levels(rng):
    """A noise level for each of seven rows."""
    return rng.uniform(0.3, 1.2, (7, 1))


def positive(x):
    """The branches of whatever has a kink at 0."""
    return x > 0


def critic(rng, d=6):
    """A network with one output."""
    return affine(rng, d, 4), affine(rng, 4, 1)


def two_noises(rng):
    """Encoder and decoder that give means and log-variances, rows, codes, and noise for both."""
    p = adversarial.Coder((affine(rng, 6, 5), affine(rng, 5, 6)), (affine(rng, 3, 5), affine(rng, 5, 12)))
    return p, rng.standard_normal((7, 6)), *rng.standard_normal((2, 7, 3)), rng.standard_normal((7, 6))


TABLE = {
    layers.dense: Row(lambda rng: (affine(rng), rng.standard_normal((7, 6)))),
    layers.tanh: Row(normal(7, 6)),
    layers.sigmoid: Row(normal(7, 6)),
    layers.softplus: Row(normal(7, 6)),
    layers.relu: Row(normal(7, 6), branches=positive),
    layers.tanh_prime: Row(normal(7, 6)),
    layers.sigmoid_prime: Row(normal(7, 6)),
    layers.step: Row(normal(7, 6), zero=("x",), branches=positive),
    layers.bernoulli_nll: Row(lambda rng: (rng.standard_normal((7, 6)), rng.random((7, 6)))),
    layers.softmax_nll: Row(lambda rng: (rng.standard_normal((7, 6)), rng.integers(0, 6, 7))),
    layers.squared_error: Row(lambda rng: (rng.standard_normal((7, 6)), rng.standard_normal((7, 6)))),
    layers.batch_norm: Row(normal(7, 6)),
    layers.mlp: Row(lambda rng: (net(rng), rng.standard_normal((7, 6)))),
    layers.mlp_grad: Row(lambda rng: (net(rng), rng.standard_normal((7, 6))), zero=("p[2].b",)),
    linear_ae: Row(lambda rng: (rng.standard_normal((6, 3)), rng.standard_normal((3, 6)), rng.standard_normal((7, 6)))),
    affine_ae: Row(lambda rng: (rng.standard_normal((6, 3)), rng.standard_normal((3, 6)), rng.standard_normal(6),
                                rng.standard_normal((7, 6)))),
    linear_ae_grad: Row(lambda rng: (rng.standard_normal((6, 3)), rng.standard_normal((3, 6)),
                                     np.cov(rng.standard_normal((6, 7))))),
    vae.gaussian_nll: Row(lambda rng: tuple(rng.standard_normal((3, 7, 6)))),
    vae.kl_std_normal: Row(lambda rng: tuple(rng.standard_normal((2, 7, 3)) * [1, 0.1, 0.01])),
    vae.reparam: Row(lambda rng: tuple(rng.standard_normal((3, 7, 3)))),
    called(vae.binomial_nll, trials=16): Row(lambda rng: (rng.standard_normal((7, 6)), rng.integers(0, 17, (7, 6)))),
    called(vae.discretised_gaussian_nll, levels=4): Row(lambda rng: (
        2 + rng.standard_normal((7, 6)), rng.standard_normal((7, 6)), rng.integers(0, 5, (7, 6)))),
    smooth(vae.encode): Row(lambda rng: (coder(rng).enc, rng.standard_normal((7, 6)))),
    smooth(vae.elbo_terms): Row(lambda rng: (coder(rng), pictures(rng), rng.standard_normal((7, 3)))),
    called(vae.neg_elbo, beta=0.7, activation=layers.tanh): Row(
        lambda rng: (coder(rng), pictures(rng), rng.standard_normal((7, 3)))),
    smooth(vae.log_joint): Row(lambda rng: (coder(rng).dec, pictures(rng), rng.standard_normal((4, 7, 3)))),
    smooth(vae.log_weights): Row(draws),
    vae.log_mean_exp: Row(normal(5, 7)),
    smooth(vae.iw_bound): Row(draws),
    smooth(vae.neg_iw_bound): Row(draws),
    smooth(vae.iw_surrogate): Row(lambda rng: (*draws(rng), vae.normalised_weights(rng.standard_normal((4, 7))))),
    smooth(vae.path_weights): Row(lambda rng: (*draws(rng), coder(rng))),
    smooth(vae.stl_surrogate): Row(lambda rng: (*draws(rng), coder(rng))),
    smooth(vae.dreg_surrogate): Row(lambda rng: (*draws(rng), coder(rng))),
    smooth(vae.score_surrogate): Row(lambda rng: (*draws(rng), rng.standard_normal((4, 7)))),
    called(vae.linear_vae, beta=0.7): Row(lambda rng: (
        vae.LinearVAE(*rng.standard_normal((2, 6, 3)), rng.standard_normal(3)), np.array(-0.8),
        rng.standard_normal((7, 6)))),
    matched: Row(lambda rng: ((affine(rng, 6, 5), affine(rng, 5, 6)), *rng.standard_normal((2, 7, 6)), levels(rng))),
    smooth(denoiser_score): Row(
        lambda rng: ((affine(rng, 6, 5), affine(rng, 5, 6)), rng.standard_normal((7, 6)), levels(rng))),
    conditional: Row(lambda rng: ((affine(rng, 7, 5), affine(rng, 5, 6)), rng.standard_normal((7, 6)))),
    noise_level: Row(lambda rng: (DAE((affine(rng, 7, 5), affine(rng, 5, 6)), rng.standard_normal(6)),
                                  rng.standard_normal((7, 6)))),
    generated: Row(lambda rng: ((affine(rng, 6, 5), affine(rng, 5, 3)), rng.standard_normal((7, 6)),
                                rng.standard_normal((7, 3)), np.array(0.6))),
    smooth(squared_loss): Row(lambda rng: (AE((affine(rng, 6, 5), affine(rng, 5, 3)),
                                              (affine(rng, 3, 5), affine(rng, 5, 6))), rng.standard_normal((7, 6)))),
    neg_log_aggregate: Row(lambda rng: (rng.standard_normal((7, 3)), *rng.standard_normal((2, 6, 3)))),
    pointwise_information: Row(lambda rng: tuple(rng.standard_normal((3, 7, 3)))),
    functools.wraps(vib_loss)(lambda *args: vib_loss(*args, 0.7, activation=layers.tanh)): Row(labelled),
    functools.wraps(capacity_loss)(lambda *args: capacity_loss(*args, 0.7, 0.4, activation=layers.tanh)): Row(labelled),
    functools.wraps(capacity_lagrangian)(lambda *args: capacity_lagrangian(*args, 0.4, activation=layers.tanh)): Row(
        lambda rng: (lambda p, *rest: (Saddle(p, np.asarray(rng.standard_normal())), *rest))(*labelled(rng))),
    kl_of_moments: Row(normal(7, 3)),
    normalised_entropy: Row(near),
    functools.wraps(neg_objective)(lambda *args: neg_objective(*args, 0.7, activation=layers.tanh)): Row(
        lambda rng: (EAE((affine(rng, 6, 5), affine(rng, 5, 3)), (affine(rng, 3, 5), affine(rng, 5, 6))),
                     rng.standard_normal((7, 6)), near(rng)[1]), zero=("p.enc[1].b",)),
    log_norm: Row(normal(7, 3)),
    called(log_norm, norm=np.inf): Row(normal(7, 3)),
    take: Row(lambda rng: (rng.standard_normal((6, 3)), rng.integers(0, 6, 7))),
    knn_entropy_layer: Row(near),
    knn_cross_entropy_layer: Row(lambda rng: (lambda x, y, _, idx: (x, y, idx))(*near(rng, 5))),
    knn_divergence_layer: Row(lambda rng: near(rng, 5)),
    mutual_information_layer: Row(paired),
    naive_penalty: Row(lambda rng: tuple(rng.standard_normal((2, 7, 3)))),
    kl_uniform_normal: Row(lambda rng: tuple(rng.standard_normal((2, 7, 3)))),
    noisy_linear_cost: Row(lambda rng: (rng.standard_normal((6, 3)), *rng.standard_normal((2, 7, 3)),
                                         rng.standard_normal((7, 6)))),
    vqvae.lookup: Row(lambda rng: (rng.standard_normal((4, 3)), rng.integers(0, 4, (7, 2)))),
    vqvae.straight_through: Row(lambda rng: tuple(rng.standard_normal((2, 7, 3)))),
    called(vqvae.implied_cost, gamma=0.3): Row(lambda rng: (
        *rng.standard_normal((2, 7, 3)), rng.standard_normal((4, 3)), rng.integers(0, 4, 7))),
    called(vqvae.codebook_loss, beta=0.7): Row(lambda rng: (
        rng.standard_normal((7, 2, 3)), rng.standard_normal((4, 3)), rng.integers(0, 4, (7, 2)),
        rng.standard_normal((7, 2, 3)), rng.standard_normal((4, 3)))),
    vqvae.ema_surrogate: Row(lambda rng: (vqvae.EMA(rng.standard_normal(4), rng.standard_normal((4, 3))),
                                          rng.standard_normal(4), rng.standard_normal((4, 3)), rng.random(4))),
    called(vqvae.encode_grid, k=3, activation=layers.tanh): Row(
        lambda rng: ((affine(rng, 6, 5), affine(rng, 5, 6)), rng.standard_normal((7, 6)))),
    smooth(vqvae.decode_grid): Row(
        lambda rng: ((affine(rng, 6, 5), affine(rng, 5, 6)), rng.standard_normal((7, 2, 3)))),
    smooth(vqvae.quantised_loss): Row(quantised, zero=tuple(f"p.enc[{i}].{name}" for i in range(2) for name in "Wb")),
    smooth(vqvae.vq_surrogate): Row(lambda rng: (
        *quantised(rng), rng.standard_normal((7, 2, 3)), rng.standard_normal((4, 3)))),
    vqvae.layer_norm: Row(lambda rng: (Norm(*rng.standard_normal((2, 6))), rng.standard_normal((7, 6)))),
    vqvae.causal_softmax: Row(normal(2, 4, 4)),
    called(vqvae.causal_attention, heads=2): Row(
        lambda rng: (attending(rng).attention, rng.standard_normal((3, 3, 4)))),
    called(vqvae.attention_block, heads=2, activation=layers.tanh): Row(
        lambda rng: (attending(rng), rng.standard_normal((3, 3, 4)))),
    vqvae.neg_log_prior: Row(lambda rng: (rng.standard_normal((7, 3, 4)), rng.integers(0, 4, (7, 3)))),
    smooth(vqvae.made_logits): Row(masked),
    called(vqvae.prior_loss, logits=functools.partial(vqvae.made_logits, activation=layers.tanh)): Row(masked),
    smooth(vqvae.attention_logits): Row(lambda rng: (vqvae.AttentionPrior(
        rng.standard_normal((4, 4)), rng.standard_normal((3, 4)), (attending(rng),), attending(rng).first,
        affine(rng, 4, 3)), rng.integers(0, 3, (2, 3)))),
    profile_loss: Row(lambda rng: (rng.standard_normal((6, 3)), np.cov(rng.standard_normal((6, 7))))),
    smooth(ellipse_loss): Row(
        lambda rng: (VAE((affine(rng, 6, 5), affine(rng, 5, 4)), (affine(rng, 2, 5), affine(rng, 5, 6))),
                     rng.standard_normal((7, 6)), rng.standard_normal((7, 2)))),
    identity: Row(normal(7, 6)),
    differences: Row(normal(7)),
    lagrangian: Row(lambda rng: (rng.standard_normal(7), 1 + rng.random(7), np.array(0.9))),
    chain_action: Row(lambda rng: (rng.standard_normal(7), np.array(0.9), 1 + rng.random(7))),
    called(regularised_ae, lam=0.7): Row(
        lambda rng: (rng.standard_normal((6, 3)), rng.standard_normal((3, 6)), rng.standard_normal((7, 6)))),
    adversarial.gan_losses: Row(lambda rng: tuple(rng.standard_normal((2, 7)))),
    adversarial.aae_losses: Row(lambda rng: (*rng.standard_normal((2, 7)), rng.exponential(size=7))),
    adversarial.ali_losses: Row(lambda rng: tuple(rng.standard_normal((3, 7)))),
    called(adversarial.proximal, lam=0.7): Row(lambda rng: tuple(rng.standard_normal((2, 7, 3)))),
    smooth(adversarial.discriminator_loss): Row(lambda rng: (critic(rng), *rng.standard_normal((2, 7, 6)))),
    called(adversarial.generator_loss, lam=0.7, activation=layers.tanh): Row(lambda rng: (
        (affine(rng, 3, 5), affine(rng, 5, 6)), rng.standard_normal((7, 3)), critic(rng), rng.standard_normal((7, 6)))),
    called(adversarial.aae_loss, lam=0.7, activation=layers.tanh): Row(lambda rng: (
        adversarial.Coder((affine(rng, 6, 5), affine(rng, 5, 3)), (affine(rng, 3, 5), affine(rng, 5, 6))),
        rng.standard_normal((7, 6)), critic(rng, 3))),
    smooth(adversarial.ali_pairs): Row(two_noises),
    smooth(adversarial.ali_loss): Row(lambda rng: (*two_noises(rng), rng.standard_normal((7, 6)), critic(rng, 9))),
    smooth(adversarial.gradient_penalty): Row(
        lambda rng: (critic(rng), *rng.standard_normal((2, 7, 6)), rng.random(7)), zero=("p[1].b",)),
    smooth(adversarial.critic_loss): Row(
        lambda rng: (critic(rng), *rng.standard_normal((2, 7, 6)), rng.random(7)), zero=("p[1].b",)),
    called(adversarial.raised_critic, activation=layers.tanh, critic_activation=layers.softplus): Row(
        lambda rng: ((affine(rng, 3, 5), affine(rng, 5, 6)), rng.standard_normal((7, 3)), critic(rng))),
    smooth(adversarial.networks.logits): Row(lambda rng: (critic(rng), rng.standard_normal((7, 6)))),
    smooth(adversarial.gan_game): Row(lambda rng: (
        *[adversarial.Gan((affine(rng, 3, 5), affine(rng, 5, 6)), critic(rng)) for _ in range(2)],
        rng.standard_normal((7, 6)), rng.standard_normal((7, 3)))),
    called(adversarial.aae_game, lam=0.7, activation=layers.tanh): Row(lambda rng: (
        *[adversarial.Game(adversarial.Coder((affine(rng, 6, 5), affine(rng, 5, 3)),
                                             (affine(rng, 3, 5), affine(rng, 5, 6))), critic(rng, 3))
          for _ in range(2)], rng.standard_normal((7, 6)), rng.standard_normal((7, 3)))),
    smooth(adversarial.ali_game): Row(lambda rng: (lambda p, *data: (
        *[adversarial.Game(p, critic(rng, 9)) for _ in range(2)], *data))(*two_noises(rng))),
}
LOSSES = [f for f in TABLE if f.__name__.endswith(("_nll", "_error"))]


def found():
    """Every public function of the modules that returns a pull."""
    members = [f for name in MODULES for f in vars(importlib.import_module(name)).values() if inspect.isfunction(f)]
    return {f for f in members if not f.__name__.startswith("_") and f.__module__ in MODULES
            and "Pull" in str(f.__annotations__.get("return", ""))}


def test_every_layer_is_in_the_table():
    assert {f.__name__ for f in found()} == {f.__name__ for f in TABLE}


every = pytest.mark.parametrize(("layer", "row"), TABLE.items(), ids=[f.__name__ for f in TABLE])


def cotangents(layer, args, dy):
    """What pull(dy) gives, always one per argument."""
    got = layer(*args)[1](dy)
    return (got,) if len(args) == 1 else got


def like(rng, tree):
    """A Gaussian tree shaped like that one."""
    return trees.map(lambda leaf: rng.standard_normal(np.shape(leaf)), tree)


def raw(tree):
    """The bytes of every leaf."""
    return [np.asarray(leaf).tobytes() for leaf in trees.leaves(tree)]


def flat(y):
    """All numbers of a value, which may be a tree."""
    return trees.flatten(y).vector


def moves(layer, args):
    """Whether each argument has a cotangent."""
    floats = [all(np.asarray(leaf).dtype.kind == "f" for leaf in trees.leaves(arg)) for arg in args]
    return [real and not name.endswith("_frozen")
            for real, name in zip(floats, argument_names(layer, len(args)), strict=True)]


# Pure


@every
def test_same_input_same_output_and_the_pull_can_be_called_again(layer, row):
    rng = np.random.default_rng(1)
    args = row.args(rng)
    y, pull = layer(*args)
    dy, other = like(rng, y), like(rng, y)
    first = raw(pull(dy))
    pull(other)
    assert raw(pull(dy)) == first
    assert raw(layer(*args)[0]) == raw(y)
    assert raw(cotangents(layer, args, dy)) == first


@every
def test_the_inputs_are_untouched(layer, row):
    rng = np.random.default_rng(2)
    args = row.args(rng)
    dy = like(rng, layer(*args)[0])
    before = raw((args, dy))
    for leaf in trees.leaves((args, dy)):
        leaf.flags.writeable = False
    cotangents(layer, args, dy)
    assert raw((args, dy)) == before


@every
def test_writing_into_a_cotangent_changes_no_later_one(layer, row):
    rng = np.random.default_rng(3)
    args = row.args(rng)
    y, pull = layer(*args)
    dy = like(rng, y)
    want = raw(pull(dy))
    for leaf in trees.leaves(pull(dy)):
        leaf[...] = np.nan
    assert raw(pull(dy)) == want


# Adjoint and linear


@every
@pytest.mark.parametrize("seed", [4, 5])
def test_the_pull_is_the_adjoint_of_the_derivative(layer, row, seed):
    args = row.args(np.random.default_rng(seed))
    report = check_layer(layer, args, zero=row.zero, branches=row.branches, rng=seed + 100)
    report.raise_for_status()
    assert report.method == "complex step"
    assert report.error < 1e-13


@every
def test_the_pull_is_linear(layer, row):
    rng = np.random.default_rng(6)
    args = row.args(rng)
    u, w, a, b = like(rng, y := layer(*args)[0]), like(rng, y), 1.7, -0.6
    got, of_u, of_w = (cotangents(layer, args, dy) for dy in (
        trees.axpy(a, u, trees.map(lambda leaf: b * leaf, w)), u, w))
    names = [name for arg, d in zip(argument_names(layer, len(args)), got, strict=True) for name in trees.names(d, arg)]
    for name, g, gu, gw in zip(names, *map(trees.leaves, (got, of_u, of_w)), strict=True):
        error = np.linalg.norm(g - (a * gu + b * gw))
        assert name in row.zero or error <= 1e-13 * np.linalg.norm(abs(a * gu) + abs(b * gw)), name


# Like for like


@every
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_cotangent_has_the_types_shapes_and_dtype_of_its_argument(layer, row, dtype):
    rng = np.random.default_rng(7)
    cast = lambda leaf: np.asarray(leaf).astype(dtype) if np.asarray(leaf).dtype.kind == "f" else leaf
    args = trees.map(cast, row.args(rng))
    y = layer(*args)[0]
    assert {leaf.dtype for leaf in trees.leaves(y)} == {np.dtype(dtype)}
    for arg, d in zip(args, cotangents(layer, args, trees.map(cast, like(rng, y))), strict=True):
        assert d is None or types(d) == types(arg)


def types(tree):
    """The types of a tree all the way down, with shapes and dtypes of its leaves."""
    if isinstance(tree, tuple):
        return type(tree), [types(part) for part in tree]
    return np.shape(tree), tree.dtype


@every
def test_only_integer_and_frozen_arguments_get_none(layer, row):
    rng = np.random.default_rng(8)
    args = row.args(rng)
    given = [d is not None for d in cotangents(layer, args, like(rng, layer(*args)[0]))]
    assert given == moves(layer, args)


# Explicit chance


CHANCE = {"random", "default_rng", "Generator", "standard_normal", "normal", "uniform", "integers", "choice", "shuffle",
          "permutation", "argmin", "argsort", "argpartition", "sort", "sorted", "partition", "lexsort", "nanargmin"}


@every
def test_no_layer_draws_sorts_or_chooses(layer, row):
    tree = ast.parse(inspect.getsource(layer))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    used |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not used & CHANCE
    assert ("argmax" in used) <= (layer.__name__ in {"softmax_nll", "log_norm"})  # shifts logits, picks a branch


# Integers, bools and half precision


def whole_numbers(arg, dtype, rng):
    """The argument with numbers of that dtype, one of which is not 0; indices stay what they are."""
    def leaf(old):
        if np.asarray(old).dtype.kind != "f":
            return np.asarray(old).astype(dtype if np.dtype(dtype).kind in "iu" else np.int64)
        new = rng.integers(-3 if np.dtype(dtype).kind in "if" else 0, 2 if dtype is bool else 4, np.shape(old))
        return new.astype(dtype)

    return trees.map(leaf, arg)


def as_double(tree, like):
    """The same numbers as floats, or as indices where those stood."""
    return trees.map(lambda leaf, old: leaf.astype(np.asarray(old).dtype), tree, like)


@every
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, bool, np.float16])
def test_small_types_give_what_float64_gives_or_a_named_type_error(layer, row, dtype):
    """Each argument alone and all together: unsigned integers wrap around in 1 - x, float16 has three digits."""
    rng = np.random.default_rng(17)
    args = row.args(rng)
    small = [whole_numbers(arg, dtype, rng) for arg in args]
    for chosen in [*([i] for i in range(len(args))), range(len(args))]:
        given = [small[i] if i in chosen else arg for i, arg in enumerate(args)]
        double = [as_double(small[i], arg) if i in chosen else arg for i, arg in enumerate(args)]
        with np.errstate(all="ignore"):
            try:
                y, pull = layer(*double)
            except ValueError:  # these numbers are none for this layer, of whatever type
                continue
            dy = like(np.random.default_rng(18), y)
            want = trees.leaves((y, pull(dy)))
            try:
                y, pull = layer(*given)
                got = trees.leaves((y, pull(dy)))
            except TypeError as error:
                if not re.match(r"\w[\w.\[\] ]*: got (dtype )?\w+", str(error)):
                    raise
                continue
        for a, b in zip(got, want, strict=True):
            np.testing.assert_allclose(np.asarray(a, float), b, rtol=1e-12, atol=1e-12, err_msg=str((chosen, dtype)))


# Holomorphic core


def away(arg, seed):
    """The argument with half of its entries moved by 30, up or down; parameters and integers stay."""
    if isinstance(arg, tuple) or arg.dtype.kind != "f":
        return arg
    return arg + 30 * np.random.default_rng(seed).choice([-1, 0, 0, 1], arg.shape)


@every
@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("seed", [9, 10, 11])
def test_the_lines_run_unchanged_on_complex_input(layer, row, far, seed):
    args = row.args(np.random.default_rng(seed))
    args = tuple(away(arg, seed) for arg in args) if far else args
    rng = np.random.default_rng(seed + 100)
    v = tuple(like(rng, arg) if move else None for arg, move in zip(args, moves(layer, args), strict=True))
    moved = lambda h: [arg if d is None else trees.axpy(h, d, arg) for arg, d in zip(args, v, strict=True)]
    at = lambda h: flat(layer(*moved(h))[0])
    exact, h = np.imag(at(1e-30j)) / 1e-30, 1e-4  # differences at this h keep eight digits or more, hence 1e-7
    central = sum(w * (at(j * h) - at(-j * h)) for j, w in ((1, 45), (2, -9), (3, 1))) / (60 * h)
    # where y is flat its differences are round-off of y, so y counts as well
    assert np.abs(exact - central).max() <= 1e-7 * max(np.abs(exact).max(), np.abs(at(0.0)).max())


@every
@pytest.mark.parametrize("far", [False, True])
def test_complex_input_leaves_the_value_as_it_is(layer, row, far):
    args = row.args(np.random.default_rng(12))
    args = tuple(away(arg, 12) for arg in args) if far else args
    lifted = [trees.map(lambda leaf: leaf + 0j, arg) if move else arg
              for arg, move in zip(args, moves(layer, args), strict=True)]
    got, want = flat(layer(*lifted)[0]), flat(layer(*args)[0])
    assert np.iscomplexobj(got)
    assert np.linalg.norm(got - want) <= 1e-14 * np.linalg.norm(want)


# Unreduced


def test_there_are_losses():
    assert len(LOSSES) >= 6


@pytest.mark.parametrize("loss", LOSSES, ids=[f.__name__ for f in LOSSES])
def test_a_data_loss_is_one_number_per_example(loss):
    args = TABLE[loss].args(np.random.default_rng(13))
    y = loss(*args)[0]
    assert y.shape == (7,)
    for i in range(7):
        alone = loss(*[arg[i:i + 1] for arg in args])[0]
        assert alone == pytest.approx(y[i:i + 1], rel=1e-14)


# Shapes that would broadcast


one_row, one_column, seven = np.ones((1, 6)), np.ones((7, 1)), np.ones(7)
TRAPS = {
    "nll of (7, 1) and (7,)": lambda: layers.bernoulli_nll(one_column, seven),
    "nll of (7,) and (7, 1)": lambda: layers.bernoulli_nll(seven, one_column),
    "nll of (7, 6) and (1, 6)": lambda: layers.bernoulli_nll(np.ones((7, 6)), one_row),
    "nll of (7, 6) and (7, 1)": lambda: layers.bernoulli_nll(np.ones((7, 6)), one_column),
    "error of (7, 1) and (7,)": lambda: layers.squared_error(one_column, seven),
    "error of (7,) and (7, 1)": lambda: layers.squared_error(seven, one_column),
    "error of (1, 6) and (7, 6)": lambda: layers.squared_error(one_row, np.ones((7, 6))),
    "labels (7, 1)": lambda: layers.softmax_nll(np.ones((7, 6)), np.zeros((7, 1), int)),
    "labels (1,)": lambda: layers.softmax_nll(np.ones((7, 6)), np.zeros(1, int)),
    "one label": lambda: layers.softmax_nll(np.ones((7, 6)), np.int64(0)),
    "bias (7, 1)": lambda: layers.dense(Dense(np.ones((6, 3)), one_column), np.ones((7, 6))),
    "bias (1, 3)": lambda: layers.dense(Dense(np.ones((6, 3)), np.ones((1, 3))), np.ones((7, 6))),
    "bias (1,)": lambda: layers.dense(Dense(np.ones((6, 3)), np.ones(1)), np.ones((7, 6))),
    "bias ()": lambda: layers.dense(Dense(np.ones((6, 3)), np.ones(())), np.ones((7, 6))),
    "mlp with bias (7, 1)": lambda: layers.mlp((Dense(np.ones((6, 3)), one_column),), np.ones((7, 6))),
    "mlp_grad with bias (7, 1)": lambda: layers.mlp_grad(
        (Dense(np.ones((6, 3)), one_column), Dense(np.ones((3, 1)), np.ones(1))), np.ones((7, 6))),
    "mean row (7, 1)": lambda: affine_ae(np.ones((6, 3)), np.ones((3, 6)), one_column, np.ones((7, 6))),
    "mean row (1, 6)": lambda: affine_ae(np.ones((6, 3)), np.ones((3, 6)), one_row, np.ones((7, 6))),
    "mean row ()": lambda: affine_ae(np.ones((6, 3)), np.ones((3, 6)), np.ones(()), np.ones((7, 6))),
    "decoder of one column": lambda: linear_ae(np.ones((6, 3)), np.ones((3, 1)), np.ones((7, 6))),
}


@pytest.mark.parametrize("call", TRAPS.values(), ids=TRAPS)
def test_shapes_that_would_broadcast_wrongly_are_refused(call):
    with pytest.raises(ValueError, match=r"got shapes .* wanted equal ones|got W .* wanted \(d, h\), \(h,\) and"):
        call()


OTHER = {
    "label -1": (lambda: layers.softmax_nll(np.ones((7, 6)), np.full(7, -1)), "labels: got -1 to -1, wanted 0 to 5"),
    "label 6": (lambda: layers.softmax_nll(np.ones((7, 6)), np.arange(7)), "labels: got 0 to 6, wanted 0 to 5"),
    "labels that are floats": (lambda: layers.softmax_nll(np.ones((7, 6)), np.ones(7)), "labels: got dtype float64"),
    "last matrix of one row": (lambda: layers.mlp_grad(
        (Dense(np.ones((6, 3)), np.ones(3)), Dense(np.ones((1, 2)), np.ones(2))), np.ones((7, 6))), "got W"),
    "last bias of another length": (lambda: layers.mlp_grad(
        (Dense(np.ones((6, 3)), np.ones(3)), Dense(np.ones((3, 2)), np.ones(1))), np.ones((7, 6))), "got W"),
}


@pytest.mark.parametrize(("call", "message"), OTHER.values(), ids=OTHER)
def test_what_would_give_other_numbers_is_refused(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()


def test_the_nll_of_bytes_is_that_of_floats():
    logits, bits = np.array([[-2.0, 2.0]]), np.array([[1, 0]], np.uint8)
    assert layers.bernoulli_nll(logits, bits)[0] == pytest.approx(2 * np.log1p(np.exp(2)), rel=1e-15)
    assert np.array_equal(layers.bernoulli_nll(logits, bits > 0)[0], layers.bernoulli_nll(logits, bits * 1.0)[0])


# A place for the cotangent


@pytest.mark.parametrize("layer", [layers.dense, layers.mlp, layers.mlp_grad])
def test_the_cotangent_of_the_parameters_can_be_written_into_one_flat_vector(layer):
    rng = np.random.default_rng(14)
    p, x = TABLE[layer].args(rng)
    y, pull = layer(p, x)
    dy = like(rng, y)
    vector, out = trees.flatten(trees.map(lambda leaf: np.full(leaf.shape, np.nan), p))
    (dp, dx), (want, want_dx) = pull(dy, out=out), pull(dy)
    assert types(dp) == types(p)
    assert all(a is b for a, b in zip(trees.leaves(dp), trees.leaves(out), strict=True))
    assert raw((vector, dx)) == raw((trees.flatten(want).vector, want_dx))


@pytest.mark.parametrize("layer", [layers.mlp, layers.mlp_grad])
def test_a_frozen_input_has_no_cotangent_and_the_parameters_have_theirs(layer):
    rng = np.random.default_rng(17)
    p, x = TABLE[layer].args(rng)
    (y, pull), (_, want) = layer(p, x, frozen=True), layer(p, x)
    dy = like(rng, y)
    dp, dx = pull(dy)
    assert dx is None
    assert raw(dp) == raw(want(dy)[0])


def test_score_matching_of_a_frozen_map_hands_a_place_on_and_gives_none_for_the_data():
    rng = np.random.default_rng(18)
    p, x, eps = net(rng), rng.standard_normal((7, 6)), rng.standard_normal((7, 6))
    dp, *want = dsm(layers.mlp_grad, p, x, eps, 0.5)[1](1.0)
    vector, out = trees.flatten(trees.map(lambda leaf: np.full(leaf.shape, np.nan), p))
    got, *rest = dsm(functools.partial(layers.mlp_grad, frozen=True), p, x, eps, 0.5)[1](1.0, out=out)
    assert rest == [None] * 3
    assert want[2] is None
    assert all(a is b for a, b in zip(trees.leaves(got), trees.leaves(out), strict=True))
    assert raw(vector) == raw(trees.flatten(dp).vector)


def test_a_perceptron_of_one_map_takes_a_place_too():
    rng = np.random.default_rng(15)
    p, x = (affine(rng),), rng.standard_normal((7, 6))
    y, pull = layers.mlp(p, x)
    vector, out = trees.flatten(p)
    pull(y, out=out)
    assert raw(vector) == raw(trees.flatten(layers.dense(p[0], x)[1](y)[0]).vector)


def test_a_place_with_too_few_maps_is_refused():
    rng = np.random.default_rng(16)
    p, x = TABLE[layers.mlp].args(rng)
    y, pull = layers.mlp(p, x)
    with pytest.raises(ValueError, match="shorter"):
        pull(y, out=trees.flatten(p).tree[1:])
