"""How a codebook learns: by gradient, by means as k-means does, by moving averages; and how much of it is used."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import entr

from refvae.inputs import floating, generator, indices, matrix, real, same_shape, vector, whole
from refvae.trees import Array, Pull
from refvae.vqvae.quantise import lookup, nearest_code


class EMA(NamedTuple):
    """The moving average of how often each code is chosen, counts (K,), and the codebook, (K, k).

    The paper averages the sums counts * codes; that of an unused code is the same, and its quotient wears off.
    """

    counts: Array
    codes: Array


class Rates(NamedTuple):
    """Bits for a grid of codes: of fixed length; with one law for each position; with the law of whole grids."""

    fixed: float
    marginal: float
    joint: float


def codebook_loss(z: Array, codes: Array, idx: Array, z_frozen: Array, codes_frozen: Array, *, beta: float = 1.0,
                  gamma: float = 0.25) -> tuple[Array, Pull]:
    """beta |z_frozen - e_idx|^2 + gamma |z - e_frozen,idx|^2, summed over the grid: codebook and commitment.  (8.11)

    z, z_frozen (n, m, k), codes, codes_frozen (K, k), idx (n, m) -> (n,). The weights are those of the article; in
    the paper the first is 1 and the second is called beta. [van den Oord, Vinyals & Kavukcuoglu 2017, equation 3]
    """
    same_shape(z, z_frozen, "z and its frozen copy")
    same_shape(codes, codes_frozen, "codes and their frozen copy")
    same_shape(z[..., 0], idx, "a component of z and idx")
    beta, gamma = float(beta), float(gamma)  # a NumPy float would turn float32 into float64
    z, z_frozen, codes_frozen = floating(z, "z"), floating(z_frozen, "z"), floating(codes_frozen, "codes")
    zq, pull_lookup = lookup(codes, idx)
    to_codes, to_z = zq - z_frozen, z - lookup(codes_frozen, idx)[0]                                    # (8.11)
    loss = (beta * to_codes * to_codes + gamma * to_z * to_z).sum((1, 2))                               # (8.11)

    def pull(dloss: Array) -> tuple[Array, Array, None, None, None]:
        d = 2 * dloss[:, None, None]                                                                    # (8.11)
        return gamma * d * to_z, pull_lookup(beta * d * to_codes)[0], None, None, None                  # (8.11)

    return loss, pull


def cluster_means(z: Any, idx: Any, codes: Any) -> Array:
    """The mean of what chose each code; a code that nothing chose stays.   z (n, k), idx (n,), codes (K, k)  (8.15)

    Raises TypeError or ValueError for other input.
    """
    z, codes = matrix(z, "z"), matrix(codes, "codes")
    counts, sums = cluster_sums(z, _row(idx, len(codes)), len(codes))
    used = counts > 0
    means: Array = codes.copy()
    means[used] = sums[used] / counts[used, None]                                                       # (8.15)
    return means


def lloyd(x: Any, codes: Any, steps: int) -> tuple[Array, Array]:
    """Steps of k-means: nearest codes, then means.   x (n, d), codes (K, d) -> codes, distortions (steps,)  (8.16)

    The distortion is the mean of |x - e|^2 over the rows, before each step. Raises TypeError or ValueError for other
    input. [Lloyd 1982]
    """
    x, codes, distortions = matrix(x, "x"), matrix(codes, "codes"), []
    for _ in range(whole(steps, "steps")):
        idx = nearest_code(x, codes)                                                                    # (8.16)
        distortions.append(((x - codes[idx]) ** 2).sum(1).mean())                                       # (8.16)
        codes = cluster_means(x, idx, codes)                                                            # (8.16)
    return codes, np.array(distortions)


def ema_update(state: EMA, z: Any, idx: Any, rho: float) -> EMA:
    """One step of the moving averages with the rows z (n, k) that chose the codes idx (n,).             (8.17)

    A code that nothing chose stays, bit for bit. Raises TypeError or ValueError for other input.
    [van den Oord, Vinyals & Kavukcuoglu 2017, appendix A.1]
    """
    rho, codes = real(rho, "rho", least=0, below=1), matrix(state.codes, "codes")
    old = vector(state.counts, "counts", len(codes))
    if old.min() < 0:
        raise ValueError(f"counts: got {old.min()}, wanted numbers of at least 0")
    counts, means, share = batch_statistics(EMA(old, codes), z, idx, rho)
    return EMA(rho * old + (1 - rho) * counts, codes + (1 - rho) * share[:, None] * (means - codes))    # (8.17)


def batch_statistics(state: EMA, z: Array, idx: Array, rho: float) -> tuple[Array, Array, Array]:
    """Choices of each code, means of what chose it, and choices over their new average.                 (8.17)

    z (n, k), idx (n,) -> (K,), (K, k), (K,). A code that nothing chose is its own mean and has the share 0. Raises
    TypeError or ValueError for other input.
    """
    codes, rho = matrix(state.codes, "codes"), real(rho, "rho", least=0, below=1)
    old, idx = vector(state.counts, "counts", len(codes)), _row(idx, len(codes))
    counts, means = np.bincount(idx, minlength=len(codes)), cluster_means(z, idx, codes)                # (8.17)
    share = counts / np.where(counts > 0, rho * old + (1 - rho) * counts, 1)                            # (8.17)
    return counts, means, share


def ema_surrogate(state: EMA, counts_frozen: Array, means_frozen: Array, share_frozen: Array) -> tuple[Any, Pull]:
    """Half squared distances from counts and means of a batch, to which the step 1 - rho is `ema_update`.   (8.18)

    counts_frozen (K,), means_frozen (K, k), share_frozen (K,), of `batch_statistics` -> ()
    """
    same_shape(state.counts, counts_frozen, "counts of the state and of the batch")
    same_shape(state.codes, means_frozen, "codes and means")
    same_shape(state.counts, share_frozen, "counts and shares")
    n = floating(state.counts, "counts") - floating(counts_frozen, "counts")                            # (8.18)
    r = floating(state.codes, "codes") - floating(means_frozen, "means")                                # (8.18)
    pulled = floating(share_frozen, "shares")[:, None] * r                                              # (8.18)
    return ((n * n).sum() + (pulled * r).sum()) / 2, lambda d: (EMA(d * n, d * pulled), None, None, None)  # (8.18)


def reset_unused(codes: Any, z: Any, idx: Any, rng: np.random.Generator | int) -> Array:
    """The codebook with every code that nothing chose put onto a row of z, drawn without repetition.    (8.19)

    z (n, k), idx (n,), codes (K, k); if there are fewer rows than such codes, the last of these stay. Raises TypeError
    or ValueError for other input.
    """
    z, codes, rng = matrix(z, "z"), matrix(codes, "codes"), generator(rng)
    idx = _row(idx, len(codes))
    unused = np.flatnonzero(np.bincount(idx, minlength=len(codes)) == 0)[:len(z)]                       # (8.19)
    fresh: Array = codes.copy()
    fresh[unused] = z[rng.choice(len(z), len(unused), replace=False)]                                   # (8.19)
    return fresh


def perplexity(idx: Any, K: int) -> float:
    """exp of the entropy of the codes in use, from 1 to K.   idx: whole numbers in 0..K-1               (8.20)

    Raises TypeError or ValueError for other input.
    """
    counts = np.bincount(_some(idx, whole(K, "K")).ravel())                                             # (8.20)
    return float(np.exp(_entropy(counts)))                                                              # (8.20)


def code_rates(idx: Any, K: int) -> Rates:
    """Bits per grid: m log2 K, and the entropies of the grids that were seen.   idx (n, m)              (8.21)

    Raises TypeError or ValueError for other input.
    """
    K = whole(K, "K")
    idx = _some(idx, K)
    if idx.ndim != 2:
        raise ValueError(f"idx: got shape {idx.shape}, wanted (n, m)")
    marginal = sum(_entropy(np.bincount(column)) for column in idx.T) / np.log(2)                       # (8.21)
    joint = _entropy(np.unique(idx, axis=0, return_counts=True)[1]) / np.log(2)                         # (8.21)
    return Rates(float(idx.shape[1] * np.log2(K)), float(marginal), float(joint))                       # (8.21)


def _entropy(counts: Array) -> Any:
    """Of the law proportional to the counts, in nats."""
    return entr(counts / counts.sum()).sum()                                                            # (8.20), (8.21)


def cluster_sums(z: Array, idx: Array, K: int) -> tuple[Array, Array]:
    """How many rows chose each code, (K,), and their sums, (K, k)."""
    same_shape(z[:, 0], idx, "a column of z and idx")
    sums = np.zeros((K, z.shape[1]), np.result_type(z, float))
    np.add.at(sums, idx, z)                                                                             # (8.15)
    return np.bincount(idx, minlength=K).astype(float), sums                                            # (8.15)


def _row(idx: Any, K: int) -> Array:
    """Indices in 0..K-1, (n,)."""
    a = indices(idx, K, "idx")
    if a.ndim != 1:
        raise ValueError(f"idx: got shape {a.shape}, wanted (n,)")
    return a


def _some(idx: Any, K: int) -> Array:
    """Indices in 0..K-1, at least one."""
    a = indices(idx, K, "idx")
    if not a.size:
        raise ValueError(f"idx: got shape {a.shape}, wanted at least one number")
    return a
