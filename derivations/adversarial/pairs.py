"""Evidence for ALI on networks, (10.31)."""

from __future__ import annotations

import numpy as np
from scipy import stats

from refvae.adversarial import (
    VARIANTS,
    AliLosses,
    Coder,
    Pair,
    ali_gradient,
    ali_loss,
    ali_losses,
    ali_pairs,
    grid,
)
from refvae.derivations.adversarial.coders import coder, scaled
from refvae.derivations.adversarial.common import net, run, sigmoid
from refvae.evidence import Ledger, gap, spoiled
from refvae.layers import Dense, tanh

ledger = Ledger()


# ALI on logits and networks


def ali_logits(rng):
    """Logits of the encoder's and the decoder's pairs, and -log q(z|x)."""
    return 2 * rng.standard_normal(7), 2 * rng.standard_normal(7), rng.standard_normal(7)


def pairs(rng):
    """A coder of means and log-variances, rows, codes, and noise for both."""
    p, x, _ = coder(rng, 2)
    return p, x, rng.standard_normal((7, 3)), rng.standard_normal((7, 3)), rng.standard_normal((7, 5))


def smooth_pairs(p, x, z, eps_z, eps_x):
    return ali_pairs(p, x, z, eps_z, eps_x, activation=tanh)


def ali_arguments(rng):
    """All arguments of `ali_loss`, for two rows: a number that is no width."""
    p, *data = pairs(rng)
    args = p, *(each[:2] for each in data)
    return *args, smooth_pairs(*args)[0][1][:, :5], net(rng, 8, 4, 1)


def smooth_ali(variant):
    def layer(p, x_frozen, z_frozen, eps_z_frozen, eps_x_frozen, made_frozen, disc_frozen):
        return ali_loss(p, x_frozen, z_frozen, eps_z_frozen, eps_x_frozen, made_frozen, disc_frozen, variant=variant,
                        activation=tanh)

    return layer


ledger.adjoint("10.31", ali_losses, ali_logits, name="losses", wrong={
    "encoder and decoder exchanged": spoiled(ali_losses, lambda d: (d[1], d[0], d[2])),
    "likelihood without cotangent": spoiled(ali_losses, lambda d: (d[0], d[1], 0 * d[2]))})
ledger.adjoint("10.31", smooth_pairs, pairs, name="pairs", wrong={
    "row that is only encoded": lambda p, x, z, e, f: (lambda y, pull: (y, lambda d: (
        pull(d)[0], pull(d)[1] - d[0][:, :5], *pull(d)[2:])))(*smooth_pairs(p, x, z, e, f)),
    "noises exchanged in size": spoiled(smooth_pairs, lambda d: (*d[:3], 2 * d[3], d[4]))})
for variant in VARIANTS:
    ledger.adjoint("10.31", smooth_ali(variant), ali_arguments, name=variant, wrong={
        "encoder half": spoiled(smooth_ali(variant), lambda d: (Coder(scaled(d[0].enc, 0.5), d[0].dec), *d[1:])),
        "decoder forgotten": spoiled(smooth_ali(variant), lambda d: (Coder(d[0].enc, scaled(d[0].dec, 0)), *d[1:]))})


def all_losses(logits, arguments):
    """Five losses on logits, and four of networks."""
    return ali_losses(*logits)[0], np.array([smooth_ali(v)(*arguments)[0] for v in VARIANTS])


def reordered(change):
    """The losses on logits passed through change."""
    return lambda logits, arguments: (change(ali_losses(*logits)[0]), all_losses(logits, arguments)[1])


@ledger.add("10.31", "identity", all_losses, wrong={
    "likelihood in the simplified loss": reordered(lambda f: f._replace(simplified=f.complete)),
    "minimax not negated": reordered(lambda f: f._replace(minimax=f.discriminator)),
    "(41) for (43)": reordered(lambda f: f._replace(non_saturating=f.simplified)),
    "codes of the encoder at generated rows of other noise": lambda logits, a: (
        ali_losses(*logits)[0], np.array([smooth_ali(v)(*a[:5], a[5] + 0.1, a[6])[0] for v in VARIANTS]))})
def probabilities_and_densities(found, rng):
    """From probabilities, networks written out and SciPy's normal density."""
    (t, u, nll), a = ali_logits(rng), ali_arguments(rng)
    p, x, z, eps_z, eps_x, _, disc = a

    def losses(d, e, nll):
        return AliLosses(-np.log(d) - np.log(1 - e), -np.log(d) - np.log(e) + nll, -np.log(d) - np.log(e),
                         np.log(d) + np.log(1 - e), -np.log(1 - d) - np.log(e))

    (mu, logvar), (mean, logvar_x) = np.split(run(p.enc, x), 2, 1), np.split(run(p.dec, z), 2, 1)
    made = mean + np.exp(logvar_x / 2) * eps_x
    back, back_logvar = np.split(run(p.enc, made), 2, 1)
    of = lambda *parts: sigmoid(run(disc, np.hstack(parts)))[:, 0]
    values = losses(of(x, mu + np.exp(logvar / 2) * eps_z), of(made, z),
                    -stats.norm(back, np.exp(back_logvar / 2)).logpdf(z).sum(1))
    return gap(found((t, u, nll), a), (losses(sigmoid(t), sigmoid(u), nll), np.array([v.mean() for v in values[1:]])))


# The best discriminator of linear Gaussian pairs


def square(x):
    """An activation with which a network is a quadratic form."""
    return x * x, lambda dy: 2 * dy * x


def quadratic(pair, var):
    """The coder and the best discriminator of a linear Gaussian pair, as networks."""
    s, r = np.exp([pair.log_s, pair.log_r])
    affine = lambda gain, log_sigma: (Dense(np.array([[gain, 0.0]]), np.array([0.0, 2 * log_sigma])),)
    forms = np.array([[0, 1 / r, var**-0.5, -pair.a / s], [1, -pair.b / r, 0, 1 / s]])
    constant = pair.log_r - pair.log_s - np.log(var) / 2
    disc = Dense(forms, np.zeros(4)), Dense(np.array([[0.5], [0.5], [-0.5], [-0.5]]), np.array([constant]))
    return Coder(affine(pair.a, pair.log_s), affine(pair.b, pair.log_r)), disc


def slopes(coder):
    """The gradient after (a, log s, b, log r)."""
    return np.array([g for (layer,) in coder for g in (layer.W[0, 0], 2 * layer.b[1])])


def mean_gradient(variant, pair, var, on):
    """The gradient of `ali_loss`, in the mean over all noise: row by row, with the weights of a grid."""
    p, disc = quadratic(pair, var)
    total = np.zeros(4)
    for (u, v), w in zip(on.nodes, on.weights, strict=True):
        row = [np.array([[each]]) for each in (np.sqrt(var) * u, u, v, v)]
        made = np.array([[pair.b * u + np.exp(pair.log_r) * v]])
        total += w * slopes(ali_loss(p, *row, made, disc, variant=variant, activation=square)[1](1.0)[0])
    return total


@ledger.add("10.31", "limit", mean_gradient, bound=1e-6, wrong={
    "(41) for (40)": lambda variant, *at: mean_gradient("simplified", *at),
    "(43) for (40)": lambda variant, *at: mean_gradient("non_saturating", *at),
    "(40) with the sign of (42)": lambda variant, *at: -mean_gradient("minimax", *at)})
def the_first_has_the_gradient_of_the_divergence(gradient, rng):
    """(40) of networks that are a linear Gaussian pair with its best discriminator: in the mean over all noise twice
    the gradient of KL(m || q), which `ali_gradient` has from scores, on another grid."""
    at, var = Pair(*rng.uniform([0.3, -0.4, 0.3, -0.4], [0.6, 0, 0.6, 0])), 1.2
    return gap(gradient("complete", at, var, grid(0.6, 6.0)), ali_gradient(at, "complete", var, grid(0.25, 8.5)))


def by_variant(variant, args):
    """The gradient of encoder and decoder."""
    return smooth_ali(variant)(*args)[1](1.0)[0]


@ledger.add("10.33", "law", by_variant, exact=True, wrong={
    "(43) for (42)": lambda variant, args: by_variant("non_saturating" if variant == "minimax" else variant, args),
    "(40) for (41)": lambda variant, args: by_variant("complete" if variant == "simplified" else variant, args),
    "(42) for (43)": lambda variant, args: by_variant("minimax" if variant == "non_saturating" else variant, args),
    "encoder of (41) turned": lambda variant, args: (lambda g: g._replace(enc=scaled(g.enc, -1)) if (
        variant == "simplified") else g)(by_variant(variant, args))})
def whatever_the_discriminator(gradient, rng):
    """Networks, any discriminator, one batch: (41) = -(42) for the encoder, = (40) = (43) for the decoder."""
    args = ali_arguments(rng)
    full, short, game, other = (gradient(variant, args) for variant in VARIANTS)
    return gap((short.enc, short.dec, short.dec), (scaled(game.enc, -1), full.dec, other.dec))
