"""Mutants that may survive because they compute the same: each with its line's hash and the reason."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from refvae.mutate.lines import digest, mutants
from refvae.mutate.trial import SURVIVES, Fate


@dataclass(frozen=True)
class Allowed:
    """An equivalent mutant: its file, relative to the folder that holds `refvae` (of others, to their own folder); its
    line's hash; its text; why."""

    file: str
    line: str
    mutant: str
    reason: str

    @property
    def place(self) -> tuple[str, str, str]:
        """Which mutant it is."""
        return self.file, self.line, self.mutant


def read(path: Path) -> list[Allowed]:
    """The mutants of a file's entries, none if there is no such file; ValueError for an entry that lacks a field."""
    entries = tomllib.loads(path.read_text("utf8")).get("allowed", []) if path.exists() else []
    return [allowed for entry in entries for allowed in _of(entry, path.name)]


def _of(entry: Mapping[str, Any], name: str) -> list[Allowed]:
    """Those of one entry, with one `mutant` or several of its line as a list of `mutants`."""
    several = "mutants" in entry
    texts = entry["mutants"] if several else [entry.get("mutant", "")]
    wanted = {"file", "line", "reason", "mutants" if several else "mutant"}
    if set(entry) != wanted or not texts or not all(str(value).strip() for value in (*entry.values(), *texts)):
        raise ValueError(f"{name}: got an entry of {', '.join(entry)}, wanted file, line, mutant or mutants, "
                         "and reason, none empty")
    return [Allowed(entry["file"], entry["line"], text, entry["reason"]) for text in texts]


def name(path: Path, root: Path) -> str:
    """How a file is named: relative to the root, with slashes."""
    return Path(os.path.relpath(path, root)).as_posix()


def place(fate: Fate, root: Path) -> tuple[str, str, str]:
    """What an entry for this mutant holds, but for the reason."""
    return name(fate.path, root), digest(fate.text), fate.mutant


def stale(entries: Sequence[Allowed], fates: Sequence[Fate], root: Path) -> Iterator[tuple[Allowed, str]]:
    """Entries without their line, without their mutant, or whose mutant a check kills in this run; and which it is."""
    seen: dict[tuple[str, str, str], list[Fate]] = {}
    for fate in fates:
        seen.setdefault(place(fate, root), []).append(fate)
    texts = cache(lambda file, line: _texts(root / file, line))
    for entry in entries:
        found, same = texts(entry.file, entry.line), seen.get(entry.place, [])
        if found is None:
            yield entry, "no such line"
        elif entry.mutant not in found:
            yield entry, "no such mutant"
        elif same and all(fate.status != SURVIVES for fate in same):
            yield entry, f"killed by {same[0].by}"


def _texts(path: Path, line: str) -> set[str] | None:
    """The mutants of the lines with this hash; None if there is no such line."""
    source = path.read_text("utf8") if path.exists() else ""
    lines = [i for i, text in enumerate(source.splitlines(), 1) if digest(text) == line]
    return {mutant.text for i in lines for mutant in mutants(source, i)} if lines else None
