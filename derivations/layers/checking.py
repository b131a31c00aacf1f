"""Evidence for how a gradient is checked, (1.27) to (1.32)."""

from __future__ import annotations

import numpy as np

from refvae.check.numeric import STEP, complex_step, line_terms, remainder, stencil
from refvae.check.report import block_error
from refvae.evidence import Ledger, gap, order

ledger = Ledger()


def smooth(x):
    """exp(sin x0) x1^3 + 1 / (1 + x0^2), analytic near the reals."""
    return np.exp(np.sin(x[0])) * x[1] ** 3 + 1 / (1 + x[0] ** 2)


def smooth_slope(x):
    """The gradient of `smooth`, by hand."""
    e = np.exp(np.sin(x[0]))
    return np.array([np.cos(x[0]) * e * x[1] ** 3 - 2 * x[0] / (1 + x[0] ** 2) ** 2, 3 * e * x[1] ** 2])


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
    "half the step": lambda f, x, v: 2 * complex_step(f, x, v / 2)})
def error_of_order_two(derivative, rng):
    """With steps 2^-2 ... 2^-7 in place of 1e-30 the error has order 2 and the constant D^3 f / 6 of exp."""
    steps = 2.0 ** -np.arange(2, 8)
    errors = [abs(derivative(np.exp, 0.3, step / STEP) * STEP / step - np.exp(0.3)) for step in steps]
    found = order(steps, np.array(errors), 2)
    return found._replace(error=max(found.error, abs(errors[-1] / steps[-1] ** 2 / (np.exp(0.3) / 6) - 1)))


@ledger.add("1.28", "identity", block_error, wrong={
    "absolute tolerance 1e-5": lambda a, n: np.linalg.norm(a - n) / (np.linalg.norm(n) + 1e-5),
    "over the smaller norm": lambda a, n: np.linalg.norm(a - n) / min(np.linalg.norm(a), np.linalg.norm(n)),
    "largest entry": lambda a, n: np.abs(a - n).max() / np.abs(n).max() * 0.9})
def known_fault(error, rng):
    """Gradients wrong by known factors 1 + delta."""
    n, deltas = rng.standard_normal(7), np.array([2e-6, -0.01, 0.5, -1.0, -2.0])
    got = [error((1 + delta) * n, n) for delta in deltas]
    return gap(np.array(got), np.abs(deltas) / np.maximum(np.abs(1 + deltas), 1))


@ledger.add("1.28", "law", block_error, wrong={
    "absolute tolerance 1e-5": lambda a, n: max(np.linalg.norm(a - n) - 1e-5, 0) / np.linalg.norm(n),
    "not divided": lambda a, n: np.linalg.norm(a - n)})
def no_scale(error, rng):
    """The error does not change when the loss is multiplied by 1e-6 or 1e-200, and a zero gradient has error 1."""
    a, n = rng.standard_normal((2, 7))
    got = [error(1e-6 * a, 1e-6 * n), error(1e-200 * a, 1e-200 * n), error(0 * n, 1e-6 * n)]
    return gap(np.array(got), np.array([error(a, n), error(a, n), 1.0]))


def rule(nodes, weights):
    """line_terms with another quadrature rule on [0, 1]."""
    return lambda grad, x, v: np.array([w * (grad(x + s * v) @ v) for s, w in zip(nodes, weights, strict=True)])


LINE_WRONG = {"trapezoid rule": rule(np.linspace(0, 1, 20), np.r_[0.5, np.ones(18), 0.5] / 19),
              "weights of [-1, 1]": lambda grad, x, v: 2 * line_terms(grad, x, v),
              "gradient at the start only": lambda grad, x, v: np.array([grad(x) @ v])}


@ledger.add("1.29", "identity", line_terms, wrong=LINE_WRONG)
def polynomials(terms, rng):
    """Monomials up to degree 37 are integrated exactly."""
    got = [terms(lambda s, r=r: s**r, np.zeros(1), np.ones(1)).sum() for r in range(38)]
    return gap(np.array(got), 1 / np.arange(1, 39))


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
    """Order 2 over h = 2^-4 ... 2^-11."""
    x, v, steps = rng.uniform(0.5, 1.5, 2), rng.uniform(0.5, 1, 2), 2.0 ** -np.arange(6, 14)
    rest = [remainder(smooth, x, smooth_slope(x) @ v, v, h) for h in steps]
    return order(steps, np.array(rest), 2)


@ledger.add("1.30", "identity", remainder, wrong=TAYLOR_WRONG)
def quadratic(remainder, rng):
    """For |x|^2 the remainder is h^2 |v|^2 and nothing else."""
    x, v = rng.standard_normal((2, 5))
    got = [remainder(lambda at: at @ at, x, 2 * x @ v, v, h) for h in (1.0, 0.5)]
    return gap(np.array(got), np.array([v @ v, 0.25 * v @ v]))


STENCIL_WRONG = {"two points": lambda f, x, v, h: (f(x + h * v) - f(x - h * v)) / (2 * h),
                 "sign of the middle weight": lambda f, x, v, h: stencil(f, x, v, h)
                 + 18 * (f(x + 2 * h * v) - f(x - 2 * h * v)) / (60 * h),
                 "divided by 30": lambda f, x, v, h: 2 * stencil(f, x, v, h)}


@ledger.add("1.32", "identity", stencil, wrong=STENCIL_WRONG)
def degree_six(stencil, rng):
    """Exact for polynomials of degree up to 6."""
    weights, x = rng.standard_normal(7), 0.7
    return gap(stencil(lambda at: np.polyval(weights, at), x, 1.0, 0.25), np.polyval(np.polyder(weights), x))


@ledger.add("1.32", "rate", stencil, bound=0.05, wrong=STENCIL_WRONG)
def sixth_order(stencil, rng):
    """Order 6 with constant 1/140, on exp over h = 2^-1 ... 2^-5."""
    steps = 2.0 ** -np.arange(1, 5)
    errors = np.array([abs(stencil(np.exp, 0.0, 1.0, h) - 1) for h in steps])
    found = order(steps, errors, 6)
    return found._replace(error=max(found.error, abs(errors[-1] / steps[-1] ** 6 * 140 - 1)))
