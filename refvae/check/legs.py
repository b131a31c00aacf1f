"""The independent methods that a check stands on; each looks at a Problem and says what it found."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from refvae.check.numeric import STEP, Scalar, complex_step, jump, line_terms, remainder, stencil
from refvae.check.problem import Layer, Problem
from refvae.check.report import (
    FAIL,
    INCONCLUSIVE,
    KINK,
    NOTHING,
    PASS,
    ROUNDING,
    UNSETTLED,
    Block,
    Leg,
    block_error,
)
from refvae.trees import Array

EXACT, DIFFERENCES, RATE = 1e-12, 1e-8, 0.1
HALVINGS = 2.0 ** -np.arange(24)


def direction(problem: Problem, rng: np.random.Generator) -> Array:
    """A Gaussian direction of length 1 in units of each block's scale."""
    v = rng.standard_normal(problem.x.shape)
    return problem.scale * v / np.linalg.norm(v)


def agreement(problem: Problem, v: Array, kinked: bool) -> tuple[str, bool]:
    """Whether the complex step may be trusted along v: the reason for the method, and True if it is refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            value = problem.f(problem.x + 1j * STEP * v)
    except (TypeError, np.exceptions.ComplexWarning) as error:
        return f"the function refuses complex numbers ({str(error).splitlines()[0]})", True
    if problem.single:
        return "the function computes in single precision", True
    if not np.iscomplexobj(value):
        return "the function gives a real value for complex input (abs, norm, var?)", True
    if kinked:
        return "the function takes complex numbers; at a kink no derivative can be compared", False
    imaginary = complex_step(problem.f, problem.x, v)
    for h in HALVINGS / 64:  # a kink near x is no reason: shrink the stencil until it is passed by
        coarse, real = (stencil(problem.f, problem.x, v, step) for step in (h, h / 2))
        if _agree(coarse, real, 1e-9, problem.floor / h):
            break
    if _agree(imaginary, real, 1e-9, problem.floor / h):
        return "near x it agrees with the real slope", False
    return f"the complex step {imaginary:.6g} is not the real slope {real:.6g} (abs, norm, var, conj?)", True


def _agree(one: float, other: float, relative: float, noise: float) -> bool:
    """Whether two slopes are the same, to a relative error or to what noise makes of them."""
    return abs(one - other) <= relative * abs(other) + noise


def suspect(problem: Problem, v: Array) -> str:
    """The block whose slope along v is most wrong by a complex step: where a mistake is looked for first."""
    def error(at: slice) -> float:
        part = v * (np.arange(v.size) >= at.start) * (np.arange(v.size) < at.stop)
        return block_error(problem.slope @ part, np.array(complex_step(problem.f, problem.x, part)))

    return max(problem.blocks, key=lambda name: error(problem.blocks[name]))


def numeric_gradient(problem: Problem, names: Sequence[str], exact: bool) -> tuple[Array, Array]:
    """The gradient by numbers alone, one coordinate of these blocks after the other, and NaN in all others.

    The second vector is what rounding of f can make of each.
    """
    slope, every = _stepped if exact else _settled, np.arange(problem.x.size)
    slopes, doubts = np.full((2, problem.x.size), np.nan)
    for j in (j for name in names for j in every[problem.blocks[name]]):
        found = slope(problem.f, problem.x, problem.scale * (every == j), problem.floor)
        slopes[j], doubts[j] = np.array(found) / problem.scale[j]
    return slopes, doubts


def _stepped(f: Scalar, x: Array, v: Array, floor: float) -> tuple[float, float]:
    """The complex step along v, of which rounding of f makes nothing."""
    return complex_step(f, x, v), 0.0


def _settled(f: Scalar, x: Array, v: Array, floor: float) -> tuple[float, float]:
    """The real slope along v, the step halved until two stencils agree: a kink inside the first is passed by.

    Agreement is judged by the noise of the first step, so that the noise of small steps settles nothing. The second
    number is what noise can make of the slope at the last step.
    """
    last = stencil(f, x, v, 1 / 64)
    for h in HALVINGS[1:16] / 64:
        last, before = stencil(f, x, v, h), last
        if _agree(before, last, 1e-9, 64 * floor):
            return last, floor / h
    return np.nan, 0.0


def compare(problem: Problem, numeric: Array, doubts: Array, zero: set[str], bound: float) -> list[Block]:
    """Block by block: a declared zero is held to the summed absolute terms, every other block to its own size.

    An error that rounding of f can cause settles nothing.
    """
    terms = float(np.sum(np.abs(numeric) * problem.scale))
    blocks = []
    for name, at in problem.blocks.items():
        a, n = problem.slope[at], numeric[at]
        size = problem.scale[at.start] * max(np.linalg.norm(a), np.linalg.norm(n))
        error = block_error(a, n) if name not in zero else size / terms if terms else float(size > 0)
        doubt = problem.scale[at.start] * np.linalg.norm(doubts[at]) / ((terms if name in zero else size) or 1.0)
        hint = (UNSETTLED if np.isnan(n).any() else NOTHING.format(name) if name not in zero and size <= problem.floor
                else ROUNDING.format(doubt) if bound < error <= doubt else "")
        blocks.append(Block(name, float(error), INCONCLUSIVE if hint else PASS if error <= bound else FAIL, hint))
    return blocks


def kink(problem: Problem, v: Array) -> list[Leg]:
    """A kink at x itself: the branches on its two sides differ, or the one-sided slopes do however small the step."""
    if problem.pattern(problem.x + 2.0**-30 * v) != problem.pattern(problem.x - 2.0**-30 * v):
        return [Leg("branches", np.nan, 0.0, KINK, "the branch pattern changes at x: there is no derivative here")]
    if problem.names_branches:
        return []
    far, near = (jump(problem.f, problem.x, v, h) for h in (2.0**-10, 2.0**-20))
    if near > 0.1 * far and near > 100 * problem.floor * 2.0**20:
        return [Leg("one-sided slopes", near, 0.0, KINK, "they differ however small the step: no derivative here")]
    return []


def taylor(problem: Problem, v: Array) -> Leg:
    """The first-order remainder falls like h^2; judged on a smooth stretch, where it stands well above the noise.

    The larger of the remainders on both sides: there the terms of second and third order cannot cancel.
    """
    slope, steps = float(problem.slope @ v), _smooth(problem, v) * HALVINGS[:8]
    rest = np.array([max(remainder(problem.f, problem.x, slope, v, step) for step in (h, -h)) for h in steps])
    seen = rest > 50 * problem.floor
    if seen.sum() < 4:
        return Leg("Taylor rate", np.nan, RATE, INCONCLUSIVE, "the remainder is below the noise")
    order = float(np.polyfit(np.log(steps[seen]), np.log(rest[seen]), 1)[0])
    return Leg("Taylor rate", max(0.0, 2 - order), RATE, PASS if 2 - order <= RATE else FAIL, f"order {order:.3f}")


def _smooth(problem: Problem, v: Array) -> float:
    """A step within which f has no kink along v: two stencils agree there, and the branches do not change."""
    for h in HALVINGS / 64:
        coarse, fine = (stencil(problem.f, problem.x, v, step) for step in (h, h / 2))
        if _agree(coarse, fine, 1e-7, problem.floor / h) and problem.one_piece(3 * h * v):
            break
    return float(h)


def line(problem: Problem, v: Array) -> Leg:
    """The integral of the gradient over [x, x + hv] is f(x + hv) - f(x).

    h is halved until the gradient is smooth on the segment, so a gradient that jumps further off is not seen.
    """
    for h in HALVINGS:
        total, size = _integral(problem, problem.x, h * v)
        left, right = (_integral(problem, problem.x + part * h * v, h * v / 2)[0] for part in (0, 0.5))
        if abs(total - left - right) <= EXACT / 4 * size and problem.one_piece(h * v):
            break
    else:
        return Leg("line integral", np.nan, EXACT, INCONCLUSIVE, "the gradient is smooth on no segment that was tried")
    want = float(problem.f(problem.x + h * v) - problem.f(problem.x))
    return _judged("line integral", total, want, problem)


def _integral(problem: Problem, x: Array, v: Array) -> tuple[float, float]:
    terms = line_terms(problem.gradient, x, v)
    return float(terms.sum()), float(np.abs(terms).sum())


def adjoint(layer: Layer, problem: Problem, zero: set[str], rng: np.random.Generator) -> Leg:
    """<dy, Df v> = <pull(dy), v> for every block alone, with fresh Gaussian dy and v; reports the worst block. [1.1]"""
    found = []
    for name, at in problem.blocks.items():
        if name in zero:
            continue
        dy, v = layer.cotangent(rng), np.zeros_like(problem.x)
        v[at] = problem.scale[at] * rng.standard_normal(at.stop - at.start)
        shadow = Problem(layer.value(dy), problem.like, layer.gradient(dy), layer.names)
        want = complex_step(shadow.f, shadow.x, v)
        found.append(_judged(f"adjoint test of {name}", float(shadow.slope @ v), want, shadow))
    nothing = Leg("adjoint test", 0.0, EXACT, PASS, "every block is zero by theorem")
    return max(found, default=nothing, key=lambda leg: (leg.status == FAIL, leg.error))


def _judged(method: str, got: float, want: float, problem: Problem) -> Leg:
    """PASS within the bound; beyond it FAIL, unless round-off alone could cause as much."""
    error, size = block_error(np.array([got]), np.array([want])), max(abs(got), abs(want))
    if size and error <= EXACT:
        return Leg(method, error, EXACT, PASS)
    note = f"round-off can cause {problem.floor / size:.1g}" if size else "both sides are zero"
    return Leg(method, error, EXACT, INCONCLUSIVE if abs(got - want) <= problem.floor else FAIL, note)
