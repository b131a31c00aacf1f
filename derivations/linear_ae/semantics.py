"""Evidence for meaning on real text, (2.33) and (2.34)."""

from __future__ import annotations

import numpy as np
from scipy import linalg, stats

from refvae.data import topics
from refvae.derivations.linear_ae.meaning import rebuilt
from refvae.evidence import Ledger, gap, holds
from refvae.linear_ae.words import latent_semantics, log_entropy

ledger = Ledger()


def counts_of(rng, n=8, d=13):
    """Small counts, each term in some document and each document with some term, not evenly spread."""
    return rng.poisson(0.8, (n, d)) + 2 * np.eye(n, d) + 3 * (np.arange(d) % n == np.arange(n)[:, None])


def weights(local=np.log1p, base=None, rows=np.linalg.norm):
    """log_entropy with another weight within a document, base of the entropy, or length of a row."""
    def f(counts):
        X = local(counts) * (1 - stats.entropy(counts, axis=0) / np.log(base or len(counts)))
        return X / np.apply_along_axis(rows, 1, X)[:, None]

    return f


def dense(X):
    """A sparse matrix as an array."""
    return X.toarray() if hasattr(X, "toarray") else X


WEIGHT_WRONG = {"counts, not their logarithm": weights(local=lambda counts: counts),
                "entropy in bits": weights(base=2), "entropy over the terms": lambda counts: log_entropy(counts.T).T,
                "rows of sum 1": weights(rows=np.sum), "columns of length 1": lambda counts: (
                    lambda X: X / np.linalg.norm(X, axis=0))(dense(log_entropy(counts)))}


@ledger.add("2.33", "identity", log_entropy, wrong=WEIGHT_WRONG)
def scipy_entropy(log_entropy, rng):
    """By scipy.stats.entropy and dense arrays; every row has length 1."""
    counts = counts_of(rng)
    return gap(dense(log_entropy(counts)), weights()(counts))


@ledger.add("2.33", "limit", log_entropy, bound=1e-12, wrong={
    key: WEIGHT_WRONG[key] for key in ("counts, not their logarithm", "rows of sum 1", "entropy over the terms")})
def only_here_and_everywhere(log_entropy, rng):
    """Terms that occur once and three times, in one of four documents only, weigh 1 : 2; one spread evenly weighs 0.

    A document of such terms alone is a row of zeros.
    """
    counts = np.array([[1, 3, 0, 2], [0, 0, 1, 2], [0, 0, 1, 2], [0, 0, 0, 2]])
    want = np.array([[1, 2, 0, 0], *(2 * [[0, 0, np.sqrt(5), 0]]), [0, 0, 0, 0]]) / np.sqrt(5)
    return gap(dense(log_entropy(counts)), want)


@ledger.add("2.33", "law", log_entropy, bound=0, wrong={
    key: WEIGHT_WRONG[key] for key in ("counts, not their logarithm", "entropy over the terms")} | {
    "rounding errors weighed": lambda N: weights()(N)})
def nothing_uneven(log_entropy, rng):
    """Two to 40 documents with the same counts of both terms, and more documents than terms, some empty: all rows 0."""
    even = [np.abs(dense(log_entropy(np.tile([[1, 3]], (n, 1))))).max() == 0 for n in range(2, 41)]
    sparse_rows = dense(log_entropy(np.array([[1, 0], [0, 0], [0, 2], [0, 0], [0, 0]])))
    return holds([*even, *(sparse_rows == [[1, 0], [0, 0], [0, 1], [0, 0], [0, 0]]).ravel()])


def changed(change):
    """latent_semantics whose codes and decoder are replaced by change(Z, D)."""
    def wrong(*args):
        found = latent_semantics(*args)
        Z, D = change(found.Z, found.D)
        return found._replace(Z=Z, D=D)

    return wrong


def sheared(Z, D):
    """The same reconstruction from other codes, by the gauge freedom (2.7)."""
    G = np.eye(len(D)) + np.tri(len(D), k=-1)
    return Z @ G, linalg.solve(G, D)


SEMANTICS_WRONG = {"codes of variance 1": changed(lambda Z, D: (Z / np.linalg.norm(Z, axis=0), D)),
                   "codes in another gauge": changed(sheared),
                   "first code left out": changed(lambda Z, D: (Z[:, 1:], D[1:]))}


def cosines(analysis):
    """All cosines that `nearest` gives, in the order of the names; 1 on the diagonal."""
    n = len(analysis.names)
    rows = [dict(analysis.nearest(name, n - 1)) for name in analysis.names]
    return np.array([[row.get(str(name), 1.0) for name in analysis.names] for row in rows])


def between_rows(X):
    """The cosines between the rows of X."""
    directions = X / np.linalg.norm(X, axis=1, keepdims=True)
    return directions @ directions.T


@ledger.add("2.34", "identity", latent_semantics, wrong=SEMANTICS_WRONG)
def cosines_of_reconstructed_rows(latent_semantics, rng):
    """8 x 13 counts, k = 3: cosines of the codes against those of the rows of XCD by the dense autoencoder of (2.5)."""
    counts = counts_of(rng)
    analysis = latent_semantics(counts, list("abcdefgh"), list("ABCDEFGHIJKLM"), 3)
    return gap(cosines(analysis), between_rows(rebuilt(dense(log_entropy(counts)), 3)))


@ledger.add("2.34", "law", latent_semantics, wrong={
    "codes of variance 1": SEMANTICS_WRONG["codes of variance 1"], "codes in another gauge": changed(sheared),
    "decoder doubled in one row": changed(lambda Z, D: (Z, D * np.where(np.arange(len(D)) == 1, 2, 1)[:, None]))})
def cosines_of_the_help_topics(latent_semantics, rng):
    """On the help topics, k = 10: all 79 x 79 cosines of the codes are those of the reconstructed rows ZD."""
    analysis = latent_semantics(*topics(), 10)
    return gap((cosines(analysis), analysis.Z), (between_rows(analysis.Z @ analysis.D), analysis.X @ analysis.D.T))


@ledger.add("2.34", "identity", latent_semantics, wrong={key: SEMANTICS_WRONG[key] for key in SEMANTICS_WRONG
                                                         if "gauge" not in key})
def weights_of_absent_terms(latent_semantics, rng):
    """8 x 13 counts, k = 3: the terms that `surprises` gives are the positive entries of XCD where the count is 0."""
    counts = counts_of(rng)
    analysis = latent_semantics(counts, list("abcdefgh"), list("ABCDEFGHIJKLM"), 3)
    found = np.zeros(counts.shape)
    for i, name in enumerate("abcdefgh"):
        for term, weight in analysis.surprises(name, 13):
            found[i, "ABCDEFGHIJKLM".index(term)] = weight
    return gap(found, np.maximum(rebuilt(dense(log_entropy(counts)), 3), 0) * (counts == 0))


def ranked(analysis):
    """What `nearest` and `surprises` give of every document, as they come."""
    names = analysis.names.tolist()
    near = [[(names.index(name), cosine) for name, cosine in analysis.nearest(name, len(names) - 1)] for name in names]
    terms = analysis.terms.tolist()
    return near, [[(terms.index(term), weight) for term, weight in analysis.surprises(name, 2)] for name in names]


def reordered(change):
    """`ranked` with the lists of documents changed."""
    return lambda analysis: ([change(each) for each in ranked(analysis)[0]], ranked(analysis)[1])


@ledger.add("2.34", "law", ranked, bound=0, wrong={
    "farthest first": reordered(lambda found: found[::-1]), "itself among them": reordered(lambda found: [
        (0, 1.0), *found[1:]]), "the next document": reordered(lambda found: [((i + 1) % 9, c) for i, c in found])})
def best_first(ranked, rng):
    """Nine documents, one of them empty, k = 3: all others by descending cosine, which is 0 of an empty one; the two
    absent terms of largest weight, as sorting the reconstruction gives them.
    """
    counts = np.vstack([counts_of(rng), np.zeros(13, int)])
    analysis = latent_semantics(counts, list("abcdefghi"), list("ABCDEFGHIJKLM"), 3)
    near, terms = ranked(analysis)
    unit = analysis.Z / np.maximum(linalg.norm(analysis.Z, axis=1, keepdims=True), 1e-300)
    cases = [np.isfinite([cosine for each in near for _, cosine in each]).all()]
    for i, found in enumerate(near):
        cases += [sorted(j for j, _ in found) == [j for j in range(9) if j != i],
                  bool((np.diff([cosine for _, cosine in found]) <= 0).all()),
                  np.allclose([c for _, c in found], [unit[i] @ unit[j] for j, _ in found], rtol=0, atol=1e-12)]
    for row, count, found in zip(analysis.Z @ analysis.D, counts, terms, strict=True):
        best = sorted(row[(count == 0) & (row > 1e-9)], reverse=True)[:2]
        cases.append(np.allclose([weight for _, weight in found], best, rtol=0, atol=1e-12) and len(found) == len(best))
    return holds(cases)
