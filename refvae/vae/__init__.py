"""The variational autoencoder. The mathematics, and the numbers in the margins, are in derivations/vae.md."""

from refvae.vae.elbo import VAE, elbo_terms, encode, neg_elbo, vae_init
from refvae.vae.held_out import Evaluation, active_units, evaluate
from refvae.vae.importance import iw_bound, log_joint, log_mean_exp, log_weights, neg_iw_bound
from refvae.vae.likelihoods import (
    Likelihood,
    binomial,
    binomial_nll,
    discretised_gaussian,
    discretised_gaussian_nll,
    gaussian,
)
from refvae.vae.linear import (
    PPCA,
    LinearVAE,
    linear_vae,
    linear_vae_optimum,
    ppca,
    ppca_log_likelihood,
    ppca_posterior,
)
from refvae.vae.normal import gaussian_nll, kl_std_normal, reparam
from refvae.vae.surrogates import (
    dreg_surrogate,
    iw_surrogate,
    normalised_weights,
    path_weights,
    score_surrogate,
    stl_surrogate,
)

__all__ = [
    "PPCA", "VAE", "Evaluation", "Likelihood", "LinearVAE", "active_units", "binomial", "binomial_nll",
    "discretised_gaussian", "discretised_gaussian_nll", "dreg_surrogate", "elbo_terms", "encode", "evaluate",
    "gaussian", "gaussian_nll", "iw_bound", "iw_surrogate", "kl_std_normal", "linear_vae", "linear_vae_optimum",
    "log_joint", "log_mean_exp", "log_weights", "neg_elbo", "neg_iw_bound", "normalised_weights", "path_weights",
    "ppca", "ppca_log_likelihood", "ppca_posterior", "reparam", "score_surrogate", "stl_surrogate", "vae_init"]
