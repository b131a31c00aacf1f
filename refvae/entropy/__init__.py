"""Chapter 6: entropy, divergence and mutual information from nearest neighbours, with gradients. In nats."""

from refvae.entropy.balls import log_ball_volume
from refvae.entropy.certify import verify_neighbours
from refvae.entropy.divergence import DivergenceEstimate, kl_to_normal, knn_cross_entropy, knn_divergence
from refvae.entropy.divergence_layers import knn_cross_entropy_layer, knn_divergence_layer
from refvae.entropy.estimate import EntropyEstimate, knn_entropy
from refvae.entropy.independence import IndependenceTest, independence_test
from refvae.entropy.information import (
    InformationEstimate,
    conditional_mutual_information,
    lagged,
    mutual_information,
    total_correlation,
    transfer_entropy,
)
from refvae.entropy.information_layer import mutual_information_layer
from refvae.entropy.kl import knn_entropy_layer, log_norm
from refvae.entropy.mixed import mixed_information
from refvae.entropy.neighbours import Neighbours, neighbours
from refvae.entropy.rational import exact_conditional_mutual_information, exact_local, exact_total_correlation
from refvae.entropy.reference import entropy_with_reference
from refvae.entropy.virial import virial
from refvae.entropy.weights import bsy_weights

__all__ = ["DivergenceEstimate", "EntropyEstimate", "IndependenceTest", "InformationEstimate", "Neighbours",
           "bsy_weights", "conditional_mutual_information", "entropy_with_reference",
           "exact_conditional_mutual_information", "exact_local", "exact_total_correlation", "independence_test",
           "kl_to_normal", "knn_cross_entropy", "knn_cross_entropy_layer", "knn_divergence", "knn_divergence_layer",
           "knn_entropy", "knn_entropy_layer", "lagged", "log_ball_volume", "log_norm", "mixed_information",
           "mutual_information", "mutual_information_layer", "neighbours", "total_correlation", "transfer_entropy",
           "verify_neighbours", "virial"]
