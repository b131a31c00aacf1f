"""Ways to spoil one argument of a good call, and what may come of it: the right result, or one error of one line."""

import re
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

REFUSED, SAME, ANY = "refused", "same", "any"
ONE_LINE = re.compile(r"[^\n]+: got [^\n]+[,;] wanted [^\n]+")


EXTREMES = ("times 1e+150", "times 1e+308", "plus 1e9", "800", "-800")  # which parameters are not tried with
INDICES = ("idx", "idx_y", "labels", "kept", "counts", "seen")


class Spoilt(NamedTuple):
    """A value in place of a good one; what must come: an error, the same numbers, or either without a warning."""

    name: str
    value: Any
    wanted: str


class Frame:
    """What a data frame shows of itself: it can be taken for an array of objects."""

    def __init__(self, x: np.ndarray) -> None:
        self.x = x

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.array([[str(each) for each in row] for row in np.atleast_2d(self.x)], object)


def placed(x: np.ndarray, value: Any) -> np.ndarray:
    """A copy whose middle entry is that value."""
    x = np.array(x, np.result_type(x, type(value)))
    x.flat[x.size // 2] = value
    return x


def strided(x: np.ndarray) -> np.ndarray:
    """The same numbers, every other of an array twice as long."""
    return np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x


def frozen(x: np.ndarray) -> np.ndarray:
    """The same numbers, which cannot be written to."""
    x = x.copy()
    x.flags.writeable = False
    return x


def arrays(x: np.ndarray, name: str) -> Iterator[Spoilt]:
    """In place of an array of floats or integers."""
    yield Spoilt("read-only", frozen(x), SAME)
    yield Spoilt("strided", strided(x), SAME)
    yield Spoilt("Fortran", np.asfortranarray(x), SAME)
    yield Spoilt("big-endian", x.astype(x.dtype.newbyteorder(">")), SAME)
    yield Spoilt("None", None, REFUSED)
    yield Spoilt("a string", "0.5", REFUSED)
    yield Spoilt("text", x.astype(str), REFUSED)
    yield Spoilt("objects", np.full(x.shape, object(), object), REFUSED)
    yield Spoilt("a frame of text", Frame(x), REFUSED)
    yield Spoilt("masked", np.ma.masked_array(x, np.arange(x.size).reshape(x.shape) == x.size // 2), REFUSED)
    yield Spoilt("sparse", sparse.csr_array(np.atleast_2d(x.reshape(len(x), -1) if x.ndim else x)), ANY)
    yield Spoilt("one axis more", x[..., None], SAME)
    yield Spoilt("one axis before", x[None], SAME)
    yield Spoilt("empty", x[:0] if x.ndim else x[None][:0], ANY)
    yield Spoilt("a row less", x[:-1] if x.ndim else x, ANY)
    yield Spoilt("one row", x[:1] if x.ndim else x, ANY)
    yield Spoilt("repeated", np.repeat(x[:1], len(x), 0) if x.ndim else x, ANY)
    yield from integers(x, name) if x.dtype.kind in "iu" else floats(x)


def floats(x: np.ndarray) -> Iterator[Spoilt]:
    """In place of an array of floats."""
    yield Spoilt("complex", x + 1j, REFUSED)
    yield Spoilt("NaN", placed(x, np.nan), REFUSED)
    yield Spoilt("inf", placed(x, np.inf), REFUSED)
    yield Spoilt("-inf", placed(x, -np.inf), REFUSED)
    yield Spoilt("longdouble", x.astype(np.longdouble), SAME)
    yield Spoilt("float32", x.astype(np.float32), ANY)
    yield Spoilt("float16", x.astype(np.float16), ANY)
    yield Spoilt("bool", x > 0, ANY)
    yield Spoilt("uint8", np.abs(100 * x).astype(np.uint8), ANY)
    for value in (1e150, 1e-150, 1e308):
        yield Spoilt(f"times {value:g}", x * value if abs(value) < 1e300 else placed(x, value), ANY)
    yield Spoilt("plus 1e9", x + 1e9, ANY)
    yield Spoilt("800", np.full_like(x, 800.0), ANY)
    yield Spoilt("-800", np.full_like(x, -800.0), ANY)
    yield Spoilt("zeros", np.zeros_like(x), ANY)
    yield Spoilt("above 1", placed(x, 1.5), ANY)
    yield Spoilt("below 0", placed(x, -0.5), ANY)


def integers(x: np.ndarray, name: str) -> Iterator[Spoilt]:
    """In place of an array of indices, labels or counts."""
    yield Spoilt("-1", placed(x, -1), REFUSED if name in INDICES else ANY)
    yield Spoilt("halves", x + 0.5, ANY)
    yield Spoilt("large", placed(x, 10**9), ANY)
    yield Spoilt("int8", x.astype(np.int8), SAME)
    yield Spoilt("uint64", x.astype(np.uint64), SAME)


def numbers(value: float) -> Iterator[Spoilt]:
    """In place of a real number."""
    bad = (None, "0.5", True, 1j, np.nan, np.inf, -np.inf, [value, value], np.array([value, value]), object())
    yield from (Spoilt(repr(each)[:20], each, REFUSED) for each in bad)
    yield from (Spoilt(repr(each), each, ANY) for each in (-1.0, 0.0, 1e150, 1e-150, 2.5, np.float32(value),
                                                            Fraction(1, 3), np.array(value), 800.0, 10**30))


def norms(value: float) -> Iterator[Spoilt]:
    """In place of a norm."""
    bad = (None, "2", 0.5, -2, 1j, np.nan, -np.inf, [2], np.array([2, 2]), object())
    yield from (Spoilt(repr(each)[:20], each, REFUSED) for each in bad)
    yield from (Spoilt(repr(each), each, ANY) for each in (np.inf, 1, np.uint8(value), float(value)))


def counts(value: int) -> Iterator[Spoilt]:
    """In place of a whole number."""
    bad = (None, "3", True, 2.5, np.nan, np.inf, 1j, 10**30, -(10**30), 1e30, [value], object())
    yield from (Spoilt(repr(each)[:20], each, REFUSED) for each in bad)
    yield from (Spoilt(repr(each), each, ANY) for each in (0, -1, -5, np.uint8(value), float(value)))


def seeds() -> Iterator[Spoilt]:
    """In place of a seed or a generator."""
    bad = ("0", -1, 2.5, True, np.random.RandomState(0), object(), [0])
    yield from (Spoilt(repr(each)[:20], each, REFUSED) for each in bad)
    yield Spoilt("None", None, ANY)


def words() -> Iterator[Spoilt]:
    """In place of a word."""
    yield from (Spoilt(repr(each)[:20], each, REFUSED) for each in (None, "", "no such word", 3, ["kl"]))


def spoilt(name: str, value: Any, nested: bool) -> Iterator[Spoilt]:
    """What can stand in place of an argument, by the name and the kind of a good one."""
    if name == "rng" and isinstance(value, int):
        return seeds()
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiu":
        return (case for case in arrays(value, name) if not nested or case.name not in EXTREMES)
    if isinstance(value, str) and name not in ("names", "terms"):
        return words()
    if name == "norm":
        return norms(value)
    if isinstance(value, (float, np.floating)):
        return numbers(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return counts(value)
    return iter(())


def places(tree: Any) -> Iterator[tuple[Any, ...]]:
    """The paths to what can be spoilt within an argument: itself, or what stands in a tuple or a list."""
    if isinstance(tree, (tuple, list)):
        yield from ((i, *rest) for i, each in enumerate(tree) for rest in places(each))
    else:
        yield ()


def at(tree: Any, path: tuple[Any, ...]) -> Any:
    """What stands at that path."""
    return at(tree[path[0]], path[1:]) if path else tree


def put(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The tree with that value at that path."""
    if not path:
        return value
    items = [put(each, path[1:], value) if i == path[0] else each for i, each in enumerate(tree)]
    return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)


class Outcome(NamedTuple):
    """What a call gave: its numbers or its error, and whether it changed what it was given."""

    numbers: np.ndarray | None
    error: BaseException | None
    changed: bool


def found(result: Any) -> Iterator[np.ndarray]:
    """All numbers of a result."""
    if isinstance(result, np.ndarray) and result.dtype.kind in "biufc":
        yield np.ravel(result)
    elif isinstance(result, (int, float, complex, np.generic, Fraction)):
        yield np.ravel(np.asarray(result, complex if isinstance(result, complex) else float))
    elif isinstance(result, (tuple, list)):
        for each in result:
            yield from found(each)
    elif hasattr(result, "value"):
        yield np.ravel(float(result.value))
    elif hasattr(result, "tocsr"):
        yield np.ravel(result.toarray())


def raw(given: Any) -> list[bytes]:
    """The bytes of all arrays in what is given."""
    if isinstance(given, np.ndarray) and given.dtype != object:
        return [given.tobytes()]
    return [each for part in given for each in raw(part)] if isinstance(given, (tuple, list)) else []


def run(f: Callable[..., Any], args: tuple[Any, ...], settings: dict[str, Any]) -> Outcome:
    """Call it; a warning is an error. A generator is run to its end."""
    before, numbers, error = raw((*args, *settings.values())), None, None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            result = f(*args, **settings)
            result = list(result) if hasattr(result, "__next__") else result
            numbers = np.concatenate([np.zeros(0), *found(result)])
        except Exception as raised:
            error = raised
    return Outcome(numbers, error, raw((*args, *settings.values())) != before)


def complaint(case: Spoilt, got: Outcome, good: np.ndarray) -> str:
    """What is wrong with the outcome; empty if nothing is."""
    if got.changed:
        return "changed its input"
    if got.error is not None:
        clear = isinstance(got.error, (TypeError, ValueError, ArithmeticError)) and ONE_LINE.fullmatch(str(got.error))
        return "" if clear else f"raw {type(got.error).__name__}: {got.error}"
    assert got.numbers is not None
    if case.wanted == REFUSED:
        return "accepted"
    if case.wanted == SAME and not (got.numbers.shape == good.shape and np.allclose(got.numbers, good, 1e-9, 1e-12,
                                                                                    equal_nan=True)):
        return f"other numbers, {got.numbers.shape} for {good.shape}"
    return ""
