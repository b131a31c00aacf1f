"""Adversarial learning where every integral is a sum: laws on finitely many points, with the best discriminator."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import rel_entr

from refvae.inputs import in_range, matrix, real, same_shape, vector
from refvae.layers import sigmoid
from refvae.trees import Array, witnesses
from refvae.vae import kl_std_normal


class Labelled(NamedTuple):
    """Divergence of the laws of (x, label); its parts KL(m || q) and the mean divergence of the labels."""

    joint: float
    marginal: float
    conditional: float


class Divergences(NamedTuple):
    """KL(m || q) for the equal mixture m of p and q, KL(p || q), and Jensen and Shannon's divergence."""

    mixture: float
    forward: float
    jensen_shannon: float


class Bounds(NamedTuple):
    """KL(p || p_old), and the divergence of the joint laws of code and output, which is at least as large."""

    marginal: float
    joint: float


def optimal_discriminator(q: Any, p: Any, share: float = 0.5) -> Array:
    """D(x) = share q / (share q + (1 - share) p), the probability that x is data.   q, p (n,) -> (n,)     (10.9)

    Where both laws are 0 it is `share`. Raises TypeError or ValueError for what is no pair of laws or no share.
    """
    (q, p), share = _laws(q, p), _share(share)
    m = share * q + (1 - share) * p                                                                     # (10.9)
    d: Array = np.divide(share * q, m, out=np.full(m.shape, share), where=m > 0)                        # (10.9)
    return d


def label_divergence(q: Any, p: Any, discriminator: Any, share: float = 0.5) -> Labelled:
    """KL of the labelled mixture from q(x) D(label|x), and its two parts.   all (n,)                      (10.8)

    Raises TypeError or ValueError for what is no pair of laws, no share, or D outside [0, 1].
    """
    (q, p), share = _laws(q, p), _share(share)
    d = vector(discriminator, "discriminator", len(q))
    if not ((d >= 0) & (d <= 1)).all():
        raise ValueError(f"discriminator: got {d.min()} to {d.max()}, wanted probabilities")
    a, b = share * q, (1 - share) * p                                                                   # (10.8)
    joint = rel_entr(a, q * d).sum() + rel_entr(b, q * (1 - d)).sum()                                   # (10.8)
    m = a + b                                                                                           # (10.8)
    conditional = rel_entr(a, m * d).sum() + rel_entr(b, m * (1 - d)).sum()                             # (10.8)
    return Labelled(float(joint), float(rel_entr(m, q).sum()), float(conditional))                      # (10.8)


def mixture_divergence(q: Any, p: Any) -> Divergences:
    """What the best discriminator leaves, KL(m || q), which is KL(p || q) / 2 - JS.   q, p (n,)          (10.10)

    Raises TypeError or ValueError for what is no pair of laws.
    """
    q, p = _laws(q, p)
    m = (q + p) / 2                                                                                     # (10.10)
    shannon = (rel_entr(p, m).sum() + rel_entr(q, m).sum()) / 2                                         # (10.10)
    return Divergences(float(rel_entr(m, q).sum()), float(rel_entr(p, q).sum()), float(shannon))        # (10.10)


def complete_loss(q: Any, p: Any, p_old: Any) -> tuple[float, float]:
    """The generator's loss by (17) and by (19) of the article, D the best against p_old.   all (n,)       (10.13)

    Raises TypeError or ValueError for what are no positive laws.
    """
    q, p, p_old = _positive(q, p, p_old)
    d = optimal_discriminator(q, p_old)
    by_definition = (p * np.log(p / ((1 - d) * q))).sum()                                               # (10.13)
    by_parts = -(p * np.log(d)).sum() + rel_entr(p, p_old).sum()                                        # (10.13)
    return float(by_definition), float(by_parts)


def complete_step(q: Any, p_old: Any) -> tuple[Array, float]:
    """The law that minimises the complete loss, proportional to p_old D, and the least value.   (n,)     (10.16)

    Raises TypeError or ValueError for what are no positive laws.
    """
    q, p_old = _positive(q, p_old)
    weight = p_old * optimal_discriminator(q, p_old)                                                    # (10.16)
    return weight / weight.sum(), -float(np.log(weight.sum()))                                          # (10.16)


def collapsed_step(q: Any, p_old: Any) -> Array:
    """The law that minimises -E log D alone: all on the point with the largest D.   (n,) -> (n,)         (10.18)

    Of several such points it is the first. Raises TypeError or ValueError for what is no pair of laws.
    """
    d = optimal_discriminator(q, p_old)
    p: Array = np.eye(len(d))[d.argmax()]                                                               # (10.18)
    return p


@in_range
def fisher(p: Any, jacobian: Any) -> Array:
    """The Fisher information sum_x (dp/d theta)(dp/d theta)' / p.   p (n,), jacobian (n, k) -> (k, k)    (10.19)

    Raises TypeError or ValueError for other input.
    """
    (p,), jacobian = _positive(p), matrix(jacobian, "jacobian")
    same_shape(p, jacobian[:, 0], "p and a column of jacobian")
    return np.asarray(jacobian.T @ (jacobian / p[:, None]))                                             # (10.19)


@in_range
def proximal_bounds(gain: float, old: float, sigma: float) -> Bounds:
    """x = gain z + sigma eps against x = old z + sigma eps, z and eps standard normal: both divergences.  (10.20)

    Raises TypeError or ValueError for sigma <= 0 or what are no finite numbers.
    """
    gain, old, sigma = real(gain, "gain"), real(old, "old"), real(sigma, "sigma", above=0)
    spread, shift = np.hypot(old, sigma), (gain - old) / sigma                                          # (10.20)
    excess = (gain - old) / spread * ((gain + old) / spread)                                            # (10.20)
    near = abs(excess) < 0.5
    logvar = np.log1p(excess) if near else 2 * np.log(np.hypot(gain, sigma) / spread)                   # (10.20)
    return Bounds(float(kl_std_normal(np.zeros(1), np.array([logvar]))[0]), shift * shift / 2)          # (10.20)


@in_range
def dirac_step(theta: float, psi: float, lr: float) -> tuple[float, float]:
    """A simultaneous step of the Dirac-GAN: data at 0, one generated point theta, logit psi x.           (10.22)

    The generator minimises log(1 - D), the discriminator the negative. [Mescheder et al. 2018]
    Raises TypeError or ValueError for what are no finite numbers.
    """
    theta, psi, lr = real(theta, "theta"), real(psi, "psi"), real(lr, "lr")
    force: Any = sigmoid(np.array(psi * theta))[0]                                                      # (10.22)
    return theta + lr * force * psi, psi - lr * force * theta                                           # (10.22)


def _laws(q: Any, p: Any) -> tuple[Array, Array]:
    q, p = _law(q, "q"), _law(p, "p")
    same_shape(q, p, "q and p")
    return q, p


def _positive(*laws: Any) -> list[Array]:
    found = [_law(each, "law") for each in laws]
    for each in found:
        same_shape(found[0], each, "the laws")
        if not each.min() > 0:
            raise ValueError(f"law: got the least probability {each.min()}, wanted positive ones")
    return found


def _law(p: Any, name: str) -> Array:
    a = vector(p, name)
    seen = witnesses(a)
    if seen.min() < 0 or abs(seen.sum() - 1) > 1e-9:
        raise ValueError(f"{name}: got a least entry {a.min()} and the sum {a.sum()}, wanted probabilities")
    return a


def _share(share: float) -> float:
    return real(share, "share", above=0, below=1)
