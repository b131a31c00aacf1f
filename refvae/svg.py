"""Whether two SVGs are the same picture: the same elements and texts in the same order, and nearly the same values.

The last bits of arithmetic differ between machines, and with them the last digits in a figure's file. The bounds are
far below what the eye sees. POINTS is 7 micrometres: at a distance of 40 cm a sixteenth of the arc minute that good
eyes resolve. GREYS is the smallest step of a colour of eight bits, which a rounding is enough to make.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import IO
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

POINTS, GREYS = 0.02, 1
FACTORS = POINTS / 1000  # of turns and scales, for a picture is less than 1000 points wide
REFERENCE = re.compile(r"#([\w.-]+)")
VALUE = re.compile(r"(#[0-9a-fA-F]{6}\b|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")


def difference(one: Path | IO[bytes], other: Path | IO[bytes]) -> str | None:
    """Where the first SVG differs from the second, in one line, or None if they are the same picture.

    Of an identifier, which Matplotlib makes from what it names, only the order counts in which it is met first. Raises
    ParseError for what is no XML.
    """
    a, b = (ElementTree.parse(each).getroot() for each in (one, other))
    return next(_differences(a, b, (_places(a), _places(b)), ""), None)


def matplotlib_version(path: Path) -> str | None:
    """The version of Matplotlib that an SVG says it was drawn by."""
    found = re.search(r"Matplotlib v([^,\s]+),", path.read_text("utf8"))
    return found[1] if found else None


def _places(root: Element) -> dict[str, str]:
    """Identifier -> its number in the order in which they are met."""
    known = {element.get("id") for element in root.iter()}
    met = REFERENCE.findall(" ".join(f"#{value}" for element in root.iter() for value in element.attrib.values()))
    return {name: str(number) for number, name in enumerate(dict.fromkeys(name for name in met if name in known))}


def _differences(a: Element, b: Element, places: tuple[dict[str, str], dict[str, str]], above: str) -> Iterator[str]:
    where = f"{above}/{b.get('id', _bare(b.tag))}".lstrip("/")
    if a.tag != b.tag:
        yield f"{where}: <{_bare(a.tag)}> against <{_bare(b.tag)}>"
    for said, wanted in ((a.text, b.text), (a.tail, b.tail)):
        if (said or "").split() != (wanted or "").split():
            yield f"{where}: {_cut(said)} against {_cut(wanted)}"
    mine, others = (dict(_properties(element, of)) for element, of in zip((a, b), places, strict=True))
    for name in sorted(mine.keys() | others.keys()):
        if found := _unlike(name, mine.get(name), others.get(name)):
            yield f"{where}: {name}: {found}"
    for one, other in zip_longest(a, b):
        if one is None or other is None:
            yield f"{where}: {len(a)} elements against {len(b)}"
            return
        yield from _differences(one, other, places, where)


def _bare(tag: str) -> str:
    return tag.rpartition("}")[2]


def _cut(text: str | None) -> str:
    words = " ".join((text or "").split())
    return repr(words if len(words) < 50 else words[:49] + "…")


def _properties(element: Element, places: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Names and values: parts of a style and of a transform one by one, a reference as a number."""
    for name, value in element.items():
        if name == "style":
            yield from ((part.partition(":")[0].strip(), _placed(part.partition(":")[2], places))
                        for part in value.split(";"))
        elif name == "transform":
            parts = re.findall(r"(\w+)\s*\(([^)]*)\)", value)
            yield from ((f"{function} ({step})", numbers) for step, (function, numbers) in enumerate(parts, 1))
        else:
            yield _bare(name), "" if name == "id" else _placed(value, places)


def _placed(value: str, places: dict[str, str]) -> str:
    return REFERENCE.sub(lambda found: f"element {places[found[1]]}" if found[1] in places else found[0], value)


def _unlike(name: str, one: str | None, other: str | None) -> str | None:
    """How two values differ: their words, or the first number or colour."""
    if one is None or other is None:
        return "missing" if one is None else "not wanted"
    parts, wanted = VALUE.split(one), VALUE.split(other)
    if [word.split() for word in parts[::2]] != [word.split() for word in wanted[::2]]:
        return f"{_cut(one)} against {_cut(other)}"
    for place, (mine, others) in enumerate(zip(parts[1::2], wanted[1::2], strict=True), 1):
        if not _near(mine, others, _bound(name, place)):
            return f"{mine} against {others} (number {place})"
    return None


def _bound(name: str, place: int) -> float:
    if name.startswith(("scale", "matrix", "skew")) or (name.startswith("rotate") and place == 1):
        return FACTORS
    return GREYS / 255 if name.endswith("opacity") else POINTS


def _near(one: str, other: str, bound: float) -> bool:
    if "#" in one + other:
        return one[0] == other[0] and all(abs(x - y) <= GREYS for x, y in zip(
            bytes.fromhex(one[1:]), bytes.fromhex(other[1:]), strict=True))
    return abs(float(one) - float(other)) <= bound
