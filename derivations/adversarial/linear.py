"""Evidence for linear Gaussian pairs, (10.32a), (10.32b), (10.34a) and (10.35a)."""

from __future__ import annotations

import numpy as np
from scipy import stats

from refvae.adversarial import VARIANTS, Pair, encoder_cosines, encoder_metric, graded, grid, linear_flow
from refvae.adversarial.linear import joint_points, log_ratio, omitted, score
from refvae.derivations.adversarial.ali import pair
from refvae.evidence import Ledger, entrywise, gap, holds

ledger = Ledger()


# Densities


def covariances(at, var):
    """Of (x, z) under the encoder and under the decoder."""
    return (np.array([[var, at.a * var], [at.a * var, at.a**2 * var + np.exp(2 * at.log_s)]]),
            np.array([[at.b**2 + np.exp(2 * at.log_r), at.b], [at.b, 1.0]]))


def parts(at, var, x):
    """Points of both laws with their weights, the log ratio at x, the scores of encoder and decoder at x."""
    on = grid(0.25, 9.0)
    return (*joint_points(at, var, on), on.weights), log_ratio(at, x, var), (
        score(x[:, 0], x[:, 1], at.a, at.log_s), score(x[:, 1], x[:, 0], at.b, at.log_r))


PARTS_WRONG = {
    "variance for standard deviation": lambda at, var, x: parts(at._replace(log_s=2 * at.log_s), var, x),
    "var for its root": lambda at, var, x: (parts(at, var**2, x)[0], *parts(at, var, x)[1:]),
    "var left out of the ratio": lambda at, var, x: (
        parts(at, var, x)[0], parts(at, var, x)[1] + np.log(var) / 2, parts(at, var, x)[2]),
    "laws exchanged": lambda at, var, x: (parts(at, var, x)[0], -parts(at, var, x)[1], parts(at, var, x)[2]),
    "1 left out of the score": lambda at, var, x: (*parts(at, var, x)[:2], (
        parts(at, var, x)[2][0] + [0, 1], parts(at, var, x)[2][1])),
    "gain's score by the noise": lambda at, var, x: (*parts(at, var, x)[:2], (
        parts(at, var, x)[2][0], parts(at, var, x)[2][1] * [np.exp(at.log_r), 1]))}


@ledger.add("10.32a", "identity", parts, wrong=PARTS_WRONG)
def densities_of_scipy(found, rng):
    """The points, and their covariances; log q - log p from SciPy's bivariate normal; scores from residuals."""
    at, var, x = pair(rng), 1.5, rng.standard_normal((9, 2))
    (of_q, of_p, w), ratio, scores = found(at, var, x)
    got = tuple((points.T * w) @ points for points in (of_q, of_p))
    want, (u, e) = covariances(at, var), grid(0.25, 9.0).nodes.T
    places = (np.stack([np.sqrt(var) * u, at.a * np.sqrt(var) * u + np.exp(at.log_s) * e], 1),
              np.stack([at.b * u + np.exp(at.log_r) * e, u], 1))
    log_q, log_p = (stats.multivariate_normal(np.zeros(2), cov).logpdf(x) for cov in want)
    e, h = (x[:, 1] - at.a * x[:, 0]) / np.exp(at.log_s), (x[:, 0] - at.b * x[:, 1]) / np.exp(at.log_r)
    slopes = np.stack([e * x[:, 0] / np.exp(at.log_s), e**2 - 1], 1), np.stack([h * x[:, 1] / np.exp(at.log_r),
                                                                               h**2 - 1], 1)
    return gap(((of_q, of_p), got, ratio, scores), (places, want, log_q - log_p, slopes))


@ledger.add("10.32a", "law", parts, wrong={key: PARTS_WRONG[key] for key in PARTS_WRONG if "exchanged" not in key})
def scores_and_ratio_by_complex_step(found, rng):
    """Scores are derivatives of t after the parameters, by imaginary steps, with a sign for the decoder; E_q e^-t = 1
    and E_q score = 0 by the points."""
    at, var, x = pair(rng), 1.5, rng.standard_normal((9, 2))
    _, _, (of_enc, of_dec) = found(at, var, x)
    slopes = [np.imag(log_ratio(Pair(*(np.array(at) + 1e-30j * row)), x, var)) / 1e-30 for row in np.eye(4)]
    inside = Pair(*(rng.uniform(0.95, 1.05, 4) * [0.5, 0.2, 0.4, -0.6]))  # p is narrower than q: E_q e^-t converges
    (_, _, w), ratio, (scores, _) = found(inside, var, found(inside, var, x)[0][0])
    return gap((of_enc, of_dec, np.array(w @ np.exp(-ratio)), 1 + w @ scores),
               (np.stack(slopes[:2], 1), -np.stack(slopes[2:], 1), np.array(1.0), np.ones(2)))


# Trapezoid rules


def rules(step, reach):
    """Both."""
    return grid(step, reach), graded(step, reach, 0.01)


def changed(change):
    """The rules with nodes and weights passed through change."""
    return lambda step, reach: tuple(type(rule)(*change(*rule)) for rule in rules(step, reach))


RULES_WRONG = {
    "weights of sum 2": changed(lambda x, w: (x, 2 * w)),
    "density of variance 1/2": changed(lambda x, w: (x, w * np.exp(-(x**2).sum(1) / 2) / (w @ np.exp(
        -(x**2).sum(1) / 2)))),
    "equal weights": changed(lambda x, w: (x, np.full(len(w), 1 / len(w)))),
    "nodes of half the size": changed(lambda x, w: (x / 2, w)),
    "crowded nodes without the density of the substitution": lambda step, reach: (rules(step, reach)[0], (
        lambda x, w: type(rules(step, reach)[1])(x, (lambda v: v / v.sum())(w / np.hypot(0.01, x[:, 1]))))(
            *rules(step, reach)[1]))}


def waves(rule, omegas):
    """E cos(omega u + omega' v), with factors u^2 and v^2 too."""
    x, w = rule
    return np.array([w @ (np.cos(x @ omega) * factor) for omega in omegas
                     for factor in (np.ones(len(x)), x[:, 0]**2, x[:, 1]**2)])


@ledger.add("10.32b", "identity", rules, wrong=RULES_WRONG)
def characteristic_functions(found, rng):
    """E cos, and E u^2 cos, are e^(-omega^2/2) and (1 - omega_u^2) e^(-omega^2/2); both rules, three frequencies."""
    omegas = rng.uniform(-1.5, 1.5, (3, 2))
    want = np.array([np.exp(-o @ o / 2) * factor for o in omegas for factor in (1, 1 - o[0]**2, 1 - o[1]**2)])
    return gap(tuple(waves(rule, omegas) for rule in found(0.1, 9.5)), (want, want))


@ledger.add("10.32b", "law", rules, bound=0, wrong={
    key: RULES_WRONG[key] for key in ("density of variance 1/2", "equal weights", "nodes of half the size")} | {
    "half the step": lambda step, reach: rules(step / 2, reach), "one node less": lambda step, reach: rules(
        step, reach - 0.5)})
def error_of_long_steps(found, rng):
    """At the steps 1 and .8 the error is between 1/2 and 3 times the stated size; the nodes end at reach, or, crowded,
    less than a step in w before it."""
    cases = []
    for step in (1.0, 0.8):
        even, crowded = found(step, 8.0)
        omega = rng.uniform(0.6, 1.2)
        error = abs(waves(even, [np.array([omega, 0])])[0] - np.exp(-omega**2 / 2))
        size = np.exp(-(2 * np.pi / step - omega) ** 2 / 2)
        last = crowded.nodes[:, 1].max()
        steps = np.arcsinh(crowded.nodes[:, 1] / 0.01) / step
        cases += [size / 2 < error < 3 * size, np.abs(steps - np.round(steps)).max() < 1e-10,
                  abs(even.nodes.max() - 8) < 1e-12, abs(even.nodes.min() + 8) < 1e-12,
                  len(even.nodes) == round(16 / step + 1) ** 2, last <= 8 < 0.01 * np.sinh(np.arcsinh(last / 0.01)
                                                                                           + step)]
    return holds(cases)


# Fisher's metric


METRIC_WRONG = {
    "1 for 2": lambda at, var: encoder_metric(at, var) * [1, 0.5],
    "var left out": lambda at, var: encoder_metric(at, 1.0),
    "sigma for variance": lambda at, var: encoder_metric(at, var) * [np.exp(at.log_s), 1]}


@ledger.add("10.34a", "identity", encoder_metric, wrong=METRIC_WRONG)
def mean_square_of_scores(metric, rng):
    """E of the outer product of the scores, by quadrature: diagonal."""
    at, var, on = pair(rng), 1.5, grid(0.5, 9.0)
    x = joint_points(at, var, on)[0]
    s = score(x[:, 0], x[:, 1], at.a, at.log_s)
    return gap(np.diag(metric(at, var)), (s.T * on.weights) @ s)


def same_direction(at, var, on):
    """The cosines with (41) in the place of (40)."""
    return 1.0, 1.0


COSINES_WRONG = {
    "(40) for (41)": same_direction, "metrics exchanged": lambda *at: encoder_cosines(*at)[::-1],
    "the metric for its inverse": lambda at, var, on: (by_angles(at, var, on, 0.5), encoder_cosines(at, var, on)[1]),
    "the inverse twice": lambda at, var, on: (by_angles(at, var, on, -1), encoder_cosines(at, var, on)[1])}


def by_angles(at, var, on, power=-0.5):
    """The cosine of both gradients, computed from scores and forces written out, times the metric to a power."""
    x = joint_points(at, var, on)[0]
    r = np.exp(-log_ratio(at, x, var))
    short = (on.weights * np.log1p(r)) @ score(x[:, 0], x[:, 1], at.a, at.log_s)
    u, v = (np.array([var / np.exp(2 * at.log_s), 2]) ** power * g for g in (short - omitted(at), short))
    return np.cos(np.arctan2(u[1], u[0]) - np.arctan2(v[1], v[0]))


@ledger.add("10.34a", "law", encoder_cosines, wrong=COSINES_WRONG)
def cosines_by_angles(cosines, rng):
    """Differences of the angles of both gradients, with the metric to the power -1/2 and to the power 0."""
    at, var, on = pair(rng), 1.5, grid(0.25, 8.5)
    return gap(np.array(cosines(at, var, on)), np.array([by_angles(at, var, on), by_angles(at, var, on, 0)]))


@ledger.add("10.34a", "oracle", encoder_cosines, bound=5e-5, wrong=COSINES_WRONG)
def acute_in_one_metric_only(cosines, rng):
    """The stated numbers: -0.73412 in Fisher's metric, +0.18068 in that of (a, log s)."""
    return entrywise(np.array(cosines(Pair(2.0, 0.8, 2.0, -0.6), 1.0, grid(0.1, 8.5))), np.array([-0.73412, 0.18068]))


# The flow at solutions


def turned(change):
    """The flow passed through change(A, a, variant)."""
    return lambda a, variant: change(linear_flow(a, variant), a, variant)


FLOW_WRONG = {
    "(41) like the others": lambda a, variant: linear_flow(a, "complete"),
    "the decoder turned": turned(lambda A, a, v: -A if v == "simplified" else A),
    "half lost": turned(lambda A, a, v: 2 * A),
    "sides apart": turned(lambda A, a, v: A * np.kron(np.eye(2), np.ones((2, 2)))),
    "cross terms with the wrong sign": turned(lambda A, a, v: A * (2 * np.kron(np.eye(2), np.ones((2, 2))) - 1)),
    "standard deviation for variance": lambda a, variant: linear_flow(np.sqrt(1 - np.sqrt(1 - a * a)), variant)}


@ledger.add("10.35a", "identity", linear_flow, wrong=FLOW_WRONG)
def gram_matrix_of_scores(flow, rng):
    """-G/2 with G the mean outer product of the scores (of q, of -p) by quadrature; (41) with the encoder turned."""
    got, want, on = [], [], grid(0.5, 9.5)
    for a in rng.uniform(0.2, 0.8, 2) * [1, -1]:
        log_s = np.log(1 - a * a) / 2
        x, z = joint_points(Pair(a, log_s, a, log_s), 1.0, on)[0].T
        s = np.hstack([score(x, z, a, log_s), -score(z, x, a, log_s)])
        G = (s.T * on.weights) @ s
        for variant in VARIANTS:
            sign = np.repeat([-1 if variant == "simplified" else 1, 1], 2)
            got.append(flow(a, variant))
            want.append(-sign[:, None] * G / 2)
    return gap(tuple(got), tuple(want))


@ledger.add("10.35a", "law", linear_flow, wrong={key: FLOW_WRONG[key] for key in FLOW_WRONG if (
    key not in ("the decoder turned", "cross terms with the wrong sign"))})
def characteristic_polynomials(flow, rng):
    """Coefficients of det(x - A) from the stated eigenvalues; the tangent of the curve is at rest; ranks of A and A^2
    (3 and 2 for (41): a block of size 2; 3 and 3 for the others)."""
    got, want = [], []
    for a in rng.uniform(0.3, 0.8, 3) * [1, -1, 1]:
        var = 1 - a * a
        root, growth = abs(a) * np.sqrt(4 + a * a) / 2, np.sqrt(var + a**6 / var)
        calm = [0, -a * a / var - var, -1 - a * a / 2 + root, -1 - a * a / 2 - root]
        for variant in VARIANTS:
            A, turns = flow(a, variant), variant == "simplified"
            ranks = [(np.linalg.svd(B, compute_uv=False) > 1e-9).sum() for B in (A, A @ A)]
            if ranks != ([3, 2] if turns else [3, 3]):
                raise ValueError(f"ranks: got {ranks}")
            got.append((characteristic(A), 1 + A @ [1, -a / var, 1, -a / var]))
            want.append((np.poly([growth, -growth, 0, 0] if turns else calm)[1:], np.ones(4)))
    return gap(tuple(got), tuple(want))


def characteristic(A):
    """Coefficients of det(x - A) below the first, by Faddeev and LeVerrier, without eigenvalues."""
    found, M = [], np.eye(4)
    for k in range(1, 5):
        found.append(-np.trace(A @ M) / k)
        M = A @ M + found[-1] * np.eye(4)
    return np.array(found)


@ledger.add("10.35a", "oracle", linear_flow, bound=1e-5, wrong={
    key: FLOW_WRONG[key] for key in ("(41) like the others", "half lost", "standard deviation for variance")})
def stated_eigenvalues(flow, rng):
    """At a = .6, to the five digits stated."""
    calm = [-1.80642, -1.20250, -0.55358, 0]
    got = [np.sort(np.linalg.eigvals(flow(0.6, variant)).real) for variant in VARIANTS]
    return gap(1 + np.array(got), 1 + np.array([calm, [-0.84433, 0, 0, 0.84433], calm, calm]))
