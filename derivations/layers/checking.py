"""Evidence for how a gradient is checked, (1.27) to (1.32)."""

from __future__ import annotations

import numpy as np
from scipy.special import eval_legendre

from refvae.check.numeric import STEP, complex_step, gauss_lobatto, line_terms, remainder, stencil
from refvae.check.report import block_error
from refvae.evidence import Ledger, entrywise, gap, holds, order

ledger = Ledger()


def smooth(x):
    """exp(sin x0) x1^3 + 1 / (1 + x0^2), analytic near the reals."""
    return np.exp(np.sin(x[0])) * x[1] ** 3 + 1 / (1 + x[0] ** 2)


def smooth_slope(x):
    """The gradient of `smooth`, by hand."""
    e = np.exp(np.sin(x[0]))
    return np.array([np.cos(x[0]) * e * x[1] ** 3 - 2 * x[0] / (1 + x[0] ** 2) ** 2, 3 * e * x[1] ** 2])


def leading_term(steps, errors, power, constant):
    """The order of |errors|, held to `power`, and the last error, with its sign, to constant step^power."""
    found = order(steps, np.abs(errors), power)
    off = abs(errors[-1] / (constant * steps[-1] ** power) - 1)
    return found._replace(error=float(np.max([found.error, off])))


@ledger.add("1.27", "limit", complex_step, bound=1e-14, wrong={
    "forward difference": lambda f, x, v: (f(x + 1.5e-8 * v) - f(x)) / 1.5e-8,
    "central difference": lambda f, x, v: (f(x + 1e-5 * v) - f(x - 1e-5 * v)) / 2e-5,
    "real part": lambda f, x, v: f(x + 1j * STEP * v).real})
def closed_form(derivative, rng):
    """A function with a known gradient."""
    x, v = rng.uniform(0.5, 1.5, 2), rng.uniform(0.5, 1.5, 2)
    return gap(derivative(smooth, x, v), smooth_slope(x) @ v)


@ledger.add("1.27", "rate", complex_step, bound=0.02, wrong={
    "forward difference": lambda f, x, v: (f(x + STEP * v) - f(x)) / STEP,
    "half the step": lambda f, x, v: 2 * complex_step(f, x, v / 2),
    "central difference, whose error is +": lambda f, x, v: (f(x + STEP * v) - f(x - STEP * v)) / (2 * STEP)})
def error_of_order_two(derivative, rng):
    """With steps 2^-2 ... 2^-7 in place of 1e-30 the error has order 2 and the constant -D^3 f / 6 of exp."""
    steps = 2.0 ** -np.arange(2, 8)
    errors = np.array([derivative(np.exp, 0.3, step / STEP) * STEP / step - np.exp(0.3) for step in steps])
    return leading_term(steps, errors, 2, -np.exp(0.3) / 6)


@ledger.add("1.28", "identity", block_error, wrong={
    "absolute tolerance 1e-5": lambda a, n: np.linalg.norm(a - n) / (np.linalg.norm(n) + 1e-5),
    "over the smaller norm": lambda a, n: np.linalg.norm(a - n) / (min(np.linalg.norm(a), np.linalg.norm(n)) or 1),
    "largest entry": lambda a, n: np.abs(a - n).max() / max(np.abs(a).max(), np.abs(n).max()),
    "1-norm": lambda a, n: np.abs(a - n).sum() / max(np.abs(a).sum(), np.abs(n).sum()),
    "first entry alone": lambda a, n: abs(a[0] - n[0]) / max(abs(a[0]), abs(n[0])),
    "difference of the norms": lambda a, n: (abs(np.linalg.norm(a) - np.linalg.norm(n))
                                             / max(np.linalg.norm(a), np.linalg.norm(n)))})
def known_fault(error, rng):
    """Gradients wrong by known factors 1 + delta; and (3, 0) for (0, 4), which is wrong by 5/4."""
    n, deltas = rng.standard_normal(7), np.array([2e-6, -0.01, 0.5, -1.0, -2.0])
    got = [error((1 + delta) * n, n) for delta in deltas] + [error(np.array([3.0, 0.0]), np.array([0.0, 4.0]))]
    return gap(np.array(got), np.append(np.abs(deltas) / np.maximum(np.abs(1 + deltas), 1), 1.25))


@ledger.add("1.28", "law", block_error, wrong={
    "absolute tolerance 1e-5": lambda a, n: max(np.linalg.norm(a - n) - 1e-5, 0) / np.linalg.norm(n),
    "not divided": lambda a, n: np.linalg.norm(a - n)})
def no_scale(error, rng):
    """The error does not change when the loss is multiplied by 1e-6 or 1e-200, and a zero gradient has error 1."""
    a, n = rng.standard_normal((2, 7))
    got = [error(1e-6 * a, 1e-6 * n), error(1e-200 * a, 1e-200 * n), error(0 * n, 1e-6 * n)]
    return gap(np.array(got), np.array([error(a, n), error(a, n), 1.0]))


@ledger.add("1.28", "limit", block_error, bound=0, wrong={
    "0 against 0 undefined": lambda a, n: np.float64(np.linalg.norm(a - n)) / max(np.linalg.norm(a), np.linalg.norm(n)),
    "sign kept": lambda a, n: -block_error(a, n)})
def never_below_zero(error, rng):
    """Between different gradients it is above 0; between equal ones, and for 0 against 0, it is exactly 0."""
    a, n = rng.standard_normal((2, 7))
    return holds([error(a, n) > 0, error(n, a) > 0, error(a, a) == 0, error(0 * a, 0 * n) == 0])


def rule(nodes, weights):
    """line_terms with another quadrature rule on [0, 1]."""
    return lambda grad, x, v: np.array([w * (grad(x + s * v) @ v) for s, w in zip(nodes, weights, strict=True)])


LINE_WRONG = {"trapezoid rule": rule(np.linspace(0, 1, 20), np.r_[0.5, np.ones(18), 0.5] / 19),
              "weights of [-1, 1]": lambda grad, x, v: 2 * line_terms(grad, x, v),
              "gradient at the start only": lambda grad, x, v: np.array([grad(x) @ v])}


def on_unit_interval(nodes, weights):
    """A rule of [-1, 1], moved to [0, 1]."""
    return rule((1 + nodes) / 2, weights / 2)


@ledger.add("1.29", "identity", line_terms, wrong={
    **LINE_WRONG, "19 nodes": rule(*gauss_lobatto(19)), "21 nodes": rule(*gauss_lobatto(21)),
    "20 nodes without the ends": on_unit_interval(*np.polynomial.legendre.leggauss(20))})
def polynomials(terms, rng):
    """Legendre polynomials of [0, 1]: exact up to degree 37, but not at 38; 20 nodes, from 0 to 1."""
    sums, nodes = [], []
    for r in range(39):
        phi = lambda s, r=r: (nodes.append(s[0]), eval_legendre(r, 2 * s - 1))[1]
        sums.append(terms(phi, np.zeros(1), np.ones(1)).sum())
    facts = abs(sums[38]) > 0.1, min(nodes) == 0, max(nodes) == 1, len(nodes) == 39 * 20
    return gap(np.r_[sums[:38], facts], np.r_[1, np.zeros(37), np.ones(4)])


@ledger.add("1.29", "law", line_terms, wrong={
    **LINE_WRONG, "gradient wrong by 1 + 1e-9": lambda grad, x, v: (1 + 1e-9) * line_terms(grad, x, v)})
def fundamental_theorem(terms, rng):
    """The sum is the difference of the values, for a function that is no polynomial."""
    x, v = rng.uniform(0.5, 1.5, 2), 0.3 * rng.standard_normal(2)
    return gap(terms(smooth_slope, x, v).sum(), smooth(x + v) - smooth(x))


TAYLOR_WRONG = {"slope left out": lambda f, x, slope, v, h: remainder(f, x, 0.0, v, h),
                "slope wrong by 1 %": lambda f, x, slope, v, h: remainder(f, x, 1.01 * slope, v, h)}


@ledger.add("1.30", "rate", remainder, bound=0.05, wrong=TAYLOR_WRONG)
def second_order(remainder, rng):
    """Order 2 over h = 2^-6 ... 2^-13."""
    x, v, steps = rng.uniform(0.5, 1.5, 2), rng.uniform(0.5, 1, 2), 2.0 ** -np.arange(6, 14)
    rest = [remainder(smooth, x, smooth_slope(x) @ v, v, h) for h in steps]
    return order(steps, np.array(rest), 2)


@ledger.add("1.30", "identity", remainder, wrong=TAYLOR_WRONG)
def quadratic(remainder, rng):
    """For |x|^2 the remainder is h^2 |v|^2 and nothing else."""
    x, v = rng.standard_normal((2, 5))
    got = [remainder(lambda at: at @ at, x, 2 * x @ v, v, h) for h in (1.0, 0.5)]
    return gap(np.array(got), np.array([v @ v, 0.25 * v @ v]))


@ledger.add("1.30", "law", remainder, wrong={
    **TAYLOR_WRONG, "backward": lambda f, x, slope, v, h: remainder(f, x, -slope, -v, h),
    "centred": lambda f, x, slope, v, h: abs((f(x + h * v) - f(x - h * v)) / 2 - h * slope),
    "doubled for small steps": lambda f, x, slope, v, h: remainder(f, x, slope, v, h) * (1 + (h < 0.4))})
def cubic(remainder, rng):
    """For x^3 at 1 the remainder is 3 h^2 + h^3 for h = 1 ... 2^-9, each: the constant is |D^2 f v^2| / 2."""
    steps = 2.0 ** -np.arange(10)
    got = [remainder(lambda at: at * at * at, 1.0, 3.0, 1.0, h) for h in steps]
    return entrywise(np.array(got), 3 * steps**2 + steps**3)


@ledger.add("1.30", "rate", remainder, bound=0.05, wrong={
    "slope left out": TAYLOR_WRONG["slope left out"],
    "slope wrong by 10 %": lambda f, x, slope, v, h: remainder(f, x, 1.1 * slope, v, h),
    "divided by the step": lambda f, x, slope, v, h: remainder(f, x, slope, v, h) / h})
def first_order(remainder, rng):
    """With a slope that is wrong by c, half the true one too large or too small, order 1 and the constant |c|."""
    x, v, steps = rng.uniform(0.5, 1.5, 2), rng.uniform(0.5, 1, 2), 2.0 ** -np.arange(10, 18)
    slope, rest = smooth_slope(x) @ v, []
    for c in (0.5 * slope, -0.5 * slope):
        rest.append([remainder(smooth, x, slope + c, v, h) for h in steps])
    found = [leading_term(steps, np.array(each), 1, 0.5 * abs(slope)) for each in rest]
    return found[int(np.argmax([outcome.error for outcome in found]))]


STENCIL_WRONG = {"two points": lambda f, x, v, h: (f(x + h * v) - f(x - h * v)) / (2 * h),
                 "sign of the middle weight": lambda f, x, v, h: stencil(f, x, v, h)
                 + 18 * (f(x + 2 * h * v) - f(x - 2 * h * v)) / (60 * h),
                 "divided by 30": lambda f, x, v, h: 2 * stencil(f, x, v, h)}


@ledger.add("1.32", "identity", stencil, wrong=STENCIL_WRONG)
def degree_six(stencil, rng):
    """Exact for polynomials of degree up to 6."""
    weights, x = rng.standard_normal(7), 0.7
    return gap(stencil(lambda at: np.polyval(weights, at), x, 1.0, 0.25), np.polyval(np.polyder(weights), x))


@ledger.add("1.32", "rate", stencil, bound=0.05, wrong={
    **STENCIL_WRONG, "steps along i, where the error is -": lambda f, x, v, h: stencil(
        lambda t: f(x + 1j * t * v).imag, 0.0, 1.0, h)})
def sixth_order(stencil, rng):
    """Order 6 with constant +1/140, on exp over h = 2^-1 ... 2^-4."""
    steps = 2.0 ** -np.arange(1, 5)
    return leading_term(steps, np.array([stencil(np.exp, 0.0, 1.0, h) - 1 for h in steps]), 6, 1 / 140)
