"""Large tables of text are read as numbers; what a small table keeps, a large one keeps too."""

from __future__ import annotations

import numpy as np
import pytest

from lrp_engine import FormatError
from lrp_engine.files import table_quick, table_text
from lrp_engine.files.table import Reading, match_columns, peek_table, read_table
from lrp_engine.files.table_options import AS_FOUND
from lrp_engine.files.table_raw import RawTable

from .test_columns import ABC
from .test_table import SAME


@pytest.fixture
def both(tmp_path, monkeypatch):
    """Reads the same file as a small table and as a large one."""

    def read(content: str | bytes, reading: Reading = AS_FOUND) -> tuple[RawTable, RawTable]:
        path = tmp_path / "t.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        monkeypatch.setattr(table_text, "QUICK", 2**40)
        small = read_table(path, reading=reading)
        monkeypatch.setattr(table_text, "QUICK", -1)
        return small, read_table(path, reading=reading)

    return read


CASES = SAME | {
    "texts": "who,a,b\nAnn,1,2\nBob,3,\nBob,,4\n",
    "typed": "a,b,c\n1,NA,3\nabc,2,1e999\n-inf,1_000,0x10\n7,8,9\n5,5,5\n5,5,5\n5,5,5\n",
    "leading zeros": "id,a,b\n007,1,2\n010,3,4\n",
    "typographic minus": "a;b\n−1,5;2\n1.234,5;1\n",
    "quoted names": '"a, b","c ""d"""\n"1,2",3\n4,5\n',
    "a name over two lines": '"a\nb",c\n1,2\n3,4\n',
    "no names": "1,2\n3,4\n",
    "Latin-1": "größe,b\n1,2\n".encode("latin-1"),
    "UTF-16": "größe\tb\n1\t2\n".encode("utf-16"),
}


@pytest.mark.parametrize("name", CASES)
def test_large_tables_are_read_as_small_ones(name, both):
    small, large = both(CASES[name])
    assert large.names == small.names
    assert (large.named, large.decimal_comma, large.notes) == (small.named, small.decimal_comma, small.notes)
    np.testing.assert_array_equal(large.values, small.values)
    assert dict(large.bad) == dict(small.bad)
    assert [large.column(n) for n in range(len(large.names))] == [small.column(n) for n in range(len(small.names))]
    assert large.found == small.found


@pytest.mark.parametrize(
    "content",
    ["a,b\n1,2\n3\n", "a,b\n1,2\n\n3,4,5\n", "a,b,a\n1,2,3\n", "", "\n \n", "a,b\n", b"PK\0\0\0\0", "a,b\n1,2,\n3,4\n"],
)
def test_large_tables_are_refused_as_small_ones(content, both, tmp_path, monkeypatch):
    with pytest.raises(FormatError) as small:
        both(content)
    monkeypatch.setattr(table_text, "QUICK", -1)
    with pytest.raises(FormatError) as large:
        read_table(tmp_path / "t.csv")
    assert str(large.value) == str(small.value)
    assert large.value.choice == small.value.choice


def test_lines_are_counted_across_blocks(both, monkeypatch):
    monkeypatch.setattr(table_quick, "_BLOCK", 7)
    for content in (CASES["quoted names"], CASES["typed"], CASES["Windows lines"]):
        small, large = both(content)
        np.testing.assert_array_equal(large.values, small.values)
    with pytest.raises(FormatError, match=r"Line 4 of t.csv has 1 cell, but the first line has 2"):
        both("aaaa,bbbb\n11111,2\n1,2\n3\n")


def test_a_quote_that_is_not_closed(both, monkeypatch):
    monkeypatch.setattr(table_text, "QUICK", -1)
    with pytest.raises(FormatError, match="cannot be read"):
        both('a,b\n"1,2\n')


# ------------------------------------------------------------------------------------------- what somebody chose


def test_uneven_lines_are_filled_or_left_out(both):
    content = "a,b\n1,2\n3\n4,5,6\n"
    small, large = both(content, Reading(uneven="fill"))
    for read in (small, large):
        np.testing.assert_array_equal(read.values, [[1, 2], [3, np.nan], [4, 5]])
        assert "Line 3 of t.csv has 1 cell, but the first line has 2 (2 lines are of another length)" in read.notes[0]


def test_names_that_stand_there_twice_are_numbered(both):
    small, large = both("a,a,b,a (2)\n1,2,3,4\n", Reading(alike="number"))
    assert small.names == large.names == ("a", "a (3)", "b", "a (2)")


def test_somebody_says_how_it_is_read(both):
    small, large = both("1;2,5\n3;4\n", Reading(separator=";", decimal=".", header=False))
    for read in (small, large):
        assert read.names == ("column 1", "column 2")
        assert read.bad == {(0, 1): ("2,5", "not a number")}
        assert not read.notes
        assert read.found == Reading(";", "utf-8", ".", header=False)


def test_a_wrong_encoding_is_refused(both):
    with pytest.raises(FormatError, match="is no UTF-8 text: at byte 3 stands what") as caught:
        both("größe,b\n1,2\n".encode("latin-1"), Reading(encoding="utf-8"))
    assert caught.value.choice == "encoding"


def test_a_look_at_the_first_rows(tmp_path):
    (tmp_path / "t.csv").write_text("a,a\n1,2\n3\n")
    read = peek_table(tmp_path / "t.csv")
    assert read.names == ("a", "a (2)")
    assert read.cells == (("1", "2"), ("3", ""))
    assert read.found.uneven == "refuse"


def test_columns_of_a_large_table_find_their_features(both):
    _small, large = both("c,a,who,b\n3,1,Ann,x\n,5,Bob,6\n7,7,Cid,7\n")
    values, bad = match_columns(ABC, True, large).take(large)
    np.testing.assert_array_equal(values, [[1, np.nan, 3], [5, 6, np.nan], [7, 7, 7]])
    assert bad == {(0, 1): ("x", "not a number"), (1, 2): ("", "missing")}


def test_reading_says_how_far_it_is_and_can_be_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(table_text, "QUICK", -1)
    monkeypatch.setattr(table_quick, "_BLOCK", 16)
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "1,2\n" * 20)
    told: list[tuple[int, int]] = []
    read_table(path, progress=lambda done, total: told.append((done, total)))
    assert told[0] == (16, 2 * 84)
    assert told == sorted(told)

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_table(path, progress=stop)
