"""Small integers, truth values, half and single precision give what the same numbers in float64 give, or are refused.

Chapters 7, 8, 9 and 11. Every public function that takes numbers stands in the table, with a call on arrays that a
`Cast` makes of this kind or, with the same entries, in float64.
"""

from functools import partial

import numpy as np
import pytest

from refvae import denoising, eae, spring, trees, vqvae
from refvae.layers import mlp, mlp_grad, mlp_init, tanh

KINDS = {"uint8": 250, "int8": 120, "bool": 1, "float16": 250, "float32": 250}  # the largest entry
RNG = np.random.default_rng(0)
UNIT = {shape: RNG.random(shape) for shape in ((2,), (3,), (5,), (7,), (3, 7), (5, 2), (7, 2), (9, 2), (2, 4, 4),
                                               (3, 7, 2), (7, 3, 4), (7, 4, 2))}
APART = np.transpose([np.arange(7) % 2, np.arange(7) == 6]).astype(float)  # each row is another than the next
NET, OWN, GRID = mlp_init((2, 4, 2), 0), mlp_init((2, 4, 1), 1), np.arange(28).reshape(7, 4) % 5
IDX, NEAR = np.arange(7) % 5, np.arange(1, 8)[:, None] % 7
EAE = eae.eae_init((2, 4, 2), 0)
VQ = vqvae.vqvae_init((2, 4), 4, 2, 5, 0)._replace(codes=10 * UNIT[5, 2])


def big(cast, *shape):
    """Numbers from 0 to the largest of the kind."""
    return cast(UNIT[shape], 1.0)


def some(cast, *shape):
    """Numbers from 1 to the largest."""
    return cast(UNIT[shape], 1.0, 1)


def apart(cast):
    """Rows that differ from the next, even as truth values."""
    return cast(APART, 1.0)


def small(cast, *shape):
    """0 and 1, for what has to lie in [0, 1]."""
    return cast(UNIT[shape], 0.0)


def linear(x):
    """A score that does not wrap."""
    return -x / 4.0


def bent(x):
    """A score with a slope, as a layer."""
    return -x * x / 4.0, lambda ds: -x * ds / 2.0


def log_density(x):
    """A law of known score, as a layer."""
    return -(x * x).sum(1) / 8.0, lambda d: -d[:, None] * x / 4.0


MADE, PRIOR = vqvae.made_init(4, 5, (6,), 0), vqvae.attention_init(4, 5, 0, width=4)
CALLS = {
    eae.fitted_normal: lambda c: eae.fitted_normal(big(c, 9, 2)),
    eae.frechet: lambda c: eae.frechet(big(c, 9, 2), big(c, 7, 2)),
    eae.kl_of_moments: lambda c: eae.kl_of_moments(big(c, 9, 2)),
    eae.kl_of_normalised: lambda c: eae.kl_of_normalised(big(c, 7), 2),
    eae.most_entropy: lambda c: eae.most_entropy(big(c, 9, 2), 3),
    eae.normalised: lambda c: eae.normalised(EAE, big(c, 9, 2)),
    eae.normalised_entropy: lambda c: eae.normalised_entropy(apart(c), NEAR),
    eae.neg_objective: lambda c: eae.neg_objective(EAE, apart(c), NEAR, 0.3),
    eae.fit_eae: lambda c: eae.fit_eae(big(c, 9, 2), (2, 2), lam=0.0, k=8, batch=9, epochs=1, rng=0, progress=False).p,
    vqvae.nearest_code: lambda c: vqvae.nearest_code(big(c, 9, 2), big(c, 5, 2)),
    vqvae.lookup: lambda c: vqvae.lookup(big(c, 5, 2), IDX),
    vqvae.straight_through: lambda c: vqvae.straight_through(big(c, 7, 2), big(c, 7, 2)),
    vqvae.implied_cost: lambda c: vqvae.implied_cost(big(c, 7, 2), big(c, 7, 2)[::-1], big(c, 5, 2), IDX, gamma=0.3),
    vqvae.codebook_loss: lambda c: vqvae.codebook_loss(big(c, 7, 4, 2), big(c, 5, 2), GRID, big(c, 7, 4, 2)[::-1],
                                                       big(c, 5, 2)[::-1]),
    vqvae.cluster_means: lambda c: vqvae.cluster_means(big(c, 7, 2), IDX, big(c, 5, 2)),
    vqvae.lloyd: lambda c: vqvae.lloyd(big(c, 9, 2), big(c, 5, 2), 3),
    vqvae.ema_update: lambda c: vqvae.ema_update(vqvae.EMA(some(c, 5), big(c, 5, 2)), big(c, 7, 2), IDX, 0.9),
    vqvae.batch_statistics: lambda c: vqvae.batch_statistics(vqvae.EMA(some(c, 5), big(c, 5, 2)), big(c, 7, 2), IDX,
                                                             0.9),
    vqvae.ema_surrogate: lambda c: vqvae.ema_surrogate(vqvae.EMA(big(c, 5), big(c, 5, 2)), big(c, 5)[::-1],
                                                       big(c, 5, 2)[::-1], big(c, 5)),
    vqvae.reset_unused: lambda c: vqvae.reset_unused(big(c, 5, 2), big(c, 7, 2), IDX // 2, 0),
    vqvae.choose: lambda c: vqvae.choose(VQ, big(c, 7, 2)),
    vqvae.encode_grid: lambda c: vqvae.encode_grid(VQ.enc, big(c, 7, 2), k=2),
    vqvae.decode_grid: lambda c: vqvae.decode_grid(VQ.dec, big(c, 7, 4, 2)),
    vqvae.rebuild: lambda c: vqvae.rebuild(VQ._replace(codes=big(c, 5, 2)), GRID),
    vqvae.quantised_loss: lambda c: vqvae.quantised_loss(VQ, big(c, 7, 2), GRID),
    vqvae.vq_surrogate: lambda c: vqvae.vq_surrogate(VQ, big(c, 7, 2), GRID, big(c, 7, 4, 2), big(c, 5, 2)),
    vqvae.by_gradient: lambda c: vqvae.by_gradient(1.0, 0.25)(VQ, big(c, 7, 2)),
    vqvae.fit_vqvae: lambda c: vqvae.fit_vqvae(big(c, 9, 2), m=2, k=2, K=3, rng=0, epochs=1, batch=9, lr=1e-9).p,
    vqvae.layer_norm: lambda c: vqvae.layer_norm(vqvae.Norm(big(c, 2), big(c, 2)), big(c, 7, 2)),
    vqvae.causal_softmax: lambda c: vqvae.causal_softmax(big(c, 2, 4, 4)),
    vqvae.neg_log_prior: lambda c: vqvae.neg_log_prior(big(c, 7, 3, 4), GRID[:, :3] % 4),
    vqvae.sample_codes: lambda c: vqvae.sample_codes(lambda idx: big(c, 7, 3, 4), UNIT[7, 4, 2][:, :3, 0]),
    denoising.linear_denoiser: lambda c: denoising.linear_denoiser(big(c, 7), c(np.array(0.1), 1.0, 1)[()], 3),
    denoising.gaussian_dsm_floor: lambda c: denoising.gaussian_dsm_floor(big(c, 7), 20.0),
    denoising.denoised_variance: lambda c: denoising.denoised_variance(big(c, 7), c(np.array(0.1), 1.0, 1)[()]),
    denoising.denoising_floor: lambda c: denoising.denoising_floor(1e-3, 2, c(np.array(0.1), 1.0, 1)[()]),
    denoising.pooled_score: lambda c: denoising.pooled_score(some(c, 3, 7), big(c, 3, 7, 2), some(c, 3), big(c, 3)),
    denoising.tweedie: lambda c: denoising.tweedie(linear, big(c, 7, 2), c(np.array(0.1), 1.0, 1)[()]),
    denoising.dsm: lambda c: denoising.dsm(partial(mlp_grad, activation=tanh), OWN, big(c, 7, 2), big(c, 7, 2)[::-1],
                                           some(c, 7, 2)[:, :1], some(c, 7, 2)[:, 1:]),
    denoising.posterior_covariance: lambda c: denoising.posterior_covariance(
        bent, big(c, 7, 2), c(np.array(0.1), 1.0, 1)[()]),
    denoising.jacobian: lambda c: denoising.jacobian(bent, big(c, 7, 2)),
    denoising.implicit: lambda c: denoising.implicit(bent, big(c, 7, 2)),
    denoising.sliced: lambda c: denoising.sliced(mlp, NET, small(c, 7, 2), big(c, 7, 2)),
    denoising.denoiser_score: lambda c: denoising.denoiser_score(NET, big(c, 7, 2), some(c, 7, 2)[:, :1]),
    denoising.ladder_score: lambda c: denoising.ladder_score(mlp_init((3, 2), 0), big(c, 7, 2), some(c, 7, 2)[:, :1]),
    denoising.frozen_log_density: lambda c: denoising.frozen_log_density(OWN)(big(c, 7, 2)),
    denoising.langevin_step: lambda c: denoising.langevin_step(
        big(c, 7, 2), big(c, 7, 2)[::-1], c(np.array(0.5), 1.0, 1)[()], big(c, 7, 2)[:, ::-1]),
    denoising.langevin_variance: lambda c: denoising.langevin_variance(some(c, 7), 0.5),
    denoising.langevin: lambda c: denoising.langevin(linear, big(c, 7, 2), 0.1, 3, 0),
    denoising.annealed_langevin: lambda c: denoising.annealed_langevin(
        lambda x, sigma: linear(x), big(c, 7, 2), np.sort(some(c, 2))[::-1] if c.top > 1 else [1.0], 1e-3, 3, 0),
    denoising.mala_log_ratio: lambda c: denoising.mala_log_ratio(
        big(c, 7, 2), big(c, 7, 2)[::-1], (big(c, 7), big(c, 7, 2)), (big(c, 7)[::-1], big(c, 7, 2)), 0.5),
    denoising.mala: lambda c: denoising.mala(lambda x: (log_density(x)[0], linear(x)), big(c, 7, 2), 0.1, 3, 0),
    denoising.smoothed_kl: lambda c: denoising.smoothed_kl(
        log_density, denoising.frozen_log_density(OWN), NET, small(c, 7, 2), big(c, 7, 2),
        c(np.array(0.1), 1.0, 1)[()]),
    denoising.log_normaliser: lambda c: denoising.log_normaliser(
        lambda x: log_density(x)[0], small(c, 2), c(np.array([[0.9, 0], [0, 0.9]]), 0.0), 9, 0),
    spring.speed: lambda c: spring.speed(*some(c, 3)),
    spring.length: lambda c: spring.length(small(c, 7)),
    spring.extension: lambda c: spring.extension(small(c, 7)),
    spring.energies: lambda c: spring.energies(small(c, 7)),
    spring.profile: lambda c: spring.profile(1.2, small(c, 7)),
    spring.tension: lambda c: spring.tension(1.2, small(c, 7)),
    spring.axis_density: lambda c: spring.axis_density(c(np.array(0.9), 1.0)[()], big(c, 7), 250.0),
    spring.held_mass: lambda c: spring.held_mass(0.5, big(c, 7)),
    spring.margin: lambda c: spring.margin(big(c, 7)),
    spring.total_energy_length: lambda c: spring.total_energy_length(big(c, 7)),
    spring.state_energies: lambda c: spring.state_energies(
        c(np.array(0.9), 1.0)[()], big(c, 7), big(c, 7)[::-1], big(c, 7)),
    spring.lagrangian: lambda c: spring.lagrangian(big(c, 7), some(c, 7), c(np.array(0.9), 1.0)),
    spring.chain_action: lambda c: spring.chain_action(big(c, 7), c(np.array(0.9), 1.0), some(c, 7)),
    spring.chain_eigenvalues: lambda c: spring.chain_eigenvalues(c(np.array(0.9), 1.0)[()], 5),
    spring.solve_chain: lambda c: spring.solve_chain(0.01, big(c, 7)),
    spring.descend_chain: lambda c: spring.descend_chain(big(c, 7), 1.0, 3),
    spring.chain_profile: lambda c: spring.chain_profile(c(np.array(0.9), 0.0)[()], 5),
    spring.picard: lambda c: spring.picard(c(np.array(0.9), 1.0)[()], c(np.array(0.2), 1.0, 1)[()], 3),
    spring.solve_ode: lambda c: spring.solve_ode(c(np.array(0.9), 0.0)[()], 5),
    spring.functional: lambda c: spring.functional([(spring.differences, partial(spring.half_square, 2, 1))],
                                                   big(c, 7)),
    spring.half_square: lambda c: spring.half_square(big(c, 7), big(c, 7)[::-1], big(c, 7)),
    spring.differences: lambda c: spring.differences(big(c, 7)),
    spring.identity: lambda c: spring.identity(big(c, 7)),
    spring.entropy_functional: lambda c: spring.entropy_functional(some(c, 7), big(c, 7), some(c, 7)[::-1],
                                                                   small(c, 3)),
    spring.denoising_functional: lambda c: spring.denoising_functional(
        big(c, 7), big(c, 7)[::-1], some(c, 7), big(c, 5), big(c, 5)[::-1], 100.0),
}


class Cast:
    """Arrays of a kind, or the same numbers in float64."""

    def __init__(self, kind, same):
        self.kind, self.same, self.top = np.dtype(kind), same, KINDS[kind]

    def __call__(self, unit, large, least=0):
        """Whole numbers up to the largest of the kind, or 0 and 1; for floats, numbers between."""
        x = unit * (self.top if large else 1)
        x = np.maximum(np.rint(x) if self.kind.kind in "biu" else x, least).astype(self.kind)
        return x.astype(float) if self.same else x


def numbers(found):
    """All numbers of a result, of a layer its value and its pull of a cotangent."""
    if isinstance(found, tuple) and len(found) == 2 and callable(found[1]):
        y = found[0]
        found = y, found[1](np.cos(1 + np.arange(np.size(y))).reshape(np.shape(y)).astype(np.asarray(y).dtype))
    return np.concatenate([np.ravel(leaf) for leaf in leaves(found)]).astype(float)


def leaves(tree):
    """The numbers of a tree with None and floats in it."""
    if isinstance(tree, (tuple, list)):
        return [leaf for each in tree for leaf in leaves(each)]
    return [] if tree is None else [np.asarray(tree)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CALLS, ids=lambda function: f"{function.__module__.split('.')[1]}.{function.__name__}")
def test_other_numbers_give_what_float64_gives_or_are_refused(name, kind):
    want = numbers(CALLS[name](Cast(kind, same=True)))
    assert np.isfinite(want).all()
    try:
        got = numbers(CALLS[name](Cast(kind, same=False)))
    except TypeError as error:
        got = str(error)
    if isinstance(got, str):
        assert kind in ("float16", "bool"), got
        assert got.split(": ")[1].startswith("got"), got
        return
    assert np.abs(got - want).max() <= (1e-4 if kind == "float32" else 1e-13) * np.abs(want).max()


NO_NUMBERS = {  # records, what takes indices alone or functions, and what only draws
    "EAE", "Fitted", "Normal", "eae_init", "filled", "refuse_repeated", "sample_normal", "searching",
    "EMA", "VQVAE", "Attention", "AttentionPrior", "Block", "Norm", "Rates", "attention_block", "attention_init",
    "attention_logits", "by_averages", "causal_attention", "code_rates", "count_logits", "made_init", "made_logits",
    "made_masks", "perplexity", "prior_loss", "vqvae_init",
    "Generated", "LinearDenoiser", "Normaliser", "Sampled", "fit_dde_generator", "shell",
    "Energies", "Profile", "masses"}


def test_every_public_function_stands_here():
    public = {name for package in (eae, vqvae, denoising, spring) for name in package.__all__}
    assert public == NO_NUMBERS | {function.__name__ for function in CALLS}


def test_indices_of_any_integer_type():
    for kind in (np.uint8, np.int8, np.uint16, np.uint64):
        idx, one = GRID.astype(kind), GRID % 5
        for layer in (partial(vqvae.made_logits, MADE), partial(vqvae.attention_logits, PRIOR)):
            assert np.array_equal(layer(idx)[0], layer(one)[0])
        assert np.array_equal(vqvae.count_logits(idx, idx, 5, order=2, alpha=0.5), vqvae.count_logits(
            one, one, 5, order=2, alpha=0.5))
        assert vqvae.perplexity(idx, 5) == vqvae.perplexity(one, 5)
        assert vqvae.code_rates(idx, idx.max() + 1) == vqvae.code_rates(one, 5)
        for u, v in zip(trees.leaves(vqvae.lookup(UNIT[5, 2], idx)[1](UNIT[7, 4, 2])[0]), trees.leaves(
                vqvae.lookup(UNIT[5, 2], one)[1](UNIT[7, 4, 2])[0]), strict=True):
            assert np.array_equal(u, v)
