"""Forgetting: mutual information, the bottleneck, the normal law. The mathematics is in derivations/bottleneck.md."""

from refvae.bottleneck.aggregate import (
    Estimate,
    batch_bounds,
    estimate_split,
    neg_log_aggregate,
    pointwise_information,
)
from refvae.bottleneck.dual import (
    DualAscent,
    Saddle,
    capacity_lagrangian,
    descending,
    dual_step,
    gaussian_capacity,
)
from refvae.bottleneck.information import (
    Chain,
    Factors,
    Split,
    chain_rule,
    gaussian_factors,
    gaussian_split,
    information_bounds,
    mean_excess,
    rate_split,
)
from refvae.bottleneck.normal import (
    interpolate,
    linear_combination,
    max_entropy,
    neg_entropy,
    normal_entropy,
    rotate,
    uniform_mix_density,
)
from refvae.bottleneck.vib import Channel, capacity_loss, gaussian_bottleneck, predict, vib_loss

__all__ = ["Chain", "Channel", "DualAscent", "Estimate", "Factors", "Saddle", "Split", "batch_bounds",
           "capacity_lagrangian", "capacity_loss", "chain_rule", "descending", "dual_step", "estimate_split",
           "gaussian_bottleneck", "gaussian_capacity", "gaussian_factors", "gaussian_split", "information_bounds",
           "interpolate", "linear_combination", "max_entropy", "mean_excess", "neg_entropy", "neg_log_aggregate",
           "normal_entropy", "pointwise_information", "predict", "rate_split", "rotate", "uniform_mix_density",
           "vib_loss"]
