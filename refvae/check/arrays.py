"""Arrays of exact numbers: variables, constants, and their real witnesses."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np

from refvae.check.field import Field
from refvae.check.number import Number, number
from refvae.trees import Array


def variables(field: Field, witness: Any, moves: Any = True) -> Array:
    """An array of random numbers with these witnesses; those that move do so at a random rate."""
    pairs = zip(np.ravel(witness).tolist(), np.broadcast_to(moves, np.shape(witness)).ravel().tolist(), strict=True)
    return _array(np.shape(witness), [
        Number(field, field.draw(), field.draw() if move else 0, x, abs(x), 1) for x, move in pairs])


def constants(field: Field, values: Any) -> Array:
    """An array of the numbers that the values are; TypeError for what is none, such as complex ones."""
    found = [value if type(value) is Number else number(field, value) for value in np.ravel(values).tolist()]
    if wrong := [value for value, one in zip(np.ravel(values), found, strict=True) if one is NotImplemented]:
        raise TypeError(f"got {type(wrong[0]).__name__}, wanted real numbers")
    return _array(np.shape(values), found)


def finite(numbers: Sequence[Number]) -> bool:
    """Whether all witnesses are finite."""
    return all(isfinite(number.x) for number in numbers)


def _array(shape: tuple[int, ...], numbers: list[Number]) -> Array:
    found = np.empty(len(numbers), object)
    found[:] = numbers
    return found.reshape(shape)
