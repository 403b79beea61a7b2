"""Tables written: whole or not at all, and as data."""

from __future__ import annotations

import numpy as np
import pytest

from lrp_engine import InputError
from lrp_engine.cli import main
from lrp_engine.files import table_writing
from lrp_engine.files.table import read_table
from lrp_engine.files.table_writing import Style, write_table

from .making import DIABETES, EXAMPLES


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
def test_a_text_that_looks_like_a_formula_stays_a_text(suffix, tmp_path):
    path = write_table(tmp_path / f"t{suffix}", {"a": [1.0, 2.0], "who": ["=1+1", "http://x"]})
    assert read_table(path).column(1) == ("=1+1", "http://x")


def test_refused_in_a_sentence(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="names no format for tables"):
        write_table(tmp_path / "t.docx", {"a": [1]})
    with pytest.raises(InputError, match="“b” has 2 rows, but “a” has 1"):
        write_table(tmp_path / "t.csv", {"a": [1], "b": [1, 2]})
    with pytest.raises(InputError, match="cannot be written"):
        write_table(tmp_path / "none" / "t.csv", {"a": [1]})
    with pytest.raises(InputError, match="holds both numbers and texts"):
        write_table(tmp_path / "t.npz", {"a": [None, "x"]})
    monkeypatch.setattr(table_writing, "MOST_COLUMNS", 1)
    with pytest.raises(InputError, match="An Excel sheet takes"):
        write_table(tmp_path / "t.xlsx", {"a": [1], "b": [1]})
    assert list(tmp_path.iterdir()) == []


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path):
    path = write_table(tmp_path / "t.npz", {"a": [1.0]})
    before = path.read_bytes()
    with pytest.raises(InputError):
        write_table(path, {"a": [None, "x"]})
    assert path.read_bytes() == before


@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx", "npz"])
def test_explained_samples_with_outputs_and_relevance(suffix, tmp_path, capsys):
    data = EXAMPLES / "diabetes" / "diabetes.csv"
    command = ["explain", str(DIABETES), "--data", str(data), "--rows", "0:3", "--out", str(tmp_path)]
    assert main([*command, "--table", suffix]) == 0
    assert f"samples.{suffix}" in capsys.readouterr().out
    table = read_table(tmp_path / f"samples.{suffix}")
    place = {name: column for column, name in enumerate(table.names)}
    np.testing.assert_allclose(table.values[:, place["input age"]], read_table(data).values[:3, 0])
    arrays = np.load(tmp_path / "relevance.npz")
    np.testing.assert_allclose(table.values[:, place["relevance bmi"]], arrays["input:x"][:, 2], rtol=1e-6)
    np.testing.assert_allclose(table.values[:, place["score"]], arrays["score"], rtol=1e-6)
    assert any(name.startswith("output ") for name in table.names)


def test_a_picture_is_explained(tmp_path, capsys):
    from PIL import Image

    digits = read_table(EXAMPLES / "digits" / "digits.csv").values[3, :64].reshape(8, 8)
    Image.fromarray((digits * 255 / 16).round().astype(np.uint8)).save(tmp_path / "three.png")
    command = ["explain", str(EXAMPLES / "digits" / "digits.pt2"), "--data", str(tmp_path / "three.png")]
    assert main([*command, "--pixels", "0:16", "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert "row 0: 3 = " in said.out
    assert "white 16" in said.err
    assert main([*command, "--normalise", "1,2", "--out", str(tmp_path / "out")]) == 2
    assert "1 channels" in capsys.readouterr().err


def test_cells_of_both_kinds_come_back(tmp_path):
    columns = {"a": [1.5, "abc", float("nan")], "b": np.array([1.0, 2.0, np.nan]), "c": np.array([1.5, -np.inf, 3e-9])}
    for suffix in (".csv", ".tsv", ".parquet", ".xlsx"):
        read = read_table(write_table(tmp_path / f"t{suffix}", columns))
        assert read.column(0) == ("1.5", "abc", ""), suffix
        np.testing.assert_array_equal(read.values[:, 1:], np.transpose([columns["b"], columns["c"]]))
    assert (tmp_path / "t.csv").read_text() == "a,b,c\n1.5,1,1.5\nabc,2,-inf\n,,3e-9\n"


def test_as_spreadsheets_of_other_countries_take_it(tmp_path):
    path = write_table(tmp_path / "t.csv", {"a": np.array([1.5, 2e-7]), "b": ["x;y", 'z"']}, Style(";", True))
    assert path.read_text() == 'a;b\n1,5;"x;y"\n2e-7;"z"""\n'
    assert read_table(path).values[:, 0].tolist() == [1.5, 2e-7]


def test_writing_is_stopped_in_the_middle(tmp_path, monkeypatch):
    monkeypatch.setattr(table_writing, "AT_ONCE", 10)
    for suffix in (".csv", ".xlsx"):
        steps = table_writing.writing_table(tmp_path / f"t{suffix}", {"a": np.arange(30.0)})
        assert next(steps) == (10, 30)
        steps.close()
        assert list(tmp_path.iterdir()) == []


def test_arrays_of_more_axes_in_an_archive(tmp_path):
    columns = {"inputs": np.ones((2, 3)), "relevance": np.zeros((2, 3)), "feature_names": ["a", "b", "c"]}
    arrays = np.load(write_table(tmp_path / "t.npz", columns))
    assert {name: arrays[name].shape for name in arrays} == {
        "inputs": (2, 3),
        "relevance": (2, 3),
        "feature_names": (3,),
    }
