"""Trees of arrays with their story in one .npz: written whole or not at all, checked before anything is believed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from refvae import files, trees
from refvae.trees import Array, Tree

FORMAT = 1  # raised when older readers would misread
META = "meta"  # the member that holds the story, as JSON


class CheckpointError(ValueError):
    """A file is no checkpoint, or not of what is wanted; the message names it, what was got and what was wanted."""


class Saved(NamedTuple):
    """What `load` finds: the file, its story, and the arrays by name."""

    path: Path
    meta: dict[str, Any]
    arrays: dict[str, Array]

    def tree(self, name: str, like: Tree) -> Tree:
        """The tree saved under this name, if its leaves have the names, shapes and dtypes of `like`."""
        wanted = dict(zip(trees.names(like, name), trees.leaves(like), strict=True))
        got = [key for key in self.arrays if key == name or key.startswith((f"{name}.", f"{name}["))]
        if got != list(wanted):
            raise CheckpointError(f"{self.path}: got the arrays {got} under {name!r}, wanted {list(wanted)}")
        for key, leaf in wanted.items():
            if (found := _kind(self.arrays[key])) != _kind(leaf):
                raise CheckpointError(f"{self.path}: got {found} for {key}, wanted {_kind(leaf)}")
        pieces = iter(wanted)
        return trees.map(lambda leaf: self.arrays[next(pieces)], like)


def save(path: str | os.PathLike[str], meta: Mapping[str, Any], /, **named: Tree) -> None:
    """Write trees and a story (JSON) into one .npz, byte for byte a function of them; OSError if that is impossible.

    The member of a leaf is called as in `trees.names`: `p.enc[0].W`. Raises TypeError for a leaf that is no array of
    numbers, TypeError or ValueError for a story that is no JSON; then the file that was there before still is.
    """
    if META in named:
        raise ValueError(f"{META}: got a tree of that name, which is the story's")
    arrays = {key: np.asarray(leaf) for name, tree in named.items()
              for key, leaf in zip(trees.names(tree, name), trees.leaves(tree), strict=True)}
    if wrong := [f"{key} {array.dtype}" for key, array in arrays.items() if array.dtype.kind not in "biufc"]:
        raise TypeError(f"{wrong[0]}: got no numbers, wanted an array of numbers")
    story = json.dumps({**meta, "format": FORMAT}, sort_keys=True, allow_nan=False)
    files.write(path, lambda stream: np.savez(stream, **{META: np.array(story)}, **arrays))  # type: ignore[arg-type]


def load(path: str | os.PathLike[str]) -> Saved:
    """Read all of a file that `save` wrote; CheckpointError if it is missing, damaged, newer, or something else."""
    path = Path(path)
    arrays = _members(path)
    try:
        meta = json.loads(str(arrays.pop(META)))
        written = meta["format"]
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: got a .npz without the story of a checkpoint, wanted one of refvae") from error
    if written != FORMAT:
        raise CheckpointError(f"{path}: got format {written!r}, wanted {FORMAT}: this version reads no other")
    return Saved(path, meta, arrays)


def _members(path: Path) -> dict[str, Array]:
    """Every member, read in full, for only reading compares the checksums."""
    try:
        with path.open("rb") as stream, np.load(stream) as archive:
            return {name: archive[name] for name in archive.files}
    except OSError as error:
        raise CheckpointError(f"{path}: got no file that can be read ({error.strerror or error}), wanted a checkpoint"
                              ) from error
    except Exception as error:  # what zipfile, zlib and numpy raise on damaged bytes is a long list, without an end
        raise CheckpointError(f"{path}: got a damaged file, or none of .npz, wanted a checkpoint") from error


def _kind(leaf: Any) -> str:
    return f"{np.shape(leaf)} {np.asarray(leaf).dtype}"
