"""Tests run with one BLAS thread, as the command does (set OPENBLAS_NUM_THREADS for more), and without a time limit.

Hypothesis counts a slow machine as a failure unless it is told not to.
"""

from hypothesis import HealthCheck, settings

import refvae.cli  # noqa: F401  sets the threads, before anything loads NumPy

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
