"""Laws of estimators of mutual, conditional and total information in nats, from counts of neighbours in particular."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import Any

import numpy as np
from scipy.special import digamma

from refvae.entropy import exact_conditional_mutual_information, exact_total_correlation
from refvae.inputs import whole
from refvae.laws.law import Case, Catalogue, LawReport
from refvae.trees import Array

KINDS = ("mutual", "conditional", "total")
SHAPES = ((6, (1, 1, 1)), (7, (2, 1, 1)), (9, (1, 3, 2)), (30, (1, 1, 1)), (31, (2, 1, 2)))


@dataclass(frozen=True)
class InformationSubject:
    """An estimator f(x, y), f(x, y, z) of I(x; y | z), or f([x, y, z]); of every order if it takes k.

    kind    "mutual", "conditional" or "total";   method  "ksg1", "ksg2", or None if it is neither
    scalar  it takes variables of one column alone
    """

    f: Callable[..., Any]
    kind: str = "mutual"
    method: str | None = "ksg1"
    k: int | None = 3
    tol: float = 1e-9
    scalar: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.method not in ("ksg1", "ksg2", None):
            raise ValueError(f"kind, method: got {self.kind!r}, {self.method!r}, wanted one of {', '.join(KINDS)}, and "
                             "'ksg1', 'ksg2' or None")
        if self.k is not None:
            whole(self.k, "k", most=5)

    def __call__(self, *xs: Array, k: int | None = None) -> float:
        """The estimate of order k, or of the order it has, for as many variables as its kind takes."""
        order = {"k": k or self.k} if self.any_order else {}
        return float(self.f(list(xs), **order) if self.kind == "total" else self.f(*xs, **order))

    @property
    def any_order(self) -> bool:
        """Whether f takes k."""
        return self.k is not None and "k" in inspect.signature(self.f).parameters

    def orders(self) -> tuple[int, ...]:
        """The orders that can be asked."""
        return (1, 2, 3, 5) if self.any_order else (self.k,) if self.k else ()

    def samples(self, rng: np.random.Generator) -> Iterator[list[Array]]:
        """Variables that depend on each other, on a grid of 2^-20, so that sums are exact."""
        for n, dims in self.shapes():
            common = rng.standard_normal((n, 1))
            yield [np.round((common + rng.standard_normal((n, d))) * 2**20) / 2**20 for d in dims]

    def shapes(self) -> list[tuple[int, tuple[int, ...]]]:
        """Sample sizes, and dimensions of as many variables as it takes."""
        return [(n, (1,) * self.arity if self.scalar else dims[:self.arity]) for n, dims in SHAPES]

    @property
    def arity(self) -> int:
        """How many variables it is asked about."""
        return 2 if self.kind == "mutual" else 3

    def ask(self, change: str, given: Sequence[Array], asked: Sequence[Array], want: float | None = None) -> Case:
        """A case in which the estimate of changed variables is that of the given ones, or what is wanted."""
        want = self(*given) if want is None else want
        names = dict(zip(("x", "y", "z"), given, strict=False))
        return Case(f"f({', '.join(names)}) with {change}" if change else f"f({', '.join(names)})", names,
                    self(*asked), want, self.tol * (1 + abs(want)))


catalogue = Catalogue("information", InformationSubject)


def check_information(f: Callable[..., Any], *, kind: str = "mutual", method: str | None = "ksg1", k: int | None = 3,
                      tol: float = 1e-9, scalar: bool = False,
                      expected_failures: Mapping[str, str] | None = None, seed: int = 0) -> LawReport:
    """Hold an estimator of information in nats to the laws of chapter 6.

    kind     "mutual": f(x, y); "conditional": f(x, y, z) is I(x; y | z); "total": f([x, y, z]); all (n, d)
    method   "ksg1" or "ksg2", first and second estimate of Kraskov et al. 2004, maximum norm; None if it is neither
    k        the order, at most 5; f may take it by this name, and is then asked for several
    tol      what rounding or a documented jitter may change, in nats
    scalar   f takes variables of one column alone
    """
    return catalogue.check(f, expected_failures, seed, kind=kind, method=method, k=k, tol=tol, scalar=scalar)


def of_counts(subject: InformationSubject) -> str:
    """Estimates made of counts of neighbours, in the maximum norm."""
    return "" if subject.k is not None and subject.method else "no estimate from counts"


def not_conditional(subject: InformationSubject) -> str:
    """Mutual and total information by counts."""
    return of_counts(subject) or ("" if subject.kind != "conditional" else "not proved for conditional information")


@catalogue.law("6.46", "ties broken by the order of rows")
def rows_in_any_order(f: InformationSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The information does not depend on the order of the rows, moved together."""
    for xs in f.samples(rng):
        order = rng.permutation(len(xs[0]))
        yield f.ask(f"rows {order.tolist()}", xs, [x[order] for x in xs])


@catalogue.law("6.46", "one radius of the two", "x weighs more than y")
def x_and_y_exchanged(f: InformationSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The information of x about y is that of y about x."""
    for xs in f.samples(rng):
        yield f.ask("x and y exchanged", xs, [xs[1], xs[0], *xs[2:]])


@catalogue.law("6.46", "moments about 0", "uncentred products for distances")
def separate_translations(f: InformationSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Moving every variable by a vector of its own changes nothing; here all sums are exact."""
    for shift in (1.0, 2.0**30):
        for xs in f.samples(rng):
            ts = [shift * rng.integers(-3, 4, x.shape[1]).astype(float) for x in xs]
            yield f.ask(f"{[t.tolist() for t in ts]} added", xs, [x + t for x, t in zip(xs, ts, strict=True)])


@catalogue.law("6.46", "1e-15 taken off the radius", "jitter of a fixed size", "single precision")
def common_scalings(f: InformationSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Multiplying all variables by the same power of two changes nothing."""
    for m in (1, -3, 40, -60, 140, -140, 520, -520):
        for xs in f.samples(rng):
            yield f.ask(f"all times 2.0**{m}", xs, [2.0**m * x for x in xs])


@catalogue.law("6.46", "logarithm of |x| for x")
def reflections(f: InformationSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Changing the sign of one variable changes nothing."""
    for xs in f.samples(rng):
        yield f.ask("the sign of x changed", xs, [-xs[0], *xs[1:]])


@catalogue.law("6.47", "bits for nats", "logarithms for digammas", needs=not_conditional)
def never_above_the_bound(f: InformationSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Of q variables at most (q - 1) (psi(n) - psi(k)); a variable with itself, on a line, reaches it."""
    for k in f.orders():
        for n in (7, 30):
            x = rng.permutation(n)[:, None] + rng.uniform(0, 0.4, (n, 1))
            top = float((f.arity - 1) * (digamma(n) - digamma(k)))
            if f.method == "ksg1":
                yield Case(f"f of x and its copies, k={k}", {"x": x}, f(*[x] * f.arity, k=k), top, f.tol * (1 + top))
            xs = [x, *(np.round(rng.standard_normal((n, 1)) * 2**20) / 2**20 for _ in range(f.arity - 1))]
            yield Case(f"max(f of these, {top})", dict(zip("xyz", xs, strict=False)), max(f(*xs, k=k), top), top, f.tol)


@catalogue.law("6.41", "counts with ends for counts without", "counts without ends for counts with", "1/k forgotten",
               "one radius for both spaces", "psi(n - 1) for psi(n)", "Euclidean distances in the joint space",
               needs=of_counts)
def the_counts(f: InformationSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The estimate is the rational number that comparisons of distances give."""
    oracle: Any = exact_conditional_mutual_information if f.kind == "conditional" else _together(f.method)
    for k in f.orders():
        for n, dims in f.shapes()[:4]:
            xs = [np.round(rng.standard_normal((n, d)) * 2**20) / 2**20 for d in dims]
            want = float(oracle(*xs, k=k))
            allowed = f.tol * (1 + abs(want))
            yield Case(f"f of these, k={k}", dict(zip("xyz", xs, strict=False)), f(*xs, k=k), want, allowed)


def _together(method: Any) -> Any:
    """Total information in rational numbers, as a function of the variables."""
    return lambda *xs, k: exact_total_correlation(xs, k, method)


@catalogue.law("6.49", "cut off at 0", "1/k forgotten", "counts with ends for counts without",
               "one radius for both spaces", "psi(n - 1) for psi(n)", needs=not_conditional)
def all_permutations(f: InformationSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Over all permutations of the rows of all variables but the first, the mean is exactly 0."""
    for n, k in ((3, 1), (4, 1), (4, 2), (5, 3)):
        if k in f.orders() and n ** f.arity < 100:
            xs = [rng.standard_normal((n, 1)) for _ in range(f.arity)]
            orders = product(permutations(range(n)), repeat=f.arity - 1)
            found = [f(xs[0], *(x[list(o)] for x, o in zip(xs[1:], each, strict=True)), k=k) for each in orders]
            yield Case(f"mean of f over all permutations of all but x, k={k}", dict(zip("xyz", xs, strict=False)),
                       float(np.mean(found)), 0.0, f.tol)


@catalogue.law("6.41", "unsigned differences")
def whole_numbers_in_any_type(f: InformationSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Whole numbers stored as uint8, int16 or float32 have the information that they have as float64."""
    for n, dims in f.shapes()[1:4]:
        xs = [np.stack([rng.permutation(250)[:n] for _ in range(d)], axis=1) for d in dims]
        for kind in (np.uint8, np.int16, np.float32):
            yield f.ask(f"{np.dtype(kind).name} for float64", [x.astype(float) for x in xs],
                        [x.astype(kind) for x in xs])


@catalogue.law("6.51", "bits for nats", "sign", "terms of one variable forgotten")
def normal_variables(f: InformationSubject, rng: np.random.Generator) -> Iterator[Case]:
    """1000 draws of normal variables, correlated by .9 or not at all: .83 and 0, up to bias and chance."""
    for rho, truth in ((0.9, -0.5 * np.log(1 - 0.81)), (0.0, 0.0)):
        code = f"np.random.default_rng({rng.integers(2**31)}).standard_normal((3, 1000, 1))"
        x, y, z = eval(code, {"np": np})
        given = [x, rho * x + np.sqrt(1 - rho**2) * y, z][:f.arity]
        yield Case(f"x, e, z = {code}; f of x, {rho} x + (1 - {rho}^2)^(1/2) e" + (", z" if f.arity == 3 else ""), {},
                   f(*given), truth, 0.25)
