"""Pages of functions, from their signatures and docstrings."""

from __future__ import annotations

import ast
import re
from html import escape
from pathlib import Path

from refvae.book.markdown import CITED, eq_link
from refvae.statements import folder, statements

WIDE = '<div class="row prose wide"><div class="text">'


def pages() -> dict[str, tuple[str, str]]:
    """One page a subpackage, and one that lists them."""
    modules: dict[str, list[Path]] = {}
    for path in sorted(folder("").rglob("*.py")):
        relative = path.relative_to(folder(""))
        if relative.parts[0] not in ("derivations", "figures"):
            modules.setdefault(relative.parts[0].removesuffix(".py"), []).append(path)
    made = {f"api-{name}.html": (f"refvae.{name}", _wrapped(name, paths)) for name, paths in modules.items()
            if not name.startswith("__")}
    items = "".join(f'<li><a href="{page}">{title}</a></li>' for page, (title, _) in made.items())
    made["api.html"] = "Functions", f"{WIDE}<h1>Functions</h1><ul>{items}</ul></div></div>"
    return made


def page_of(path: str) -> str:
    """The page, and the place on it, of a module that a derivation links to."""
    parts = [part for part in Path(path).parts if part not in ("..", ".")]
    if parts[0] in ("derivations", "figures", "tests", "benchmarks"):
        return f"{parts[1].removesuffix('.py')}.html" if parts[0] == "derivations" else "api.html"
    name = parts[1].removesuffix(".py")
    return f"api-{name}.html#{'.'.join(parts).removesuffix('.py').removesuffix('.__init__')}"


def _wrapped(name: str, paths: list[Path]) -> str:
    return f"{WIDE}<h1>refvae.{name}</h1>{''.join(map(_module, paths))}</div></div>"


def _module(path: Path) -> str:
    dotted = ".".join(("refvae", *path.relative_to(folder("")).with_suffix("").parts)).removesuffix(".__init__")
    tree = ast.parse(path.read_text("utf8"))
    found = "".join(_entry(dotted, node) for node in tree.body
                    if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"))
    return f'<section id="{dotted}"><h2>{dotted}</h2>{_doc(ast.get_docstring(tree))}{found}</section>'


def _entry(dotted: str, node: ast.FunctionDef | ast.ClassDef) -> str:
    head = f"<h3><code>{escape(_signature(node))}</code></h3>"
    return f'<section id="{dotted}.{node.name}">{head}{_doc(ast.get_docstring(node))}</section>'


def _signature(node: ast.FunctionDef | ast.ClassDef) -> str:
    if isinstance(node, ast.ClassDef):
        return f"class {node.name}"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){returns}"


def _doc(text: str | None) -> str:
    linked = CITED.sub(lambda m: eq_link(m[2]) if m[2] in statements() else m[0], escape(text or "", quote=False))
    return f'<pre class="doc">{re.sub(r" {3,}", "   ", linked)}</pre>' if text else ""
