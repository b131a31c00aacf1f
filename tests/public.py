"""Every public callable that computes, with one good call: what the tests of bad input spoil, argument by argument."""

import importlib
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from refvae import (
    adversarial,
    bottleneck,
    denoising,
    eae,
    entropy,
    fit,
    geometry,
    inputs,
    layers,
    linear_ae,
    optim,
    spring,
    vae,
    vqvae,
)

PACKAGES = ("inputs", "layers", "linear_ae", "vae", "geometry", "bottleneck", "entropy", "eae", "vqvae", "denoising",
            "adversarial", "spring", "optim", "fit", "trees")
RNG = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    """Gaussian numbers."""
    return RNG.standard_normal(shape)


def law(*shape: int) -> np.ndarray:
    """Positive numbers that sum to one along the last axis."""
    p = RNG.random(shape) + 0.1
    return p / p.sum(-1, keepdims=True)


X, Y, Z = normal(12, 2), normal(12, 2), normal(12, 2)
LONG, COUNTS = normal(9, 5), RNG.integers(0, 6, (9, 7)) + np.eye(9, 7, dtype=int)
PICTURES = RNG.integers(0, 2, (9, 5)).astype(float)
NET, OWN = layers.mlp_init((2, 4, 2), 0), layers.mlp_init((2, 4, 1), 1)
P = vae.vae_init((5, 4, 2), 0)
LABELLED = vae.VAE(P.enc, layers.mlp_init((2, 3), 2))
VQ = vqvae.vqvae_init((2, 4), 4, 2, 5, 0)
GRIDS, IDX = RNG.integers(0, 5, (7, 4)), RNG.integers(0, 5, 12)
COVARIANCE = np.array([[2.0, 0.5], [0.5, 1.0]])
PPCA = vae.ppca(LONG, 2)
MIXTURE = adversarial.Mixture(law(3), normal(3, 2), np.stack([COVARIANCE] * 3))
PAIR = adversarial.Pair(0.5, 0.1, 0.7, -0.2)
GAN = adversarial.Gan(layers.mlp_init((3, 4, 2), 0), layers.mlp_init((2, 4, 1), 1))
TABLE = law(12).reshape(3, 4)
SMALL = adversarial.grid(1.0, 3.0)


def score(x: np.ndarray) -> np.ndarray:
    """The score of a normal law of variance 4."""
    return -x / 4.0


def bent(x: np.ndarray) -> Any:
    """The same, as a layer."""
    return -x / 4.0, lambda ds: -ds / 4.0


def log_density(x: np.ndarray) -> Any:
    """A normal law up to a constant, as a layer."""
    return -(x * x).sum(1) / 8.0, lambda d: -d[:, None] * x / 4.0


def cost(p: np.ndarray, x: np.ndarray) -> Any:
    """The mean squared distance from p, with its gradient."""
    r = p - x
    return (r * r).mean(), lambda d: (2 * d * r.sum(0) / r.size, None)


def plane(rng: np.random.Generator, n: int) -> np.ndarray:
    """A sample in the plane."""
    return rng.standard_normal((n, 2))


class Call(NamedTuple):
    """One good call."""

    args: tuple[Any, ...]
    settings: dict[str, Any]


def call(*args: Any, **settings: Any) -> Call:
    """A good call, as it is written."""
    return Call(args, settings)


CALLS: dict[Callable[..., Any], Call] = {
    layers.mlp_init: call((2, 4, 2), 0),
    linear_ae.alternating_step: call(normal(2, 5), LONG),
    linear_ae.auc: call(normal(7), normal(5)),
    linear_ae.complete: call(np.abs(LONG), 2, 0),
    linear_ae.critical_point: call(LONG, (0, 2), 2),
    linear_ae.eckart_young: call(LONG, 2),
    linear_ae.hessian_spectrum: call(LONG, (0, 2), 2),
    linear_ae.hidden_lexicon: call(0, n=12, classes=2, share=0.3),
    linear_ae.hold_out: call(COUNTS, 0.2, 0),
    linear_ae.latent_semantics: call(COUNTS, [f"d{i}" for i in range(9)], [f"t{i}" for i in range(7)], 2, 0),
    linear_ae.log_entropy: call(COUNTS),
    linear_ae.product_regularised_optimum: call(LONG, 2, 0.3),
    linear_ae.recovery_auc: call(np.abs(LONG), LONG > 1, LONG < -1, 2, 0),
    linear_ae.regularised_optimum: call(LONG, 2, 0.3),
    linear_ae.svd_autoencoder: call(LONG, 2),
    linear_ae.three_factors: call(LONG, 2, 2, 0),
    linear_ae.truncated_svd: call(LONG, 2, 0),
    vae.active_units: call(P, PICTURES, least=0.01),
    vae.binomial: call(16),
    vae.discretised_gaussian: call(16),
    vae.evaluate: call(P, PICTURES, 0, samples=8),
    vae.gaussian: call(0.3),
    vae.linear_vae_optimum: call(LONG, 2, 0.3, beta=1.0),
    vae.normalised_weights: call(normal(4, 7)),
    vae.ppca: call(LONG, 2),
    vae.ppca_log_likelihood: call(PPCA, LONG),
    vae.ppca_posterior: call(PPCA, LONG),
    vae.vae_init: call((5, 4, 2), 0, outputs=1),
    geometry.aggregated_moments: call(X, Y),
    geometry.best_encoder: call(normal(5, 2), beta=0.7, kind="kl", mu_weight=0.5),
    geometry.decoder_jets: call(NET, X),
    geometry.disc_coverage: call(X, np.abs(Y), resolution=20),
    geometry.kl_uniforms: call(X, 0.1 * np.abs(Y) + 0.1, X, np.abs(Y) + 1),
    geometry.naive_infimum: call(np.cov(LONG.T), 2, beta=0.7),
    geometry.noise_curvature: call(NET, X, Y),
    geometry.optimal_axes: call(COVARIANCE, 0.5, kind="kl"),
    geometry.shape_of: call(X, reach=0.1),
    geometry.standardise_codes: call(P, PICTURES),
    bottleneck.dual_step: call(normal(2), normal(2), 0.1),
    bottleneck.gaussian_capacity: call(0.7, 0.2),
    bottleneck.batch_bounds: call(normal(7, 7)),
    bottleneck.chain_rule: call(law(12).reshape(3, 4), law(12).reshape(3, 4)),
    bottleneck.estimate_split: call(X, Y, normal(4, 12, 2)),
    bottleneck.gaussian_bottleneck: call(0.7, 0.2),
    bottleneck.gaussian_factors: call(normal(2), COVARIANCE),
    bottleneck.gaussian_split: call(COVARIANCE, normal(2, 2), normal(2), np.abs(normal(2)) + 0.1),
    bottleneck.information_bounds: call(law(12).reshape(3, 4), law(3, 5), law(5, 4)),
    bottleneck.interpolate: call(normal(2), normal(2), 0.3),
    bottleneck.linear_combination: call(normal(3), np.abs(normal(3)) + 0.1, normal(3)),
    bottleneck.max_entropy: call(normal(9), law(9), np.array([0.1])),
    bottleneck.mean_excess: call(law(3), law(3, 5), 0.1),
    bottleneck.neg_entropy: call(law(9), np.ones(9)),
    bottleneck.normal_entropy: call(np.abs(normal(3)) + 0.1),
    bottleneck.predict: call(LABELLED, PICTURES, normal(4, 9, 2)),
    bottleneck.rate_split: call(law(3), law(3, 5), law(5)),
    bottleneck.rotate: call(normal(2), normal(2), 0.3),
    bottleneck.uniform_mix_density: call(normal(7), 0.3),
    entropy.bsy_weights: call(9, 5),
    entropy.conditional_mutual_information: call(X, Y, Z, 2, exclude=1),
    entropy.entropy_with_reference: call(X, 2, references=2, rng=0),
    entropy.exact_conditional_mutual_information: call(
        np.arange(5), np.array([0, 3, 1, 7, 12]), np.array([9, 5, 0, 1, 2]), 2),
    entropy.exact_total_correlation: call([np.arange(5), np.array([0, 3, 1, 7, 12])], 2),
    entropy.independence_test: call(X, Y, permutations=9, k=2, rng=0),
    entropy.kl_to_normal: call(X, 2),
    entropy.knn_cross_entropy: call(X, Y, 2, norm=2),
    entropy.knn_divergence: call(X, Y, 2, norm=2),
    entropy.knn_entropy: call(X, 2, norm=2, exclude=1),
    entropy.lagged: call(X, 2),
    entropy.log_ball_volume: call(3, 2),
    entropy.mixed_information: call(X, np.round(Y[:, 0]), 2),
    entropy.mutual_information: call(X, Y, 2, exclude=1),
    entropy.neighbours: call(X, 2, among=Y, norm=2),
    entropy.total_correlation: call([X, Y], 2, exclude=1),
    entropy.transfer_entropy: call(X, Y, 1, 2),
    entropy.verify_neighbours: call(X, entropy.neighbours(X, 2).idx, 2),
    entropy.virial: call(X, 2, 2),
    eae.eae_init: call((2, 4, 2), 0),
    eae.fit_eae: call(X, (2, 2), lam=0.0, rng=0, k=2, epochs=1, batch=12, progress=False),
    eae.fitted_normal: call(X),
    eae.frechet: call(X, Y),
    eae.kl_of_normalised: call(normal(7), 2),
    eae.most_entropy: call(X, 2),
    eae.normalised: call(eae.eae_init((2, 4, 2), 0), X),
    eae.sample_normal: call(eae.fitted_normal(X), 3, 0),
    vqvae.attention_init: call(4, 5, 0, width=4, blocks=1),
    vqvae.batch_statistics: call(vqvae.EMA(law(5), normal(5, 2)), X, IDX, 0.9),
    vqvae.by_averages: call(0.25, 0.9),
    vqvae.by_gradient: call(1.0, 0.25),
    vqvae.choose: call(VQ, X),
    vqvae.cluster_means: call(X, IDX, normal(5, 2)),
    vqvae.code_rates: call(GRIDS, 5),
    vqvae.count_logits: call(GRIDS, GRIDS[:2], 5, order=1, alpha=0.5),
    vqvae.ema_update: call(vqvae.EMA(law(5), normal(5, 2)), X, IDX, 0.9),
    vqvae.fit_vqvae: call(X, m=2, k=2, K=3, rng=0, epochs=1, hidden=(4,), batch=12, lr=0.001),
    vqvae.lloyd: call(X, normal(5, 2), 2),
    vqvae.made_init: call(4, 5, (6,), 0),
    vqvae.made_masks: call(4, 5, (6,)),
    vqvae.nearest_code: call(X, normal(5, 2)),
    vqvae.perplexity: call(GRIDS, 5),
    vqvae.rebuild: call(VQ, GRIDS),
    vqvae.reset_unused: call(normal(5, 2), X, IDX // 2, 0),
    vqvae.sample_codes: call(lambda idx: np.zeros((*idx.shape, 3)), RNG.random((7, 4))),
    vqvae.vqvae_init: call((2, 4), 4, 2, 5, 0, scale=0.1),
    denoising.annealed_langevin: call(lambda x, sigma: score(x), X, [1.0, 0.5], 0.01, 2, 0, progress=False),
    denoising.denoised_variance: call(np.abs(normal(3)), 0.5),
    denoising.denoising_floor: call(0.001, 2, 0.5),
    denoising.fit_dde_generator: call(log_density, NET, OWN, sigma=0.5, rounds=1, batch=4, rng=0, inner=1),
    denoising.gaussian_dsm_floor: call(np.abs(normal(3)), 0.5),
    denoising.implicit: call(bent, X),
    denoising.jacobian: call(bent, X),
    denoising.langevin: call(score, X, 0.1, 2, 0, temperature=1.0, progress=False),
    denoising.langevin_step: call(X, Y, 0.1, Z, 1.0),
    denoising.langevin_variance: call(np.abs(normal(3)) + 0.1, 0.01, 1.0),
    denoising.linear_denoiser: call(np.sort(np.abs(normal(3)))[::-1], 0.5, 2),
    denoising.log_normaliser: call(lambda x: log_density(x)[0], normal(2), COVARIANCE, 9, 0),
    denoising.mala: call(lambda x: (log_density(x)[0], score(x)), X, 0.1, 2, 0, progress=False),
    denoising.mala_log_ratio: call(X, Y, (normal(12), normal(12, 2)), (normal(12), normal(12, 2)), 0.1),
    denoising.pooled_score: call(np.abs(normal(3, 7)), normal(3, 7, 2), law(3), normal(3)),
    denoising.posterior_covariance: call(bent, X, 0.5),
    denoising.shell: call(5),
    denoising.tweedie: call(score, X, 0.5),
    adversarial.ali_complete: call(TABLE, TABLE, TABLE, TABLE),
    adversarial.ali_descent: call(PAIR, "complete", steps=2, lr=0.01, clip=5.0, var=1.0, on=SMALL),
    adversarial.ali_flow: call(law(3), normal(3, 4), normal(3, 2), "complete"),
    adversarial.ali_forces: call(normal(7), "complete"),
    adversarial.ali_gradient: call(PAIR, "complete", 1.0, SMALL),
    adversarial.ali_value: call(PAIR, 1.0, SMALL),
    adversarial.collapsed_step: call(law(3), law(3)),
    adversarial.complete_loss: call(law(3), law(3), law(3)),
    adversarial.complete_step: call(law(3), law(3)),
    adversarial.critic_bound: call("forward KL", law(4), law(4), -np.abs(normal(4))),
    adversarial.dirac_step: call(0.5, 0.2, 0.1),
    adversarial.em_mixture: call(X, MIXTURE, steps=2, rng=0),
    adversarial.encoder_cosines: call(PAIR, 1.0, SMALL),
    adversarial.encoder_metric: call(PAIR, 1.0),
    adversarial.f_divergence: call("forward KL", law(4), law(4)),
    adversarial.fisher: call(law(4), normal(4, 2)),
    adversarial.fit_gan: call(GAN, plane, rounds=1, batch=4, rng=0, progress=False),
    adversarial.fit_wgan: call(GAN, plane, rounds=1, batch=4, rng=0, critic_steps=1, lam=10.0, progress=False),
    adversarial.free_energy: call(normal(5, 3), law(5, 3)),
    adversarial.graded: call(0.5, 6.5, 0.1),
    adversarial.grid: call(0.5, 3.0),
    adversarial.label_divergence: call(law(4), law(4), law(4), 0.5),
    adversarial.linear_flow: call(0.5, "complete"),
    adversarial.log_joint: call(MIXTURE, X),
    adversarial.m_step: call(X, law(12, 3)),
    adversarial.mixture_divergence: call(law(4), law(4)),
    adversarial.optimal_discriminator: call(law(4), law(4), 0.5),
    adversarial.proximal_bounds: call(0.5, 0.3, 0.7),
    adversarial.responsibilities: call(MIXTURE, X),
    spring.axis_density: call(0.9, np.array([0.1, 0.2]), 0.5),
    spring.chain_eigenvalues: call(0.9, 5),
    spring.chain_profile: call(0.9, 5),
    spring.denoising_functional: call(normal(7), normal(7), law(7), normal(5), law(5), 0.5),
    spring.descend_chain: call(normal(7), 0.9, 2),
    spring.energies: call(np.array([0.3, 0.9])),
    spring.entropy_functional: call(law(7), normal(7), law(7), normal(3)),
    spring.extension: call(np.array([0.3, 0.9])),
    spring.held_mass: call(0.5, np.array([0.3, 0.9])),
    spring.length: call(np.array([0.3, 0.9])),
    spring.margin: call(np.array([0.3, 0.9])),
    spring.masses: call(5),
    spring.picard: call(0.9, 0.3, 2, nodes=8),
    spring.profile: call(0.9, np.array([0.3, 0.9])),
    spring.solve_chain: call(0.1, np.ones(5) / 5),
    spring.solve_ode: call(0.9, 5),
    spring.speed: call(1.0, 2.0, 3.0),
    spring.state_energies: call(0.9, law(7), normal(7), normal(7)),
    spring.tension: call(0.9, np.array([0.3, 0.9])),
    spring.total_energy_length: call(np.array([0.3, 0.9])),
    fit.fit: call(cost, normal(2), X, batch=4, rng=0, epochs=1, progress=False),
    inputs.perceptron: call(NET, "p", 2),
    inputs.generator: call(0),
    optim.SGD: call(0.1),
    optim.Momentum: call(0.1, beta=0.9),
    optim.Adam: call(0.1, beta1=0.9, beta2=0.99, eps=1e-8),
}
# what is not tried: arguments that are handed to the caller's own function, or that may be what elsewhere is bad
ALLOWED = {
    (inputs.perceptron, "name"): "for the message",
    (vae.active_units, "least"): "one bound, or one for each unit",
    (fit.fit, "data"): "rows go to the objective as they are",
    (fit.fit, "p"): "and so do parameters, whose shape it knows",
    (entropy.mixed_information, "y"): "text is a label",
    (adversarial.free_energy, "log_joint"): "-inf is the logarithm of 0",
}
LINES_THAT_TAKE_ANY = (denoising.pooled_score, denoising.implicit, denoising.jacobian)  # checked on complex numbers
ELSEWHERE = {
    "bottleneck.dual.descending": "an objective",
    "inputs": "the validators themselves: tests/test_inputs.py",
    "trees": "plumbing between layers and optimisers: tests/test_trees.py",
    "fit.value_and_gradient": "gives its arguments to an objective", "fit.only_data": "gives back its argument",
    "fit.batches": "takes the generator of `fit`",
    "entropy.rational.exact_local": "takes anything that can be compared",
    "eae.training.filled": "a step of fit_eae", "eae.training.refuse_repeated": "a check of fit_eae",
    "eae.objective.searching": "makes an objective", "denoising.networks.frozen_log_density": "makes a layer",
    "denoising.matching.sliced": "an objective, as a layer", "adversarial.games.played": "makes an objective",
    "adversarial.training.player": "a step of fit_gan", "adversarial.training.stepped": "a step of fit_gan",
    "spring.variation.functional": "a sum of layers", "spring.variation.half_square": "a function, as a layer",
}


def public() -> dict[str, Callable[..., Any]]:
    """The functions that the packages offer, by name."""
    found = {}
    for package in PACKAGES:
        module = importlib.import_module("refvae." + package)
        for name in getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")]):
            value = getattr(module, name)
            if inspect.isfunction(value) and value.__module__.startswith(f"refvae.{package}"):
                found[f"{value.__module__.removeprefix('refvae.')}.{name}"] = value
    return found
