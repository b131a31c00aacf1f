"""Estimates made of counts: how many points lie, in each of several spaces, as near as the k nearest in all of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import digamma

from refvae.entropy.counts import below, counts_within, weights_around
from refvae.entropy.jackknife import left_out, one_more
from refvae.entropy.neighbours import Neighbours, candidates_apart, neighbours
from refvae.trees import Array


class Form(NamedTuple):
    """psi(k) + extra (psi(n) - second / k) + the sum over spaces of sign times the mean of psi(count + 1 - second).

    joint (n, d)   the space in which the k nearest are sought, maximum norm
    spaces         arrays (n, d_s), each of some columns of the joint space, all of them in use
    signs          one for each space
    extra          how often psi(n) is added
    second         count within the extent of the k nearest in each space, else nearer than the k-th in the joint one
    exclude        rows up to so many places away do not count; n becomes the number of the others         (6.64)
    """

    joint: Array
    spaces: tuple[Array, ...]
    signs: tuple[int, ...]
    extra: int
    second: bool
    exclude: int = 0


def ksg_local(form: Form, near: Neighbours, workers: int = 1) -> Array:
    """What each point contributes.   near: the k nearest in the joint space -> (n,)         (6.41), (6.42), (6.52)"""
    n, k = near.idx.shape
    psi = np.zeros(n)
    for sign, space, radius in zip(form.signs, form.spaces, _radii(form, near), strict=True):
        count = counts_within(space, radius, workers, form.exclude)
        psi += sign * digamma(count + (0 if form.second else 1))                                 # (6.41), (6.42)
    constant = _constant(form, candidates_apart(n, form.exclude) + 1, k)                                # (6.64)
    return np.asarray(constant + psi)                                                            # (6.41), (6.42)


def _constant(form: Form, n: Any, k: int) -> Any:
    return digamma(k) + form.extra * (digamma(n) - (1 / k if form.second else 0))                # (6.41), (6.42)


def _radii(form: Form, near: Neighbours) -> list[Array]:
    """Within how far to count in each space, ends included.   -> (n,) for each"""
    if form.second:
        return [reach(space, near.idx).max(1) for space in form.spaces]                                 # (6.42)
    return [below(near.rho[:, -1])] * len(form.spaces)                                                  # (6.41)


def reach(x: Array, idx: Array) -> Array:
    """Distances from each row to the rows idx (n, k), maximum norm.   x: (n, d) -> (n, k)"""
    return np.asarray(np.abs(x[idx] - x[:, None]).max(2))                                               # (6.42), (6.54)


# Without each point


def ksg_without_each(form: Form, k: int, workers: int = 1) -> Array:
    """The estimate without each point in turn, of vectors without some of them.   -> (rows,)     (6.54), (6.21a)"""
    n = len(form.joint)
    near = neighbours(form.joint, one_more(k, n - 1), norm=np.inf, workers=workers)
    now = Neighbours(near.rho[:, :k], near.idx[:, :k])
    rows = np.arange(n) if all(space.shape[1] == 1 for space in form.spaces) else left_out(n)
    total = np.zeros(len(rows))
    for sign, space, radius in zip(form.signs, form.spaces, _radii(form, now), strict=True):
        later = _radii_without(form, space, near)
        total += sign * _sums_without(rows, space, radius, later, now.idx, 0 if form.second else 1, workers)  # (6.54)
    return np.asarray(_constant(form, n - 1, k) + total / (n - 1))                                      # (6.54)


def _radii_without(form: Form, space: Array, near: Neighbours) -> Array:
    """The radii when the neighbour in each place is taken away and the next moves up.   -> (n, k)"""
    k = near.idx.shape[1] - 1                                                                           # (6.54)
    if not form.second:
        return np.repeat(below(near.rho[:, -1:]), k, axis=1)                                            # (6.54)
    distance = reach(space, near.idx)
    return np.stack([np.delete(distance, r, 1).max(1) for r in range(k)], axis=1)                       # (6.54)


def _sums_without(rows: Array, x: Array, radius: Array, later: Array, idx: Array, add: int, workers: int) -> Array:
    """Sum over the others of psi(count + add) without each of the rows: they lose what they counted, or a neighbour."""
    n, distance = len(x), reach(x, idx)
    count = counts_within(x, radius, workers) + add                                                     # (6.54)
    psi, loss = digamma(count), 1 / np.maximum(count - 1, 1)                                            # (6.54)
    gains = np.zeros(n)
    for column, gap, new_radius in zip(idx.T, distance.T, later.T, strict=True):
        new_count = counts_within(x, new_radius, workers) - (gap <= new_radius)                         # (6.54)
        gain = digamma(new_count + add) - psi + (gap <= radius) * loss                                  # (6.54)
        gains += np.bincount(column, gain, n)                                                           # (6.54)
    return np.asarray(psi.sum() - psi[rows] - weights_around(x, radius, loss, rows) + gains[rows])      # (6.54)
