"""Trees: names and order of their leaves, arithmetic over them, and the flat vector that shares their memory."""

import re
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refvae import trees
from refvae.layers import Dense

few = settings(max_examples=25, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)


class Net(NamedTuple):
    """Two layers and a lone array."""

    encoder: Any
    decoder: Any
    scale: Any


def net(seed: int, d: int = 6, h: int = 3) -> Net:
    """A tree of six leaves, three levels deep, with a leaf of no dimension."""
    rng = np.random.default_rng(seed)
    two = (Dense(rng.standard_normal((d, h)), rng.standard_normal(h)),
           Dense(rng.standard_normal((h, 8)), rng.standard_normal(8)))
    return Net(two, rng.standard_normal((7, 1, 2)), np.array(rng.standard_normal()))


# Leaves and names


@pytest.mark.parametrize(("tree", "root", "want"), [
    (np.zeros(3), "", [""]),
    (np.zeros(3), "x", ["x"]),
    (Dense(np.zeros((6, 3)), np.zeros(3)), "", ["W", "b"]),
    (Dense(np.zeros((6, 3)), np.zeros(3)), "p", ["p.W", "p.b"]),
    ((Dense(np.zeros((6, 3)), np.zeros(3)), np.zeros(7)), "p", ["p[0].W", "p[0].b", "p[1]"]),
    ((Dense(np.zeros((6, 3)), None), None), "", ["[0].W"]),
    (net(0), "", ["encoder[0].W", "encoder[0].b", "encoder[1].W", "encoder[1].b", "decoder", "scale"]),
    (((), ((),)), "p", []),
])
def test_names(tree, root, want):
    assert trees.names(tree, root) == want


def test_leaves_are_the_arrays_themselves_from_left_to_right():
    p = net(1)
    first, second = p.encoder
    for got, want in zip(trees.leaves(p), [*first, *second, p.decoder, p.scale], strict=True):
        assert got is want


def test_one_name_per_leaf_and_none_is_no_leaf():
    p = Net((Dense(np.zeros((6, 3)), None),), None, np.zeros(7))
    assert [leaf.shape for leaf in trees.leaves(p)] == [(6, 3), (7,)]
    assert trees.names(p) == ["encoder[0].W", "scale"]


# Map


def test_map_keeps_types_shapes_and_none():
    p = Net((Dense(np.ones((6, 3)), None),), (np.ones(7), None), None)
    got = trees.map(lambda leaf: 2 * leaf, p)
    assert type(got) is Net
    assert type(got.encoder[0]) is Dense
    assert type(got.decoder) is tuple
    assert got.encoder[0].b is None
    assert got.decoder[1] is None
    assert got.scale is None
    assert [float(leaf.sum()) for leaf in trees.leaves(got)] == [36, 14]


def test_map_takes_corresponding_leaves():
    a, b, c = Dense(np.ones((6, 3)), np.ones(3)), (np.zeros((6, 3)), np.full(3, 2.0)), Dense("W", "b")
    got = trees.map(lambda *parts: parts, a, b, c)
    assert type(got) is Dense
    assert [part[2] for part in got] == ["W", "b"]
    assert got.W[0] is a.W
    assert got.W[1] is b[0]
    assert got.b[1] is b[1]


@pytest.mark.parametrize("other", [(np.zeros(3),), (np.zeros(3), np.zeros(3), np.zeros(3)), ()])
def test_map_refuses_trees_of_other_shape(other):
    with pytest.raises(ValueError, match=rf"^trees differ: got 2 parts, {len(other)} parts, wanted the same$"):
        trees.map(lambda u, v: u, Dense(np.zeros((6, 3)), np.zeros(3)), other)


def test_map_refuses_trees_that_differ_further_down():
    with pytest.raises(ValueError, match=r"^trees differ: got 2 parts, 1 parts, wanted the same$"):
        trees.map(lambda u, v: u, (np.zeros(7), Dense(np.zeros((6, 3)), np.zeros(3))), (np.zeros(7), (np.zeros(7),)))


@pytest.mark.parametrize(("trees_", "got"), [
    ((np.zeros(3), (np.zeros(3),)), "an array, 1 parts"),
    (((np.zeros(3),), np.zeros(3)), "1 parts, an array"),
    ((np.zeros(2), Dense(np.zeros((6, 3)), np.zeros(3))), "an array, 2 parts"),
    ((Dense(np.zeros((6, 3)), np.zeros(3)), np.zeros(2)), "2 parts, an array"),  # as long, and still no tree
    ((Dense(np.zeros((6, 3)), np.zeros(3)), [np.zeros((6, 3)), np.zeros(3)]), "2 parts, an array"),
    (((np.zeros(7), np.zeros(3)), (np.zeros(7), (np.zeros(3),))), "an array, 1 parts"),
    (((np.zeros(3),), (np.zeros(3),), np.zeros(3)), "1 parts, 1 parts, an array"),
])
def test_map_refuses_an_array_against_a_tuple(trees_, got):
    with pytest.raises(ValueError, match=f"^trees differ: got {got}, wanted the same$"):
        trees.map(lambda *leaves: leaves[0], *trees_)


def test_axpy_refuses_trees_of_other_shape():
    with pytest.raises(ValueError, match=r"^trees differ: got an array, 2 parts, wanted the same$"):
        trees.axpy(2.0, np.zeros(2), (np.zeros(2), np.zeros(2)))


# Dot and axpy


@few
@given(seeds, st.integers(1, 6), st.integers(1, 5))
def test_dot_is_the_dot_of_the_flat_vectors(seed, d, h):
    a, b = net(seed, d, h), net(seed + 1, d, h)
    u, v = trees.flatten(a).vector, trees.flatten(b).vector
    assert abs(trees.dot(a, b) - u @ v) <= 1e-14 * (abs(u) @ abs(v))
    assert trees.dot(a, b) == trees.dot(b, a)


@few
@given(seeds, st.floats(-3, 3), st.floats(-3, 3))
def test_dot_is_bilinear(seed, alpha, beta):
    a, b, c = (net(seed + i) for i in range(3))
    mixed = trees.axpy(alpha, a, trees.axpy(beta, b, trees.map(np.zeros_like, b)))
    got, want = trees.dot(mixed, c), alpha * trees.dot(a, c) + beta * trees.dot(b, c)
    terms = trees.dot(trees.map(abs, a), trees.map(abs, c)) + trees.dot(trees.map(abs, b), trees.map(abs, c))
    assert abs(got - want) <= 1e-14 * 3 * terms


def test_dot_takes_no_complex_conjugate():
    assert trees.dot((np.array([1j, 2]), np.array(3j)), (np.array([1j, 1]), np.array(1j))) == -1 + 2 - 3


def test_dot_skips_none_and_refuses_trees_with_other_leaves():
    assert trees.dot((np.ones(3), None), (np.full(3, 2.0), None)) == 6
    with pytest.raises(ValueError, match="argument 2 is"):
        trees.dot((np.ones(3), np.ones(3)), (np.ones(3), None))


@pytest.mark.parametrize(("u", "v"), [
    ((7,), (7, 1)), ((7, 1), (7,)), ((7, 6), (6,)), ((7, 6), ()), ((), (1,)), ((7, 6), (6, 7))])
def test_dot_refuses_leaves_that_would_broadcast(u, v):
    message = re.escape(f"dot: got leaves of shapes ({u}, {v}), wanted equal ones")
    for a, b in [(np.ones(u), np.ones(v)), ((np.ones(3), np.ones(u)), (np.ones(3), np.ones(v)))]:
        with pytest.raises(ValueError, match=f"^{message}$"):
            trees.dot(a, b)


@few
@given(seeds, st.floats(-3, 3))
def test_axpy_is_the_sum_leaf_by_leaf(seed, alpha):
    x, y = net(seed), net(seed + 1)
    got = trees.axpy(alpha, x, y)
    assert type(got) is Net
    for leaf, u, v in zip(*map(trees.leaves, (got, x, y)), strict=True):
        np.testing.assert_array_equal(leaf, alpha * u + v)


# One flat vector


@few
@given(seeds, st.integers(1, 6), st.integers(1, 5))
def test_flatten_keeps_order_values_and_types(seed, d, h):
    p = net(seed, d, h)
    vector, tree = trees.flatten(p)
    np.testing.assert_array_equal(vector, np.concatenate([leaf.ravel() for leaf in trees.leaves(p)]))
    assert type(tree) is Net
    assert trees.names(tree) == trees.names(p)
    for got, want in zip(trees.leaves(tree), trees.leaves(p), strict=True):
        assert got.shape == want.shape
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_vectors_and_copies_begin_at_a_line(dtype):
    for size in (1, 7, 1000):
        leaf = np.arange(2 * size).reshape(size, 2).astype(dtype)
        for vector, want in ((trees.flatten((leaf,)).vector, leaf.ravel()), (trees.copy(leaf), leaf)):
            assert vector.__array_interface__["data"][0] % trees.LINE == 0
            assert vector.dtype == leaf.dtype
            assert not np.shares_memory(vector, leaf)
            np.testing.assert_array_equal(vector, want)


def test_flatten_copies():
    p = net(2)
    flat = trees.flatten(p)
    flat.vector[:] = 0
    assert all(np.any(leaf != 0) for leaf in trees.leaves(p))
    assert not any(np.shares_memory(flat.vector, leaf) for leaf in trees.leaves(p))


def test_writing_to_either_writes_to_both():
    vector, tree = trees.flatten(net(3))
    assert all(np.shares_memory(vector, leaf) for leaf in trees.leaves(tree))
    vector[:] = np.arange(vector.size)
    assert tree.encoder[0].W[2, 1] == 2 * 3 + 1
    assert tree.encoder[0].b[2] == 6 * 3 + 2
    tree.encoder[1].b[-1] = -1
    tree.scale[...] = -2
    assert vector[6 * 3 + 3 + 3 * 8 + 7] == -1
    assert vector[-1] == -2


@few
@given(seeds)
def test_unflatten_undoes_flatten(seed):
    vector, _ = trees.flatten(net(seed))
    again = trees.unflatten(vector, net(0))
    np.testing.assert_array_equal(trees.flatten(again).vector, vector)
    assert all(np.shares_memory(vector, leaf) for leaf in trees.leaves(again))


def test_unflatten_keeps_none_and_the_dtype_of_the_vector():
    like = Net((Dense(np.zeros((2, 3)), None),), None, np.zeros(1))
    got = trees.unflatten(np.arange(7) * 1j, like)
    assert got.encoder[0].b is None
    assert got.decoder is None
    np.testing.assert_array_equal(got.encoder[0].W, [[0, 1j, 2j], [3j, 4j, 5j]])
    np.testing.assert_array_equal(got.scale, [6j])


def test_flatten_ignores_memory_order():
    w = np.asfortranarray(np.arange(18.0).reshape(6, 3))
    np.testing.assert_array_equal(trees.flatten((w, w[::-2])).vector, [*range(18), 15, 16, 17, 9, 10, 11, 3, 4, 5])


def test_a_bare_array_and_no_array_at_all():
    vector, x = trees.flatten(np.arange(6.0).reshape(2, 3))
    vector[4] = -1
    assert x[1, 1] == -1
    assert trees.flatten(()).vector.shape == (0,)
    assert trees.flatten((None, ())).tree == (None, ())


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128, np.int64])
def test_flatten_keeps_the_dtype(dtype):
    assert trees.flatten(Dense(np.ones((6, 3), dtype), np.ones(3, dtype))).vector.dtype == dtype


def test_flatten_refuses_mixed_dtypes():
    with pytest.raises(ValueError, match=r"tree: got dtypes \['float32', 'float64'\], wanted one"):
        trees.flatten(Dense(np.ones((6, 3)), np.ones(3, np.float32)))


@pytest.mark.parametrize("leaf", [
    {"W": np.zeros((6, 3))}, {}, np.array([1.0, None]), object(), Decimal(1)],
    ids=["dict", "empty dict", "array of objects", "object", "Decimal"])
def test_flatten_refuses_leaves_that_are_no_numbers(leaf):
    for tree in (leaf, (leaf,), Dense(np.zeros((6, 3)), leaf)):
        with pytest.raises(TypeError, match=r"^tree: got leaves that are no arrays of numbers, wanted nested tuples"):
            trees.flatten(tree)


@pytest.mark.parametrize("shape", [(20,), (22,), (0,), (21, 1), (3, 7), ()])
def test_unflatten_refuses_another_size(shape):
    with pytest.raises(ValueError, match=r"vector: got shape \(.*\), wanted \(21,\)"):
        trees.unflatten(np.zeros(shape), Dense(np.zeros((6, 3)), np.zeros(3)))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64, bool])
def test_small_integers_do_not_wrap_around(dtype):
    a = (np.array([100, 100, 1]).astype(dtype), np.array(3).astype(dtype))
    b = tuple(leaf.astype(float) for leaf in a)
    assert trees.dot(a, a) == trees.dot(b, b)
    assert all(map(np.array_equal, trees.axpy(2, a, a), trees.axpy(2, b, b)))
