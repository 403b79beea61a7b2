"""Tables of other formats than text: read as numbers, and refused in a sentence."""

from __future__ import annotations

import base64
import subprocess
import sys
import zipfile
import zlib

import numpy as np
import polars as pl
import pytest
import xlsxwriter

from lrp_engine import FormatError, UntrustedFile
from lrp_engine.files import table_raw, table_text
from lrp_engine.files.features import Feature, numbered
from lrp_engine.files.table import match_columns, read_table
from lrp_engine.files.table_writing import write_table


def refused(path, kind: type[Exception] = FormatError):
    with pytest.raises(kind) as caught:
        read_table(path)
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.fixture
def workbook(tmp_path):
    def make(fill):
        path = tmp_path / "t.xlsx"
        with xlsxwriter.Workbook(path) as book:
            fill(book, book.add_worksheet("data"))
        return path

    return make


# ------------------------------------------------------------------------------------------------------------ the same


def as_parquet(path):
    pl.DataFrame({"a": [1.5, 3.0], "b": [2, 4], "who": ["Ann", "Bob"]}).write_parquet(path)


def as_excel(path):
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate([("a", "b", "who"), (1.5, 2, "Ann"), (3, 4, "Bob")]):
            sheet.write_row(row, 0, cells)


def as_json_lines(path):
    path.write_text('{"a": 1.5, "b": 2, "who": "Ann"}\n{"who": "Bob", "b": 4, "a": 3}\n')


@pytest.mark.parametrize(
    ("name", "write"), [("t.parquet", as_parquet), ("t.xlsx", as_excel), ("t.jsonl", as_json_lines)]
)
def test_the_same_table(name, write, tmp_path):
    write(tmp_path / name)
    read = read_table(tmp_path / name)
    assert read.names == ("a", "b", "who")
    assert read.named
    np.testing.assert_array_equal(read.values[:, :2], [[1.5, 2], [3, 4]])
    assert read.bad == {(0, 2): ("Ann", "not a number"), (1, 2): ("Bob", "not a number")}
    assert [tuple(row) for row in read.cells] == [("1.5", "2", "Ann"), ("3", "4", "Bob")]
    assert read.column(2) == ("Ann", "Bob")
    assert read.notes == ()


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet", ".xlsx", ".npz"])
def test_what_is_written_is_read_again(suffix, tmp_path):
    values = np.array([[0.1, -2e-9, 3], [1e300, 5, -6.25]])
    path = write_table(tmp_path / f"t{suffix}", dict(zip("abc", values.T, strict=True)))
    read = read_table(path)
    assert read.names == ("a", "b", "c")
    np.testing.assert_allclose(read.values, values, rtol=1e-15)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


# ------------------------------------------------------------------------------------------------------------- Parquet


def test_parquet_with_nested_columns_keeps_the_others(tmp_path):
    path = tmp_path / "t.parquet"
    pl.DataFrame({"a": [1.0], "tags": [[1, 2]], "who": [{"x": 1}]}).write_parquet(path)
    read = read_table(path)
    assert read.names == ("a",)
    assert read.notes == (
        "The column “tags” (column 2) holds lists, and was left out.",
        "The column “who” (column 3) holds records, and was left out.",
    )
    with pytest.raises(FormatError, match=r"lacks the column “tags” \(which holds lists\)"):
        match_columns((Feature("a"), Feature("tags")), True, read)


def test_parquet_of_nested_columns_only(tmp_path):
    pl.DataFrame({"tags": [[1, 2]]}).write_parquet(tmp_path / "t.parquet")
    assert "no column of numbers: the column “tags” (column 1) holds lists" in refused(tmp_path / "t.parquet")


def test_parquet_types(tmp_path):
    path = tmp_path / "t.parquet"
    frame = pl.DataFrame({"yes": [True, False, None], "n": [1, None, 3], "f": [float("nan"), float("inf"), 0.5]})
    frame.with_columns(none=pl.lit(None), day=pl.date(2020, 1, 2), raw=pl.lit(b"x")).write_parquet(path)
    read = read_table(path)
    assert read.values[:2, 0].tolist() == [1, 0]
    assert read.bad[2, 0] == read.bad[1, 1] == ("", "missing")
    assert read.bad[1, 2] == ("inf", "infinite")
    assert read.column(4) == ("2020-01-02",) * 3
    assert "true and false were read as 1 and 0." in read.notes


def test_damaged_and_empty_parquet(tmp_path):
    assert "cannot be read as Parquet" in refused(written(tmp_path / "t.parquet", b"PAR1" + b"\xff" * 100))
    pl.DataFrame({"a": []}).write_parquet(tmp_path / "e.parquet")
    assert "is empty" in refused(tmp_path / "e.parquet")


# Damaged so that polars 2.1 wants 2 EiB for it, which ends its process.
DEADLY = (
    "eNqdVM9rE0EUntms2yUErNAZdmEpQcySorTJ1jZJiZpJ/FE1tUl6EMFDEpNNC7UrSdtNcvQkIp5zkiLVswjexYMnTwXBo/gHePZQxfc2u2ku"
    "gepjd+b9+N73vt3ZpCQqSUZYlt28xBRwFKYYyySuEs/UnOZ7v67BEv+w8Ds6+5WQgQSRQjGbC5ASqX4+84KF9RhRdI3WWIQr/CXlA2qq2UmU"
    "TGYJtlLE0T699oaQKiUSCQ1R4FW/0yoFbTPMRJHTI5EBRFMpGZnHEi5jI2qUQhdgir5ElGlQVfdUvaP8CzWPJPMPncgDymZZYlzZ2R4hWO/i"
    "0sOlH4jaOBFF+xrtTpARCWS4noynlL+l5rFsvpfHOvVzkn7yikaummNE50E50AluIH6sTLtw9/2EwVU2oJx47pHEur57LLOH6DJJL67KbcfZ"
    "ZQph4ZgEZwdPj3sdJOPuxkjRAChXdEPPmgfU+Mdj5p+mGOeHCrtKzFey8T/nwb8hxQ+P4rVinO5d8p/YdDDFzhP+McQVU+XP5Rl8fC0iKpX1"
    "+yudR5vNxzXtUFpAy9wWYDdwSe9D3C37sZe6K0RHFLy9LC6WoO66mIemlo9bgy3vYIAe4oQolJF6FcO88PFgFY8b7Hoa6/nRnPwiZveQv9cK"
    "SHAujij4TSKD9YQYsULhDkILfvwAW9f7AEq7o6H51hDvepM2EA97xde/5utZRj2QugUsSDbkK4srRLtXcrZr7U40/qS3u+nszEX3m+3OlrMT"
    "teaT84lovL63td2IpuxMwqo3Fm27YaVsO201kpetVLqWyNSszJJtW3aq1mxkrDk9C5/V8CLP4IdSgn+jvzzKyo8="
)


def test_a_parquet_file_that_would_end_the_process(tmp_path):
    path = written(tmp_path / "t.parquet", zlib.decompress(base64.b64decode(DEADLY)))
    assert "t.parquet cannot be read as Parquet" in refused(path)


def test_a_table_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    pl.DataFrame({"a": [1.0] * 20}).write_parquet(tmp_path / "t.parquet")
    monkeypatch.setattr(table_raw, "MOST_NUMBERS", 10)
    assert "has 20 rows of 1 numbers" in refused(tmp_path / "t.parquet")


def test_text_files_that_are_too_large_or_hold_nothing(tmp_path):
    for name, size in (("t.csv", 5 * 2**30), ("t.jsonl", 2**30)):
        with (tmp_path / name).open("wb") as stream:
            stream.truncate(size)  # a hole: it takes no room on the disk
    assert "has 5.0 GiB; tables of text up to 4 GiB can be opened, so save it as Parquet" in refused(tmp_path / "t.csv")
    assert "has 1,024 MiB; tables of text up to 512 MiB can be opened" in refused(tmp_path / "t.jsonl")
    with (tmp_path / "t.csv").open("r+b") as stream:
        stream.truncate(2**30)
    assert "t.csv is not a text table" in refused(tmp_path / "t.csv")


# --------------------------------------------------------------------------------------------------------------- Excel


def test_excel_formulas_errors_and_merged_cells(workbook):
    def fill(book, sheet):
        sheet.write_row("B3", ["a", "b", "c"])
        sheet.write_row("B4", [1, 2, 3])
        sheet.write_formula("B5", "=B4+1", None, 2)
        sheet.write_formula("C5", "=1/0", None, "#DIV/0!")
        sheet.write("D5", 9)
        sheet.merge_range("B6:C6", 7)
        sheet.write("D6", 8)

    read = read_table(workbook(fill))
    assert read.names == ("a", "b", "c")
    assert read.values[:, 0].tolist() == [1, 2, 7]
    assert read.bad == {(1, 1): ("#DIV/0!", "an error of the spreadsheet"), (2, 1): ("", "missing")}
    assert read.notes == (
        "Formulas are not computed: the values that were saved with them were read.",
        "The spreadsheet could not compute C5 (#DIV/0!).",
        "Of the merged cells B6:C6 only the first has a value; the others are missing.",
    )


def test_excel_formula_without_a_value(workbook, tmp_path):
    path = workbook(lambda _book, sheet: [sheet.write_row(0, 0, ["a", "b"]), sheet.write_row(1, 0, [1, 2])])
    # As libraries write it that do not compute.
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "f.xlsx", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'<c r="B2"><v>2</v>', b'<c r="B2"><f>A2*2</f><v></v>'))
    read = read_table(tmp_path / "f.xlsx")
    assert read.bad == {(0, 1): ("=A2*2", "a formula without a value")}
    assert "No value was saved with the formula in B2; save the file in a spreadsheet program." in read.notes


def test_excel_takes_the_first_sheet_that_is_not_empty(tmp_path):
    path = tmp_path / "t.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("nothing")
        sheet = book.add_worksheet("R & D")
        sheet.write_row(0, 0, ["a"])
        sheet.write_row(1, 0, [1])
    read = read_table(path)
    assert read.values.tolist() == [[1]]
    assert read.notes == ("The sheet “R & D” was read; “nothing” is left out.",)


def test_excel_with_a_name_twice_empty_or_damaged(workbook, tmp_path):
    twice = workbook(lambda _book, sheet: [sheet.write_row(0, 0, ["a", "b", "a"]), sheet.write_row(1, 0, [1, 2, 3])])
    assert "“a” more than once, in columns 1 and 3" in refused(twice)
    half = twice.read_bytes()
    assert "is empty" in refused(workbook(lambda _book, _sheet: None))
    broken = bytearray(half)
    at = half.index(b"xl/worksheets/sheet1.xml") + 40
    broken[at : at + 60] = b"\xff" * 60
    assert "Excel workbook" in refused(written(tmp_path / "broken.xlsx", bytes(broken)))
    assert "old kind" in refused(written(tmp_path / "old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600))


def test_a_workbook_of_an_unknown_version_of_zip(workbook, tmp_path):
    content = bytearray(workbook(lambda _book, sheet: [sheet.write(0, 0, "a"), sheet.write(1, 0, 1)]).read_bytes())
    content[content.index(b"PK\x01\x02") + 6] = 99
    assert "damaged zip archive" in refused(written(tmp_path / "v.xlsx", bytes(content)))


# ---------------------------------------------------------------------------------------------------------- JSON lines


def test_json_lines_that_lack_a_name(tmp_path):
    read = read_table(written(tmp_path / "t.jsonl", '{"a": 1, "b": true}\n\n{"a": null, "c": [1]}\n'))
    assert read.names == ("a", "b")
    assert read.bad == {(1, 0): ("", "missing"), (1, 1): ("", "missing")}
    assert read.left_out == {"c": "holds a list in line 3"}
    assert "true and false were read as 1 and 0." in read.notes


def test_json_lines_of_lists(tmp_path):
    read = read_table(written(tmp_path / "t.jsonl", "[1, 2]\n[3, 4.5]\n"))
    assert not read.named
    assert read.values.tolist() == [[1, 2], [3, 4.5]]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ('{"a": 1}\n{"a": 1,}\n', "Line 2 of t.jsonl is no JSON"),
        ('{"a": 1, "a": 2}\n', "Line 1 of t.jsonl is no JSON that can be read: a name twice"),
        ('{"a": 1}\n[1]\n', "Line 2 of t.jsonl holds a list, but the first line holds an object"),
        ("[1, 2]\n[1]\n", "Line 2 of t.jsonl has 1 cell, but the first line has 2"),
        ("3\n", "Line 1 of t.jsonl holds a number"),
        ('{"a": [1]}\n', "no column of numbers: “a” holds a list in line 1"),
        ("[[1]]\n", "Line 1 of t.jsonl holds a list in its list"),
    ],
)
def test_json_lines_refused(content, says, tmp_path):
    assert says in refused(written(tmp_path / "t.jsonl", content))


# -------------------------------------------------------------------------------------------------------------- arrays


def test_an_array_of_samples(tmp_path):
    np.save(tmp_path / "t.npy", np.arange(12, dtype=np.float16).reshape(2, 2, 3))
    read = read_table(tmp_path / "t.npy")
    assert not read.named
    assert read.values.tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    assert match_columns(numbered(6), False, read).order == tuple(range(6))


def test_one_sample(tmp_path):
    np.save(tmp_path / "t.npy", np.arange(3))
    read = read_table(tmp_path / "t.npy")
    assert read.values.tolist() == [[0, 1, 2]]
    assert "one sample" in read.notes[0]


def test_inputs_beside_answers(tmp_path):
    np.savez(tmp_path / "t.npz", X=np.ones((4, 3)), y=np.arange(4), seed=np.array(7), mean=np.zeros(3))
    read = read_table(tmp_path / "t.npz")
    assert read.names == ("X 1", "X 2", "X 3", "y")
    assert any("“seed”, “mean”" in note for note in read.notes)
    assert match_columns((Feature("p"), Feature("q"), Feature("r")), True, read).order == (0, 1, 2)


def test_texts_of_an_archive_stand_beside_its_numbers(tmp_path):
    texts = {"sample": np.array(["Ada", "Bo", "Cy"]), "group": np.array(["1", "2", "x"])}
    np.savez(tmp_path / "t.npz", data=np.ones((3, 2)), columns=np.array(["age", "bmi"]), other=np.array("a"), **texts)
    read = read_table(tmp_path / "t.npz")
    assert read.names == ("age", "bmi", "sample", "group")
    assert [tuple(row[2:]) for row in read.cells] == [("Ada", "1"), ("Bo", "2"), ("Cy", "x")]
    np.testing.assert_array_equal(read.values[:, 3], [1, 2, np.nan])
    assert set(read.bad) == {(0, 2), (1, 2), (2, 2), (2, 3)}


def test_names_in_the_archive(tmp_path):
    np.savez(tmp_path / "t.npz", data=np.ones((2, 2)), columns=np.array(["age", "bmi"]))
    read = read_table(tmp_path / "t.npz")
    assert read.named
    assert read.names == ("age", "bmi")


def test_arrays_that_are_no_table(tmp_path):
    np.save(tmp_path / "c.npy", np.ones((2, 2), dtype=complex))
    assert "complex" in refused(tmp_path / "c.npy")
    np.save(tmp_path / "e.npy", np.ones((0, 2)))
    assert "is empty" in refused(tmp_path / "e.npy")
    np.save(tmp_path / "o.npy", np.array([{}, {}], dtype=object), allow_pickle=True)
    assert "nothing of them was run" in refused(tmp_path / "o.npy", UntrustedFile)


# ---------------------------------------------------------------------------------------------------------------- text


def test_sixteen_bit_text_without_a_mark(tmp_path):
    read = read_table(written(tmp_path / "t.csv", "a;b\n1,5;2\n".encode("utf-16-le")))
    assert read.names == ("a", "b")
    assert read.values.tolist() == [[1.5, 2]]
    assert read.notes == (
        "The file was read as UTF-16.",
        "The cells are separated by semicolons.",
        "Decimal commas were read as decimal points.",
    )


def test_three_columns_for_ten_features(tmp_path):
    read = read_table(written(tmp_path / "t.csv", "f0,f1,f2\n1,2,3\n"))
    with pytest.raises(FormatError, match="lacks 7 of the 10 columns that the network needs: “f3”"):
        match_columns(tuple(Feature(f"f{i}") for i in range(10)), True, read)


def test_libraries_are_imported_when_such_a_file_is_opened(tmp_path):
    path = written(tmp_path / "t.csv", "a,b\n1,2\n")
    code = (
        "import sys; from lrp_engine.files.table import read_table; import lrp_engine.cli; "
        "import lrp_engine.files.table_writing; assert 'numpy' not in sys.modules; "
        f"read_table({str(path)!r}); print({{'torch', 'polars', 'fastexcel', 'PIL', 'xlsxwriter'}} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"


def test_the_limit_of_text_is_one(tmp_path):
    assert table_text.LARGEST_TEXT == table_raw.LARGEST_TEXT
