"""From the denoising autoencoder to a generative model. The mathematics is in derivations/denoising.md."""

from refvae.denoising.exact import (
    LinearDenoiser,
    denoised_variance,
    gaussian_dsm_floor,
    linear_denoiser,
    pooled_score,
    shell,
)
from refvae.denoising.generator import Generated, Normaliser, fit_dde_generator, log_normaliser, smoothed_kl
from refvae.denoising.langevin import (
    Sampled,
    annealed_langevin,
    langevin,
    langevin_step,
    langevin_variance,
    mala,
    mala_log_ratio,
)
from refvae.denoising.matching import denoising_floor, dsm, implicit, jacobian, posterior_covariance, sliced, tweedie
from refvae.denoising.networks import denoiser_score, frozen_log_density, ladder_score

__all__ = ["Generated", "LinearDenoiser", "Normaliser", "Sampled", "annealed_langevin", "denoised_variance",
           "denoiser_score", "denoising_floor", "dsm", "fit_dde_generator", "frozen_log_density", "gaussian_dsm_floor",
           "implicit", "jacobian", "ladder_score", "langevin", "langevin_step", "langevin_variance", "linear_denoiser",
           "log_normaliser", "mala", "mala_log_ratio", "pooled_score", "posterior_covariance", "shell", "sliced",
           "smoothed_kl", "tweedie"]
