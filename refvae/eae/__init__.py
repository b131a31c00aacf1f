"""Chapter 7: the autoencoder with batch normalisation and an entropy reward, and what makes it a generative model."""

from refvae.eae.moments import Normal, fitted_normal, frechet, kl_of_moments, kl_of_normalised, sample_normal
from refvae.eae.objective import EAE, eae_init, neg_objective, normalised_entropy, searching
from refvae.eae.reward import most_entropy
from refvae.eae.training import Fitted, filled, fit_eae, normalised, refuse_repeated

__all__ = ["EAE", "Fitted", "Normal", "eae_init", "filled", "fit_eae", "fitted_normal", "frechet", "kl_of_moments",
           "kl_of_normalised", "most_entropy", "neg_objective", "normalised", "normalised_entropy", "refuse_repeated",
           "sample_normal", "searching"]
