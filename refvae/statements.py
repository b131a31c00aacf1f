"""The numbered statements of the derivations, and the lines of code that carry their numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module, resources
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

NUMBER = r"\d+\.\d+[a-z]?"
HEADER = re.compile(rf"^\*\*([(\[])({NUMBER})[)\]]\*\* +(.*)$")
TAG = re.compile(rf"#((?: *\({NUMBER}\),?)+)$")


@dataclass(frozen=True)
class Statement:
    """A claim **(1.4)**, or a definition **[1.1]** that claims nothing, as its derivation states it."""

    number: str
    chapter: str
    title: str
    is_claim: bool
    code: tuple[str, ...]
    about: tuple[str, ...]
    uses: tuple[str, ...]
    source: str
    text: str
    line: int


class TaggedLine(NamedTuple):
    """A line of code that carries an equation number in its right margin."""

    path: Path
    line: int
    text: str


@lru_cache
def chapters() -> dict[str, str]:
    """Chapter name -> its title line, in the order of their numbers."""
    pages = folder("derivations").glob("*.md")
    heads = {page.stem: page.read_text("utf8").partition("\n")[0].lstrip("# ") for page in pages}
    numbered = [(int(head.split()[0]), name) for name, head in heads.items() if head.split()[0].isdigit()]
    return {name: heads[name] for _, name in sorted(numbered)}


@lru_cache
def statements() -> dict[str, Statement]:
    """All statements by number, in the order of the derivations; ValueError if a number is given twice."""
    found: dict[str, Statement] = {}
    for chapter in chapters():
        for statement in _read(chapter, (folder("derivations") / f"{chapter}.md").read_text("utf8")):
            if statement.number in found:
                raise ValueError(f"derivations: got ({statement.number}) twice, wanted every number once")
            found[statement.number] = statement
    return found


@lru_cache
def tagged_lines() -> dict[str, list[TaggedLine]]:
    """Equation number -> the lines of the package whose right margin carries it."""
    found: dict[str, list[TaggedLine]] = {}
    installed_rooms = {folder("derivations"), folder("figures")}  # in a wheel they lie inside the package
    for path in sorted(set(folder("").rglob("*.py")) - {p for room in installed_rooms for p in room.rglob("*.py")}):
        for line, text in enumerate(path.read_text("utf8").splitlines(), 1):
            if match := TAG.search(text):
                for number in re.findall(NUMBER, match[1]):
                    found.setdefault(number, []).append(TaggedLine(path, line, text))
    return found


def lines_of(statement: Statement) -> list[TaggedLine]:
    """The lines that compute a statement: its own, or those of the statements that it is about."""
    numbers = statement.about or (statement.number,)
    return [line for number in numbers for line in tagged_lines().get(number, [])]


def evidence_module(chapter: str) -> ModuleType:
    """The package derivations/<chapter>, which holds the chapter's evidence in `ledger`."""
    return import_module(f"refvae.derivations.{chapter}")


def folder(name: str) -> Path:
    """The folder of an installed subpackage, such as `derivations`; of `refvae` itself for the empty name."""
    return Path(str(resources.files(f"refvae.{name}" if name else "refvae")))


def _read(chapter: str, text: str) -> Iterator[Statement]:
    lines = text.splitlines()
    for index, line in enumerate(lines):
        if match := HEADER.match(line):
            bracket, number, header = match.groups()
            title, *fields = header.split(" · ")
            part = dict.fromkeys(("code", "about", "uses", "from"), "")
            part.update((word, rest) for word, _, rest in (entry.partition(" ") for entry in fields))
            about, uses = (tuple(re.findall(NUMBER, part[word])) for word in ("about", "uses"))
            yield Statement(number, chapter, title, bracket == "(", tuple(re.findall(r"`([\w.]+)`", part["code"])),
                            about, uses, part["from"], _body(lines[index + 1:]), index + 1)


def _body(lines: list[str]) -> str:
    """The text up to the next anchor or heading."""
    end = next((i for i, line in enumerate(lines) if line.startswith(("<a id", "#"))), len(lines))
    return "\n".join(lines[:end]).strip()
