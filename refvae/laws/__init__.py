"""Laws as tests for other people's estimators, layers and derivations, and tests of these tests.

>>> import numpy as np
>>> from refvae.entropy import knn_entropy
>>> from refvae.laws import check_entropy
>>> print(check_entropy(lambda x, k: knn_entropy(x, k)))
entropy: 19 laws ran, 0 skipped, 0 broken
>>> report = check_entropy(lambda x, k: knn_entropy(x, k).value + np.log(2) * x.shape[1])
>>> print(report.failures[0])                                                            # doctest: +ELLIPSIS
BROKEN: two points, (6.14): Two points at distance r have the estimate 1 + log V + d log r at k = 1.
    ...
  usual causes: diameter for the radius, psi(n - 1) for psi(n), log n for psi(n)

Every `check_*` gives a `LawReport`: how many laws ran, were skipped (with the reason) and broke, each broken one with
the smallest counterexample as lines to paste. `report.raise_for_status()` makes a test of it; `parametrize_laws` makes
one test a law. What the laws find is itself tested: `CATALOGUES` holds wrong versions that each law must reject.
"""

from refvae.laws.bound import check_bound
from refvae.laws.calibration import check_posterior
from refvae.laws.catalogues import CATALOGUES, parametrize_laws
from refvae.laws.divergence import check_divergence
from refvae.laws.entropy import check_entropy
from refvae.laws.information import check_information
from refvae.laws.law import Case, Catalogue, Judgement, Law, LawError, LawReport
from refvae.laws.layer import check_gradient, check_layer, of_functions, of_object
from refvae.laws.optimiser import check_optimiser
from refvae.laws.quantiser import check_quantiser
from refvae.laws.sampler import check_sampler
from refvae.laws.score import check_score
from refvae.laws.svd import check_svd

__all__ = ["CATALOGUES", "Case", "Catalogue", "Judgement", "Law", "LawError", "LawReport", "check_bound",
           "check_divergence", "check_entropy", "check_gradient", "check_information", "check_layer", "check_optimiser",
           "check_posterior", "check_quantiser", "check_sampler", "check_score", "check_svd", "of_functions",
           "of_object", "parametrize_laws"]
