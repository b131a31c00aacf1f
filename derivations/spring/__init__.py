"""Evidence for derivations/spring.md, one file a section."""

from refvae.derivations.spring import chain, curve, descent, forces, routes, stability, variation
from refvae.evidence import Ledger

ledger = Ledger.of(curve, variation, forces, stability, chain, descent, routes)
