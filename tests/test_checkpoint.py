"""Files of trees: what comes back, what is refused, and that nothing is lost on the way."""

import io
import json
import os
import zipfile
from typing import Any, NamedTuple

import numpy as np
import pytest

from refvae import checkpoint, trees
from refvae.checkpoint import CheckpointError, load, save
from refvae.layers import Dense, mlp_init

META = {"seed": 5, "lr": 0.1, "hidden": [128, 64], "generator": np.random.default_rng(5).bit_generator.state, "é": None}


class Pair(NamedTuple):
    """A tree with a name in front."""

    enc: Any
    dec: Any


def tree():
    """Leaves of many shapes and types."""
    odd = Dense(np.ones((0, 2)), np.eye(2) > 0)
    return Pair(mlp_init((3, 5, 2), 0), (np.arange(3, dtype=np.int64), np.array(7), odd))


@pytest.fixture
def path(tmp_path):
    save(tmp_path / "run.npz", META, p=tree(), history=np.array([2.5, 1 / 3], np.float32), memory=None)
    return tmp_path / "run.npz"


def same(a, b):
    """The same arrays, bit for bit, in the same tree."""
    pairs = list(zip(trees.leaves(a), trees.leaves(b), strict=True))
    return trees.names(a) == trees.names(b) and all(
        np.asarray(u).dtype == v.dtype and np.shape(u) == v.shape and np.array_equal(u, v) for u, v in pairs)


def test_what_is_saved_comes_back(path):
    saved = load(path)
    assert same(saved.tree("p", tree()), tree())
    assert isinstance(saved.tree("p", tree()).dec[2], Dense)
    assert same(saved.tree("history", np.zeros(2, np.float32)), np.array([2.5, 1 / 3], np.float32))
    assert saved.tree("memory", None) is None
    assert saved.meta == {**META, "format": 1}


def test_the_same_content_is_the_same_bytes(path, tmp_path):
    other = tmp_path / "other.npz"
    save(str(other), dict(reversed(META.items())), p=tree(), history=np.array([2.5, 1 / 3], np.float32), memory=None)
    assert other.read_bytes() == path.read_bytes()


def test_members_have_the_names_of_the_leaves(path):
    with np.load(path) as archive:
        assert archive.files == ["meta", *trees.names(tree(), "p"), "history"]
        assert "p.enc[0].W" in archive.files
        assert json.loads(archive["meta"].item())["seed"] == 5


def test_a_restored_generator_goes_on_with_the_same_numbers(path):
    rng = np.random.default_rng()
    rng.bit_generator.state = load(path).meta["generator"]
    assert np.array_equal(rng.standard_normal(99), np.random.default_rng(5).standard_normal(99))


def test_nothing_else_is_left_in_the_folder(path):
    save(path, {}, p=np.ones(3))
    assert list(path.parent.iterdir()) == [path]
    assert same(load(path).tree("p", np.ones(3)), np.ones(3))


# What is refused when writing; what was there stays


@pytest.mark.parametrize(("meta", "named", "error", "message"), [
    ({}, {"p": np.array([None])}, TypeError, "p object: got no numbers"),
    ({}, {"p": (np.ones(2), {"a": 1})}, TypeError, r"p\[1\] object: got no numbers"),
    ({}, {"p": np.array("text")}, TypeError, "p <U4: got no numbers"),
    ({"x": np.nan}, {}, ValueError, "Out of range float"), ({"x": {1, 2}}, {}, TypeError, "Object of type set"),
    ({}, {"q": np.ones(2), "meta": np.ones(2)}, ValueError, "meta: got a tree of that name")])
def test_what_cannot_be_read_again_is_not_written(path, meta, named, error, message):
    before = path.read_bytes()
    with pytest.raises(error, match=message):
        save(path, meta, **named)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError])
def test_a_write_that_breaks_off_leaves_the_old_file(path, monkeypatch, stop):
    def broken(stream, **arrays):
        stream.write(b"half")
        raise stop

    before = path.read_bytes()
    monkeypatch.setattr(np, "savez", broken)
    with pytest.raises(stop):
        save(path, {}, p=np.ones(3))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_the_file_is_on_the_disk_before_it_takes_the_name(path, monkeypatch):
    done, sync, before = [], os.fsync, path.read_bytes()

    def watched(handle):
        done.append(path.read_bytes() == before)
        sync(handle)

    monkeypatch.setattr(os, "fsync", watched)
    save(path, {}, p=np.ones(3))
    assert done[0]
    assert done[1:] == [False] * (os.name == "posix")


def test_a_folder_that_is_none_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        save(tmp_path / "missing" / "run.npz", {})


# What is refused when reading


def test_every_cut_is_noticed(path):
    whole = path.read_bytes()
    for length in [*range(0, len(whole) - 1, 97), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match="^" + str(path)):
            load(path)


def test_a_changed_byte_is_noticed_or_means_nothing(path):
    whole, noticed = path.read_bytes(), 0
    positions = range(0, len(whole), 7)
    for at in positions:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1:])
        try:
            found = load(path)
            assert same(found.tree("p", tree()), tree())
            assert found.meta == {**META, "format": 1}
        except CheckpointError:
            noticed += 1
    assert noticed > len(positions) / 2


def archive(**members):
    """The bytes of a .npz, pickles and all."""
    stream = io.BytesIO()
    np.savez(stream, **members)
    return stream.getvalue()


def array(x):
    """The bytes of a .npy."""
    stream = io.BytesIO()
    np.save(stream, x)
    return stream.getvalue()


@pytest.mark.parametrize(("content", "message"), [
    (b"", "got a damaged file"), (b"no zip", "got a damaged file"), (array(np.ones(3)), "got a damaged file"),
    (archive(meta=np.array('{"format": 1}'), p=np.array([None])), "got a damaged file"),
    (archive(p=np.ones(3)), "got a .npz without the story"), (archive(meta=np.array("[1]")), "got a .npz without"),
    (archive(meta=np.array("{")), "got a .npz without the story"), (archive(meta=np.ones(3)), "got a .npz without"),
    (archive(meta=np.array("{}")), "got a .npz without the story"),
    (archive(meta=np.array('{"format": 2}')), "got format 2, wanted 1: "),
    (archive(meta=np.array('{"format": "1"}')), "got format '1', wanted 1"),
], ids=range(11))
def test_what_is_no_checkpoint_is_refused_by_name(tmp_path, content, message):
    path = tmp_path / "run.npz"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=f"^{path}: {message}"):
        load(path)


def test_a_pickle_is_never_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    with zipfile.ZipFile(tmp_path / "run.npz", "w") as out:
        out.writestr("meta.npy", array(np.array('{"format": 1}')))
        out.writestr("p.npy", array(np.array([Trap()], object)))
    with pytest.raises(CheckpointError):
        load(tmp_path / "run.npz")
    assert not (tmp_path / "sprung").exists()


def test_a_missing_file_and_a_folder_are_refused_by_name(tmp_path):
    for path in (tmp_path / "missing.npz", tmp_path):
        with pytest.raises(CheckpointError, match=rf"^{path}: got no file that can be read \(.+\), wanted "):
            load(path)


@pytest.mark.parametrize(("name", "like", "message"), [
    ("p", tree()._replace(enc=mlp_init((3, 4, 2), 0)),
     r"got \(3, 5\) float64 for p.enc\[0\].W, wanted \(3, 4\) float64"),
    ("p", tree().enc, r"got the arrays \['p.enc\[0\].W', .*\] under 'p', wanted \['p\[0\].W'"),
    ("history", np.zeros(2), r"got \(2,\) float32 for history, wanted \(2,\) float64"),
    ("history", np.zeros((2, 1), np.float32), r"got \(2,\) float32 for history, wanted \(2, 1\) float32"),
    ("q", np.zeros(2), r"got the arrays \[\] under 'q', wanted \['q'\]"), ("p", None, r".* under 'p', wanted \[\]"),
    ("his", np.zeros(2), r"got the arrays \[\] under 'his'")])
def test_a_tree_of_another_shape_is_refused_by_name(path, name, like, message):
    with pytest.raises(CheckpointError, match=f"^{path}: {message}"):
        load(path).tree(name, like)


def test_the_error_is_a_value_error():
    assert issubclass(CheckpointError, ValueError)
    assert checkpoint.FORMAT == 1
