"""Pages of functions, from their signatures and docstrings."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from html import escape
from pathlib import Path

from refvae.book.markdown import CITED, eq_link
from refvae.statements import OURS, Book, folder, statements

WIDE = '<div class="row prose wide"><div class="text">'
APART = ("derivations", "figures", "evidence.py", "conftest.py")


@lru_cache
def modules(book: Book = OURS) -> dict[str, list[Path]]:
    """Page -> the modules on it: of ours those of a subpackage, of others each alone."""
    found: dict[str, list[Path]] = {}
    for path in sorted(book.code.rglob("*.py") if book == OURS else book.code.glob("*.py")):
        part = path.relative_to(book.code).parts[0]
        if part not in APART and not part.startswith(("__", "test_")):
            found.setdefault(part.removesuffix(".py"), []).append(path)
    return found


def pages(book: Book = OURS) -> dict[str, tuple[str, str]]:
    """One page a subpackage, and one that lists them."""
    made = {f"api-{name}.html": (f"{_package(book)}.{name}", _wrapped(f"{_package(book)}.{name}", paths, book))
            for name, paths in modules(book).items()}
    items = "".join(f'<li><a href="{page}">{title}</a></li>' for page, (title, _) in made.items())
    made["api.html"] = "Functions", f"{WIDE}<h1>Functions</h1><ul>{items}</ul></div></div>"
    return made


def page_of(path: Path, book: Book = OURS) -> str:
    """The page of a module and the place on it; of evidence the chapter; nothing for what is on no page."""
    if path.is_relative_to(book.code):
        part = path.relative_to(book.code).parts[0].removesuffix(".py")
        if part in modules(book):
            return f"api-{part}.html#{_dotted(path, book)}"
    if path.is_relative_to(book.pages) and (chapter := path.relative_to(book.pages).parts[0]) in _chapters(book):
        return f"{chapter}.html"
    return ""


def address(function: str, book: Book = OURS) -> str:
    """The place of a public function or class, as its dotted name says; nothing if there is none."""
    return _addresses(book).get(function, "")


@lru_cache
def _addresses(book: Book) -> dict[str, str]:
    return {f"{_dotted(path, book)}.{node.name}": f"api-{part}.html#{_dotted(path, book)}.{node.name}"
            for part, paths in modules(book).items() for path in paths for node in _public(path)}


def _package(book: Book) -> str:
    return book.package if book == OURS else book.pages.name


def _chapters(book: Book) -> set[str]:
    return {each.chapter for each in statements(book).values()}


def _dotted(path: Path, book: Book) -> str:
    parts = path.relative_to(book.code).with_suffix("").parts
    return ".".join((_package(book), *parts)).removesuffix(".__init__")


def _wrapped(title: str, paths: list[Path], book: Book) -> str:
    return f"{WIDE}<h1>{title}</h1>{''.join(_module(path, book) for path in paths)}</div></div>"


def _module(path: Path, book: Book) -> str:
    dotted, tree = _dotted(path, book), _tree(path)
    found = "".join(_entry(dotted, node, book) for node in _public(path))
    return f'<section id="{dotted}"><h2>{dotted}</h2>{_doc(ast.get_docstring(tree), book)}{found}</section>'


@lru_cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf8"))


def _public(path: Path) -> list[ast.FunctionDef | ast.ClassDef]:
    return [node for node in _tree(path).body
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")]


def _entry(dotted: str, node: ast.FunctionDef | ast.ClassDef, book: Book) -> str:
    head = f"<h3><code>{escape(_signature(node))}</code></h3>"
    return f'<section id="{dotted}.{node.name}">{head}{_doc(ast.get_docstring(node), book)}</section>'


def _signature(node: ast.FunctionDef | ast.ClassDef) -> str:
    if isinstance(node, ast.ClassDef):
        return f"class {node.name}"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){returns}"


def _doc(text: str | None, book: Book) -> str:
    linked = CITED.sub(lambda m: eq_link(m[2], book) if m[2] in statements(book) else m[0],
                       escape(text or "", quote=False))
    return f'<pre class="doc">{re.sub(r" {3,}", "   ", linked)}</pre>' if text else ""


def source_name(path: Path, book: Book = OURS) -> str:
    """A file as a reader of the repository, or of the folder, knows it."""
    if path.is_relative_to(book.pages):
        return f"{'derivations' if book == OURS else book.pages.name}/{path.relative_to(book.pages).as_posix()}"
    home = folder("") if path.is_relative_to(folder("")) else path.parent
    return f"{home.name}/{path.relative_to(home).as_posix()}"
