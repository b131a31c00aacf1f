"""Where a word is spoken of: statements, functions and sections, found by number, word, symbol, function or term.

The site searches the same entries by the same rules, in book.js.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from refvae.plain import line
from refvae.statements import NUMBER, OURS, Book, Statement, chapters, folder, formulas, statements
from refvae.tex import WORDS

KINDS = "statement", "function", "section"
WEIGHTS = {"name": 40, "start": 12, "within": 9, "text": 4, "part": 2, "statement": 3}
STOP = frozenset("""a an and are article become becomes by claim claims come concern concerning concerns did do does
explain find for from get how here in is it its me of on or prove proved proves say says show shows stand state stated
states tell the there they this to use used uses what when where which who whose why with work works article's
articles""".split())
ALIKE = {"gradient": "adjoint", "derivative": "adjoint", "backward": "adjoint", "backprop": "adjoint",
         "adjoint": "gradient", "mi": "mutual information", "svd": "singular value", "knn": "nearest neighbour",
         "elbo": "evidence lower bound"}
CJK = re.compile("[\u3400-\u9fff]+")
ARTICLE = re.compile(r"(?<!\d)\d{3,4}(?!\d)")
WORD = re.compile(rf"{CJK.pattern}|[a-z0-9](?:[^\W\u3400-\u9fff]|[.'-])*")
TERMS = re.compile(r"^\| ([^|]+) \| ([^|]*) \| ([^|]+) \| ([^|]*) \|$", re.M)


class Term(NamedTuple):
    """A term of the field, its Chinese name, what it means, and the statements that say so."""

    term: str
    chinese: str
    meaning: str
    numbers: tuple[str, ...]


class Entry(NamedTuple):
    """Something that can be found: `key` is a number, a function or a section; the last three are in small letters."""

    kind: str
    key: str
    title: str
    names: str
    text: str
    sources: str


@lru_cache
def terms() -> list[Term]:
    """The rows of the index of terms in derivations/README.md."""
    page = folder("derivations") / "README.md"
    rows = TERMS.findall(page.read_text("utf8")) if page.exists() else []
    return [Term(line(term), chinese.strip(), meaning.strip(), tuple(re.findall(rf"[(\[]({NUMBER})[)\]]", where)))
            for term, chinese, meaning, where in rows if term not in ("term", "---")]


@lru_cache
def entries(book: Book = OURS) -> list[Entry]:
    """All that can be found, statements first."""
    return [*(_statement(each) for each in statements(book).values()), *_sections(book), *_functions(book)]


def found(query: str, book: Book = OURS) -> list[tuple[int, Entry]]:
    """What has all words of a query, best first, each with its score; nothing for a query without words."""
    words = wanted(query)
    scored = ([score(each, word) for word in words] for each in entries(book))
    hits = [(sum(scores) + WEIGHTS["statement"] * (each.kind == "statement"), each)
            for scores, each in zip(scored, entries(book), strict=True) if words and all(scores)]
    return sorted(hits, key=lambda hit: -hit[0])


def wanted(query: str) -> list[str]:
    """The words of a query that say what is looked for: symbols by their names, two signs of Chinese at a time."""
    brackets = re.findall(r"(?<!\w)[(\[]\d+[)\]]", query)
    rest = re.sub(r"(?<!\w)[(\[]\d+[)\]]", " ", query)
    words = [word for word in normal(rest).split() if word not in STOP or query.strip() == word]
    return [*brackets, *(part for word in words for part in (_pairs(word) if CJK.fullmatch(word) else [_stem(word)]))]


def score(entry: Entry, word: str) -> int:
    """How well an entry answers to a word, to another for the same, or to all parts of it: 0 not at all."""
    parts = word.split("-")
    return _score(entry, word) or (_score(entry, ALIKE[word]) // 2 if word in ALIKE else 0) or (
        min(_score(entry, part) for part in parts) if len(parts) > 1 and all(parts) else 0)


def _score(entry: Entry, word: str) -> int:
    if word == entry.key:
        return WEIGHTS["name"]
    if f" {word}" in entry.names:
        return WEIGHTS["start"] + (f" {word} " in entry.names)
    if word[0] in "([" or word.isdigit():
        return WEIGHTS["within"] if f" {word} " in entry.sources else 0
    if word in entry.names or (word.isalpha() and any(len(n) > 4 and word.startswith(n) for n in entry.names.split())):
        return WEIGHTS["within"]
    return WEIGHTS["text"] if f" {word} " in entry.text else WEIGHTS["part"] if word in entry.text else 0


def normal(text: str) -> str:
    """Words in small letters and one spelling, Greek letters and macros by their names."""
    words = WORD.findall(text.translate(GREEK).lower())
    return " ".join(word.strip(".'-").replace("iz", "is").replace("parameter", "parametr") for word in words)


GREEK = str.maketrans({sign: f" {name} " for name, sign in WORDS.items() if sign.isalpha()})


def _stem(word: str) -> str:
    return word[:-1] if re.fullmatch(r"[a-z]{3,}[^s]s", word) else word


def _pairs(word: str) -> list[str]:
    return [word[i:i + 2] for i in range(len(word) - 1)] or [word]


# What there is


def _statement(it: Statement) -> Entry:
    named = [each for each in terms() if it.number in each.numbers and it.book == OURS]
    names = " ".join((line(it.title), *it.code, *(f"{each.term} {each.chinese}" for each in named)))
    sources = " ".join(dict.fromkeys((*ARTICLE.findall(it.source), *(n for pair in formulas(it.source) for n in pair))))
    return Entry("statement", it.number, line(it.title), _padded(names), _words(it.text), f" {sources} ")


def _sections(book: Book) -> Iterator[Entry]:
    """The prose of every chapter under a heading, without the statements there."""
    for chapter, title in chapters(book).items():
        text = (book.pages / f"{chapter}.md").read_text("utf8")
        text = re.sub(r"^<a id.*?(?=^#|^<a id|\Z)", "", text, flags=re.M | re.S)
        for part in re.split(r"^#+ +(?=\S)", text, flags=re.M)[1:]:
            head, _, body = part.partition("\n")
            yield Entry("section", f"{chapter}#{head}", head if head != title else f"Chapter {title}", _padded(head),
                        _words(body), f" {' '.join(ARTICLE.findall(body)) if head == title else ''} ")


def _functions(book: Book) -> Iterator[Entry]:
    """The public functions and classes, by the first line of what they say of themselves."""
    for path in sorted(book.code.rglob("*.py") if book == OURS else book.code.glob("*.py")):
        within = path.relative_to(book.code).parts
        if within[0] in ("derivations", "figures", "evidence.py", "__main__.py"):
            continue
        dotted = ".".join((book.package if book == OURS else book.pages.name, *within)).removesuffix(".py")
        yield from (Entry("function", f"{dotted.removesuffix('.__init__')}.{node.name}", said, _padded(node.name),
                          _words(doc), " ") for node, said, doc in _public(path))


def _public(path: Path) -> Iterator[tuple[ast.FunctionDef | ast.ClassDef, str, str]]:
    for node in ast.parse(path.read_text("utf8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            doc = ast.get_docstring(node) or ""
            yield node, re.split(r"\s{3,}|\n", doc)[0], doc


def _words(text: str) -> str:
    """The different words of a text."""
    return _padded(" ".join(dict.fromkeys(normal(re.sub(r"\\([A-Za-z]+)|[{}$\\^_]", r" \1 ", text)).split())))


def _padded(text: str) -> str:
    return f" {normal(text)} "
