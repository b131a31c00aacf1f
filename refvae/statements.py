"""The numbered statements of a folder of derivations, and the lines of code that carry their numbers.

A `Book` is such a folder. Ours is `OURS`, the default everywhere; any other is read by the same code, and its
statements may use ours, as in `uses (1.2), refvae:3.5`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from importlib import import_module, invalidate_caches
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

NUMBER = r"\d+\.\d+[a-z]?"
HEADER = re.compile(rf"^\*\*([(\[])({NUMBER})[)\]]\*\* +(.*)$")
HEADING = re.compile(r"# +(\d+) .*")
TAG = re.compile(rf"#((?: *\({NUMBER}\),?)+)$")
FROM_US = "refvae:"
LINKED = re.compile(rf"\[([(\[]{NUMBER}[)\]])\]\([^()\s]*#eq-[\w-]+\)")
ARTICLE = re.compile(r" *(\d{3,4})\b(.*)", re.S)
FORMULAS = re.compile(r"(?<!\w)([(\[])(\d+)[)\]](?: to [(\[](\d+)[)\]])?")
NO_CODE = re.compile(r"(evidence|conftest|test_\w+|\w+_test)\.py")


@dataclass(frozen=True)
class Book:
    """A folder of derivations.

    pages     the folder itself, with <chapter>.md, each headed by its number: # 1 Title
    code      the folder of the modules that carry tags: of ours with all below it, of others the folder alone
    figures   the folder of the modules that draw
    package   what its modules are imported under, a name that no other folder has
    evidence  the module with the `ledger` of a chapter, inside the package
    """

    pages: Path
    code: Path
    figures: Path
    package: str
    evidence: str

    @classmethod
    def at(cls, path: Path) -> Book:
        """The book in a folder: its pages, the code and evidence.py beside them, figures/ below."""
        root = path.resolve()
        return cls(root, root, root / "figures", f"book_{sha256(str(root).encode()).hexdigest()[:16]}", "evidence")

    def module(self, name: str) -> ModuleType:
        """A module of the book."""
        if self.package not in sys.modules:
            sys.modules[self.package] = package = ModuleType(self.package)
            package.__path__ = [str(self.pages)]
            invalidate_caches()
        return import_module(f"{self.package}.{name}")


def folder(name: str) -> Path:
    """The folder of an installed subpackage, such as `derivations`; of `refvae` itself for the empty name."""
    spec = find_spec(f"refvae.{name}" if name else "refvae")
    assert spec is not None
    return Path(str(spec.origin)).parent


OURS = Book(folder("derivations"), folder(""), folder("figures"), "refvae", "derivations.{}")


@dataclass(frozen=True)
class Statement:
    """A claim **(1.4)**, or a definition **[1.1]** that claims nothing, as its derivation states it.

    `uses` and `about` hold numbers of its own book, or of ours, as refvae:1.4.
    """

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
    book: Book = OURS


class TaggedLine(NamedTuple):
    """A line of code that carries an equation number in its right margin."""

    path: Path
    line: int
    text: str


@lru_cache
def chapters(book: Book = OURS) -> dict[str, str]:
    """Chapter name -> its title line, in the order of their numbers."""
    heads = {page.stem: page.read_text("utf8").partition("\n")[0] for page in book.pages.glob("*.md")}
    numbered = sorted((int(match[1]), name) for name, head in heads.items() if (match := HEADING.match(head)))
    return {name: heads[name].lstrip("# ") for _, name in numbered}


@lru_cache
def statements(book: Book = OURS) -> dict[str, Statement]:
    """All statements by number, in the order of the derivations; ValueError if a number is given twice."""
    found: dict[str, Statement] = {}
    for chapter in chapters(book):
        for statement in _read(book, chapter):
            if statement.number in found:
                raise ValueError(f"{book.pages.name}: got ({statement.number}) twice, wanted every number once")
            found[statement.number] = statement
    return found


def find(number: str, book: Book = OURS) -> Statement:
    """The statement with this number in a book, or ours under refvae:3.5, whose number then stays so; KeyError."""
    if not number.startswith(FROM_US):
        return statements(book)[number]
    ours = statements()[number.removeprefix(FROM_US)]
    return replace(ours, number=number, uses=tuple(FROM_US + other for other in ours.uses))


@lru_cache
def tagged_lines(book: Book = OURS) -> dict[str, list[TaggedLine]]:
    """Equation number -> the lines of the book's code whose right margin carries it."""
    found: dict[str, list[TaggedLine]] = {}
    for path in sorted(_modules(book)):
        for line, text in enumerate(path.read_text("utf8").splitlines(), 1):
            if match := TAG.search(text):
                for number in re.findall(NUMBER, match[1]):
                    found.setdefault(number, []).append(TaggedLine(path, line, text))
    return found


def lines_of(statement: Statement) -> list[TaggedLine]:
    """The lines that compute a statement: its own, or those of the statements that it is about."""
    homes = [home(number, statement.book) for number in statement.about or (statement.number,)]
    return [line for number, book in homes for line in tagged_lines(book).get(number, [])]


def home(number: str, book: Book = OURS) -> tuple[str, Book]:
    """A number as its own book has it, and that book: ours for refvae:3.5."""
    return (number.removeprefix(FROM_US), OURS) if number.startswith(FROM_US) else (number, book)


def formulas(source: str) -> list[tuple[str, str]]:
    """The formulas of articles that a field `from` names: `5716 (4), (6) to (8); 7725 [2]` names ("5716", "(4)") first.

    Sources are separated by semicolons, and an article is its number. (n) is a formula that the article numbers, [n]
    the n-th of those displayed in it without a number; other words in brackets are remarks.
    """
    found = []
    for article, rest in (match.groups() for part in source.split(";") if (match := ARTICLE.fullmatch(part))):
        for bracket, first, last in FORMULAS.findall(rest):
            close = {"(": ")", "[": "]"}[bracket]
            found += [(article, f"{bracket}{n}{close}") for n in range(int(first), int(last or first) + 1)]
    return found


def unlinked(text: str) -> str:
    """A text whose numbers are links, `[(3.4)](vae.md#eq-3-4)`, with the numbers alone."""
    return LINKED.sub(r"\1", text)


def evidence_module(chapter: str, book: Book = OURS) -> ModuleType:
    """The module that holds a chapter's evidence in `ledger`: derivations/<chapter> of ours."""
    return book.module(book.evidence.format(chapter))


def _modules(book: Book) -> set[Path]:
    """The code of a book: of ours all that is no derivation and no figure, of others what its pages link to as well."""
    if book == OURS:  # in a wheel derivations and figures lie inside the package
        return set(book.code.rglob("*.py")) - set(book.pages.rglob("*.py")) - set(book.figures.rglob("*.py"))
    pages = [(book.pages / f"{chapter}.md").read_text("utf8") for chapter in chapters(book)]
    linked = {(book.pages / link).resolve() for page in pages for header in re.findall(HEADER.pattern, page, re.M)
              for link in re.findall(r"\]\(([^)]+\.py)\)", header[2])}
    beside = {path for path in book.code.glob("*.py") if not NO_CODE.fullmatch(path.name)}
    return beside | {path for path in linked if path.is_file()}


def _read(book: Book, chapter: str) -> Iterator[Statement]:
    lines = (book.pages / f"{chapter}.md").read_text("utf8").splitlines()
    for index, line in enumerate(lines):
        if match := HEADER.match(line):
            bracket, number, header = match.groups()
            title, *fields = header.split(" · ")
            part = dict.fromkeys(("code", "about", "uses", "from"), "")
            part.update((word, rest) for word, _, rest in (entry.partition(" ") for entry in fields))
            about, uses = (tuple(re.findall(f"(?:{FROM_US})?{NUMBER}", part[word])) for word in ("about", "uses"))
            yield Statement(number, chapter, title, bracket == "(", tuple(re.findall(r"`([\w.]+)`", part["code"])),
                            about, uses, unlinked(part["from"]), unlinked(_body(lines[index + 1:])), index + 1, book)


def _body(lines: list[str]) -> str:
    """The text up to the next anchor or heading."""
    end = next((i for i, line in enumerate(lines) if line.startswith(("<a id", "#"))), len(lines))
    return "\n".join(lines[:end]).strip()
