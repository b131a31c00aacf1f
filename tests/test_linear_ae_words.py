"""Words, topics and their reconstruction: values by hand, bad input, and what the shipped counts are."""

import sys

import numpy as np
import pytest
from scipy import sparse

from refvae.data import topics
from refvae.data.make_topics import count_words, main
from refvae.figures import linear_ae_words as figure
from refvae.linear_ae.words import (
    auc,
    complete,
    hidden_lexicon,
    hold_out,
    latent_semantics,
    log_entropy,
    recovery_auc,
    three_factors,
)

COUNTS = np.array([[3, 1, 0, 0, 2], [2, 1, 0, 1, 0], [0, 0, 4, 1, 0], [0, 0, 1, 2, 1]])
NAMES, TERMS = ["lists", "dicts", "loops", "breaks"], list("abcde")


# The shipped counts


def test_topics_are_as_described():
    counts, names, terms = topics()
    assert counts.shape == (79, 1892) == (len(names), len(terms))
    assert (counts.sum(), counts.nnz) == (35329, 12278)
    assert counts.dtype == np.float64
    assert names.tolist() == sorted(set(names.tolist()))
    assert terms.tolist() == sorted(set(terms.tolist()))
    assert all(term.isascii() and term.isalpha() and term.islower() and len(term) >= 3 for term in terms.tolist())
    found_in = (counts > 0).sum(0)
    assert (found_in.min(), found_in.max()) == (2, 39)
    assert counts[names.tolist().index("break"), terms.tolist().index("loop")] == 7


def test_words_are_counted_by_the_stated_rule():
    texts = {"b": "Loop, loop! in_the __init__ naïve", "a": "a loop in the INIT", "d": "the rest", "c": "the zoo zoo"}
    found = count_words(texts)
    assert found["names"].tolist() == ["a", "b", "c", "d"]
    assert found["terms"].tolist() == ["init", "loop"]  # "the" is in all four, the others in one or too short
    dense = sparse.csr_array((found["data"], found["indices"], found["indptr"]), shape=(4, 2)).toarray()
    assert dense.tolist() == [[1, 1], [1, 2], [0, 0], [0, 0]]


def test_making_the_topics_anew_gives_the_same_bytes(tmp_path, capsys):
    for name in ("first.npz", "second.npz"):
        assert main([str(tmp_path / name)]) == 0
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()
    assert " topics, " in capsys.readouterr().out
    with pytest.raises(SystemExit, match="usage"):
        main([])


@pytest.mark.skipif(sys.version_info[:3] != (3, 11, 7), reason="the topics of another Python")
def test_the_shipped_topics_come_from_this_python(tmp_path):
    main([str(tmp_path / "topics.npz")])
    counts, names, terms = topics()
    with np.load(tmp_path / "topics.npz") as made:
        assert (made["names"] == names).all()
        assert (made["terms"] == terms).all()
        assert (made["data"] == counts.data).all()
        assert (made["indices"] == counts.indices).all()


# Values by hand


def test_a_negative_entry_is_clipped():
    X = np.array([[2.0, 1, 0], [1, 2, 1], [0, 1, 2]])  # smallest singular value 2 - root 2 of (1, -root 2, 1) / 2
    root = np.sqrt(2)
    Y = X - (2 - root) / 4 * np.array([[1, -root, 1], [-root, 2, -root], [1, -root, 1]])
    assert Y[0, 2] == Y[2, 0] == (root - 2) / 4
    np.testing.assert_allclose(complete(X, 2), Y * (Y > 0), atol=1e-14)


def test_complete_takes_integers_and_wide_tables():
    np.testing.assert_allclose(complete(COUNTS, 2), complete(COUNTS.T.astype(float), 2).T, atol=1e-13)
    np.testing.assert_allclose(complete(COUNTS, 4), COUNTS, atol=1e-14)


def test_three_factors_of_a_diagonal_matrix():
    A, P, Q = three_factors(np.diag([3.0, 2.0, 1.0]), 2, 3)
    assert (A.shape, P.shape, Q.shape) == ((3, 2), (2, 3), (3, 3))
    np.testing.assert_allclose(P, [[3, 0, 0], [0, 2, 0]], atol=1e-15)
    np.testing.assert_allclose(A @ P @ Q, np.diag([3, 2, 0]), atol=1e-15)


@pytest.mark.parametrize(("high", "low", "want"), [
    ([2, 3], [0, 1], 1), ([0], [1, 2], 0), ([1, 1], [1], 0.5), ([1, 2], [1, 3], 0.375), ([3, 1, 2], [2, 0], 0.75),
])
def test_auc_by_hand(high, low, want):
    assert auc(np.array(high), np.array(low)) == want
    assert auc(np.array(low), np.array(high)) == 1 - want


def test_a_lexicon_consists_of_seen_hidden_and_illegal_pairs():
    X, mean, hidden, illegal = hidden_lexicon(0, 20, 3, 0.25)
    assert ((X == 1).astype(int) + hidden + illegal == 1).all()
    assert set(np.unique(mean)) == {0, 0.75}
    assert np.linalg.matrix_rank(mean) == 3
    assert recovery_auc(mean, hidden, illegal, 3) == 1
    assert recovery_auc(X, hidden, illegal, 20) == 0.5


def test_hold_out_hides_nonzero_counts_only_and_keeps_its_input():
    counts = topics()[0]
    before = counts.copy()
    kept, hidden = hold_out(counts, 0.1, 0)
    assert (counts != before).nnz == 0
    dense = counts.toarray()
    assert (dense[hidden] > 0).all()
    assert (kept.toarray() == np.where(hidden, 0, dense)).all()
    assert 0.09 < hidden.sum() / counts.nnz < 0.11


def test_weights_of_a_term_in_one_document_and_of_one_spread_evenly():
    X = log_entropy([[1, 3, 2], [0, 0, 2]]).toarray()
    np.testing.assert_allclose(X, [[1 / np.sqrt(5), 2 / np.sqrt(5), 0], [0, 0, 0]], atol=1e-15)


def test_weights_are_the_same_from_arrays_and_sparse_matrices_of_any_type():
    want = log_entropy(COUNTS).toarray()
    for counts in (COUNTS.astype(np.uint8), sparse.coo_array(COUNTS), sparse.csc_matrix(COUNTS.astype(np.float32))):
        np.testing.assert_array_equal(log_entropy(counts).toarray(), want)


# Topics


@pytest.fixture(scope="module")
def analysis():
    return latent_semantics(*topics(), 10)


def test_nearest_topics_are_those_of_the_table(analysis):
    assert [name for name, _ in analysis.nearest("break", 4)] == ["continue", "return", "try", "for"]
    assert [round(cosine, 2) for _, cosine in analysis.nearest("imaginary", 4)] == [0.99, 0.98, 0.98, 0.9]
    assert [name for name, _ in analysis.nearest("import", 1)] == ["assert"]


def test_absent_words_are_those_of_the_table_and_absent(analysis):
    counts, names, terms = topics()
    for topic, want in (("break", ["continue", "next", "cycle"]), ("global", ["namespace", "name", "local"])):
        found = [term for term, _ in analysis.surprises(topic, 3)]
        assert found == want
        assert all(counts[names.tolist().index(topic), terms.tolist().index(term)] == 0 for term in found)


def test_one_text_under_two_names_has_cosine_one(analysis):
    assert dict(analysis.nearest("if", 78))["else"] == pytest.approx(1, rel=1e-12)


def test_twice_the_same_whatever_the_generator(analysis):
    again = latent_semantics(*topics(), 10, rng=np.random.default_rng(5))
    np.testing.assert_allclose(again.Z, analysis.Z, atol=1e-12)
    assert (hidden_lexicon(3).X == hidden_lexicon(np.random.default_rng(3)).X).all()
    assert (complete(COUNTS, 2) == complete(COUNTS, 2)).all()


# Bad input


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: complete(COUNTS - 1, 2), ValueError, r"X: got a smallest entry of -1, wanted entries >= 0"),
    (lambda: complete(COUNTS, 5), ValueError, r"k: got 5, wanted 1 <= k <= 4"),
    (lambda: complete(COUNTS, 0), ValueError, r"k: got 0, wanted"),
    (lambda: complete(COUNTS, 2.0), TypeError, r"k: got float, wanted an int"),
    (lambda: complete(np.full((3, 2), np.nan), 1), ValueError, r"X: got 6 NaN or infinite entries"),
    (lambda: complete(COUNTS[0], 1), ValueError, r"X: got shape \(5,\), wanted \(n, d\)"),
    (lambda: three_factors(COUNTS, 2, 5), ValueError, r"ell: got 5, wanted 1 <= ell <= 4"),
    (lambda: three_factors(COUNTS, -1, 2), ValueError, r"k: got -1, wanted"),
    (lambda: auc(np.array([]), np.ones(2)), ValueError, r"high: got shape \(0,\), wanted \(n,\)"),
    (lambda: auc(np.ones(2), np.array([np.nan])), ValueError, r"low: got 1 NaN or infinite entries"),
    (lambda: auc(np.ones((2, 1)), np.ones(2)), ValueError, r"high: got shape \(2, 1\)"),
    (lambda: hidden_lexicon(0, 3, 4), ValueError, r"n: got 3, wanted n >= 4"),
    (lambda: hidden_lexicon(0, share=1.0), ValueError, r"share: got 1.0, wanted a number above 0 and below 1"),
    (lambda: hidden_lexicon(None), TypeError, r"rng: got NoneType"),
    (lambda: hold_out(COUNTS, 0, 0), ValueError, r"share: got 0, wanted a number above 0 and below 1"),
    (lambda: recovery_auc(COUNTS, COUNTS[:2] > 0, COUNTS == 0, 2), ValueError, r"X and hidden: got shapes \(4, 5\)"),
    (lambda: recovery_auc(COUNTS, COUNTS, COUNTS == 0, 2), TypeError, r"hidden: got dtype int64, wanted bool"),
    (lambda: log_entropy(COUNTS[:1]), ValueError, r"counts: got shape \(1, 5\), wanted \(n, d\) with n >= 2"),
    (lambda: log_entropy(sparse.csr_array(-COUNTS)), ValueError, r"counts: got a smallest entry of -4"),
    (lambda: log_entropy(sparse.csr_array([[1, np.nan], [1, 2]])), ValueError, r"counts: got 1 NaN or infinite"),
    (lambda: log_entropy(sparse.csr_array(COUNTS * 1j)), TypeError, r"counts: got dtype complex128"),
    (lambda: latent_semantics(COUNTS, NAMES[:3], TERMS, 2), ValueError, r"names: got shape \(3,\), .* wanted 4 diff"),
    (lambda: latent_semantics(COUNTS, NAMES, list("abcda"), 2), ValueError, r"terms: got shape \(5,\), 4 different"),
    (lambda: latent_semantics(COUNTS, NAMES, TERMS, 5), ValueError, r"k: got 5, wanted 1 <= k <= 4"),
    (lambda: latent_semantics(COUNTS, NAMES, TERMS, 2).nearest("list"), ValueError, r"got 'list', wanted .* 'lists'"),
    (lambda: latent_semantics(COUNTS, NAMES, TERMS, 2).nearest("lists", 4), ValueError, r"count: got 4, wanted .* 3"),
    (lambda: latent_semantics(COUNTS, NAMES, TERMS, 2).surprises("zzz"), ValueError, r"got 'zzz', wanted .* 'lists'"),
    (lambda: latent_semantics(COUNTS, NAMES, TERMS, 2).surprises("lists", 0), ValueError, r"count: got 0, wanted"),
])
def test_bad_input_gets_one_clear_error(call, error, message):
    with pytest.raises(error, match=message):
        call()


# The experiment


def test_figure_numbers_are_those_of_the_tables():
    at = {k: auc for k, auc in zip(figure.LEXICON_K, figure.lexicon_curve(0), strict=True)}
    assert max(at.values()) == max(at[3], at[4]) > 0.998
    assert at[80] == 0.5
    assert figure.topics_curve(0)[figure.TOPICS_K.index(10)] == pytest.approx(0.8104, abs=1e-3)


@pytest.mark.slow
def test_tables_come_out_again():
    arrays = figure.compute()
    want = [0.738, 0.966, 0.9998, 0.9998, 0.996, 0.991, 0.977, 0.937, 0.858, 0.689, 0.5]
    np.testing.assert_allclose(arrays.lexicon.mean(0), want, atol=1e-3)
    want = [0.788, 0.802, 0.808, 0.815, 0.820, 0.820, 0.819, 0.814, 0.808, 0.772, 0.5]
    np.testing.assert_allclose(arrays.topics.mean(0), want, atol=1e-3)


def test_keeping_everything_expects_nothing():
    counts, names, terms = topics()
    assert latent_semantics(counts, names, terms, 79).surprises("break") == []
