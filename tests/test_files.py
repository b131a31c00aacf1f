"""The writer: a file is there whole or as it was, nothing else is left, and no link is followed."""

import os
import stat

import pytest

from refvae import files


def test_bytes_text_and_what_a_function_writes_are_the_same_file(tmp_path):
    for what in ("é\n", "é\n".encode(), lambda stream: stream.write("é\n".encode())):
        files.write(tmp_path / "a", what)
        assert (tmp_path / "a").read_bytes() == "é\n".encode()
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError, ValueError])
def test_a_write_that_breaks_off_leaves_the_old_file_alone(stop, tmp_path):
    def fill(stream):
        stream.write(b"half")
        raise stop

    files.write(tmp_path / "a", "old")
    with pytest.raises(stop):
        files.write(tmp_path / "a", fill)
    assert (tmp_path / "a").read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_a_link_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "a").symlink_to(tmp_path / "mine")
    files.write(tmp_path / "a", "new")
    assert ((tmp_path / "a").read_text(), (tmp_path / "mine").read_text()) == ("new", "mine")
    assert not (tmp_path / "a").is_symlink()


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_a_link_that_waits_under_the_name_beside_is_not_followed(tmp_path, monkeypatch):
    monkeypatch.setattr(files.secrets, "token_hex", lambda _: "guessed")
    (tmp_path / "mine").write_text("mine")
    (tmp_path / ".a.guessed").symlink_to(tmp_path / "mine")
    with pytest.raises(FileExistsError):
        files.write(tmp_path / "a", "new")
    assert (tmp_path / "mine").read_text() == "mine"
    assert not (tmp_path / "a").exists()


def test_names_beside_cannot_be_known_before(tmp_path):
    seen = []
    for _ in range(2):
        files.write(tmp_path / "a", lambda stream: seen.append(stream.name if isinstance(stream.name, str) else set(
            os.listdir(tmp_path)) - {"a"}))
    assert seen[0] != seen[1]


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_others_may_read_it_as_far_as_the_umask_says(tmp_path):
    before = os.umask(0o027)
    try:
        files.write(tmp_path / "a", "")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_folder_and_a_folder_that_is_none_are_errors_of_the_system(tmp_path):
    for path, error in ((tmp_path, IsADirectoryError), (tmp_path / "none" / "a", FileNotFoundError)):
        with pytest.raises(error):
            files.write(path, "")
    assert os.listdir(tmp_path) == []


def test_a_name_of_any_length_that_the_system_takes(tmp_path):
    files.write(tmp_path / ("a" * 255), "x")
    assert os.listdir(tmp_path) == ["a" * 255]
