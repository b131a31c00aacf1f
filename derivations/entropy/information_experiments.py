"""Tables of information estimates for derivations/entropy.md; printed by refvae.derivations.entropy.experiments."""

from __future__ import annotations

import numpy as np

from refvae.entropy import mutual_information

TRIALS, SEED, K = 200, 0, 3
TABLE_ROW = (0.0184, 0.0855)  # r = 0.9, d = 1, n = 200
CASES = [(r, d, n) for d, n in ((1, 200), (1, 2000), (3, 2000)) for r in (0.0, 0.5, 0.9, 0.99)]


def pairs(r, d, n, trials=TRIALS):
    """Samples of x and y, d coordinates each, correlation r between equal coordinates."""
    rng = np.random.default_rng([SEED, int(1000 * r), d, n])
    for _ in range(trials):
        x = rng.standard_normal((n, d))
        yield x, r * x + np.sqrt(1 - r * r) * rng.standard_normal((n, d))


def truth(r, d):
    """Information of normal variables, in nats."""
    return -d / 2 * np.log1p(-r * r)


def errors(r, d, n, method, trials=TRIALS):
    """Bias and standard deviation."""
    found = np.array([mutual_information(x, y, K, method=method).value for x, y in pairs(r, d, n, trials)])
    return found.mean() - truth(r, d), found.std(ddof=1)


def information():
    """Normal variables of correlation r, k = 3: bias and standard deviation of the three estimates."""
    print("d     n     r    truth    ksg1: bias (sd)     ksg2: bias (sd)     3h: bias (sd)")
    for r, d, n in CASES:
        each = [errors(r, d, n, method, TRIALS if n < 1000 else TRIALS // 2) for method in ("ksg1", "ksg2", "3h")]
        print(f"{d}{n:>6}{r:>6}{truth(r, d):>9.3f}    " + "    ".join(f"{bias:+.4f} ({sd:.4f})" for bias, sd in each),
              flush=True)


def information_errors():
    """Standard errors over the standard deviation of the estimate, first estimate, k = 3, n = 400."""
    print("d     r    sd       naive / sd    jackknife / sd")
    for r, d in ((0.0, 1), (0.5, 1), (0.9, 1), (0.5, 3)):
        each = [mutual_information(x, y, K) for x, y in pairs(r, d, 400, 100)]
        sd = np.std([e.value for e in each], ddof=1)
        naive, jackknife = (np.sqrt(np.mean([getattr(e, f"{kind}_se") ** 2 for e in each])) / sd for kind in (
            "naive", "jackknife"))
        print(f"{d}{r:>6}    {sd:.4f}     {naive:.2f}          {jackknife:.2f}", flush=True)
