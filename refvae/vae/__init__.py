"""The variational autoencoder. The mathematics, and the numbers in the margins, are in derivations/vae.md."""

from refvae.vae.elbo import VAE, elbo_terms, encode, neg_elbo, vae_init
from refvae.vae.gaussian import gaussian_nll, kl_std_normal, reparam
from refvae.vae.likelihoods import (
    Likelihood,
    binomial,
    binomial_nll,
    discretised_gaussian,
    discretised_gaussian_nll,
    gaussian,
)

__all__ = ["VAE", "Likelihood", "binomial", "binomial_nll", "discretised_gaussian", "discretised_gaussian_nll",
           "elbo_terms", "encode", "gaussian", "gaussian_nll", "kl_std_normal", "neg_elbo", "reparam", "vae_init"]
