"""Mutants that may survive because they compute the same: each with its line's hash and the reason."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
