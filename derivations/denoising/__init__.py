"""Evidence for derivations/denoising.md, one file a section."""

from refvae.derivations.denoising import (
    denoiser,
    gaussian,
    generator,
    ladder,
    langevin,
    levels,
    matching,
    networks,
    normaliser,
    relus,
    rounds,
    shell,
    sliced,
)
from refvae.evidence import Ledger

ledger = Ledger.of(denoiser, matching, sliced, gaussian, shell, networks, relus, levels, generator, rounds,
                   normaliser, langevin, ladder)
