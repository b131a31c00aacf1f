"""What has become of every formula of the source articles: computed from the field `from` of the statements."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from refvae.statements import OURS, formulas, statements


class Article(NamedTuple):
    """A source article: its number on its site, its title in both languages, and its formulas as they are cited."""

    number: str
    title: str
    english: str
    formulas: tuple[str, ...]


@lru_cache
def articles() -> dict[str, Article]:
    """The articles by number."""
    found = tomllib.loads((OURS.pages / "articles.toml").read_text("utf8"))
    return {number: Article(number, each["title"], each["english"], (
        *(f"({n})" for n in range(1, each["numbered"] + 1)), *(f"[{n}]" for n in range(1, each["unnumbered"] + 1))))
        for number, each in found.items()}


@lru_cache
def concordance() -> dict[tuple[str, str], tuple[str, ...]]:
    """Article and formula -> the statements that come from it, for all formulas of all articles."""
    found: dict[tuple[str, str], tuple[str, ...]] = {
        (number, each): () for number, article in articles().items() for each in article.formulas}
    for statement in statements().values():
        for key in dict.fromkeys(formulas(statement.source)):
            found[key] = (*found.get(key, ()), statement.number)
    return found


def gaps() -> Iterator[str]:
    """Formulas that no statement comes from, and formulas that are cited and that their article does not have."""
    for (article, formula), numbers in concordance().items():
        known = articles().get(article)
        if not numbers:
            yield f"{article} {formula}: no statement comes from it"
        elif known is not None and formula not in known.formulas:
            yield f"{article} {formula}: cited by ({'), ('.join(numbers)}), and the article has no such formula"
