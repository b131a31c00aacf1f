"""Evidence for derivations/denoising.md, one file a section."""

from refvae.derivations.denoising import denoiser, gaussian, generator, langevin, levels, matching, networks, normaliser
from refvae.evidence import Ledger

ledger = Ledger.of(denoiser, matching, gaussian, networks, levels, generator, normaliser, langevin)
