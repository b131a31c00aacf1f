"""Points, ellipses and the disc that they should cover. The numbers in the margins are in derivations/geometry.md."""

from refvae.geometry.axes import decoder_jets, noise_curvature, noisy_linear_cost, optimal_axes
from refvae.geometry.coverage import Shape, aggregated_moments, disc_coverage, shape_of
from refvae.geometry.ellipses import ellipse_loss, naive_penalty, standardise_codes
from refvae.geometry.linear import best_encoder, naive_infimum, profile_loss
from refvae.geometry.rectangles import kl_uniform_normal, kl_uniforms

__all__ = ["Shape", "aggregated_moments", "best_encoder", "decoder_jets", "disc_coverage", "ellipse_loss",
           "kl_uniform_normal", "kl_uniforms", "naive_infimum", "naive_penalty", "noise_curvature",
           "noisy_linear_cost", "optimal_axes", "profile_loss", "shape_of",
           "standardise_codes"]
