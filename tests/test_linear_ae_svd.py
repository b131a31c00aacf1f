"""Truncated SVD: every kind of matrix, executors that are processes, and bad input."""

import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from scipy import linalg, sparse

from refvae.data import digits
from refvae.linear_ae import blocks, svd, truncated_svd

X = digits()[0]
S = np.linalg.svd(X, compute_uv=False)


def check(found, X, k):
    """Singular values, orthonormal vectors, and the reconstruction as good as the tail."""
    s = np.linalg.svd(X, compute_uv=False)
    np.testing.assert_allclose(found.s, s[:k], rtol=1e-12)
    np.testing.assert_allclose(found.U.T @ found.U, np.eye(k), atol=1e-12)
    np.testing.assert_allclose(found.Vt @ found.Vt.T, np.eye(k), atol=1e-12)
    left = ((X - found.U * found.s @ found.Vt) ** 2).sum()
    assert left == pytest.approx((s[k:] ** 2).sum(), rel=1e-10, abs=1e-20 * (s**2).sum())


@pytest.mark.parametrize(("change", "route"), [
    (lambda X: X, "gram"), (lambda X: X[:, ::-1], "gram"), (np.asfortranarray, "gram"), (lambda X: X.T, "iteration"),
    (lambda X: X[:40], "iteration"), (lambda X: X - X.mean(0), "gram"), (lambda X: X * 1e150, "gram"),
    (lambda X: X * 1e-150, "gram"), (lambda X: X * 1e200, "iteration"), (lambda X: X.astype(np.float32), "gram"),
])
def test_dense_matrices(change, route):
    A = change(X)
    found = truncated_svd(A, 8)
    assert found.route == route
    unit = np.abs(A).max()
    scaled = type(found)(found.U, found.s / unit, found.Vt)
    check(scaled, A.astype(float) / unit, 8)


@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csc_array, sparse.coo_array, sparse.csr_matrix])
@pytest.mark.parametrize("change", [lambda X: X, lambda X: X.T])
def test_sparse_matrices(make, change):
    check(truncated_svd(make(change(X)), 5), change(X), 5)


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array, lambda X: np.array_split(X, 3)])
@pytest.mark.parametrize("rows", [1797, 50])
def test_centred(make, rows):
    found = truncated_svd(make(X[:rows]), 5, centre=True)
    np.testing.assert_allclose(found.mean, X[:rows].mean(0), atol=1e-14)
    check(found, X[:rows] - X[:rows].mean(0), 5)


@pytest.mark.parametrize("mean", [0, 10, 1000])
def test_float32_with_a_large_mean(mean):
    A = (mean + np.random.default_rng(0).standard_normal((3000, 30))).astype(np.float32)
    for centre in (False, True):
        s = np.linalg.svd(A - centre * A.mean(0, np.float64), compute_uv=False)[:4]
        np.testing.assert_allclose(truncated_svd(A, 4, centre=centre).s, s, rtol=1e-8)


@pytest.mark.parametrize("unit", [1e-30, 1e30])
def test_float32_whose_squares_leave_its_range(unit):
    A = (unit * X).astype(np.float32)
    np.testing.assert_allclose(truncated_svd(A, 4).s, np.linalg.svd(A.astype(float), compute_uv=False)[:4], rtol=1e-12)


def test_all_of_a_matrix_with_blank_columns():
    found = truncated_svd(X, 64)
    np.testing.assert_allclose(found.s, S, atol=1e-13 * S[0])
    np.testing.assert_allclose(found.U.T @ found.U, np.eye(64), atol=1e-10)


def test_a_matrix_of_zeros():
    found = truncated_svd(np.zeros((7, 5)), 3)
    assert (found.s == 0).all()
    np.testing.assert_allclose(found.U.T @ found.U, np.eye(3), atol=1e-14)


def test_blocks_and_functions_that_give_them():
    parts = np.split(X, [1, 700])
    plain, blocks = truncated_svd(X, 6), truncated_svd(parts, 6)
    lazily = truncated_svd([partial(np.copy, part) for part in parts], 6)
    np.testing.assert_allclose(blocks.s, plain.s, rtol=1e-13)
    np.testing.assert_allclose(blocks.Vt, plain.Vt, atol=1e-12)
    assert all((a == b).all() for a, b in zip(lazily, blocks, strict=True))


@pytest.mark.parametrize("rows", [slice(None), slice(100, 1500)])
def test_memory_maps_and_their_slices(tmp_path, rows):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")[rows]
    assert all((a == b).all() for a, b in zip(truncated_svd(mapped, 5), truncated_svd(X[rows], 5), strict=True))


CHILD = """
import sys, numpy as np
from refvae.linear_ae import truncated_svd
X = np.memmap(sys.argv[1], np.float32, "r", shape=(200_000, 200))
peak = lambda: int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
before = peak()
truncated_svd(X, 5)
print((peak() - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_a_mapped_file_is_not_held_in_memory(tmp_path):
    """The file has 153 MiB; what it takes beyond the bare process is the result and a few blocks."""
    rng = np.random.default_rng(0)
    with open(tmp_path / "x", "wb") as file:
        for _ in range(20):
            rng.standard_normal((10_000, 200), dtype=np.float32).tofile(file)
    done = subprocess.run([sys.executable, "-c", CHILD, tmp_path / "x"], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 110  # the file mapped as a whole would take 153 and more


@pytest.mark.parametrize("A", [X, X[:50], sparse.csr_array(X)], ids=["gram", "iteration", "sparse"])
def test_processes_give_the_same_bits(A):
    plain = truncated_svd(A, 5)
    for workers in (1, 2):
        with ProcessPoolExecutor(workers) as pool:
            assert all((a == b).all() for a, b in zip(plain, truncated_svd(A, 5, executor=pool), strict=True))


def test_a_dask_cluster_gives_the_same_bits():
    distributed = pytest.importorskip("dask.distributed", reason="needs the extra `dask`")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, \
            distributed.Client(cluster) as client:
        found = truncated_svd(np.array_split(X, 5), 5, executor=client.get_executor())
    assert all((a == b).all() for a, b in zip(found, truncated_svd(np.array_split(X, 5), 5), strict=True))


def test_the_seed_moves_the_start_and_not_the_result():
    a, b = truncated_svd(X[:50], 5, 0), truncated_svd(X[:50], 5, 1)
    np.testing.assert_allclose(a.s, b.s, rtol=1e-13)
    np.testing.assert_allclose(a.Vt, b.Vt, atol=1e-9)
    assert all((u == v).all() for u, v in zip(a, truncated_svd(X[:50], 5, np.random.default_rng(0)), strict=True))


def test_close_singular_values_get_a_warning_with_the_residual(monkeypatch):
    monkeypatch.setattr(svd, "MOST_PASSES", 2)
    A = sparse.random_array((3500, 3200), density=0.002, rng=np.random.default_rng(0))
    with pytest.warns(RuntimeWarning, match="residuals up to .* times what was wanted after 11 passes"):
        found = truncated_svd(A, 3)
    assert found.passes == 11


WITH_NAN = X.copy()
WITH_NAN[1000, 3] = np.nan


@pytest.mark.parametrize(("A", "k", "error", "message"), [
    (X, 65, ValueError, "k: got 65, wanted 1 <= k <= 64"),
    (X, 0, ValueError, "k: got 0, wanted"),
    (X, 2.0, TypeError, "k: got float, wanted an int"),
    (WITH_NAN, 3, ValueError, "X: got 1 NaN or infinite entries, wanted finite ones"),
    (sparse.csr_array(WITH_NAN), 3, ValueError, "X: got 1 NaN or infinite entries"),
    (WITH_NAN[990:1010], 3, ValueError, "X: got 1 NaN or infinite entries"),
    (np.zeros((0, 5)), 1, ValueError, r"X: got shape \(0, 5\)"),
    (np.zeros(5), 1, ValueError, r"X: got shape \(5,\)"),
    ((16 * X).astype(int), 3, TypeError, r"X: got int64, wanted floats; for counts give X.astype\(float\)"),
    (X.astype(complex), 3, TypeError, "X: got complex128, wanted floats"),
    (np.ma.masked_array(X), 3, TypeError, "X: got MaskedArray"),
    ("X", 3, TypeError, "X: got str"),
    ([X[:5], X[5:9, :60]], 3, ValueError, r"X\[1\]: got a block of shape \(4, 60\), wanted \(rows, 64\)"),
    ([], 3, ValueError, "X: got no blocks"),
    ([X[:5], X[5:9].astype(int)], 3, TypeError, r"X\[1\]: got int64, wanted floats"),
    ([None], 3, TypeError, r"X\[0\]: got NoneType, wanted floats"),
    ([np.array(1.0)], 3, ValueError, r"X\[0\]: got a block of shape \(\), wanted \(rows, n\)"),
    ([X[:5], np.zeros((0, 64))], 3, ValueError, r"X\[1\]: got a block of shape \(0, 64\)"),
    ([np.ma.masked_array(X)], 3, TypeError, r"X\[0\]: got MaskedArray"),
])
def test_bad_input_gets_one_clear_error(A, k, error, message):
    with pytest.raises(error, match=message):
        truncated_svd(A, k)


def test_rng_is_no_global_state():
    with pytest.raises(TypeError, match="rng: got NoneType"):
        truncated_svd(X[:50], 3, None)


@pytest.mark.parametrize("workers", [None, 2])
@pytest.mark.parametrize(("rows", "route"), [(1797, "gram"), (50, "iteration")])
def test_every_triple_from_many_blocks(workers, rows, route):
    """U as well as V, from twelve unequal blocks: X v = s u and residual = |X'u - s v|, row by row."""
    A, pool = X[:rows], workers and ThreadPoolExecutor(workers)
    U, s, Vt = found = truncated_svd(np.split(A, [1, 2, 4, 7, 11, 16, 22, 29, 37, 40, 45]), 5, executor=pool)
    assert found.route == route
    np.testing.assert_allclose(A @ Vt.T, U * s, atol=1e-12 * s[0])
    np.testing.assert_allclose(U.T @ U, np.eye(5), atol=1e-13)
    true = np.linalg.norm(A.T @ U - Vt.T * s, axis=0)
    np.testing.assert_allclose(found.residual, true, rtol=1e-3, atol=1e-13 * s[0])


def test_the_residual_of_the_gram_route_is_no_constant():
    A = np.linalg.qr(np.random.default_rng(0).standard_normal((300, 60)))[0] * np.geomspace(1, 1e-3, 60)
    found = truncated_svd(A, 60)
    true = np.linalg.norm(A.T @ found.U - found.Vt.T * found.s, axis=0)
    assert found.route == "gram"
    assert (found.residual > 0).all()
    assert (true <= found.residual + 1e-13).all()


@pytest.mark.parametrize("small", [1e-8, 1e-11])
def test_u_is_orthonormal_however_small_the_singular_values(small):
    rng = np.random.default_rng(0)
    U, V = (np.linalg.qr(rng.standard_normal((m, 51)))[0] for m in (300, 60))
    s = np.r_[1, small * np.linspace(1, 0.5, 50)]
    found = truncated_svd(U * s @ V.T, 5)
    np.testing.assert_allclose(found.U.T @ found.U, np.eye(5), atol=1e-13)
    np.testing.assert_allclose(found.s, s[:5], rtol=1e-15 / small + 1e-9)


def test_a_small_wide_matrix_needs_no_gap():
    A = np.random.default_rng(0).standard_normal((37, 1000))
    np.testing.assert_allclose(truncated_svd(A, 5).s, np.linalg.svd(A, compute_uv=False)[:5], rtol=1e-12)


@pytest.mark.parametrize("change", [lambda M: M[::2], lambda M: M[::-1], lambda M: M[:, 3:], lambda M: M.T])
def test_memory_maps_whose_rows_are_not_in_order(tmp_path, change):
    np.save(tmp_path / "x.npy", X)
    mapped = change(np.load(tmp_path / "x.npy", mmap_mode="r"))
    assert all((a == b).all() for a, b in zip(truncated_svd(mapped, 2), truncated_svd(change(X), 2), strict=True))


def test_a_memory_map_that_was_changed_in_memory_is_taken_as_it_is(tmp_path):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="c")
    mapped *= 2
    np.testing.assert_allclose(truncated_svd(mapped, 3).s, 2 * S[:3], rtol=1e-13)


def test_large_numbers_on_threads():
    with ThreadPoolExecutor(2) as pool:
        np.testing.assert_allclose(truncated_svd(X * 1e200, 3, executor=pool).s, S[:3] * 1e200, rtol=1e-12)


def test_a_function_that_changes_its_mind_is_refused():
    sizes = iter([50, 1])
    with pytest.raises(ValueError, match=r"X\[0\]: got 1 rows when it was read again, wanted 50"):
        truncated_svd([lambda: X[:next(sizes)]], 3)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("rows", [slice(None), slice(100, 1500)])
def test_a_memory_map_of_many_blocks(tmp_path, monkeypatch, rows, dtype):
    monkeypatch.setattr(blocks, "ENTRIES", 64 * 100)
    np.save(tmp_path / "x.npy", X.astype(dtype))
    mapped, A = np.load(tmp_path / "x.npy", mmap_mode="r")[rows], X[rows].astype(dtype)
    parts = [blocks.load(loader) for loader in blocks.row_blocks(mapped).loaders]
    assert len(parts) == -(-len(A) // 100)
    assert np.array_equal(np.vstack(parts), A)
    check(truncated_svd(mapped, 5), A.astype(float), 5)


@pytest.mark.parametrize("size", [1e6, 1.0, 1e-6])
def test_a_large_sparse_matrix_of_any_size_gets_the_residual_that_it_has(size):
    A = size * sparse.csr_array(sparse.diags_array(0.97 ** np.arange(3200.0), shape=(3300, 3200)))
    found = truncated_svd(A, 20)
    assert found.route == "iteration"
    true = np.linalg.norm(A.T @ found.U - found.Vt.T * found.s, axis=0)
    assert (true <= 1.1e-10 * found.s).all()
    np.testing.assert_allclose(found.residual, true, rtol=0.1, atol=1e-13 * found.s[0])
    np.testing.assert_allclose(found.s, size * 0.97 ** np.arange(20.0), rtol=1e-12)


@pytest.mark.parametrize("copies", [1, 9])
def test_a_wide_sparse_matrix_of_low_rank_and_one_of_equal_parts(copies, monkeypatch):
    monkeypatch.setattr(svd, "_columns", lambda shape, k: k + 2)
    part = sparse.random_array((150, 300), density=0.1, rng=np.random.default_rng(3))
    X = sparse.csr_array(sparse.kron(sparse.eye_array(copies), part) if copies > 1 else sparse.hstack([part] * 8))
    found = truncated_svd(X, 12)
    want = linalg.svdvals(part.toarray())
    np.testing.assert_allclose(found.s, np.repeat(want, copies)[:12] * (1 if copies > 1 else 8**0.5), rtol=1e-10)
    np.testing.assert_allclose(found.U.T @ found.U, np.eye(12), atol=1e-12)
    assert found.route == "iteration"


def test_what_overflows_when_squared_in_a_wide_matrix():
    X = np.random.default_rng(0).standard_normal((50, 1000))
    np.testing.assert_allclose(truncated_svd(1e200 * X, 4).s / 1e200, linalg.svdvals(X)[:4], rtol=1e-10)


def test_equal_values_of_a_sparse_matrix_are_all_found():
    part = sparse.random_array((30, 60), density=0.2, rng=np.random.default_rng(1))
    found = truncated_svd(sparse.csr_array(sparse.kron(sparse.eye_array(9), part)), 20)
    np.testing.assert_allclose(found.s, np.repeat(linalg.svdvals(part.toarray())[:3], 9)[:20], rtol=1e-12)


@pytest.mark.parametrize("k", [1, 5, 20])
@pytest.mark.parametrize("rank", [0, 1, 3])
def test_sparse_matrices_of_low_rank(rank, k):
    rng = np.random.default_rng(0)
    A = rng.standard_normal((200, rank)) @ rng.standard_normal((rank, 400))
    found = truncated_svd(sparse.csr_array(A), k)
    np.testing.assert_allclose(found.s, linalg.svdvals(A)[:k], rtol=1e-12, atol=1e-14 * max(found.s[0], 1))
    np.testing.assert_allclose(found.U.T @ found.U, np.eye(k), atol=1e-13)
    np.testing.assert_allclose(found.Vt @ found.Vt.T, np.eye(k), atol=1e-13)


@pytest.mark.parametrize("size", [1e300, 1e200, 1e-200, 1e-290])
def test_sparse_entries_whose_squares_leave_the_range(size):
    A = sparse.random_array((200, 400), density=0.05, rng=np.random.default_rng(0))
    found, plain = truncated_svd(sparse.csr_array(size * A), 4), truncated_svd(sparse.csr_array(A), 4)
    np.testing.assert_allclose(found.s / size, plain.s, rtol=1e-13)
    assert found.passes == plain.passes < 60


def test_blocks_of_a_sparse_matrix_are_cut_once(monkeypatch):
    A = sparse.random_array((300, 400), density=0.1, rng=np.random.default_rng(0), format="csr")
    [loader] = blocks.row_blocks(A).loaders
    assert np.shares_memory(loader().data, A.data)
    monkeypatch.setattr(blocks, "ENTRIES", 1000)
    loaders = blocks.row_blocks(A).loaders
    assert len(loaders) > 2
    assert all(loader() is loader() for loader in loaders)
    assert np.array_equal(sparse.vstack([loader() for loader in loaders]).toarray(), A.toarray())
