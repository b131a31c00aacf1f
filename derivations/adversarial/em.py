"""Evidence for maximum likelihood and EM, (10.2) to (10.6)."""

from __future__ import annotations

import numpy as np
from scipy import stats

from refvae.adversarial import EM, Mixture, em_mixture, free_energy, log_joint, m_step, responsibilities
from refvae.bottleneck import chain_rule
from refvae.derivations.adversarial.common import kl, law, table
from refvae.evidence import Ledger, gap, holds

ledger = Ledger()


# Maximum likelihood


BOUND_WRONG = {"divergences reversed": lambda q, p: chain_rule(p, q),
               "conditional not averaged": lambda q, p: (lambda c: c._replace(
                   joint=c.by_x[0] + c.by_x[1] / q.sum(1).max()))(chain_rule(q, p))}


@ledger.add("10.2", "identity", chain_rule, wrong=BOUND_WRONG)
def likelihood_and_posterior(chain, rng):
    """The joint divergence is -H - E log p(x) plus the mean divergence from Bayes' posterior, by sums."""
    q, p = table(rng), table(rng)
    data, model = q.sum(1), p.sum(1)
    posterior = sum(d * kl(a / a.sum(), b / b.sum()) for d, a, b in zip(data, q, p, strict=True))
    return gap(np.array(chain(q, p).joint), np.array(data @ np.log(data) - data @ np.log(model) + posterior))


@ledger.add("10.2", "law", chain_rule, bound=0, wrong={
    "divergences reversed": lambda q, p: chain_rule(p, q)._replace(joint=-chain_rule(p, q).joint),
    "conditional subtracted": lambda q, p: (lambda c: c._replace(joint=c.by_x[0] - c.by_x[1]))(chain_rule(q, p))})
def bound_with_equality(chain, rng):
    """At least KL(p_data || p(x)) for 20 pairs of tables, with equality at the posterior, and only there."""
    cases = []
    for _ in range(20):
        q, p = table(rng), table(rng)
        least = kl(q.sum(1), p.sum(1))
        best = q.sum(1, keepdims=True) * p / p.sum(1, keepdims=True)
        cases += [chain(q, p).joint > least + 1e-6, abs(chain(best, p).joint - least) < 1e-13]
    return holds(cases)


# Free energy


def tables(rng, n=7, k=3):
    """log p(x, z) and q(z|x) of seven examples."""
    return rng.standard_normal((n, k)), np.array([law(rng, k) for _ in range(n)])


def posterior_of(logs):
    """Bayes."""
    e = np.exp(logs)
    return e / e.sum(1, keepdims=True)


ENERGY_WRONG = {"entropy lost": lambda logs, q: -(q * logs).sum() / len(q),
                "sum for the mean": lambda logs, q: len(q) * free_energy(logs, q),
                "entropy with the wrong sign": lambda logs, q: -(q * (np.log(q) + logs)).sum() / len(q)}


@ledger.add("10.3", "identity", free_energy, wrong=ENERGY_WRONG)
def likelihood_plus_divergence(energy, rng):
    """-E log p(x) + E KL(q(z|x) || p(z|x)), by sums."""
    logs, q = tables(rng)
    want = np.mean([-np.log(np.exp(a).sum()) + kl(r, p) for a, r, p in zip(logs, q, posterior_of(logs), strict=True)])
    return gap(np.array(energy(logs, q)), np.array(want))


@ledger.add("10.3", "law", free_energy, bound=0, wrong=ENERGY_WRONG)
def least_at_the_posterior(energy, rng):
    """-E log p(x) at the posterior, and more at 20 other laws; a posterior with zeros too."""
    logs, _ = tables(rng)
    best, least = posterior_of(logs), -np.log(np.exp(logs).sum(1)).mean()
    others = [energy(logs, tables(rng)[1]) > least + 1e-9 for _ in range(20)]
    hard = np.eye(3)[logs.argmax(1)]
    return holds([abs(energy(logs, best) - least) < 1e-13, *others,
                  abs(energy(logs, hard) + logs.max(1).mean()) < 1e-13])


# Mixtures


def spd(rng, d=3):
    """A covariance that is far from diagonal."""
    A = rng.standard_normal((d, d + 2))
    return A @ A.T / d


def mixture_and_data(rng, n=40, k=4, d=3):
    """A mixture of four, and points that it did not make."""
    p = Mixture(law(rng, k), rng.standard_normal((k, d)), np.array([spd(rng, d) for _ in range(k)]))
    return p, rng.standard_normal((n, d)) @ spd(rng, d)


def scipy_joint(p, x):
    """log p(x, z) from SciPy's densities."""
    return np.stack([np.log(w) + stats.multivariate_normal(m, S).logpdf(x) for w, m, S in zip(*p, strict=True)], 1)


def steps_of(log_joint):
    """log p(x, z), responsibilities and log p(x), where a wrong joint density goes through both."""
    def found(p, x):
        logs = log_joint(p, x)
        log_x = np.log(np.exp(logs).sum(1))
        return logs, np.exp(logs - log_x[:, None]), log_x

    return found


def right_step(p, x):
    return log_joint(p, x), *responsibilities(p, x)


E_WRONG = {
    "weights left out": steps_of(lambda p, x: log_joint(p, x) - np.log(p.weights)),
    "log det lost": steps_of(lambda p, x: log_joint(p, x) + np.linalg.slogdet(p.covs)[1] / 2),
    "inverse of the covariance": steps_of(lambda p, x: log_joint(p._replace(covs=np.linalg.inv(p.covs)), x)),
    "normalised over the rows": lambda p, x: (log_joint(p, x), (lambda r: r / r.sum(0))(responsibilities(p, x)[0]),
                                              responsibilities(p, x)[1])}


@ledger.add("10.4", "identity", right_step, wrong=E_WRONG)
def densities_of_scipy(step, rng):
    """Log densities from SciPy, then Bayes without any shift."""
    p, x = mixture_and_data(rng)
    return gap(step(p, x), steps_of(scipy_joint)(p, x))


@ledger.add("10.4", "law", right_step, bound=0, wrong={
    "sum of exponentials": steps_of(log_joint), "normalised over the rows": E_WRONG["normalised over the rows"]})
def far_points(step, rng):
    """Points 300 away: responsibilities of sum 1, to rounding of logs; log p(x) from the largest term to + log k."""
    p, x = mixture_and_data(rng)
    logs, r, log_x = step(p, x + 300)
    top = logs.max(1)
    return holds([*(abs(r.sum(1) - 1) <= 1e-15 * abs(top)), *(log_x >= top - 1e-9), *(log_x <= top + np.log(4) + 1e-9)])


def energy_at(p, x, q):
    return free_energy(log_joint(p, x), q)


def changed(change):
    """m_step with its mixture passed through change(mixture, x, q)."""
    return lambda x, q: change(m_step(x, q), x, q)


M_WRONG = {
    "covariance about the common mean": changed(lambda p, x, q: p._replace(covs=np.array([
        ((x - x.mean(0)).T * r) @ (x - x.mean(0)) / r.sum() for r in q.T]))),
    "covariance divided by n - 1": changed(lambda p, x, q: p._replace(covs=np.array([
        S * r.sum() / (r.sum() - 1) for S, r in zip(p.covs, q.T, strict=True)]))),
    "equal weights": changed(lambda p, x, q: p._replace(weights=np.full(len(p.weights), 1 / len(p.weights)))),
    "diagonal covariance": changed(lambda p, x, q: p._replace(covs=np.array([np.diag(np.diag(S)) for S in p.covs])))}


@ledger.add("10.5", "identity", m_step, wrong=M_WRONG)
def weighted_moments(step, rng):
    """Weights, means and covariances from NumPy's weighted averages."""
    _, x = mixture_and_data(rng)
    q = np.array([law(rng, 4) for _ in x])
    want = Mixture(q.mean(0), np.array([np.average(x, axis=0, weights=r) for r in q.T]),
                   np.array([np.cov(x.T, aweights=r, ddof=0) for r in q.T]))
    return gap(step(x, q), want)


@ledger.add("10.5", "limit", m_step, bound=0, wrong=M_WRONG)
def lower_than_all_neighbours(step, rng):
    """The free energy is lower than at 60 mixtures near it, a thousandth away in weights, means or covariances."""
    _, x = mixture_and_data(rng)
    q = np.array([law(rng, 4) for _ in x])
    best = step(x, q)
    least, roots, turned = energy_at(best, x, q), np.linalg.cholesky(best.covs), lambda E: E + E.mT

    def near():
        w = best.weights * np.exp(1e-3 * rng.standard_normal(4))
        return (best._replace(weights=w / w.sum()),
                best._replace(means=best.means + 1e-3 * rng.standard_normal((4, 3))),
                best._replace(covs=best.covs * (1 + 1e-3 * rng.standard_normal((4, 1, 1)))),
                best._replace(covs=roots @ (np.eye(3) + 1e-3 * turned(rng.standard_normal((4, 3, 3)))) @ roots.mT))

    return holds([energy_at(p, x, q) > least for _ in range(15) for p in near()])


# EM


def clusters(rng, n=90):
    """Three clouds in the plane, and a start."""
    centres = np.array([[0.0, 0.0], [2.5, 0.5], [0.5, 3.0]])
    x = centres[rng.integers(3, size=n)] + rng.standard_normal((n, 2)) * [0.6, 0.9]
    return x, Mixture(np.full(3, 1 / 3), x[:3] + rng.standard_normal((3, 2)), np.tile(np.eye(2) * 2, (3, 1, 1)))


def with_steps(e_step, m_step):
    """EM from other steps."""
    def em(x, start, *, steps):
        p, nll = start, [-responsibilities(start, x)[1].mean()]
        for _ in range(steps):
            p = m_step(x, e_step(p, x))
            nll.append(-responsibilities(p, x)[1].mean())
        return EM(p, np.array(nll))

    return em


EM_WRONG = {
    "each point to its likeliest component": with_steps(
        lambda p, x: 1e-9 + np.eye(3)[responsibilities(p, x)[0].argmax(1)], m_step),
    "covariances with n - 1": with_steps(
        lambda p, x: responsibilities(p, x)[0], M_WRONG["covariance divided by n - 1"]),
    "weights left out of the E step": with_steps(lambda p, x: responsibilities(
        p._replace(weights=np.full(3, 1 / 3)), x)[0], m_step)}


@ledger.add("10.6", "identity", em_mixture, wrong=EM_WRONG)
def each_step_is_two_divergences(em, rng):
    """Every decrease is the decrease of the free energy plus E KL of the old posterior from the new, five steps."""
    x, start = clusters(rng)
    found = em(x, start, steps=5)
    p, want = start, []
    for _ in range(5):
        q = np.exp(scipy_joint(p, x))
        q /= q.sum(1, keepdims=True)
        new = Mixture(q.mean(0), np.array([np.average(x, axis=0, weights=r) for r in q.T]),
                      np.array([np.cov(x.T, aweights=r, ddof=0) for r in q.T]))
        after = np.exp(scipy_joint(new, x))
        gain = free_energy(scipy_joint(p, x), q) - free_energy(scipy_joint(new, x), q)
        want.append(gain + kl(q, after / after.sum(1, keepdims=True)) / len(x))
        p = new
    return gap((-np.diff(found.nll), found.p), (np.array(want), p))


@ledger.add("10.6", "law", em_mixture, bound=0, wrong={
    "weights left out of the E step": EM_WRONG["weights left out of the E step"],
    "components exchanged": with_steps(lambda p, x: np.roll(responsibilities(p, x)[0], 1, 1) * [0.5, 0.3, 0.2] + 0.1,
                                       m_step)})
def never_rises(em, rng):
    """NLL never rises, in 15 runs of 40 steps."""
    cases = []
    for _ in range(15):
        x, start = clusters(rng)
        cases += list(np.diff(em(x, start, steps=40).nll) <= 1e-13)
    return holds(cases)
