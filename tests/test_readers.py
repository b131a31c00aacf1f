"""Files come back as they were written, and what cannot be read is refused by name."""

import gzip
import re
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from refvae.data import digits
from refvae.data.readers import Dataset, dataset, read
from refvae.data.tables import numbers, table

X = np.array([[1.5, -2.0, 3.25], [0.1, 5e-300, 6.0], [7.0, 8e10, -9.0], [0.0, -0.0, 1 / 3], [2.0, 4.0, 8.0]])
IMAGES = np.arange(42, dtype=np.uint8).reshape(7, 2, 3) * 6
LABELS = np.array([3, 1, 4, 1, 5, 9, 2])
IDX = {"u1": 0x08, "i1": 0x09, ">i2": 0x0B, ">i4": 0x0C, ">f4": 0x0D, ">f8": 0x0E}


def write(path, content):
    """A file of these bytes or this text, packed if its name ends in .gz."""
    content = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def idx(array, dtype="u1"):
    """An array in the format of MNIST."""
    head = bytes([0, 0, IDX[dtype], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(dtype).tobytes()


def same(got, x, labels=None, shape=None, levels=None):
    assert isinstance(got, Dataset)
    np.testing.assert_array_equal(got.x, x.astype(float).reshape(len(x), -1), strict=True)
    assert got.x.flags.writeable
    if labels is None:
        assert got.labels is None
    else:
        np.testing.assert_array_equal(got.labels, np.asarray(labels, np.int64), strict=True)
    assert (got.shape, got.levels) == (shape, levels)


def refused(path, message, error=ValueError, reader=read):
    """One error that begins with the name of the file, or of what it holds."""
    with pytest.raises(error) as caught:
        reader(path)
    assert type(caught.value) is error
    assert re.fullmatch(f"{re.escape(str(path))}: {message}", str(caught.value), re.S), str(caught.value)


# What was written comes back


@pytest.mark.parametrize("packed", ["", ".gz"])
def test_npy(tmp_path, packed):
    np.save(tmp_path / "x.npy", X)
    file = write(tmp_path / f"again.npy{packed}", (tmp_path / "x.npy").read_bytes())
    same(read(file), X)
    same(read(str(file)), X)


@pytest.mark.parametrize(("x", "levels"), [
    (IMAGES, 246), (IMAGES.astype(">i4"), 246), (IMAGES > 100, 1), (IMAGES.astype(float), 246), (IMAGES / 4, None),
    (IMAGES * 0, None), (IMAGES.astype(int) - 1, None), (np.asfortranarray(IMAGES), 246),
    (IMAGES.astype(np.float16), 246),
])
def test_images_are_flattened_row_by_row_and_integers_have_levels(tmp_path, x, levels):
    np.save(tmp_path / "x.npy", x)
    same(read(tmp_path / "x.npy"), x, shape=(2, 3), levels=levels)


@pytest.mark.parametrize("arrays", [
    {"whatever": IMAGES}, {"images": IMAGES, "weights": X}, {"x": IMAGES, "mean": X[0]}, {"other": IMAGES, "n": 7},
])
@pytest.mark.parametrize("labels", [{}, {"y": LABELS}, {"labels": LABELS.astype(np.uint8)}, {"y": LABELS * 1.0}])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz(tmp_path, arrays, labels, save):
    save(tmp_path / "x.npz", **arrays, **labels)
    same(read(tmp_path / "x.npz"), IMAGES, LABELS if labels else None, (2, 3), 246)


@pytest.mark.parametrize("mark", [",", ";", "\t", " ", ", ", "   "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("packed", ["", ".gz"])
def test_csv(tmp_path, mark, end, packed):
    text = end.join(mark.join(map(repr, row)) for row in X.tolist()) + end
    same(read(write(tmp_path / f"x.csv{packed}", text)), X)


@pytest.mark.parametrize(("text", "x", "labels", "levels"), [
    ("a,b\n1.5,2\n3,4\n", [[1.5, 2], [3, 4]], None, None),
    ("a,label,b\n1.5,7,2\n3,8,4\n", [[1.5, 2], [3, 4]], [7, 8], None),
    ("label,0,1\n7,0,16\n8,3,4\n", [[0, 16], [3, 4]], [7, 8], None),
    ("0,1, Class \n0,16,7\n3,4,-8\n", [[0, 16], [3, 4]], [7, -8], None),
    ("length y\n1.5 0\n2.5 1\n", [[1.5], [2.5]], [0, 1], None),
    ("x,y\n1,0\n2,1\n", [[1, 0], [2, 1]], None, 2),
    ("x,y,label\n1,0.5,3\n2,1,4\n", [[1, 0.5], [2, 1]], [3, 4], None),
    ('"a, b","c"\n"1",2\n\n  \n3,4\n', [[1, 2], [3, 4]], None, 4),
    ("\ufeff1,2\n3,4", [[1, 2], [3, 4]], None, 4),
    ("5\n6\n", [[5], [6]], None, None),
    ("1e3,2\n-1,4", [[1000, 2], [-1, 4]], None, None),
])
def test_headers_and_labels_of_csv(tmp_path, text, x, labels, levels):
    same(read(write(tmp_path / "x.csv", text)), np.array(x), labels, None, levels)


def test_a_first_line_of_numbers_in_order_is_the_header_of_pandas(tmp_path):
    file = write(tmp_path / "x.csv", ",".join(map(str, range(784))) + "\n" + ",".join(["16"] * 784) + "\n")
    with pytest.warns(UserWarning, match=r"x\.csv: the first line is 0,1,\.\.\.,783 and taken for a header, not"):
        same(read(file), np.full((1, 784), 16), levels=16)
    same(read(write(tmp_path / "x.csv", "0,1\n1,0\n")), np.array([[0, 1], [1, 0]]), levels=1)  # two rows of data
    same(read(write(tmp_path / "x.csv", "0.0,1.0,2.0\n1,0,3\n")), np.array([[0, 1, 2], [1, 0, 3]]))


@pytest.mark.parametrize("first", [
    "2019,2020", "2020,2018", "1,2", "country,2019,2020", "France,1,2", "0,1", "150,4,setosa", "1,abc",
])
def test_a_first_line_that_may_be_both_is_refused_until_one_says(tmp_path, first):
    width = first.count(",") + 1
    file = write(tmp_path / "x.csv", first + "\n" + ",".join(["1.5", "a", "2.5"][3 - width:]) + "\n")
    if width == 2:
        write(file, first + "\n1.5,2.5\n")
    if not first[0].isdecimal():
        write(file, first + "\nFrance,3.5,4.5\n")
    refused(file, f"got the first line {first}, which may be a header as well as data, wanted header yes or no",
            reader=table)
    assert table(file, "yes").names == tuple(first.split(","))
    assert table(file, "no").names == ("",) * width
    assert (len(table(file, "yes").columns[0]), len(table(file, "no").columns[0])) == (1, 2)


@pytest.mark.parametrize(("text", "names"), [
    ("id,2019,2020\n7,1.5,2.5\n", ("id", "2019", "2020")), (",2019,2020\nb,1,2\n", ("", "2019", "2020")),
    ("country,2018,2019,2020\nFrance,1,2,3\n", ("country", "2018", "2019", "2020")),
    ("setosa,5.1\nvirginica,6\n", ("", "")), ("5,1\n6,2\n", ("", "")), ("1,2\n1,2\n", ("", "")),
    ("'a','b'\n1,2\n", ("a", "b")), ("# a b\n1 2\n", ("a", "b")), ('"a,b",c\n1,2\n', ("a,b", "c")),
    ('"a" "b"\n"r" 1 2\n"s" 3 4\n', ("", "a", "b")), ("a\n1,5\n", ("a",)), ("a,a\n1,2\n", ("a", "a")),
])
def test_headers(tmp_path, text, names):
    assert table(write(tmp_path / "x.csv", text)).names == names


@pytest.mark.parametrize(("cell", "wanted"), [
    ("1_000", "a number without _"), ("1_000.5", "a number without _"), ("1 000", "a number without spaces .*"),
    ("1\u00a0000,5", "a number without spaces .*"), ("1'000", "a number without spaces .*"),
    ("1,5", "a number with a decimal point and no comma"), ("-1.234,5", "a number with a decimal point and no comma"),
    ("1e", "a number"), ("0x10", "a number"), ("True", "a number"),
])
def test_cells_that_look_like_numbers_are_never_taken_for_others(tmp_path, cell, wanted):
    file = write(tmp_path / "x.csv", f'a,b\n1,2\n3,"{cell}"\n')
    refused(file, rf"got .* in line 3, column 'b', wanted {wanted}")
    np.testing.assert_array_equal(numbers(table(file), [0]), [[1], [3]])


def test_decimal_commas_between_commas(tmp_path):
    refused(write(tmp_path / "x.csv", "a,b\n1,5,2,5\n"), "got 4 cells in line 2, wanted 2; decimal commas.*")


@pytest.mark.parametrize("word", ["", " ", "NA", "N/A", "#N/A", "<NA>", "NaN", "-nan", "null", "None", "?"])
def test_missing_values_are_dropped_only_if_asked(tmp_path, word):
    file = write(tmp_path / "x.csv", f'a,b,label\n1,2,0\n3,"{word}",1\n5,6,2\n')
    refused(file, "got missing values in 1 of 3 rows, the first '.*' in line 3, column 'b', wanted numbers, or drop_.*")
    found = read(file, drop_missing=True)
    same(found, np.array([[1, 2], [5, 6]]), [0, 2], None, 6)
    assert found.notes[0] == f"{file}: 1 of 3 rows left out, where values are missing"


def test_missing_values_of_arrays_and_of_whole_files(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.array([[1.5], [np.nan], [2.5]]), y=[3, 4, 5])
    same(read(tmp_path / "x.npz", drop_missing=True), np.array([[1.5], [2.5]]), [3, 5])
    file = write(tmp_path / "x.csv", "a,b\n1,\n,2\n")
    with pytest.raises(ValueError, match=r"wanted rows that have all$"):
        read(file, drop_missing=True)


def test_labels_as_they_are_asked_for(tmp_path):
    file = write(tmp_path / "x.csv", "a,kind,class\n1,7,0\n3,8,1\n")
    for label, x, labels in (("auto", [[1, 7], [3, 8]], [0, 1]), ("kind", [[1, 0], [3, 1]], [7, 8]),
                             ("none", [[1, 7, 0], [3, 8, 1]], None), ("1", [[1, 0], [3, 1]], [7, 8])):
        found = read(file, label=label)
        same(found, np.array(x), labels)
        assert ("holds the labels and is no data" in "".join(found.notes)) == (labels is not None)
    with pytest.raises(ValueError, match=r"^label: got 'kinds', wanted columns of .*x.csv, as in kind"):
        read(file, label="kinds")
    np.savez(tmp_path / "x.npz", x=X, y=LABELS[:5], z=LABELS[1:6])
    for label, labels in (("auto", LABELS[:5]), ("z", LABELS[1:6]), ("none", None)):
        same(read(tmp_path / "x.npz", label=label), X, labels)
    with pytest.raises(ValueError, match=r"got no labels 'a', wanted none, x, y, z$"):
        read(tmp_path / "x.npz", label="a")


@pytest.mark.parametrize(("text", "counter"), [
    (",a\n0,1\n1,2\n", 0), ("Unnamed: 0,a\n5,1\n6,2\n", 0), ("rownames,a\nx,1\ny,2\n", 0), (",a\n0.5,1\n2,2\n", None),
    ("id,a\n0,1\n1,2\n", None), (",a\n3,1\n1,2\n", None),
])
def test_a_column_that_counts_the_rows_is_known_by_name_and_numbers(tmp_path, text, counter):
    file = write(tmp_path / "x.csv", text)
    found = table(file)
    assert found.counter == counter
    assert len(found.notes) == (counter is not None)
    if counter == 0:
        with pytest.warns(UserWarning, match="column 0 .* counts or names the rows and is left out unless asked for"):
            same(read(file), np.array([[1], [2]]))


def test_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {"a": [1.5, None, 2.5], "word": ["x", None, "y"], "b": [1, 2, 3], "__index_level_0__": [0, 1, 2]}
    parquet.write_table(pyarrow.table(columns), tmp_path / "x.parquet")
    found = table(tmp_path / "x.parquet")
    assert (found.names, found.counter) == (tuple(columns), 3)
    np.testing.assert_array_equal(numbers(found, [0, 2]), [[1.5, 1], [np.nan, 2], [2.5, 3]])
    assert found.columns[1] == ["x", "", "y"]


def test_parquet_without_its_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    file = write(tmp_path / "x.parquet", b"PAR1")
    refused(file, "got a Parquet file without pyarrow, wanted pip install pyarrow, or .csv", reader=table)


@pytest.mark.parametrize("dtype", IDX)
@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("name", ["x.idx", "some-idx3-ubyte", "some.idx3-float", "x-idx"])
def test_idx(tmp_path, dtype, packed, name):
    x = IMAGES / 4 if dtype in (">f4", ">f8") else IMAGES // 2
    same(read(write(tmp_path / (name + packed), idx(x, dtype))), x, None, (2, 3),
         None if dtype in (">f4", ">f8") else 123)


def test_idx_byte_by_byte(tmp_path):
    content = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 10, 20, 30, 40, 50, 255])
    same(read(write(tmp_path / "x.idx", content)), np.array([[10, 20, 30], [40, 50, 255]]), None, (1, 3), 255)
    content = bytes([0, 0, 11, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 255, 254])
    same(read(write(tmp_path / "x.idx", content)), np.array([[258, -2]]))
    content = bytes([0, 0, 14, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0])
    same(read(write(tmp_path / "x.idx", content)), np.array([[1.5]]))


@pytest.mark.parametrize(("images", "labels"), [
    ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"), ("t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"),
    ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"), ("images-idx3-ubyte.gz", "labels-idx1-ubyte"),
    ("images-idx3-ubyte", "labels-idx1-ubyte.gz"),
])
def test_labels_lie_beside_the_images(tmp_path, images, labels):
    file = write(tmp_path / images, idx(IMAGES))
    same(read(file), IMAGES, None, (2, 3), 246)
    write(tmp_path / ("other-" + labels), idx(LABELS[::-1]))
    same(read(file), IMAGES, None, (2, 3), 246)
    write(tmp_path / labels, idx(LABELS))
    same(read(file), IMAGES, LABELS, (2, 3), 246)


def test_digits_are_counts(tmp_path, monkeypatch):
    x, labels = digits()
    same(dataset("digits"), x * 16, labels, (8, 8), 16)
    assert dataset("digits").x.max() == 16
    write(tmp_path / "digits.csv", "1,2\n3,4")
    same(dataset(tmp_path / "digits.csv"), np.array([[1, 2], [3, 4]]), levels=4)
    monkeypatch.chdir(tmp_path)
    same(dataset("digits.csv"), np.array([[1, 2], [3, 4]]), levels=4)
    refused(Path("digits"), r"got the ending '', wanted \.npy.*", reader=dataset)


# What cannot be read


@pytest.mark.parametrize("path", [3, None, b"x.npy", X, ["x.npy"]])
@pytest.mark.parametrize("reader", [read, dataset])
def test_no_path(path, reader):
    with pytest.raises(TypeError, match=rf"^path: got {type(path).__name__}, wanted a str or a path$"):
        reader(path)


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.csv.gz", "x-idx3-ubyte", "x.idx"])
def test_no_such_file_and_a_folder(tmp_path, name):
    refused(tmp_path / name, "got no such file or directory, wanted a file that can be read")
    (tmp_path / name).mkdir()
    refused(tmp_path / name, r"got (a folder|is a directory), wanted .*")


def test_unknown_endings(tmp_path):
    refused(tmp_path, r"got a folder, wanted \.npy, \.npz, \.csv, .* or IDX .*")
    refused(tmp_path / "x.xls", r"got the ending '\.xls', wanted \.npy, \.npz, \.csv, .* or IDX .*")
    refused(tmp_path / "x.gz", "got the ending '', wanted .*")
    refused(tmp_path / "x.idx3", "got the ending '.idx3', wanted .*")


def test_a_name_that_no_file_can_have():
    refused("a\0.npy", "got .*null.*, wanted a file that can be read")


def test_a_file_without_permission(tmp_path, monkeypatch):
    def closed(path, mode):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", closed)
    refused(tmp_path / "x.csv", "got permission denied, wanted a file that can be read")


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.csv", "x.idx", "x.csv.gz"])
def test_empty_files(tmp_path, name):
    refused(write(tmp_path / name, b""), "got an empty file, wanted data")
    (tmp_path / name).write_bytes(b"")
    refused(tmp_path / name, "got an empty file, wanted data")


def test_damaged_gzip(tmp_path):
    file = write(tmp_path / "x.csv.gz", "1,2\n" * 1000)
    whole = file.read_bytes()
    for content in (whole[:-9], whole[:7], b"1,2\n3,4\n", whole[:-8] + bytes(8), whole[:12] + b"\xff" * 20):
        file.write_bytes(content)
        refused(file, r"got damaged gzip data \(.+\), wanted a whole file")


@pytest.mark.parametrize(("content", "message"), [
    (b"\0\0\x08", "got the first bytes 00 00 08, wanted 00 00, a type .*"),
    (b"\1\0" + idx(IMAGES)[2:], "got the first bytes 01 00 08 03, wanted .*"),
    (b"\0\0\x0a" + idx(IMAGES)[3:], r"got the first bytes 00 00 0a 03, wanted .*08, 09, 0b, 0c, 0d, 0e.*"),
    (b"\0\0\x08\0", "got the first bytes 00 00 08 00, wanted .*"),
    (gzip.compress(idx(IMAGES)), "got the first bytes 1f 8b 08 00, wanted .*"),
    (idx(IMAGES)[:-1], r"got 57 bytes, wanted 58 for shape \(7, 2, 3\) of uint8"),
    (idx(IMAGES)[:9], r"got 9 bytes, wanted .*"),
    (idx(IMAGES) + b"\0", r"got 59 bytes, wanted 58 .*"),
    (idx(IMAGES, ">i4")[:-4], r"got 180 bytes, wanted 184 for shape \(7, 2, 3\) of int32"),
    (b"\0\0\x08\3" + b"\xff" * 12 + b"\0", "got 17 bytes, wanted .*"),
    (idx(LABELS), r"got shape \(7,\), wanted \(n, d\) or images \(n, rows, cols\)"),
    (idx(IMAGES[None]), r"got shape \(1, 7, 2, 3\), wanted .*"),
    (idx(IMAGES[:0]), r"got shape \(0, 6\), wanted \(n, d\) with n, d >= 1"),
    (idx(np.full((5, 3), np.inf), ">f4"), r"got 15 NaN or infinite entries, the first at \(0, 0\), wanted finite ones"),
])
def test_bad_idx(tmp_path, content, message):
    refused(write(tmp_path / "x.idx", content), message)


def test_labels_beside_must_fit(tmp_path):
    images, labels = tmp_path / "images-idx3-ubyte", tmp_path / "labels-idx1-ubyte"
    write(images, idx(IMAGES))
    write(labels, idx(LABELS[:-1]))
    refused(images, r"got labels of shape \(6,\), wanted \(7,\), one per row")
    write(labels, idx(LABELS)[:-1])
    with pytest.raises(ValueError, match=rf"^{re.escape(str(labels))}: got 14 bytes, wanted 15"):
        read(images)


SPOILED = np.where(np.arange(15).reshape(5, 3) > 10, np.nan, X)


@pytest.mark.parametrize(("x", "error", "message"), [
    (X.astype(object), TypeError, "got dtype object, wanted real numbers"),
    (X + 1j, TypeError, "got dtype complex128, wanted real numbers"),
    (X.astype(str), TypeError, "got dtype <U.*, wanted real numbers"),
    (np.zeros(5, [("a", float)]).reshape(5, 1), TypeError, "got dtype .*, wanted real numbers"),
    (X[0], ValueError, r"got shape \(3,\), wanted \(n, d\) or images \(n, rows, cols\)"),
    (X[0, 0], ValueError, r"got shape \(\), wanted .*"),
    (X[:, :0], ValueError, r"got shape \(5, 0\), wanted \(n, d\) with n, d >= 1"),
    (IMAGES[:0], ValueError, r"got shape \(0, 6\), wanted \(n, d\) with n, d >= 1"),
    (SPOILED, ValueError, r"got 4 NaN or infinite entries, the first at \(3, 2\), wanted finite ones"),
])
def test_bad_arrays(tmp_path, x, error, message):
    np.save(tmp_path / "x.npy", x)
    refused(tmp_path / "x.npy", message, error)
    np.savez(tmp_path / "x.npz", x=x)
    refused(tmp_path / "x.npz", message, error)


@pytest.mark.parametrize(("arrays", "error", "message"), [
    ({"x_train": X, "x_test": X, "y_train": LABELS, "y_test": LABELS}, ValueError,
     r"got y_train \(7,\) and y_test \(7,\), wanted one label for each of 5 and 5 rows"),
    ({"x_train": X, "x_test": X[:, :2]}, ValueError, r"got x_train \(5, 3\) and x_test \(5, 2\), wanted rows of .*"),
    ({"x": np.zeros((5, 2, 2, 3))}, ValueError, r"got shape \(5, 2, 2, 3\), wanted .*; colours are none"),
    ({"x": X, "data": X}, ValueError, "got x, data, wanted one array of data"),
    ({"x": X, "y": LABELS[:5], "labels": LABELS[:5]}, ValueError, "got y, labels, wanted one array of labels"),
    ({"a": LABELS, "b": X[0]}, ValueError, r"got a \(7,\), b \(3,\), wanted an array \(n, d\) or .*"),
    ({}, ValueError, "got no arrays, wanted an array .*"),
    ({"x": X, "y": LABELS}, ValueError, r"got labels of shape \(7,\), wanted \(5,\), one per row"),
    ({"x": X, "y": LABELS[:5, None]}, ValueError, r"got labels of shape \(5, 1\), wanted \(5,\), one per row"),
    ({"x": X, "y": X[:, 0]}, ValueError, r"got the label 1\.5 at 0, wanted integers"),
    ({"x": X, "y": SPOILED[:, 2]}, ValueError, r"got the label .* at 0, wanted integers"),
    ({"x": X, "y": np.array([0, 1, np.inf, 1, 0])}, ValueError, "got the label inf at 2, wanted integers"),
    ({"x": X, "y": np.array([0, 2**63, 1, 1, 0], np.uint64)}, ValueError, f"got the label {2**63} at 1, wanted .*"),
    ({"x": X, "y": LABELS[:5] + 0j}, TypeError, "got labels of dtype complex128, wanted integers or words"),
])
def test_bad_npz(tmp_path, arrays, error, message):
    np.savez(tmp_path / "x.npz", **arrays)
    refused(tmp_path / "x.npz", message, error)


def test_nothing_is_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return pytest.fail, ("unpickled",)

    np.save(tmp_path / "x.npy", np.array([[Trap()]]), allow_pickle=True)
    refused(tmp_path / "x.npy", "got dtype object, wanted real numbers", TypeError)
    np.savez(tmp_path / "x.npz", np.array([[Trap()]]), allow_pickle=True)
    refused(tmp_path / "x.npz", "got dtype object, wanted real numbers", TypeError)


def test_an_archive_of_something_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("read.me", "text")
    refused(tmp_path / "x.npz", r"got a damaged array 'read\.me' \(.*\), wanted one of numpy\.save")


@pytest.mark.parametrize(("content", "message"), [
    ("1,2\n3,4\n5,6,7\n", "got 3 cells in line 3, wanted 2"),
    ("a,b\n\n1,2\n3\n", "got 1 cells in line 4, wanted 2"),
    ("1,2\n3,four\n", "got 'four' in line 2, column 1, wanted a number"),
    ("1,abc\n3,4\n", "got the first line 1,abc, which may be a header as well as data, wanted header yes or no"),
    ("a,b\n1,2\n\n,4\n", "got missing values in 1 of 2 rows, the first '' in line 4, column 'a', wanted .*missing"),
    ("1,2,\n3,4,\n", "got missing values in 2 of 2 rows, the first '' in line 1, column 2, wanted .*"),
    ("1;2,5\n", "got '2,5' in line 1, column 1, wanted a number with a decimal point and no comma"),
    ("a,label\n1,0.5\n", r"got the label 0\.5 at 0, wanted integers"),
    ("a,label\n1,nan\n", "got missing values in 1 of 1 rows, the first 'nan' in line 2, column 'label', wanted .*"),
    ("a,label,y\n1,0,0\n", "got label, y, wanted one column of labels"),
    ("label\n1\n", "got no column beside the labels, wanted data"),
    ("a,b\n1,2\nnan,inf\n", "got 1 infinite numbers in column 'b', the first in line 3, wanted finite ones"),
    ("a,b\n", "got a header only, wanted numbers below it"),
    ("\n \n", "got blank lines, wanted numbers"),
    ("1,2\n3,1e999\n", "got 1 infinite numbers in column 1, the first in line 2, wanted finite ones"),
    (b"\xff\xfe1,2\n", r"got no text \(.*\), wanted CSV in UTF-8"),
    ('1,"' + "2" * 200_000 + '"\n', r"got no text \(field larger.*\), wanted CSV in UTF-8"),
])
def test_bad_csv(tmp_path, content, message):
    refused(write(tmp_path / "x.csv", content), message)


@pytest.mark.parametrize(("old", "new"), [
    (b"NUMPY", b"NUMPO"), (b"(5, 3)", b"(5, 3("), (b"(5, 3)", b"(5, 4)"), (b"(5, 3)", b"(5, x)"), (b"<f8", b"<f7"),
    (b"descr", b"rcsed"),
])
def test_damaged_npy(tmp_path, old, new):
    np.save(tmp_path / "x.npy", X)
    content = (tmp_path / "x.npy").read_bytes()
    assert old in content
    refused(write(tmp_path / "x.npy", content.replace(old, new)),
            r"got a damaged \.npy file \(.*\), wanted one of numpy\.save")


def verdict(file):
    """What `read` says of a file: None if it has data."""
    try:
        read(file)
    except (ValueError, TypeError) as error:
        return str(error)


def test_damage_anywhere_gives_one_error_or_none(tmp_path):
    """Every truncation, and a byte changed at every place, of a small file in each format that has a structure."""
    np.save(tmp_path / "a.npy", X[:3].astype(np.float32))
    np.savez(tmp_path / "a.npz", X[:3].astype(np.float32))
    write(tmp_path / "a.idx", idx(IMAGES))
    rng = np.random.default_rng(5)
    for ending in (".npy", ".npz", ".idx"):
        whole = (tmp_path / f"a{ending}").read_bytes()
        changed = [whole[:at] + rng.bytes(1) + whole[at + 1:] for at in range(len(whole))]
        shortened = [whole[:at] for at in range(len(whole))]
        said = [verdict(write(tmp_path / f"b{ending}", content)) for content in (*shortened, *changed)]
        assert None not in said[:len(whole)]
        start = re.escape(str(tmp_path / f"b{ending}"))
        pattern = re.compile(rf"{start}: got .+, wanted .+", re.S)
        assert [error for error in said if error is not None and not pattern.fullmatch(error)] == []


# Data as people have them


WINE = "kind,alcohol,colour,ash\nred,13.5,deep,2\nwhite,12.25,pale,3\nred,,pale,4\nrosé,11.5,pale,5\n"


def test_words_are_labels_if_asked_for_and_left_out_if_not(tmp_path):
    file = write(tmp_path / "x.csv", WINE)
    with pytest.raises(ValueError, match="got missing values in 1 of 4 rows, the first '' in line 4, column 'alcohol'"):
        read(file)
    found = read(file, drop_missing=True)
    same(found, np.array([[13.5, 2], [12.25, 3], [11.5, 5]]))
    assert found.columns == ("alcohol", "ash")
    assert f"{file}: columns of text are left out: kind, colour" in found.notes
    found = read(file, drop_missing=True, label="kind")
    same(found, np.array([[13.5, 2], [12.25, 3], [11.5, 5]]), [0, 2, 1])
    assert found.classes == ("red", "rosé", "white")
    same(read(file, label="kind", columns="ash"), np.array([[2], [3], [4], [5]]), [0, 2, 0, 1])
    with pytest.raises(ValueError, match="got 'red' in line 2, column 'kind', wanted numbers: it holds text"):
        read(file, columns="ash,kind")
    with pytest.raises(ValueError, match=r"^columns: got 'as', wanted columns of .*x.csv, as in ash"):
        read(file, columns="as")
    with pytest.raises(ValueError, match="label: got 2 columns, wanted one"):
        read(file, label="kind,ash")


def test_a_column_with_one_word_is_no_column_of_text(tmp_path):
    refused(write(tmp_path / "x.csv", "a,b\n1,2\n3,x4\n5,6\n"), "got 'x4' in line 3, column 'b', wanted a number")


def test_the_layout_of_kaggle(tmp_path):
    lines = [f"{label}," + ",".join(str((37 * label * j) % 256) for j in range(16)) for label in (3, 1, 2)]
    for names in ([f"pixel{j}" for j in range(16)], [f"{i}x{j}" for i in range(1, 5) for j in range(1, 5)]):
        file = write(tmp_path / "x.csv", "label," + ",".join(names) + "\n" + "\n".join(lines) + "\n")
        found = read(file)
        assert (found.shape, found.labels.tolist(), found.levels) == ((4, 4), [3, 1, 2], int(found.x.max()))
        assert f"{file}: columns {names[0]} to {names[-1]} are taken for images of 4 x 4" in found.notes


def test_the_arrays_of_keras_and_a_last_dimension_of_one(tmp_path):
    y = LABELS[:, None]
    np.savez(tmp_path / "x.npz", x_train=IMAGES[:5], y_train=y[:5], x_test=IMAGES[5:], y_test=y[5:])
    found = read(tmp_path / "x.npz")
    same(found, IMAGES, LABELS, (2, 3), 246)
    assert found.test == 2
    assert read(tmp_path / "x.npz", label="none").labels is None
    np.save(tmp_path / "x.npy", IMAGES[..., None])
    same(read(tmp_path / "x.npy"), IMAGES, shape=(2, 3), levels=246)


def test_a_shape_is_given_and_must_fit(tmp_path):
    np.save(tmp_path / "x.npy", IMAGES.reshape(7, 6))
    same(read(tmp_path / "x.npy", shape=(3, 2)), IMAGES, shape=(3, 2), levels=246)
    with pytest.raises(ValueError, match=r"^shape: got 4,2 for the 6 columns of .*, wanted rows,cols of an image"):
        read(tmp_path / "x.npy", shape=(4, 2))
    same(read(tmp_path / "x.npy", columns="1-2,5"), IMAGES.reshape(7, 6)[:, [1, 2, 5]], levels=246)


def test_a_table_of_integers_is_grey_if_its_columns_share_a_range_or_somebody_says_so(tmp_path):
    people = np.array([[31, 250000, 2], [64, 410000, 0], [18, 90000, 1]])
    np.save(tmp_path / "x.npy", people)
    same(read(tmp_path / "x.npy"), people)
    same(read(tmp_path / "x.npy", grey="yes"), people, levels=410000)
    np.save(tmp_path / "x.npy", people[:, :2])
    same(read(tmp_path / "x.npy"), people[:, :2])
    years = np.array([[1990, 2001], [2020, 2013], [2005, 1999]])
    np.save(tmp_path / "x.npy", years)
    same(read(tmp_path / "x.npy"), years)
    np.save(tmp_path / "x.npy", digits()[0] * 16)
    assert read(tmp_path / "x.npy").levels is None  # of float64, and no images
    assert read(tmp_path / "x.npy", shape=(8, 8)).levels == 16
    assert read(tmp_path / "x.npy", grey="yes").levels == 16
    np.save(tmp_path / "x.npy", (digits()[0] * 16).astype(int))
    assert read(tmp_path / "x.npy").levels == 16
