"""Laws as tests for other people's estimators, layers and derivations: `check_entropy(f, norm=2, k=3)` and its like."""

from refvae.laws.entropy import check_entropy
from refvae.laws.law import Case, Catalogue, Judgement, Law, LawError, LawReport

__all__ = ["Case", "Catalogue", "Judgement", "Law", "LawError", "LawReport", "check_entropy"]
