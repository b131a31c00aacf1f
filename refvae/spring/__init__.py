"""The rotating spring, and the first variation that it shares with chapters 5 and 9: see derivations/spring.md."""

from refvae.spring.chain import (
    chain_action,
    chain_eigenvalues,
    chain_profile,
    descend_chain,
    masses,
    solve_chain,
)
from refvae.spring.curve import (
    Energies,
    Profile,
    axis_density,
    energies,
    extension,
    held_mass,
    lagrangian,
    length,
    margin,
    profile,
    speed,
    state_energies,
    tension,
    total_energy_length,
)
from refvae.spring.routes import picard, solve_ode
from refvae.spring.variation import (
    denoising_functional,
    differences,
    entropy_functional,
    functional,
    half_square,
    identity,
)

__all__ = ["Energies", "Profile", "axis_density", "chain_action", "chain_eigenvalues", "chain_profile",
           "denoising_functional", "descend_chain", "differences", "energies", "entropy_functional", "extension",
           "functional", "half_square", "held_mass", "identity", "lagrangian", "length", "margin", "masses", "picard",
           "profile", "solve_chain", "solve_ode", "speed", "state_energies", "tension", "total_energy_length"]
