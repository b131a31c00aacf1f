"""Evidence for the losses of a GAN, (10.11) to (10.14)."""

from __future__ import annotations

import numpy as np

from refvae.adversarial import (
    GanLosses,
    complete_loss,
    discriminator_loss,
    gan_losses,
    label_divergence,
    mixture_divergence,
    optimal_discriminator,
)
from refvae.derivations.adversarial.common import jensen_shannon, kl, law, mixture, net, run, sigmoid, slope, softmax
from refvae.derivations.adversarial.labels import MIXTURE_WRONG
from refvae.evidence import Ledger, gap, holds, spoiled
from refvae.layers import tanh

ledger = Ledger()


# Losses on logits


def logits(rng):
    """Seven of data and seven of generated rows."""
    return 2 * rng.standard_normal(7), 2 * rng.standard_normal(7)


def losses_with(change):
    """gan_losses with its value passed through change."""
    def wrong(t, u):
        losses, pull = gan_losses(t, u)
        return change(losses, t, u), pull

    return wrong


GAN_WRONG = {
    "signs of the batches exchanged": lambda t, u: gan_losses(-t, -u),
    "the minimax loss negated": losses_with(lambda f, t, u: f._replace(minimax=-f.minimax)),
    "log D for -log D": losses_with(lambda f, t, u: f._replace(generator=-f.generator)),
    "mean of the two batches": losses_with(lambda f, t, u: f._replace(discriminator=f.discriminator / 2))}


@ledger.add("10.11", "identity", gan_losses, exact=True, wrong=GAN_WRONG)
def logarithms_of_probabilities(losses, rng):
    """-log D - log(1 - D'), -log D', log(1 - D') from probabilities."""
    t, u = logits(rng)
    d, e = sigmoid(t), sigmoid(u)
    return gap(losses(t, u)[0], GanLosses(-np.log(d) - np.log(1 - e), -np.log(e), np.log(1 - e)))


@ledger.add("10.11", "law", gan_losses, exact=True, wrong={
    "labels exchanged": lambda t, u: (lambda y, pull: (y, lambda d: pull(d)[::-1]))(*gan_losses(t, u)),
    "saturating slope for the other": lambda t, u: (lambda y, pull: (y, lambda d: pull(
        GanLosses(d.discriminator, d.minimax, d.generator))))(*gan_losses(t, u))})
def slopes(losses, rng):
    """D - 1 after the logit of data; D', D' - 1 and -D' after that of a generated row."""
    t, u = logits(rng)
    d, e, one, none = sigmoid(t), sigmoid(u), np.ones(7), np.zeros(7)
    _, pull = losses(t, u)
    got = pull(GanLosses(one, none, none)), pull(GanLosses(none, one, none))[1], pull(GanLosses(none, none, one))[1]
    return gap(got, ((d - 1, e), e - 1, -e))


ledger.adjoint("10.11", gan_losses, logits, wrong={
    "sign lost": spoiled(gan_losses, lambda d: (-d[0], d[1])), "half": spoiled(gan_losses, lambda d: (d[0], d[1] / 2)),
    "batches exchanged": spoiled(gan_losses, lambda d: d[::-1])})


# Two batches


def two_batches(rng):
    """A discriminator 4-5-1 and two batches of seven."""
    return net(rng, 4, 5, 1), rng.standard_normal((7, 4)), rng.standard_normal((7, 4))


def smooth_discriminator(p, x, y):
    return discriminator_loss(p, x, y, activation=tanh)


def one_batch_forgotten(p, x, y):
    """The activations of the second batch in the place of the first."""
    loss, pull = smooth_discriminator(p, x, y)
    return loss, lambda d: (smooth_discriminator(p, y, y)[1](d)[0], *pull(d)[1:])


ledger.adjoint("10.12", smooth_discriminator, two_batches, wrong={
    "activations of the other batch": one_batch_forgotten,
    "not divided by n": spoiled(smooth_discriminator, lambda d: (
        tuple(type(q)(7 * q.W, 7 * q.b) for q in d[0]), *d[1:])),
    "cotangents of the batches exchanged": spoiled(smooth_discriminator, lambda d: (d[0], d[2], d[1]))})


@ledger.add("10.12", "identity", smooth_discriminator, exact=True, wrong={
    "batches exchanged": lambda p, x, y: smooth_discriminator(p, y, x),
    "sum for the mean": lambda p, x, y: (7 * smooth_discriminator(p, x, y)[0], None),
    "the second batch twice": lambda p, x, y: smooth_discriminator(p, y, y)})
def value_line_by_line(loss, rng):
    """Mean of -log D(x) - log(1 - D(x')) from a network written out."""
    p, x, y = two_batches(rng)
    want = -np.log(sigmoid(run(p, x))).mean() - np.log(1 - sigmoid(run(p, y))).mean()
    return gap(np.asarray(loss(p, x, y)[0]), np.asarray(want))


# The complete loss


COMPLETE_WRONG = {
    "D of the new law": lambda q, p, old: (complete_loss(q, p, old)[0], complete_loss(q, p, p)[1] + kl(p, old)),
    "divergence reversed": lambda q, p, old: (complete_loss(q, p, old)[0], complete_loss(q, p, old)[1] - kl(p, old)
                                              + kl(old, p)),
    "divergence left out": lambda q, p, old: (complete_loss(q, p, old)[0], complete_loss(q, p, old)[1] - kl(p, old))}


@ledger.add("10.13", "law", complete_loss, wrong=COMPLETE_WRONG)
def exact_for_any_law(loss, rng):
    """(17) = (19) for 20 triples of laws, however far the new from the old one."""
    found = np.array([loss(law(rng), law(rng), law(rng)) for _ in range(20)])
    return gap(found[:, 0], found[:, 1])


@ledger.add("10.13", "identity", complete_loss, wrong={
    "p and p_old exchanged": lambda q, p, old: complete_loss(q, old, p),
    "p for p_old": lambda q, p, old: complete_loss(q, p, p),
    "D for 1 - D": lambda q, p, old: (kl(p, q * q / (q + old)),) * 2})
def from_the_labelled_divergence(loss, rng):
    """Twice the divergence (10.8) with D of the old law, but for the part of the data and its constants."""
    q, p, old = law(rng), law(rng), law(rng)
    d = optimal_discriminator(q, old)
    want = 2 * label_divergence(q, p, d).joint + 2 * np.log(2) + q @ np.log(d)
    return gap(np.array(loss(q, p, old)), np.array([want, want]))


# Gradients


def of_layer(losses, q, theta):
    """Gradients of -E log D and E log(1 - D) after the logits of p, D frozen, from the losses of the layer."""
    t = np.log(q / softmax(theta))
    values = losses(t, t)[0]
    return tuple(slope(lambda th, v=v: np.sum(softmax(th) * v), theta) for v in (values.generator, values.minimax))


def instance(rng):
    return law(rng), rng.standard_normal(6)


@ledger.add("10.14", "identity", gan_losses, wrong={
    "roles of the two losses exchanged": losses_with(lambda f, t, u: f._replace(generator=f.minimax,
                                                                              minimax=f.generator)),
    "D for 1 - D": losses_with(lambda f, t, u: gan_losses(-t, -u)[0])})
def gradients_by_complex_step(losses, rng):
    """Those of 2 KL(m || q), of KL(p || q) - 2 JS and of 2 JS, over a softmax family with six logits."""
    q, theta = instance(rng)
    forward = lambda p: np.sum(p * np.log(p / q))
    got = of_layer(losses, q, theta)
    want = [slope(lambda th, f=f: f(softmax(th)), theta) for f in (
        lambda p: 2 * mixture(p, q), lambda p: forward(p) - 2 * jensen_shannon(p, q),
        lambda p: 2 * jensen_shannon(p, q))]
    return gap((got[0], got[0], got[1]), tuple(want))


@ledger.add("10.14", "law", mixture_divergence, bound=0, wrong={
    "JS as what is left": MIXTURE_WRONG["JS as what is left"], "KL(m || p)": MIXTURE_WRONG["KL(m || p)"]})
def a_step_of_the_usual_loss_descends_the_mixture(divergences, rng):
    """Small steps against the gradient of -E log D lower KL(m || q) by its length squared / 2, to 1 %, 10 times."""
    cases = []
    for _ in range(10):
        q, theta = instance(rng)
        g = of_layer(gan_losses, q, theta)[0]
        drop = divergences(q, softmax(theta)).mixture - divergences(q, softmax(theta - 1e-5 * g)).mixture
        cases.append(abs(drop / (0.5e-5 * g @ g) - 1) < 1e-2)
    return holds(cases)
