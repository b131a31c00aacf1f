"""Evidence for derivations/bottleneck.md, one file a section."""

from refvae.derivations.bottleneck import aggregate, bottleneck, closing, estimates, exact, normal, objectives, paths
from refvae.evidence import Ledger

ledger = Ledger.of(exact, aggregate, estimates, bottleneck, objectives, closing, normal, paths)
