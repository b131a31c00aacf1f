"""The losses of the adversarial models, on logits t of a discriminator D = sigmoid(t), one number per example."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args

from refvae.inputs import floating, same_shape
from refvae.layers import softplus, squared_error
from refvae.trees import Array, Pull

Variant = Literal["complete", "simplified", "minimax", "non_saturating"]
VARIANTS: tuple[str, ...] = get_args(Variant)


class GanLosses(NamedTuple):
    """-log D(x) - log(1 - D(y)); -log D(y), which the generator minimises; log(1 - D(y)), which saturates."""

    discriminator: Any
    generator: Any
    minimax: Any


class AaeLosses(NamedTuple):
    """-log D(z) - log(1 - D(E(x))); -log D(E(x)) + lam |x - G(E(x))|^2, for encoder and decoder."""

    discriminator: Any
    encoder: Any


class AliLosses(NamedTuple):
    """The discriminator's loss, and what encoder and decoder minimise: (40), (41), (42), (43) of the article."""

    discriminator: Any
    complete: Any
    simplified: Any
    minimax: Any
    non_saturating: Any


def gan_losses(t_data: Array, t_made: Array) -> tuple[GanLosses, Pull]:
    """Losses from the logits of data and of generated rows.   both (n,) -> three of (n,), nats            (10.11)

    pull takes a `GanLosses` of cotangents: zeros for the losses that are not in use.
    """
    t_data, t_made = floating(t_data, "t_data"), floating(t_made, "t_made")
    same_shape(t_data, t_made, "t_data and t_made")
    hit, pull_hit = softplus(-t_data)
    made, pull_made = softplus(t_made)
    missed, pull_missed = softplus(-t_made)
    losses = GanLosses(hit + made, missed, -made)                                                       # (10.11)

    def pull(d: GanLosses) -> tuple[Array, Array]:
        dt_made = pull_made(d.discriminator - d.minimax) - pull_missed(d.generator)                     # (10.11)
        return -pull_hit(d.discriminator), dt_made                                                      # (10.11)

    return losses, pull


def aae_losses(t_prior: Array, t_code: Array, error: Array, lam: float = 1.0) -> tuple[AaeLosses, Pull]:
    """Losses from the logits of codes of the prior and of the data.   all (n,) -> two of (n,), nats      (10.28)

    error is that of the reconstruction, lam its weight.
    """
    error = floating(error, "error")
    same_shape(t_code, error, "t_code and error")
    (of_d, of_e, _), pull_gan = gan_losses(t_prior, t_code)
    lam = float(lam)
    losses = AaeLosses(of_d, of_e + lam * error)                                                        # (10.28)

    def pull(d: AaeLosses) -> tuple[Array, Array, Array]:
        dt_prior, dt_code = pull_gan(GanLosses(d.discriminator, d.encoder, 0 * d.encoder))              # (10.28)
        return dt_prior, dt_code, lam * d.encoder                                                       # (10.28)

    return losses, pull


def ali_losses(t_enc: Array, t_dec: Array, nll: Array) -> tuple[AliLosses, Pull]:
    """Losses from the logits of pairs (x, E(x)) and (G(z), z).   all (n,) -> five of (n,), nats          (10.31)

    nll is -log q(z|x) at the pairs of the decoder, which do not move; only the complete loss has it.
    """
    t_enc, t_dec, nll = floating(t_enc, "t_enc"), floating(t_dec, "t_dec"), floating(nll, "nll")
    same_shape(t_enc, t_dec, "t_enc and t_dec")
    same_shape(t_enc, nll, "t_enc and nll")
    enc_missed, pull_enc_missed = softplus(-t_enc)
    dec_missed, pull_dec_missed = softplus(-t_dec)
    enc_taken, pull_enc_taken = softplus(t_enc)
    dec_taken, pull_dec_taken = softplus(t_dec)
    both = enc_missed + dec_missed                                                                      # (10.31)
    of_d = enc_missed + dec_taken                                                                       # (10.31)
    losses = AliLosses(of_d, both + nll, both, -of_d, enc_taken + dec_missed)                           # (10.31)

    def pull(d: AliLosses) -> tuple[Array, Array, Array]:
        of_both, of_d = d.complete + d.simplified, d.discriminator - d.minimax                          # (10.31)
        dt_enc = pull_enc_taken(d.non_saturating) - pull_enc_missed(of_both + of_d)                     # (10.31)
        dt_dec = pull_dec_taken(of_d) - pull_dec_missed(of_both + d.non_saturating)                     # (10.31)
        return dt_enc, dt_dec, 1 * d.complete                                                           # (10.31)

    return losses, pull


def known(variant: str) -> str:
    """The name of one of the losses of ALI; ValueError for another one."""
    if variant not in VARIANTS:
        raise ValueError(f"variant: got {variant!r}, wanted one of {', '.join(VARIANTS)}")
    return variant


def proximal(y: Array, y_frozen: Array, lam: float) -> tuple[Array, Pull]:
    """lam |y - y_frozen|^2, which holds generated rows near those of the old generator.   (n, d) -> (n,)  (10.21)"""
    se, pull_se = squared_error(floating(y, "y"), floating(y_frozen, "y_frozen"))
    lam = float(lam)
    penalty: Array = lam * se                                                                           # (10.21)

    def pull(dpenalty: Array) -> tuple[Array, None]:
        return pull_se(lam * dpenalty)[0], None                                                         # (10.21)

    return penalty, pull
