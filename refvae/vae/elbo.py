"""The variational autoencoder and its objective, the negative evidence lower bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from refvae.inputs import generator, whole
from refvae.layers import Activation, Dense, bernoulli_nll, mlp, mlp_init, relu
from refvae.trees import Array, Pull
from refvae.vae.likelihoods import Likelihood
from refvae.vae.normal import kl_std_normal, reparam


class VAE(NamedTuple):
    """Parameters: an encoder d -> 2 k, whose output is the mean and the log-variance, and a decoder from k."""

    enc: tuple[Dense, ...]
    dec: tuple[Dense, ...]


NOWHERE = VAE((), ())  # no place to write a cotangent into: new arrays are made


def vae_init(sizes: Sequence[int], rng: np.random.Generator | int, outputs: int = 1) -> VAE:
    """Mirrored perceptrons for sizes = (d, ..., k), as (1.26); the decoder gives `outputs` numbers per feature.

    Raises what `mlp_init` raises.
    """
    rng, outputs, (*hidden, k) = generator(rng), whole(outputs, "outputs"), sizes
    if not hidden:
        raise ValueError(f"sizes: got {sizes}, wanted at least two")
    k, d = whole(k, "size"), whole(hidden[0], "size")
    return VAE(mlp_init((*hidden, 2 * k), rng), mlp_init((k, *hidden[:0:-1], outputs * d), rng))


def encode(enc: tuple[Dense, ...], x: Array, activation: Activation = relu, *,
           frozen: bool = False) -> tuple[tuple[Array, Array], Pull]:
    """Mean and log-variance of q(z|x).   x: (n, d), frozen or not -> (mu (n, k), logvar (n, k))          (3.10)"""
    h, pull_mlp = mlp(enc, x, activation, frozen=frozen)
    mu, logvar = h.reshape(len(h), 2, -1).swapaxes(0, 1).copy()                                           # (3.10)

    def pull(d: tuple[Array, Array], out: tuple[Dense, ...] = ()) -> tuple[tuple[Dense, ...], Array | None]:
        denc, dx = pull_mlp(np.concatenate(d, 1), out)                                                       # (3.10)
        return denc, dx

    return (mu, logvar), pull


def elbo_terms(p: VAE, x_frozen: Array, eps: Array, *, likelihood: Likelihood = bernoulli_nll,
               activation: Activation = relu) -> tuple[tuple[Array, Array], Pull]:
    """Reconstruction and divergence, whose sum is -ELBO.   x (n, d), eps (n, k) -> (rec, kl), both (n,)  (3.11)"""
    (mu, logvar), pull_encode = encode(p.enc, x_frozen, activation, frozen=True)
    kl, pull_kl = kl_std_normal(mu, logvar)                                                             # (3.11)
    z, pull_reparam = reparam(mu, logvar, eps)                                                          # (3.11)
    out, pull_decode = mlp(p.dec, z, activation)                                                        # (3.11)
    rec, pull_rec = likelihood(out, x_frozen)                                                           # (3.11)

    def pull(d: tuple[Array, Array], out: VAE = NOWHERE) -> tuple[VAE, None, Array]:
        drec, dkl = d
        ddec, dz = pull_decode(pull_rec(drec)[0], out.dec)                                              # (3.11)
        dmu, dlogvar, deps = pull_reparam(dz)                                                           # (3.11)
        dmu_kl, dlogvar_kl = pull_kl(dkl)                                                               # (3.11)
        denc, _ = pull_encode((dmu + dmu_kl, dlogvar + dlogvar_kl), out.enc)                            # (3.11)
        return VAE(denc, ddec), None, deps

    return (rec, kl), pull


def neg_elbo(p: VAE, x_frozen: Array, eps: Array, *, likelihood: Likelihood = bernoulli_nll, beta: float = 1.0,
             activation: Activation = relu) -> tuple[Any, Pull]:
    """The objective: mean over the batch of rec + beta kl, in nats.   x: (n, d), eps: (n, k) -> ()       (3.11)

    At beta = 1 its expectation over standard normal eps is at least the mean of -log p(x). The scale of the
    reconstruction is the likelihood's own: `gaussian(eta)` for squared errors.
    """
    beta = float(beta)  # a NumPy float would turn float32 into float64
    (rec, kl), pull_terms = elbo_terms(p, x_frozen, eps, likelihood=likelihood, activation=activation)
    loss = (rec + beta * kl).sum() / len(rec)                                                              # (3.11)

    def pull(dloss: Any, out: VAE = NOWHERE) -> tuple[VAE, None, Array]:
        d = np.full(len(rec), dloss / len(rec), rec.dtype)                                              # (3.11)
        dp, _, deps = pull_terms((d, beta * d), out)                                                    # (3.11)
        return dp, None, deps

    return loss, pull
