"""Tables as people and programs write them."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lrp_engine import FormatError
from lrp_engine.files.cells import number
from lrp_engine.files.table import read_table

from .making import EXAMPLES


def table(tmp_path, content, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path)


def refused(tmp_path, content):
    with pytest.raises(FormatError) as caught:
        table(tmp_path, content)
    text = str(caught.value)
    assert "t.csv" in text
    assert "\n" not in text
    return text


def test_the_examples():
    diabetes = read_table(EXAMPLES / "diabetes" / "diabetes.csv")
    assert diabetes.values.shape == (442, 12)
    assert diabetes.named
    assert diabetes.bad == {}
    assert diabetes.notes == ()
    assert diabetes.cells[0][:4] == ("59", "2", "32.1", "101")
    digits = read_table(EXAMPLES / "digits" / "digits.csv")
    assert digits.values.shape == (1797, 65)
    assert digits.values[:, :64].min() == 0
    assert digits.values[:, :64].max() == 16


SAME = {
    "commas": "a,b\n1.5,2\n3,4\n",
    "semicolons": "a;b\n1.5;2\n3;4\n",
    "tabs": "a\tb\n1.5\t2\n3\t4\n",
    "bars": "a|b\n1.5|2\n3|4\n",
    "decimal commas": "a;b\n1,5;2\n3;4\n",
    "decimal commas and tabs": "a\tb\n1,5\t2,0\n3\t4\n",
    "quoted decimal commas": 'a;b\n"1,5";2\n3;4\n',
    "Windows lines": "a,b\r\n1.5,2\r\n3,4\r\n",
    "old Mac lines": "a,b\r1.5,2\r3,4\r",
    "no last line end": "a,b\n1.5,2\n3,4",
    "blank lines": "\na,b\n\n1.5,2\n , \n3,4\n\n",
    "spaces": "a , b\n 1.5, 2\n3 ,4\n",
    "quotes": '"a","b"\n"1.5","2"\n3,4\n',
    "separators at the ends": "a,b,\n1.5,2,\n3,4,\n",
    "mark of UTF-8": "\ufeffa,b\n1.5,2\n3,4\n",
}


@pytest.mark.parametrize("name", SAME)
def test_ways_to_write_the_same(name, tmp_path):
    read = table(tmp_path, SAME[name])
    assert read.names == ("a", "b")
    np.testing.assert_array_equal(read.values, [[1.5, 2], [3, 4]])
    assert read.bad == {}


def test_sixteen_bit_text_as_spreadsheets_save_it(tmp_path):
    read = table(tmp_path, "größe\tb\n1\t2\n".encode("utf-16"))
    assert read.names == ("größe", "b")


def test_latin_1(tmp_path):
    read = table(tmp_path, "größe,b\n1,2\n".encode("latin-1"))
    assert read.names == ("größe", "b")
    assert any("Latin-1" in note for note in read.notes)


def test_one_column(tmp_path):
    read = table(tmp_path, "height\n1\n2\n")
    assert read.names == ("height",)
    assert read.values.tolist() == [[1], [2]]


def test_thousands_with_decimal_commas(tmp_path):
    read = table(tmp_path, "a;b\n1.234,5;-0,25\n7;1e3\n")
    assert read.values.tolist() == [[1234.5, -0.25], [7, 1000]]
    assert read.decimal_comma


def test_points_and_commas_mixed_are_not_guessed(tmp_path):
    read = table(tmp_path, "a;b\n1,5;2.5\n")
    assert not read.decimal_comma
    assert read.bad == {(0, 0): ("1,5", "not a number")}


def test_without_header(tmp_path):
    read = table(tmp_path, "1,2\n3,4\n")
    assert not read.named
    assert read.names == ("column 1", "column 2")
    assert len(read.cells) == 2
    assert any("without column names" in note for note in read.notes)


def test_a_column_without_name(tmp_path):
    assert table(tmp_path, ",a\n0,1\n").names == ("column 1", "a")


def test_bad_cells_keep_what_was_typed(tmp_path):
    read = table(tmp_path, "a,b,c,d,e\nabc,,NaN,inf,-Infinity\n1,NA,1e999,0x10,1_000\n")
    assert read.bad == {
        (0, 0): ("abc", "not a number"),
        (0, 1): ("", "missing"),
        (0, 2): ("NaN", "missing"),
        (0, 3): ("inf", "infinite"),
        (0, 4): ("-Infinity", "infinite"),
        (1, 1): ("NA", "missing"),
        (1, 2): ("1e999", "too large"),
        (1, 3): ("0x10", "not a number"),
        (1, 4): ("1_000", "not a number"),
    }
    assert np.isnan(read.values[0, :3]).all()
    assert read.values[0, 3:].tolist() == [math.inf, -math.inf]
    assert read.cells[1] == ("1", "NA", "1e999", "0x10", "1_000")


def test_too_few_cells_name_the_line(tmp_path):
    assert "Line 3 of t.csv has 1 cell, but the first line has 2" in refused(tmp_path, "a,b\n1,2\n3\n")


def test_too_many_cells_name_the_line(tmp_path):
    assert "Line 4 of t.csv has 3 cells" in refused(tmp_path, "a,b\n1,2\n\n3,4,5\n")


def test_the_same_name_twice(tmp_path):
    assert "“a” more than once, in columns 1 and 3" in refused(tmp_path, "a,b,a\n1,2,3\n")


def test_empty(tmp_path):
    assert "is empty" in refused(tmp_path, "")
    assert "is empty" in refused(tmp_path, "\n \n")


def test_only_names(tmp_path):
    assert "no line of numbers" in refused(tmp_path, "a,b\n")


def test_open_quote(tmp_path):
    assert "cannot be read at line" in refused(tmp_path, 'a,b\n"1,2\n')


def test_not_text(tmp_path):
    assert "not a text table" in refused(tmp_path, b"PK\0\0\0\0\0\0")
    assert "damaged zip archive" in refused(tmp_path, b"PK\3\4\0\0\0\0")


def test_broken_sixteen_bit_text(tmp_path):
    assert "utf-16" in refused(tmp_path, b"\xff\xfea\0b")


def test_a_cell_without_end(tmp_path):
    assert "cannot be read at line" in refused(tmp_path, "a,b\n" + "1" * 2_000_000 + ",2\n")


def test_missing_and_folder(tmp_path):
    with pytest.raises(FormatError, match="no file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(FormatError, match="is a folder"):
        read_table(tmp_path)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_comes_back(value):
    assert number(repr(value)) == (value, "")
    assert number(f"  {value!r}\t") == (value, "")
    assert number(repr(value).replace(".", ","), decimal_comma=True) == (value, "")


@given(st.text(max_size=12))
def test_a_cell_is_a_number_or_has_a_reason(text):
    value, reason = number(text)
    assert reason or math.isfinite(value)
    if not reason:
        assert value == float(text.strip().replace("−", "-"))


names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8).map(str.strip)
words = names.filter(lambda name: number(name)[1] == "not a number" and number(name, decimal_comma=True)[1])


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(
    header=st.lists(words, min_size=2, max_size=5, unique=True),
    data=st.data(),
    separator=st.sampled_from([",", ";", "\t"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_round_trip(tmp_path, header, data, separator, quoting):
    numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)
    row = st.lists(numbers, min_size=len(header), max_size=len(header))
    rows = data.draw(st.lists(row, min_size=3, max_size=5))
    if any(mark in name for name in header for mark in ',;|\t"'):
        separator, quoting = ",", csv.QUOTE_ALL
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=separator, quoting=quoting).writerows([header, *rows])
    read = table(tmp_path, stream.getvalue())
    assert read.names == tuple(header)
    np.testing.assert_array_equal(read.values, rows)
    assert read.cells == tuple(tuple(map(str, values)) for values in rows)
