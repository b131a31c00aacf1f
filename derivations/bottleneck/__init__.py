"""Evidence for derivations/bottleneck.md, one file a section."""

from refvae.derivations.bottleneck import (
    aggregate,
    bottleneck,
    channel,
    closing,
    estimates,
    exact,
    normal,
    normal_laws,
    objectives,
    paths,
)
from refvae.evidence import Ledger

ledger = Ledger.of(exact, channel, aggregate, estimates, bottleneck, objectives, closing, normal, normal_laws, paths)
