"""Vector quantisation, and laws of the codes. The mathematics, and the numbers in the margins: derivations/vqvae.md."""

from refvae.vqvae.attention import (
    Attention,
    Block,
    Norm,
    attention_block,
    causal_attention,
    causal_softmax,
    layer_norm,
)
from refvae.vqvae.codebook import (
    EMA,
    Rates,
    batch_statistics,
    cluster_means,
    code_rates,
    codebook_loss,
    ema_surrogate,
    ema_update,
    lloyd,
    perplexity,
    reset_unused,
)
from refvae.vqvae.fitting import by_averages, by_gradient, fit_vqvae
from refvae.vqvae.model import (
    VQVAE,
    choose,
    decode_grid,
    encode_grid,
    quantised_loss,
    rebuild,
    vq_surrogate,
    vqvae_init,
)
from refvae.vqvae.priors import (
    AttentionPrior,
    attention_init,
    attention_logits,
    count_logits,
    made_init,
    made_logits,
    made_masks,
    neg_log_prior,
    prior_loss,
    sample_codes,
)
from refvae.vqvae.quantise import implied_cost, lookup, nearest_code, straight_through

__all__ = [
    "EMA", "VQVAE", "Attention", "AttentionPrior", "Block", "Norm", "Rates", "attention_block", "attention_init",
    "attention_logits", "batch_statistics", "by_averages", "by_gradient", "causal_attention", "causal_softmax",
    "choose", "cluster_means",
    "code_rates", "codebook_loss", "count_logits", "decode_grid", "ema_surrogate", "ema_update", "encode_grid",
    "fit_vqvae", "implied_cost", "layer_norm", "lloyd", "lookup", "made_init", "made_logits", "made_masks",
    "nearest_code", "neg_log_prior", "perplexity", "prior_loss", "quantised_loss", "rebuild", "reset_unused",
    "sample_codes", "straight_through", "vq_surrogate", "vqvae_init"]
