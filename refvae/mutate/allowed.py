"""Mutants that may survive because they compute the same: each with its line's hash and the reason."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from refvae.mutate.lines import digest, mutants
from refvae.mutate.trial import SURVIVES, Fate

FIELDS = ("file", "line", "mutant", "reason")


@dataclass(frozen=True)
class Allowed:
    """An equivalent mutant: its file, relative to the folder that holds `refvae` (of others, to their own folder); its
    line's hash; its text; why."""

    file: str
    line: str
    mutant: str
    reason: str


def read(path: Path) -> list[Allowed]:
    """The entries of a file, none if there is no such file; ValueError for an entry without one of its fields."""
    entries = tomllib.loads(path.read_text("utf8")).get("allowed", []) if path.exists() else []
    for entry in entries:
        if sorted(entry) != sorted(FIELDS) or not all(str(value).strip() for value in entry.values()):
            raise ValueError(f"{path.name}: got an entry of {', '.join(entry)}, wanted {', '.join(FIELDS)}, none empty")
    return [Allowed(**entry) for entry in entries]


def name(path: Path, root: Path) -> str:
    """How a file is named: relative to the root, with slashes."""
    return Path(os.path.relpath(path, root)).as_posix()


def matches(entry: Allowed, fate: Fate, root: Path) -> bool:
    """Whether an entry is about this mutant."""
    mutant = name(fate.path, root), digest(fate.text), fate.mutant
    return mutant == (entry.file, entry.line, entry.mutant)


def stale(entries: Sequence[Allowed], fates: Sequence[Fate], root: Path) -> Iterator[tuple[Allowed, str]]:
    """Entries without their line, without their mutant, or whose mutant a check kills in this run; and which it is."""
    for entry in entries:
        path = root / entry.file
        source = path.read_text("utf8") if path.exists() else ""
        lines = [i for i, text in enumerate(source.splitlines(), 1) if digest(text) == entry.line]
        if not lines:
            yield entry, "no such line"
        elif not any(mutant.text == entry.mutant for i in lines for mutant in mutants(source, i)):
            yield entry, "no such mutant"
        else:
            seen = [fate for fate in fates if matches(entry, fate, root)]
            if seen and not any(fate.status == SURVIVES for fate in seen):
                yield entry, f"killed by {seen[0].by}"
