"""The one way in which the package writes files: whole or not at all, through no link; and who works in a folder."""

from __future__ import annotations

import atexit
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

try:
    import fcntl
except ImportError:  # no such locks there
    fcntl = None  # type: ignore[assignment]

LOCK = ".lock"  # of a folder in which a process is at work: its number
HELD: dict[Path, int] = {}  # handles of the locks of this process
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def write(path: str | os.PathLike[str], fill: Callable[[IO[bytes]], Any] | bytes | str) -> None:
    """Make or replace a file at once: what `fill` writes, or the bytes or the text, is on the disk before the name is.

    It is written beside the file under a name that nobody can know before, and takes its place; where that is a link,
    the link is replaced and what it leads to stays. If anything fails, the old file is as it was and nothing else is
    left. Raises OSError.
    """
    path = Path(path)
    if path.is_dir() and not path.is_symlink():
        raise IsADirectoryError(21, "Is a directory", str(path))
    beside = path.with_name(f".{path.name[:200]}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(beside, NEW, 0o666), "wb") as stream:
            _fill(stream, fill)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _fill(stream: IO[bytes], fill: Callable[[IO[bytes]], Any] | bytes | str) -> None:
    if callable(fill):
        fill(stream)
    else:
        stream.write(fill.encode() if isinstance(fill, str) else fill)


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power cut, where folders can be opened."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def clear(folder: Path) -> None:
    """Remove what writes to this folder that were killed have left."""
    for path in folder.iterdir():
        if re.fullmatch(r"\..+\.[0-9a-f]{16}", path.name):
            path.unlink(missing_ok=True)


def hold(folder: Path) -> str:
    """Take the folder for this process until it ends, however it ends; the number of the process that has it, or "".

    Raises OSError.
    """
    folder = folder.resolve()
    if fcntl is None or folder in HELD:
        return ""
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        number = os.read(handle, 20).decode(errors="replace").strip()
        os.close(handle)
        return number or "unknown"
    os.ftruncate(handle, 0)
    os.write(handle, str(os.getpid()).encode())
    HELD[folder] = handle
    atexit.register(release, folder)
    return ""


def release(folder: Path) -> None:
    """Give the folder back, if this process has it."""
    folder = folder.resolve()
    handle = HELD.pop(folder, None)
    if handle is not None:
        (folder / LOCK).unlink(missing_ok=True)
        os.close(handle)
