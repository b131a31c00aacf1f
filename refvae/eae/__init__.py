"""Chapter 7: the autoencoder with batch normalisation and an entropy reward, and what makes it a generative model."""

from refvae.eae.moments import fitted_normal, frechet, kl_of_moments, kl_of_normalised
from refvae.eae.objective import EAE, eae_init, neg_objective, normalised_entropy, searching
from refvae.eae.reward import most_entropy
from refvae.eae.training import Fitted, filled, fit_eae, normalised

__all__ = ["EAE", "Fitted", "eae_init", "filled", "fit_eae", "fitted_normal", "frechet", "kl_of_moments",
           "kl_of_normalised", "most_entropy", "neg_objective", "normalised", "normalised_entropy", "searching"]
