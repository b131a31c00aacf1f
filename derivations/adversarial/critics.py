"""Evidence for f-divergences, (10.23) to (10.25)."""

from __future__ import annotations

import numpy as np
from scipy import optimize

from refvae.adversarial import (
    critic_bound,
    f_divergence,
    f_divergences,
    mixture_divergence,
)
from refvae.derivations.adversarial.common import jensen_shannon, kl, law, mixture
from refvae.evidence import Ledger, entrywise, gap, holds

ledger = Ledger()
NAMES = [name for name in f_divergences if name != "mixture"]


def best(name, q, p):
    return f_divergences[name].critic(q / p)


def bound_and_value(name, q, p, critic):
    return critic_bound(name, q, p, critic), f_divergence(name, q, p)


# The bound


BOUND_WRONG = {
    "laws exchanged": lambda name, q, p, t: (critic_bound(name, p, q, t), f_divergence(name, q, p)),
    "conjugate left out": lambda name, q, p, t: (float(q @ t - p @ t), f_divergence(name, q, p)),
    "weighted by q": lambda name, q, p, t: (critic_bound(name, q, p, t), float(q @ f_divergences[name].f(q / p)))}


@ledger.add("10.23", "identity", bound_and_value, wrong=BOUND_WRONG)
def equal_at_the_best_critic(found, rng):
    """E_q T - E_p f*(T) = E_p f(q/p) at T = f'(q/p), for all nine."""
    q, p = law(rng), law(rng)
    pairs = np.array([found(name, q, p, best(name, q, p)) for name in f_divergences])
    return gap(pairs[:, 0], pairs[:, 1])


@ledger.add("10.23", "law", bound_and_value, bound=0, wrong={
    key: BOUND_WRONG[key] for key in BOUND_WRONG if key != "laws exchanged"})
def below_for_other_critics(found, rng):
    """Below the divergence for 20 critics of each kind, the best one moved towards other laws' best ones."""
    cases = []
    for name in f_divergences:
        for _ in range(20):
            q, p, other = law(rng), law(rng), law(rng)
            w = rng.uniform(0, 1)
            value = found(name, q, p, (1 - w) * best(name, q, p) + w * best(name, other, p))
            cases.append(value[0] <= value[1] + 1e-14)
    return holds(cases)


# The family


def divergences(q, p):
    """All but the mixture, from their usual formulas."""
    return {"forward KL": kl(q, p), "reverse KL": kl(p, q), "Pearson": ((q - p) ** 2 / p).sum(),
            "Neyman": ((q - p) ** 2 / q).sum(), "squared Hellinger": ((np.sqrt(q) - np.sqrt(p)) ** 2).sum(),
            "total variation": abs(q - p).sum() / 2, "Jensen-Shannon": 2 * jensen_shannon(p, q),
            "GAN": 2 * jensen_shannon(p, q) - np.log(4)}


def renamed(**other):
    """The family with some names exchanged."""
    return lambda name: f_divergences[other.get(name.replace(" ", "_").replace("-", "_"), name)]


def conjugate_of(**other):
    """The family with the conjugates of other divergences."""
    def wrong(name):
        key = other.get(name.replace(" ", "_").replace("-", "_"))
        return f_divergences[name]._replace(conjugate=key) if key else f_divergences[name]

    return wrong


@ledger.add("10.24", "identity", f_divergences.get, wrong={
    "KL reversed": renamed(forward_KL="reverse KL"), "Pearson and Neyman exchanged": renamed(Pearson="Neyman"),
    "log 4 forgotten": renamed(GAN="Jensen-Shannon"),
    "total variation not halved": lambda name: f_divergences[name]._replace(
        f=(lambda u: abs(u - 1)) if name == "total variation" else f_divergences[name].f)})
def usual_formulas(family, rng):
    """E_p f(q/p) for each of the eight."""
    q, p = law(rng), law(rng)
    want = divergences(q, p)
    return gap(np.array([p @ family(name).f(q / p) for name in NAMES]), np.array([want[name] for name in NAMES]))


CONJUGATE_WRONG = {
    "e^t for e^(t - 1)": conjugate_of(forward_KL=np.exp),
    "sign in the reverse KL": conjugate_of(reverse_KL=lambda t: -1 - np.log(abs(t)) + 2 * (t < 0)),
    "that of GAN for Jensen-Shannon": conjugate_of(Jensen_Shannon=lambda t: -np.log(1 - np.exp(t))),
    "t / (1 + t)": conjugate_of(squared_Hellinger=lambda t: t / (1 + t))}


@ledger.add("10.24", "identity", f_divergences.get, wrong=CONJUGATE_WRONG)
def equality_of_fenchel_and_young(family, rng):
    """f*(f'(u)) = u f'(u) - f(u) at 30 ratios between 1/20 and 20, and f' is the derivative of f, by complex step."""
    u = np.exp(rng.uniform(-3, 3, 30))
    smooth = [name for name in NAMES if name != "total variation"]
    got, want = [], []
    for name in NAMES:
        each = family(name)
        t = each.critic(u)
        got.append(each.conjugate(t))
        want.append(u * t - each.f(u))
    slopes = [family(name).critic(u) for name in smooth]
    numeric = [np.imag(family(name).f(u + 1e-30j)) / 1e-30 for name in smooth]
    return gap((np.array(got), np.array(slopes)), (np.array(want), np.array(numeric)))


@ledger.add("10.24", "limit", f_divergences.get, bound=1e-7, wrong={
    **{key: CONJUGATE_WRONG[key] for key in CONJUGATE_WRONG},
    "Pearson without its corner": conjugate_of(Pearson=lambda t: t * t / 4 + t),
    "total variation without its corner": conjugate_of(total_variation=lambda t: t)})
def suprema(family, rng):
    """f*(t) is the largest t u - f(u) over u >= 0, searched numerically, at four t of each, below corners too."""
    got, want = [], []
    for name in NAMES:
        each, t = family(name), f_divergences[name].critic(np.exp(rng.uniform(-1.5, 1.5, 3)))
        t = np.append(t, {"Pearson": -3.0, "total variation": -0.8}.get(name, t[0] - 0.1))
        got += list(each.conjugate(t))
        want += [supremum(each.f, s) for s in t]
    return entrywise(9 + np.array(got), 9 + np.array(want))


def supremum(f, t):
    """Over u in [1e-12, 1e6], by a golden section in log u, refined from a grid; f is convex."""
    v = np.linspace(-27, 14, 400)
    values = t * np.exp(v) - f(np.exp(v))
    i = int(np.argmax(values))
    found = optimize.minimize_scalar(lambda s: -(t * np.exp(s) - f(np.exp(s))), method="bounded",
                                     bounds=(v[max(i - 1, 0)], v[min(i + 1, 399)]), options={"xatol": 1e-11})
    return max(-found.fun, values[i])


SLOPE_AT_INFINITY = {"reverse KL": 0.0, "Neyman": 1.0, "squared Hellinger": 1.0, "Jensen-Shannon": np.log(2),
                     "GAN": 0.0, "total variation": 0.5}


def topped(**other):
    """The family with other ends of the critics."""
    return lambda name: f_divergences[name]._replace(
        top=other.get(name.replace(" ", "_").replace("-", "_"), f_divergences[name].top))


def ends(family, names):
    """Tops and slopes at u = 1e300, as tops that are infinite beside slopes over 600."""
    tops = np.array([family(name).top for name in names])
    slopes = np.array([family(name).critic(np.array(1e300)) for name in names], float)
    return tops, np.where(slopes > 600, np.inf, slopes)


@ledger.add("10.24", "law", f_divergences.get, wrong={
    "1 for the reverse KL": topped(reverse_KL=1.0), "0 for Neyman": topped(Neyman=0.0),
    "2 for Hellinger": topped(squared_Hellinger=2.0), "log 4 for Jensen-Shannon": topped(Jensen_Shannon=np.log(4)),
    "log 2 for GAN": topped(GAN=np.log(2)), "1 for total variation": topped(total_variation=1.0),
    "0 for the forward KL": topped(forward_KL=0.0), "2 for Pearson": topped(Pearson=2.0)})
def slopes_at_infinity(family, rng):
    """`top` is the limit of f', infinite for two, and so is the value at 1e300; critics at 30 ratios stay below."""
    tops, slopes = ends(family, NAMES)
    wanted = np.array([SLOPE_AT_INFINITY.get(name, np.inf) for name in NAMES])
    u = np.exp(rng.uniform(-3, 3, 30))
    if not np.array_equal(np.isinf(tops), np.isinf(wanted)) or any(
            (family(name).critic(u) > top).any() for name, top in zip(NAMES, tops, strict=True)):
        raise ValueError("top: got one that is infinite, or below a critic")
    finite = np.isfinite(wanted)
    return gap((1 + tops[finite], 1 + slopes[finite]), (1 + wanted[finite],) * 2)


@ledger.add("10.24", "limit", f_divergences.get, bound=0, wrong={
    "Pearson's corner too low": conjugate_of(Pearson=lambda t: np.where(t < -2.1, -1, t * t / 4 + t)),
    "total variation without middle": lambda name: f_divergences[name]._replace(
        critic=lambda u: np.where(u >= 1, 0.5, -0.5)) if name == "total variation" else f_divergences[name],
    "reverse KL up to 1": topped(reverse_KL=1.0), "Hellinger up to 1/2": topped(squared_Hellinger=0.5)})
def corners_and_ends(family, rng):
    """Pearson's f* is -1 just below -2; the critic of total variation jumps at u = 1, where it is 0; and just above
    `top` t u - f(u) has no largest value, just below it has one."""
    u, variation, cases = np.array([1 - 1e-9, 1, 1 + 1e-9]), family("total variation"), []
    cases += [family("Pearson").conjugate(np.array(-2 - 1e-7)) == -1, *(variation.critic(u) == [-0.5, 0, 0.5])]
    for name in SLOPE_AT_INFINITY:
        each, far = family(name), np.array([1e8, 1e10])
        for side in (-1e-3, 1e-3):
            low, high = (each.top + side) * far - each.f(far)
            cases.append((high > low) == (side > 0))
    return holds(cases)


# The mixture


def of_mixture():
    return f_divergences["mixture"]


MIXTURE_WRONG = {
    "upper branch": lambda: of_mixture()._replace(conjugate=upper_branch),
    "laws exchanged": lambda: of_mixture()._replace(f=lambda u: (1 + u) / 2 * np.log((1 + u) / 2)),
    "0 as the end of the critics": lambda: of_mixture()._replace(top=0.0),
    "1/u left out of the critic": lambda: of_mixture()._replace(critic=lambda u: np.log((1 + u) / (2 * u)) / 2)}


def upper_branch(t):
    from scipy.special import lambertw
    return -np.log(-lambertw(-2 * np.exp(2 * t - 1), 0).real / 2) / 2 - 0.5


@ledger.add("10.25", "identity", of_mixture, wrong=MIXTURE_WRONG)
def divergence_slope_and_conjugate(found, rng):
    """KL(m || q) by sums; f' by complex step, -log 2 / 2 at infinity; f* by Fenchel and Young's equality."""
    q, p = law(rng), law(rng)
    each, u = found(), np.exp(rng.uniform(-2, 2, 9))
    t = each.critic(u)
    got = np.array(p @ each.f(q / p)), t, each.conjugate(t), np.array([each.top, each.critic(1e300)])
    return gap(got, (np.array(mixture(p, q)), np.imag(each.f(u + 1e-30j)) / 1e-30, u * t - each.f(u),
                     np.full(2, -np.log(2) / 2)))


@ledger.add("10.25", "law", of_mixture, bound=0, wrong={
    key: MIXTURE_WRONG[key] for key in ("upper branch", "1/u left out of the critic")})
def a_bound_for_what_is_left(found, rng):
    """With critics for other laws the bound is below KL(m || q), with its own equal to it, 20 times."""
    cases, each = [], found()
    for _ in range(20):
        q, p, other = law(rng), law(rng), law(rng)
        value = mixture_divergence(q, p).mixture
        bound = lambda t, q=q, p=p: q @ t - p @ each.conjugate(t)
        cases += [bound(each.critic(other / p)) < value, abs(bound(each.critic(q / p)) - value) < 1e-13]
    return holds(cases)
