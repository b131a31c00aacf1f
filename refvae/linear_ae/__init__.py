"""SVD is a linear autoencoder: the problem, its landscape, matrices too large to store, and words."""

from refvae.linear_ae.autoencoder import affine_ae, alternating_step, eckart_young, linear_ae, svd_autoencoder
from refvae.linear_ae.landscape import (
    critical_point,
    hessian_spectrum,
    linear_ae_grad,
    product_regularised_optimum,
    regularised_ae,
    regularised_optimum,
)
from refvae.linear_ae.svd import TruncatedSVD, truncated_svd
from refvae.linear_ae.words import (
    Lexicon,
    Semantics,
    ThreeFactors,
    auc,
    complete,
    hidden_lexicon,
    hold_out,
    latent_semantics,
    log_entropy,
    recovery_auc,
    three_factors,
)

__all__ = [
    "Lexicon",
    "Semantics",
    "ThreeFactors",
    "TruncatedSVD",
    "affine_ae",
    "alternating_step",
    "auc",
    "complete",
    "critical_point",
    "eckart_young",
    "hessian_spectrum",
    "hidden_lexicon",
    "hold_out",
    "latent_semantics",
    "linear_ae",
    "linear_ae_grad",
    "log_entropy",
    "product_regularised_optimum",
    "recovery_auc",
    "regularised_ae",
    "regularised_optimum",
    "svd_autoencoder",
    "three_factors",
    "truncated_svd",
]
