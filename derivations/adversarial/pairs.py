"""Evidence for ALI on networks and for the games of the trainer, (10.31) and (10.36)."""

from __future__ import annotations

import numpy as np
from scipy import stats

from refvae.adversarial import (
    VARIANTS,
    AliLosses,
    Coder,
    Game,
    Gan,
    aae_game,
    ali_game,
    ali_loss,
    ali_losses,
    ali_pairs,
    discriminator_loss,
    gan_game,
    generator_loss,
)
from refvae.derivations.adversarial.coders import coder, scaled, smooth_aae
from refvae.derivations.adversarial.common import net, run, sigmoid
from refvae.evidence import Ledger, gap, spoiled
from refvae.layers import mlp, tanh
from refvae.trees import axpy

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
    """All arguments of `ali_loss`."""
    args = pairs(rng)
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


# Games


def gan_arguments(rng):
    p = Gan(net(rng, 3, 5, 4), net(rng, 4, 6, 1))
    return p, p, rng.standard_normal((7, 4)), rng.standard_normal((7, 3))


def aae_arguments(rng):
    p, x, disc = coder(rng)
    return Game(p, disc), Game(p, disc), x, rng.standard_normal((7, 3))


def ali_game_arguments(rng):
    p, *data, _, disc = ali_arguments(rng)
    return Game(p, disc), Game(p, disc), *data


def smooth_gan(p, p_frozen, x_frozen, z_frozen):
    return gan_game(p, p_frozen, x_frozen, z_frozen, activation=tanh)


def smooth_aae_game(p, p_frozen, x_frozen, z_frozen):
    return aae_game(p, p_frozen, x_frozen, z_frozen, lam=0.7, activation=tanh)


def smooth_ali_game(p, p_frozen, x_frozen, z_frozen, eps_z_frozen, eps_x_frozen):
    return ali_game(p, p_frozen, x_frozen, z_frozen, eps_z_frozen, eps_x_frozen, activation=tanh)


GAMES = {"gan": (smooth_gan, gan_arguments), "aae": (smooth_aae_game, aae_arguments),
         "ali": (smooth_ali_game, ali_game_arguments)}
for name, (game, arguments) in GAMES.items():
    ledger.adjoint("10.36", game, arguments, name=name, wrong={
        "first side climbs": spoiled(game, lambda d: (type(d[0])(scaled(d[0][0], -1), d[0][1]), *d[1:])),
        "discriminator climbs": spoiled(game, lambda d: (type(d[0])(d[0][0], scaled(d[0][1], -1)), *d[1:]))})


def gradients(*args):
    """What a simultaneous step of the GAN uses."""
    return smooth_gan(*args)[1](1.0)[0]


def unfrozen(p, p_frozen, x, z):
    """The gradient of the sum of both losses: the generator also feels the discriminator's loss."""
    y, pull_gen = mlp(p.gen, z, tanh)
    dy = discriminator_loss(p.disc, x, y, activation=tanh)[1](1.0)[2]
    right = gradients(p, p_frozen, x, z)
    return right._replace(gen=axpy(1, right.gen, pull_gen(dy)[0]))


@ledger.add("10.36", "identity", gradients, wrong={
    "gradient of the sum of the losses": unfrozen,
    "generator climbs": lambda *args: (lambda g: g._replace(gen=scaled(g.gen, -1)))(gradients(*args)),
    "discriminator of the other label": lambda p, o, x, z: gradients(p, o, mlp(p.gen, z, tanh)[0], z)})
def each_player_its_own_loss(found, rng):
    """The gradients of (10.12) and (10.21), each alone, with the other side as it is."""
    p, _, x, z = gan_arguments(rng)
    made = mlp(p.gen, z, tanh)[0]
    of_gen = generator_loss(p.gen, z, p.disc, made, activation=tanh)[1](1.0)[0]
    return gap(found(p, p, x, z), Gan(of_gen, discriminator_loss(p.disc, x, made, activation=tanh)[1](1.0)[0]))


@ledger.add("10.36", "law", aae_game, wrong={
    "codes and prior exchanged": lambda p, o, x, z, **how: (aae_game(p, o, x, z, **how)[0] - discriminator_loss(
        p.disc, z, run(p.coder.enc, x), activation=tanh)[0] + discriminator_loss(
        p.disc, run(p.coder.enc, x), z, activation=tanh)[0], None),
    "error not counted": lambda p, o, x, z, **how: aae_game(p, o, x, z, **how | {"lam": 0.0})})
def values_add_up(game, rng):
    """The values of AAE and ALI games are the sums of both sides' losses."""
    p, _, x, z = aae_arguments(rng)
    q, _, *data = ali_game_arguments(rng)
    enc_pairs, dec_pairs = smooth_pairs(q.coder, *data)[0]
    want = [discriminator_loss(p.disc, z, run(p.coder.enc, x), activation=tanh)[0] + smooth_aae(p.coder, x, p.disc)[0],
            discriminator_loss(q.disc, enc_pairs, dec_pairs, activation=tanh)[0]
            + smooth_ali("complete")(q.coder, *data, dec_pairs[:, :5], q.disc)[0]]
    got = game(p, p, x, z, lam=0.7, activation=tanh)[0], smooth_ali_game(q, q, *data)[0]
    return gap(np.array(got), np.array(want))
