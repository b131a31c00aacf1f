"""Evidence for the adversarial autoencoder, (10.28) and (10.29)."""

from __future__ import annotations

import numpy as np

from refvae.adversarial import (
    AaeLosses,
    Coder,
    aae_loss,
    aae_losses,
    mixture_divergence,
)
from refvae.bottleneck import rate_split
from refvae.derivations.adversarial.common import jensen_shannon, law, net, run, sigmoid
from refvae.evidence import Ledger, gap, holds, spoiled
from refvae.layers import tanh
from refvae.trees import axpy
from refvae.trees import map as tree_map

ledger = Ledger()


def scaled(tree, factor):
    """A tree of parameters, multiplied."""
    return tree_map(lambda leaf: factor * leaf, tree)


# AAE


def three(rng):
    """Logits of the prior and of codes, and errors of seven rows."""
    return 2 * rng.standard_normal(7), 2 * rng.standard_normal(7), rng.exponential(size=7)


def weighted(t, u, error):
    return aae_losses(t, u, error, 0.7)


def coder(rng, spread=1):
    """An encoder 5-6-3, a decoder 3-6-5, seven rows, and a discriminator of codes."""
    p = Coder(net(rng, 5, 6, 3 * spread), net(rng, 3, 6, 5 * spread))
    return p, rng.standard_normal((7, 5)), net(rng, 3, 4, 1)


def smooth_aae(p, x_frozen, disc_frozen):
    return aae_loss(p, x_frozen, disc_frozen, lam=0.7, activation=tanh)


ledger.adjoint("10.28", weighted, three, name="losses", wrong={
    "weight lost": spoiled(weighted, lambda d: (d[0], d[1], d[2] / 0.7)),
    "prior and codes exchanged": spoiled(weighted, lambda d: (d[1], d[0], d[2]))})
ledger.adjoint("10.28", smooth_aae, coder, name="objective", wrong={
    "encoder without the error": lambda p, x, d: (smooth_aae(p, x, d)[0], lambda dy: (Coder(
        axpy(1, aae_loss(p, x, d, lam=0.0, activation=tanh)[1](dy)[0].enc, scaled(p.enc, 0)),
        smooth_aae(p, x, d)[1](dy)[0].dec), None, None)),
    "sign of the decoder": spoiled(smooth_aae, lambda d: (Coder(d[0].enc, scaled(d[0].dec, -1)), None, None))})


def losses_and_objective(t, u, error, p, x, disc):
    return weighted(t, u, error)[0], np.asarray(smooth_aae(p, x, disc)[0])


@ledger.add("10.28", "identity", losses_and_objective, exact=True, wrong={
    "roles of the labels exchanged": lambda t, u, error, p, x, disc: (
        weighted(-t, -u, error)[0], np.asarray(smooth_aae(p, x, (*disc[:-1], scaled(disc[-1], -1)))[0])),
    "weight 1": lambda t, u, error, p, x, disc: (
        aae_losses(t, u, error)[0], np.asarray(aae_loss(p, x, disc, activation=tanh)[0])),
    "mean over the features": lambda t, u, error, p, x, disc: (
        weighted(t, u, error)[0], np.asarray(aae_loss(p, x, disc, lam=0.7 / 5, activation=tanh)[0]))})
def probabilities_and_distances(found, rng):
    """From probabilities D of the prior, and networks written out."""
    t, u, error = three(rng)
    p, x, disc = coder(rng)
    code = run(p.enc, x)
    want = AaeLosses(-np.log(sigmoid(t)) - np.log(1 - sigmoid(u)), -np.log(sigmoid(u)) + 0.7 * error)
    value = -np.log(sigmoid(run(disc, code))).mean() + 0.7 * ((x - run(p.dec, code)) ** 2).sum() / 7
    return gap(found(t, u, error, p, x, disc), (want, np.asarray(value)))


# What an AAE pays for


def two_encoders(rng):
    """Weights, a channel that tells something, and one of the same q(z) that tells nothing."""
    w, channel = law(rng, 5), np.array([law(rng, 4) for _ in range(5)])
    return w, channel, np.tile(w @ channel, (5, 1))


def penalty(w, channel, prior):
    """Of an AAE at the best discriminator: the prior is the reference."""
    return mixture_divergence(prior, w @ channel).mixture


PAYS_WRONG = {
    "mean over the examples": lambda w, q, r: w @ [mixture_divergence(r, row).mixture for row in q],
    "the rate of a VAE": lambda w, q, r: rate_split(w, q, r).rate,
    "plus the information": lambda w, q, r: penalty(w, q, r) + rate_split(w, q, r).information}


@ledger.add("10.29", "law", penalty, bound=0, wrong=PAYS_WRONG)
def same_codes_same_price(found, rng):
    """One penalty for two encoders of one q(z), whose rates differ by their information; 0 at the prior q(z)."""
    cases = []
    for _ in range(10):
        (w, telling, silent), prior = two_encoders(rng), law(rng, 4)
        more, less = rate_split(w, telling, prior), rate_split(w, silent, prior)
        cases += [abs(found(w, telling, prior) - found(w, silent, prior)) < 1e-14,
                  abs(more.rate - less.rate - more.information) < 1e-13, abs(found(w, telling, w @ telling)) < 1e-14]
    return holds(cases)


@ledger.add("10.29", "identity", penalty, wrong={
    **PAYS_WRONG, "codes as the reference": lambda w, q, r: mixture_divergence(w @ q, r).mixture})
def half_a_marginal_less_js(found, rng):
    """KL(q(z) || p(z))/2 - JS, from the third number of (5.3)."""
    (w, q, _), prior = two_encoders(rng), law(rng, 4)
    want = rate_split(w, q, prior).marginal / 2 - jensen_shannon(w @ q, prior)
    return gap(np.array(found(w, q, prior)), np.array(want))
