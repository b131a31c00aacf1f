"""EM, GAN, AAE and ALI from one divergence of joint laws. The mathematics is in derivations/adversarial.md."""

from refvae.adversarial.ali import ali_complete, ali_flow, ali_forces
from refvae.adversarial.em import EM, Mixture, em_mixture, free_energy, log_joint, m_step, responsibilities
from refvae.adversarial.fdivergence import FDivergence, critic_bound, f_divergence, f_divergences
from refvae.adversarial.finite import (
    Bounds,
    Divergences,
    Labelled,
    collapsed_step,
    complete_loss,
    complete_step,
    dirac_step,
    fisher,
    label_divergence,
    mixture_divergence,
    optimal_discriminator,
    proximal_bounds,
)
from refvae.adversarial.games import Game, aae_game, ali_game, gan_game, played
from refvae.adversarial.linear import (
    Grid,
    Pair,
    ali_descent,
    ali_gradient,
    ali_value,
    encoder_cosines,
    encoder_metric,
    graded,
    grid,
    linear_flow,
)
from refvae.adversarial.losses import (
    VARIANTS,
    AaeLosses,
    AliLosses,
    GanLosses,
    aae_losses,
    ali_losses,
    gan_losses,
    proximal,
)
from refvae.adversarial.networks import (
    Coder,
    Gan,
    aae_loss,
    ali_loss,
    ali_pairs,
    discriminator_loss,
    generator_loss,
)
from refvae.adversarial.penalty import critic_loss, gradient_penalty, raised_critic
from refvae.adversarial.training import Player, Schedule, fit_gan, fit_wgan, player, stepped

__all__ = [
    "EM", "VARIANTS", "AaeLosses", "AliLosses", "Bounds", "Coder", "Divergences", "FDivergence", "Game", "Gan",
    "GanLosses", "Grid", "Labelled", "Mixture", "Pair", "Player", "Schedule", "aae_game", "aae_loss", "aae_losses",
    "ali_complete", "ali_descent", "ali_flow", "ali_forces", "ali_game", "ali_gradient", "ali_loss", "ali_losses",
    "ali_pairs", "ali_value", "collapsed_step", "complete_loss", "complete_step", "critic_bound", "critic_loss",
    "dirac_step", "discriminator_loss", "em_mixture", "encoder_cosines", "encoder_metric", "f_divergence",
    "f_divergences", "fisher", "fit_gan", "fit_wgan", "free_energy", "gan_game", "gan_losses", "generator_loss",
    "graded", "gradient_penalty", "grid", "label_divergence", "linear_flow", "log_joint", "m_step",
    "mixture_divergence", "optimal_discriminator", "played", "player", "proximal", "proximal_bounds",
    "raised_critic", "responsibilities", "stepped"]
