"""Evidence for derivations/bottleneck.md, one file a section."""

from refvae.derivations.bottleneck import (
    aggregate,
    bottleneck,
    channel,
    closing,
    dual,
    estimates,
    exact,
    normal,
    normal_laws,
    objectives,
    paths,
)
from refvae.evidence import Ledger

ledger = Ledger.of(exact, channel, aggregate, estimates, bottleneck, objectives, closing, dual, normal, normal_laws,
                   paths)
