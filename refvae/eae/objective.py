"""The entropic autoencoder and its objective: squared error minus the estimated entropy of normalised codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from refvae.entropy import knn_entropy_layer, neighbours
from refvae.entropy.ties import refuse_ties
from refvae.fit import Objective
from refvae.inputs import floating, generator
from refvae.layers import Activation, Dense, batch_norm, mlp, mlp_init, softplus, squared_error
from refvae.trees import Array, Pull


class EAE(NamedTuple):
    """Parameters: an encoder, whose output is normalised, and a decoder."""

    enc: tuple[Dense, ...]
    dec: tuple[Dense, ...]


NOWHERE = EAE((), ())  # no place to write a cotangent into: new arrays are made


def eae_init(sizes: Sequence[int], rng: np.random.Generator | int) -> EAE:
    """Mirrored perceptrons for sizes = (features, ..., d), as (1.26). Raises what `mlp_init` raises."""
    rng = generator(rng)
    return EAE(mlp_init(sizes, rng), mlp_init(sizes[::-1], rng))


def normalised_entropy(h: Array, idx: Array) -> tuple[Array, Pull]:
    """Estimated entropy of the normalised rows.   h: (n, d), idx: (n, k), neighbours in batch_norm(h) -> () nats

    (7.5): the gradient has no component along a constant column or along the rows themselves.
    """
    z, pull_norm = batch_norm(floating(h, "h"))
    entropy, pull_entropy = knn_entropy_layer(z, idx)                                                   # (7.5)
    return entropy, lambda dentropy: (pull_norm(pull_entropy(dentropy)[0]), None)                       # (7.5)


def neg_objective(p: EAE, x_frozen: Array, idx: Array, lam: float, *,
                  activation: Activation = softplus) -> tuple[Any, Pull]:
    """Mean squared error minus lam times the entropy in nats.   x: (n, features), idx: (n, k) -> ()  (7.2), (7.3)

    idx holds the nearest other rows among the *normalised* codes of these n rows, in ascending distance; `searching`
    finds them. [Scientific Spaces 7343 (4)]
    """
    return _rewarded(p, _codes(p, x_frozen, activation), x_frozen, idx, lam, activation)                # (7.2)


def _codes(p: EAE, x_frozen: Array, activation: Activation) -> tuple[Array, Pull]:
    """Normalised codes.   x: (n, features) -> z: (n, d)                                                  (7.2)"""
    h, pull_encode = mlp(p.enc, floating(x_frozen, "x"), activation, frozen=True)
    z, pull_norm = batch_norm(h)                                                                        # (7.2)
    return z, lambda dz, out=(): pull_encode(pull_norm(dz), out)[0]                                     # (7.3)


def _rewarded(p: EAE, codes: tuple[Array, Pull], x_frozen: Array, idx: Array, lam: float,
              activation: Activation) -> tuple[Any, Pull]:
    """The objective from what `_codes` gives, which encodes once for the search and for the loss.        (7.2)"""
    lam = float(lam)  # a NumPy float would turn float32 into float64
    z, pull_codes = codes
    xhat, pull_decode = mlp(p.dec, z, activation)
    se, pull_se = squared_error(xhat, floating(x_frozen, "x"))
    entropy, pull_entropy = knn_entropy_layer(z, idx)
    loss = se.mean() - lam * entropy                                                                    # (7.2)

    def pull(dloss: Any, out: EAE = NOWHERE) -> tuple[EAE, None, None]:
        ddec, dz = pull_decode(pull_se(np.full_like(se, dloss / len(se)))[0], out.dec)                  # (7.3)
        dz = dz - pull_entropy(lam * dloss)[0]                                                          # (7.3)
        return EAE(pull_codes(dz, out.enc), ddec), None, None                                           # (7.3)

    return loss, pull


def searching(k: int, lam: float, *, activation: Activation = softplus) -> Objective:
    """The objective (p, x) -> (loss, pull) for `refvae.fit`, which finds the neighbours of order k itself.   (7.4)

    It raises ValueError where a code has its k-th neighbour at distance 0, for there the entropy is -infinity.
    """
    def objective(p: EAE, x_frozen: Array) -> tuple[Any, Pull]:
        codes = _codes(p, x_frozen, activation)
        near = neighbours(codes[0].real, k)                                                             # (7.4)
        refuse_ties(near.rho[:, -1], "codes")
        loss, pull = _rewarded(p, codes, x_frozen, near.idx, lam, activation)                           # (7.4)
        return loss, lambda dloss, out=NOWHERE: pull(dloss, out)[:2]                                    # (7.4)

    return objective
