"""Formulas as MathML, which browsers set and screen readers read without a script and without a network."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

DISPLAY, INLINE = True, False


class FormulaError(ValueError):
    """A formula that cannot be set; the message holds it."""


@cache
def _converter() -> Any:
    from math_core import LatexToMathML

    return LatexToMathML(fancy_error=False, annotation=True)


@cache
def mathml(tex: str, display: bool) -> str:
    r"""MathML of a formula; FormulaError if it does not parse. Rows of a display end in `\cr` or `\\`."""
    from math_core import LatexError

    try:
        return str(_converter().convert_with_local_state(_prepared(tex), displaystyle=display))
    except LatexError as error:
        raise FormulaError(f"{error} in {tex!r}") from error


def _prepared(tex: str) -> str:
    r"""`\cr` ends a row as `\\` does; `\thinspace` and its like by their short names."""
    for long, short in ((r"\cr", r"\\"), (r"\thinspace", r"\,"), (r"\medspace", r"\:"), (r"\thickspace", r"\;"),
                        (r"\negthinspace", r"\!"), (r"\overline", r"\bar")):
        tex = re.sub(re.escape(long) + r"(?![A-Za-z])", lambda _, short=short: short, tex)
    return tex
