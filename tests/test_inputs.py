"""Bad input raises one clear error that names the argument, what was got and what was wanted; good input is kept."""

import warnings

import numpy as np
import pytest
from scipy import sparse

from refvae.inputs import floating, generator, indices, matrix, real, same_shape, vector, whole


def np_matrix(x):
    """An `np.matrix`, without its warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return np.matrix(x)


def spoiled(at, value):
    """Data (7, 3) with one entry replaced."""
    x = np.arange(21.0).reshape(7, 3)
    x[at] = value
    return x


# Data matrices


SHAPE = r"data: got shape {}, wanted \(n, d\) with n, d >= 1{}$"
RESHAPE = r"; one feature is data\.reshape\(-1, 1\)"
BAD = {
    "no dimension": (np.float64(3), ValueError, SHAPE.format(r"\(\)", "")),
    "one dimension": (np.ones(7), ValueError, SHAPE.format(r"\(7,\)", RESHAPE)),
    "a list of numbers": ([1.0, 2.0], ValueError, SHAPE.format(r"\(2,\)", RESHAPE)),
    "three dimensions": (np.ones((7, 6, 3)), ValueError, SHAPE.format(r"\(7, 6, 3\)", "")),
    "no rows": (np.ones((0, 3)), ValueError, SHAPE.format(r"\(0, 3\)", "")),
    "no columns": (np.ones((7, 0)), ValueError, SHAPE.format(r"\(7, 0\)", "")),
    "nothing": ([], ValueError, SHAPE.format(r"\(0,\)", RESHAPE)),
    "NaN": (spoiled((4, 1), np.nan), ValueError,
            r"data: got 1 NaN or infinite entries, the first at \(4, 1\), wanted finite ones$"),
    "inf": (spoiled((6, 2), np.inf), ValueError, r"data: got 1 .* the first at \(6, 2\), wanted finite"),
    "-inf in a column": (spoiled((slice(1, 6), 2), -np.inf), ValueError, r"data: got 5 .* the first at \(1, 2\)"),
    "float32 inf": (np.full((7, 3), np.inf, np.float32), ValueError, r"data: got 21 .* the first at \(0, 0\)"),
    "beyond float64": (np.full((7, 3), np.longdouble("1e400")), ValueError, r"data: got 21 .* the first at \(0, 0\)"),
    "rows of unequal length": ([[1.0, 2.0], [3.0]], ValueError, "data: "),
    "complex": (np.ones((7, 3)) * 1j, TypeError, "data: got dtype complex128, wanted real numbers$"),
    "complex without imaginary part": (np.ones((7, 3), complex), TypeError, "data: got dtype complex128"),
    "object": (np.ones((7, 3), object), TypeError, "data: got dtype object, wanted real numbers$"),
    "text": (np.full((7, 3), "1.0"), TypeError, "data: got dtype <U3, wanted real numbers$"),
    "bytes": (np.full((7, 3), b"1"), TypeError, r"data: got dtype \|S1, wanted real numbers$"),
    "dates": (np.zeros((7, 3), "datetime64[D]"), TypeError, r"data: got dtype datetime64\[D\], wanted real"),
    "durations": (np.zeros((7, 3), "timedelta64[s]"), TypeError, r"data: got dtype timedelta64\[s\], wanted real"),
    "records": (np.zeros((7, 3), [("a", float)]), TypeError, "data: got dtype .*, wanted real numbers$"),
    "None": (None, TypeError, "data: got dtype object, wanted real numbers$"),
    "masked": (np.ma.masked_less(spoiled((0, 0), -1), 0), TypeError,
               r"data: got MaskedArray, wanted a plain array \(n, d\)$"),
    "masked, nothing hidden": (np.ma.ones((7, 3)), TypeError, "data: got MaskedArray, wanted a plain array"),
    "np.matrix": (np_matrix(np.ones((7, 3))), TypeError, r"data: got matrix, wanted a plain array \(n, d\)$"),
    "sparse matrix": (sparse.csr_matrix(np.ones((7, 3))), TypeError, "data: got csr_matrix, wanted a plain array"),
    "sparse array": (sparse.coo_array(np.ones((7, 3))), TypeError, "data: got coo_array, wanted a plain array"),
}


@pytest.mark.parametrize(("x", "error", "message"), BAD.values(), ids=BAD)
def test_matrix_refuses(x, error, message):
    with pytest.raises(error, match="^" + message):
        matrix(x, "data")


BASE = np.random.default_rng(0).integers(0, 2, (7, 3))
GOOD = {
    "int": BASE,
    "bool": BASE.astype(bool),
    "uint8": BASE.astype(np.uint8),
    "int8": BASE.astype(np.int8),
    "float16": BASE.astype(np.float16) + np.float16(0.1),
    "float32": BASE.astype(np.float32) + np.float32(0.1),
    "float64": BASE + 0.1,
    "long double": BASE.astype(np.longdouble),
    "big-endian": (BASE + 0.1).astype(">f8"),
    "every other row": (np.arange(42.0).reshape(14, 3))[::2],
    "rows from the last": (BASE + 0.1)[::-1],
    "transposed": (np.arange(21.0).reshape(3, 7)).T,
    "Fortran order": np.asfortranarray(BASE + 0.1),
    "broadcast": np.broadcast_to(np.arange(3.0), (7, 3)),
    "one row": np.ones((1, 3)),
    "one column": np.ones((7, 1)),
    "subnormal, tiny and huge": np.array([[5e-324, 1e-300], [1e308, -1e308]]),
}


@pytest.mark.parametrize("x", GOOD.values(), ids=GOOD)
def test_matrix_casts_to_float64_as_by_hand_and_leaves_its_input_alone(x):
    before, writeable = x.tobytes(), x.flags.writeable
    a = matrix(x, "data")
    assert type(a) is np.ndarray
    assert a.dtype == np.dtype(np.float64)
    assert a.dtype.isnative
    np.testing.assert_array_equal(a, x.astype(np.float64), strict=True)
    assert not np.shares_memory(a, x)
    a[:] = 5
    assert x.tobytes() == before
    assert x.flags.writeable == writeable


def test_read_only_input_works():
    x = np.arange(21.0).reshape(7, 3)
    x.flags.writeable = False
    assert matrix(x, "data").flags.writeable
    np.testing.assert_array_equal(matrix(x, "data"), x)


def test_uint8_does_not_wrap_around():
    a = matrix(np.array([[1, 2], [200, 100]], np.uint8), "data")
    assert a[0, 0] - a[0, 1] == -1
    assert a[1, 0] * a[1, 1] == 20000


def test_lists_of_lists_work():
    np.testing.assert_array_equal(matrix([[1, 2.5], [True, 4]], "data"), [[1, 2.5], [1, 4]])


# Whole numbers


@pytest.mark.parametrize("value", [1, 5, np.int64(5), np.uint8(5), np.int16(1)])
def test_whole_gives_a_python_int(value):
    assert type(whole(value, "k", most=5)) is int
    assert whole(value, "k", most=5) == value


@pytest.mark.parametrize(("value", "kind"), [
    (True, "bool"), (np.True_, "bool"), (3.0, "float"), (np.float64(3), "float64"), ("3", "str"), (None, "NoneType"),
    ([3], "list"), (np.array(3), "ndarray"), (3j, "complex"),
])
def test_whole_refuses_what_is_no_int(value, kind):
    with pytest.raises(TypeError, match=rf"^k: got {kind}, wanted an int$"):
        whole(value, "k")


@pytest.mark.parametrize(("value", "least", "most", "wanted"), [
    (0, 1, np.inf, "k >= 1"), (-3, 0, np.inf, "k >= 0"), (np.int64(0), 1, np.inf, "k >= 1"),
    (0, 1, 6, "1 <= k <= 6"),
    (7, 1, 6, "1 <= k <= 6"), (2, 3, 3, "3 <= k <= 3"),
])
def test_whole_refuses_what_is_out_of_range(value, least, most, wanted):
    with pytest.raises(ValueError, match=rf"^k: got {value}, wanted {wanted}$"):
        whole(value, "k", least, most)


@pytest.mark.parametrize("value", [3, 6])
def test_both_ends_of_the_range_belong_to_it(value):
    assert whole(value, "k", 3, 6) == value


# Generators


def test_a_generator_is_itself():
    rng = np.random.default_rng(3)
    assert generator(rng) is rng


@pytest.mark.parametrize("seed", [0, 7, 2**63, np.int64(7), np.uint8(7)])
def test_a_seed_makes_the_generator_of_that_seed(seed):
    want = np.random.default_rng(int(seed)).standard_normal(3)
    np.testing.assert_array_equal(generator(seed).standard_normal(3), want)


def test_a_seed_makes_a_new_generator_each_time_and_global_state_is_left_alone():
    before = np.random.get_state()[1].tobytes()  # noqa: NPY002  the global state is what is watched here
    assert generator(3) is not generator(3)
    assert generator(3).random() == generator(3).random()
    assert np.random.get_state()[1].tobytes() == before  # noqa: NPY002


@pytest.mark.parametrize(("rng", "kind"), [
    (None, "NoneType"), (np.random.RandomState(0), "RandomState"),
    (np.random, "module"), (True, "bool"), (1.0, "float"), ("0", "str"), (np.random.PCG64(0), "PCG64"),
    (np.random.SeedSequence(0), "SeedSequence"), ([1, 2], "list"),
])
def test_anything_else_is_refused_as_a_generator(rng, kind):
    with pytest.raises(TypeError, match=rf"^rng: got {kind}, wanted a numpy Generator or an int >= 0$"):
        generator(rng)


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match=r"^rng: got -1, wanted rng >= 0$"):
        generator(-1)


# Shapes that would broadcast


@pytest.mark.parametrize(("a", "b"), [((7,), (7,)), ((7, 6), (7, 6)), ((), ()), ((0, 3), (0, 3))])
def test_equal_shapes_agree(a, b):
    assert same_shape(np.ones(a), np.ones(b), "mu and z") is None


@pytest.mark.parametrize(("a", "b"), [
    ((7,), (7, 1)), ((7, 1), (7,)), ((7, 6), (6,)), ((7, 6), (1, 6)), ((7, 6), (7, 1)), ((), (1,)), ((7, 6), (6, 7)),
])
def test_shapes_that_would_broadcast_are_refused(a, b):
    message = f"mu and z: got shapes {a} and {b}, wanted equal ones"
    with pytest.raises(ValueError, match=r"mu and z: got shapes") as caught:
        same_shape(np.ones(a), np.ones(b), "mu and z")
    assert str(caught.value) == message


# Vectors, numbers, and what layers take


VECTORS = {
    "a row": (np.ones((1, 7)), ValueError, r"lam: got shape \(1, 7\), wanted \(n,\) .*; lam.ravel\(\) is one$"),
    "a column": (np.ones((7, 1)), ValueError, r"lam: got shape \(7, 1\), wanted \(n,\) .*; lam.ravel\(\) is one$"),
    "a matrix": (np.ones((7, 3)), ValueError, r"lam: got shape \(7, 3\), wanted \(n,\) with n >= 1$"),
    "a number": (1.0, ValueError, r"lam: got shape \(\), wanted \(n,\) with n >= 1$"),
    "nothing": ([], ValueError, r"lam: got shape \(0,\), wanted \(n,\) with n >= 1$"),
    "NaN": ([1, np.nan, np.inf], ValueError, "lam: got 2 NaN or infinite entries, the first at 1, wanted finite ones$"),
    "complex": (np.ones(7) * 1j, TypeError, "lam: got dtype complex128, wanted real numbers$"),
    "masked": (np.ma.ones(7), TypeError, r"lam: got MaskedArray, wanted a plain array \(n,\)$"),
}


@pytest.mark.parametrize(("x", "error", "message"), VECTORS.values(), ids=VECTORS)
def test_vector_refuses(x, error, message):
    with pytest.raises(error, match="^" + message):
        vector(x, "lam")


def test_vector_casts_and_may_want_a_size():
    np.testing.assert_array_equal(vector(np.array([3, 255], np.uint8), "lam", 2), [3.0, 255.0], strict=True)
    with pytest.raises(ValueError, match=r"^lam: got shape \(2,\), wanted \(3,\)$"):
        vector([1, 2], "lam", 3)


@pytest.mark.parametrize(("value", "error", "message"), [
    (0, ValueError, "step: got 0, wanted a number above 0 and below 4$"), (4.0, ValueError, "step: got 4.0, wanted"),
    (np.nan, ValueError, "step: got nan"), (np.inf, ValueError, "step: got inf"),
    (True, TypeError, "step: got bool, wanted a real number$"), ("1", TypeError, "step: got str"),
    (1j, TypeError, "step: got complex"), (None, TypeError, "step: got NoneType"),
    (np.ones(1), TypeError, "step: got ndarray")])
def test_real_refuses(value, error, message):
    with pytest.raises(error, match="^" + message):
        real(value, "step", above=0, below=4)


def test_real_gives_a_float_and_knows_closed_ends():
    assert type(real(np.float32(0.5), "share", least=0, most=1)) is float
    assert [real(v, "share", least=0, most=1) for v in (0, 1)] == [0, 1]
    with pytest.raises(ValueError, match=r"^share: got 2, wanted a number of at least 0 and of at most 1$"):
        real(2, "share", least=0, most=1)
    with pytest.raises(ValueError, match=r"^mean: got nan, wanted a finite number$"):
        real(np.nan, "mean")


@pytest.mark.parametrize("kind", ["uint8", "int8", "int64", "bool"])
def test_floating_keeps_integers_from_wrapping(kind):
    x = np.array([[0, 1]], kind)
    np.testing.assert_array_equal(-floating(x, "x"), [[0.0, -1.0]], strict=True)


def test_floating_lets_floats_complex_and_exact_numbers_pass_as_they_are():
    for kind in (np.float32, np.float64, complex, object):
        x = np.ones(3, kind)
        assert floating(x, "x") is x


@pytest.mark.parametrize("x", [np.ones(3, np.float16), np.array(["1"]), np.zeros(2, "datetime64[D]")])
def test_floating_refuses_half_precision_and_what_is_no_number(x):
    with pytest.raises(TypeError, match=r"^x: got dtype .*, wanted float64, float32 or integers$"):
        floating(x, "x")


def test_indices_are_whole_and_in_range():
    np.testing.assert_array_equal(indices(np.array([0, 2], np.uint8), 3, "idx"), [0, 2])
    for bad in ([-1, 0], [0, 3]):
        with pytest.raises(ValueError, match=r"^idx: got -?\d to \d, wanted 0 to 2$"):
            indices(bad, 3, "idx")
    for bad in ([0.0, 1.0], [True, False]):
        with pytest.raises(TypeError, match=r"^idx: got dtype .*, wanted integers$"):
            indices(bad, 3, "idx")
