"""The table's store: what people type, delete and bring back, in small tables and in large ones."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from lrp_gui.document import commands, table_paste
from lrp_gui.document.document import Document
from lrp_gui.document.results import Feature, TableResult
from lrp_gui.document.state import Contents, ExplainSettings
from lrp_gui.document.table import InputTable, Problem
from lrp_gui.document.table_blocks import Shelf
from lrp_gui.jobs.auditing import Checks, with_header
from tests.gui import fakes

AGE = Feature("age", "years", 48.0, 13.0, low=0.0, high=120.0, integer=True)
SEX = Feature("sex", categories=((1.0, "female"), (2.0, "male")))
BMI = Feature("bmi", "kg/m²", 26.0, 4.0, high=80.0)
FEATURES = (AGE, SEX, BMI)


def table_of(samples=6, order: Literal["F", "C"] = "F", extras=True):
    values = np.column_stack([np.arange(samples) + 40.0, np.arange(samples) % 2 + 1.0, np.linspace(20, 30, samples)])
    beside = [("label", [f"label {n}" for n in range(samples)]), ("score", np.arange(samples) * 0.5)] if extras else []
    return InputTable.from_columns(FEATURES, np.array(values, order=order), {}, beside, "people.csv")


@pytest.fixture(params=["F", "C"])
def document(qapp, monkeypatch, request):
    monkeypatch.setattr(commands, "GESTURE_SECONDS", -1)
    document = Document()
    document.open(Contents(fakes.mlp().info, table_of(order=request.param), ExplainSettings(), 0), "Open")
    return document


def everything(document):
    table = document.table
    columns = range(len(table.features) + len(table.extras))
    cells = [[document.cell_text(row, column) for column in columns] for row in range(table.samples)]
    truth = Checks(table.features).audit(table.values)
    assert (table.good_rows() == truth.good).all()
    counts = table.problem_counts()
    unusable = counts.get(Problem.MISSING, 0) + counts.get(Problem.TEXT, 0)
    assert unusable == truth.counts[Problem.MISSING]
    assert all(counts.get(code, 0) == truth.counts[code] for code in Problem if code > Problem.TEXT)
    return cells, list(table.names), [column.name for column in table.extras], table.edited


def rows(*numbers):
    return np.array(numbers)


EDITS = {
    "type": lambda d: d.edit_cell(1, 2, "27.5"),
    "type a text": lambda d: d.edit_cell(1, 2, "heavy"),
    "type into a label": lambda d: d.edit_cell(1, 3, "other"),
    "type a word into numbers beside": lambda d: d.edit_cell(1, 4, "none"),
    "scattered cells": lambda d: d.edit_cells([(0, 0, "1"), (3, 2, "x"), (5, 3, "y"), (3, 0, "")], "Edit"),
    "a block of numbers": lambda d: d.edit_values(rows(4, 1), rows(2, 0), np.ones((2, 2)), "Paint"),
    "fill": lambda d: d.fill(rows(0, 2, 5), rows(0, 2, 3), "7"),
    "fill with a text": lambda d: d.fill(rows(0, 2), rows(0), "unknown"),
    "fill down": lambda d: d.fill_down(rows(1, 2, 5), rows(2, 3, 4)),
    "clear": lambda d: d.clear(rows(0, 1), rows(0, 1, 2, 3)),
    "random": lambda d: d.randomise(rows(0, 3), rows(0, 1, 2), "normal", 3),
    "noise": lambda d: d.add_noise(rows(0, 3), rows(0, 2), 0.5, 3),
    "rename": lambda d: d.rename_sample(2, "Ada"),
    "insert": lambda d: d.insert_samples(2, 3),
    "insert random": lambda d: d.insert_random(0, 2, "range", 1),
    "insert constant": lambda d: d.insert_constant(6, 2, 1.5),
    "duplicate": lambda d: d.duplicate_samples([1, 2, 5]),
    "delete neighbours": lambda d: d.delete_samples([1, 2]),
    "delete here and there": lambda d: d.delete_samples(rows(0, 2, 5)),
    "assign": lambda d: d.assign_columns([2, 1, 4]),
    "swap": lambda d: d.assign_columns([2, 1, 0]),
    "paste": lambda d: d.run_paste(d.plan_paste("1\t2\n3\tfour\n", rows(4, 5), rows(1, 2, 3, 4))),
    "paste past the end": lambda d: d.run_paste(d.plan_paste("1\n2\n3\n", rows(4, 5), rows(2, 3, 4))),
}


@pytest.mark.parametrize("name", EDITS)
def test_every_edit_is_one_step_and_comes_back_whole(document, name):
    table = document.table
    table.set_text(2, 1, "typed before")
    table.set_text(3, 0, "inf")
    table.mark_kept()
    before = everything(document)
    EDITS[name](document)
    after = everything(document)
    assert after != before
    assert after[-1]
    assert document.undo_stack.count() == 1
    assert document.undo_stack.undoText()
    for _again in range(2):
        document.undo_stack.undo()
        assert everything(document) == before
        document.undo_stack.redo()
        assert everything(document) == after


def test_all_edits_one_after_the_other_come_back(document):
    states = [everything(document)]
    for edit in EDITS.values():
        edit(document)
        states.append(everything(document))
    for state in reversed(states[:-1]):
        document.undo_stack.undo()
        assert everything(document) == state
    for state in states[1:]:
        document.undo_stack.redo()
        assert everything(document) == state


def test_saving_in_the_middle_of_history_is_where_nothing_is_unsaved(document):
    document.edit_cell(0, 2, "21")
    document.table.mark_kept()
    document.edit_cell(0, 2, "22")
    assert document.table.edited
    document.undo_stack.undo()
    assert not document.table.edited
    document.undo_stack.undo()
    assert document.table.edited


def test_a_stroke_is_one_step_and_a_second_one_another(document, monkeypatch):
    monkeypatch.setattr(commands, "GESTURE_SECONDS", 60)
    before = everything(document)
    for place in range(3):
        document.edit_values(rows(place), rows(0, 2), np.full((1, 2), 5.0), "Paint", "stroke 1")
    document.edit_values(rows(0), rows(2), np.full((1, 1), 6.0), "Paint", "stroke 2")
    assert document.undo_stack.count() == 2
    document.undo_stack.undo()
    assert document.table.values[:3, 2].tolist() == [5.0, 5.0, 5.0]
    document.undo_stack.undo()
    assert everything(document) == before


def test_noise_moves_numbers_and_leaves_categories_and_texts(document):
    document.edit_cell(0, 2, "heavy")
    document.add_noise(np.arange(6), rows(0, 1, 2), 0.5, seed=7)
    drawn = document.table.values.copy()
    assert (drawn[:, 1] == table_of().values[:, 1]).all()
    assert (drawn[:, 0] == np.round(drawn[:, 0])).all()
    assert (drawn[1:, 2] != table_of().values[1:, 2]).all()
    assert document.table.text(0, 2) == "heavy"
    document.undo_stack.undo()
    document.add_noise(np.arange(6), rows(0, 1, 2), 0.5, seed=7)
    assert np.array_equal(document.table.values, drawn, equal_nan=True)


def test_the_edit_menu_says_what_happened(document):
    texts = []
    for name in ("fill", "fill down", "noise", "random", "insert random", "delete here and there", "rename"):
        EDITS[name](document)
        texts.append(document.undo_stack.undoText())
    assert texts[0] == "Fill 3 × 3 cells"
    assert texts[1] == "Fill down 2 × 3 cells"
    assert texts[2:5] == [
        "Noise of 0.5 scales on 2 × 2 cells, seed 3",
        "Random 2 × 3 cells, seed 3",
        "Insert random 2 samples, seed 1",
    ]
    assert texts[5] == "Delete 3 samples"


def test_selection_and_results_stay_with_their_rows_wherever_they_go(document):
    numbers = np.arange(6.0)
    relevance = np.tile(numbers[:, None], (1, 3)).astype(np.float32)
    document.put_table_result(TableResult(np.arange(6), numbers[:, None].copy(), numbers, relevance, {1: "no"}))
    document.select_sample(3)
    document.delete_samples([0, 2, 5])
    assert document.selected_sample == 1
    assert document.table_result.explained.tolist() == [1.0, 3.0, 4.0]
    assert document.table_result.refused == {0: "no"}
    document.undo_stack.undo()
    assert document.selected_sample == 3
    assert document.table_result.explained[[1, 3, 4]].tolist() == [1.0, 3.0, 4.0]
    assert np.isnan(document.table_result.explained[[0, 2, 5]]).all()


# ------------------------------------------------------------------------------------------ what is checked


def test_problems_are_counted_and_the_unlikely_ones_keep_nothing_out(document):
    table = document.table
    for column, text in ((0, "130"), (0, "40.5"), (1, "3"), (2, "")):
        document.edit_cell(column, column, text)
    document.edit_cell(0, 0, "130")
    document.edit_cell(3, 0, "41.5")
    document.edit_cell(4, 2, "inf")
    document.edit_cell(5, 2, "heavy")
    assert table.problem_counts() == {
        Problem.MISSING: 1,
        Problem.TEXT: 1,
        Problem.INFINITE: 1,
        Problem.RANGE: 1,
        Problem.CATEGORY: 1,
        Problem.WHOLE: 1,
    }
    assert table.blocked == 3
    assert table.good_rows().tolist() == [True, True, False, True, False, False]
    assert table.problem(0, 0) == ""
    assert table.remark(0, 0) == "age is 130, outside the expected range from 0 to 120 years."
    assert table.remark(1, 1) == "sex is 3, which is none of 1 (female), 2 (male)."
    assert table.remark(3, 0) == "age is 41.5, but a whole number is expected."
    assert table.problem(4, 2) == table.remark(4, 2)
    assert "infinite" in table.problem(4, 2)
    codes = table.codes(np.arange(6), np.arange(3))
    assert codes[0, 0] == Problem.RANGE
    assert codes[5, 2] == Problem.TEXT
    assert np.count_nonzero(codes) == 6


def test_a_category_can_be_typed_by_its_name(document):
    document.edit_cell(0, 1, "Male")
    assert document.table.values[0, 1] == 2.0
    document.edit_cell(0, 1, "neither")
    assert "type one of 1 (female), 2 (male)" in document.table.problem(0, 1)


def test_a_file_with_texts_and_gaps_counts_them(qapp):
    values = np.array([[1.0, np.nan, 3.0], [np.nan, 1.0, np.inf]], order="F")
    table = InputTable.from_columns(
        FEATURES, values, {(0, 1): "male", (1, 0): "old", (1, 2): "1e999"}, [], "", ["a", "b"]
    )
    assert table.values is not values
    assert table.values.base is values
    assert table.values[0, 1] == 2.0
    assert table.problem_counts() == {Problem.TEXT: 1, Problem.INFINITE: 1}
    assert list(table.names) == ["a", "b"]
    assert table.text(1, 2) == "1e999"
    assert not table.edited


def test_a_header_says_what_the_network_does_not(qapp):
    one, other = with_header(
        (Feature("x1"), Feature("x2", "m", low=1.0)), {0: "bmi (kg/m²)", 1: "n [0..9 s]"}, named=False
    )
    assert (one.name, one.unit) == ("bmi", "kg/m²")
    assert (other.name, other.unit, other.low) == ("n", "m", 1.0)
    named = with_header((Feature("weight"),), {0: "w [kg]"}, named=True)[0]
    assert (named.name, named.unit) == ("weight", "kg")


# -------------------------------------------------------------------------------------------------- pasting


def plan(document, text, start=(0, 0), **choices):
    table = document.table
    columns = np.arange(start[1], len(table.features) + len(table.extras))
    return document.plan_paste(text, np.arange(start[0], table.samples), columns, **choices)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("27.5\n1,234.5\n", [27.5, 1234.5]),
        ("27,5\n1.234,5\n", [27.5, 1234.5]),
        ("1 234,5\n−3\n", [1234.5, -3.0]),
        ("1'234.5\n+2e3\n", [1234.5, 2000.0]),
        ("\u00a01\u202f000\n.5\n", [1000.0, 0.5]),
    ],
)
def test_numbers_are_read_as_spreadsheets_write_them(document, text, values):
    found = plan(document, text, (0, 2))
    assert not found.unusable
    document.run_paste(found)
    assert document.table.values[:2, 2].tolist() == values


def test_a_number_that_can_be_read_in_two_ways_is_asked_about(document):
    found = plan(document, "1,234\n5,678\n", (0, 2))
    assert found.asks
    assert "two ways" in found.notes[0]
    assert plan(document, "1,234\n", (0, 2), decimal_comma=True).asks is False
    document.decimal_comma = True
    document.run_paste(plan(document, "1,234\n", (0, 2)))
    assert document.table.values[0, 2] == 1.234


@pytest.mark.parametrize("comma", [False, True])
def test_a_column_at_once_says_what_its_cells_say_one_by_one(document, comma):
    columns = [
        ["1", "2.5", "-3e2", "", ".5", "7."],
        ["1,234.5", "12", "−3", "1 234"],
        ["1.234,5", "12", "−3", "1 234"],
        ["1,5", "2,25", "", "3"],
        ["1.234", "5.678"],
        ["1,234", "5,678"],
        ["1e999", "2"],
        [",5", "-,25"],
        ["1,23,4", "5"],
        ["nan", "5"],
    ]
    for texts in columns:
        values, typed = table_paste.numbers(document.table, 2, texts, comma=comma)
        for place, text in enumerate(texts):
            # Beside a word no column is read at once.
            alone, single = table_paste.numbers(document.table, 2, [text, "a word"], comma=comma)
            assert np.array_equal(alone[:1], values[place : place + 1], equal_nan=True), text
            assert single.get(0, "") == typed.get(place, ""), text


def test_a_header_leads_each_column_to_its_place(document):
    found = plan(document, "BMI (kg/m²)\tlabel\tage\n22.5\tnew\t50\n23.5\tnewer\t51\n", (1, 0))
    assert (found.header, found.columns, found.by_name, found.asks) == (
        ("BMI (kg/m²)", "label", "age"), (2, 3, 0), True, False
    )  # fmt: skip
    document.run_paste(found)
    assert document.table.values[1:3, 2].tolist() == [22.5, 23.5]
    assert document.table.values[1:3, 0].tolist() == [50.0, 51.0]
    assert document.table.extras[0].texts[1:3] == ["new", "newer"]
    as_data = plan(document, "BMI (kg/m²)\n22.5\n", (1, 0), header=False)
    assert as_data.cells[0] == ["BMI (kg/m²)"]
    assert as_data.unusable == 1


def test_a_header_of_strangers_asks_and_says_what_is_left_out(document):
    found = plan(document, "age\theight\n50\t1.8\n", by_name=True)
    assert found.asks
    assert found.columns == (0, -1)
    assert "“height”" in " ".join(found.notes)
    document.run_paste(found)
    assert document.table.values[0].tolist()[:2] == [50.0, 1.0]


def test_a_block_that_is_too_wide_or_ragged_asks_first(document):
    wide = plan(document, "1\t2\t3\n", (0, 3))
    assert wide.asks
    assert wide.columns == (3, 4, -1)
    ragged = plan(document, "1\t2\n3\n", (0, 0))
    assert ragged.asks
    document.run_paste(ragged)
    assert document.table.values[:2, :2].tolist() == [[1.0, 2.0], [3.0, 2.0]]
    assert plan(document, "1\t2\n", order=[0, 0]).problem
    assert plan(document, "1\t2\n", order=[-1, -1]).problem


def test_quotes_hold_tabs_quotes_and_line_breaks(document):
    document.run_paste(plan(document, '"a\tb"\t"say ""x"""\r\n"two\nlines"\t5\r\n', (0, 3)))
    texts = document.table.extras[0].texts
    assert texts[:2] == ["a\tb", "two\nlines"]
    assert document.table.extras[1].texts[0] == 'say "x"'
    lost = plan(document, '5\t"never closed\n6\t7\n', (0, 2))
    assert lost.cells == [["5", '"never closed'], ["6", "7"]]


def test_one_cell_fills_a_selection_and_a_row_fills_rows(document):
    document.run_paste(plan(document, "9", selected=(3, 3)))
    assert (document.table.values[:3] == 9.0).all()
    document.run_paste(plan(document, "1\t2\n", (0, 0), selected=(4, 2)))
    assert document.table.values[:4, :2].tolist() == [[1.0, 2.0]] * 4


def test_rows_need_not_be_neighbours(document):
    document.run_paste(document.plan_paste("21\n22\n23\n", rows(4, 0), rows(2)))
    assert document.table.values[[4, 0, 6], 2].tolist() == [21.0, 22.0, 23.0]


def test_nothing_to_paste_is_no_plan(document):
    assert plan(document, "") is None
    assert plan(document, "\n\n") is None
    assert plan(document, "age\tbmi\n").problem.startswith("Only names")


# ---------------------------------------------------------------------------------- large tables, and memory


def test_undo_moves_to_the_disk_when_memory_is_short(document, monkeypatch):
    document._shelf = shelf = Shelf(memory=3_000_000)
    document.insert_samples(6, 50_000)
    before = document.table.values.copy()
    for seed in range(4):
        document.randomise(np.arange(6, 50_006), np.arange(3), "normal", seed)
    assert shelf.nbytes <= 3_000_000
    drawn = document.table.values.copy()
    for _step in range(4):
        document.undo_stack.undo()
    assert (document.table.values == before).all()
    for _step in range(4):
        document.undo_stack.redo()
    assert (document.table.values == drawn).all()


def test_a_million_cells_are_deleted_and_brought_back_without_objects_for_each(qapp):
    rng = np.random.default_rng(0)
    values = np.asfortranarray(rng.normal(size=(100_000, 10)))
    features = tuple(Feature(f"f{n}") for n in range(10))
    document = Document()
    table = InputTable.from_columns(features, values.copy(order="F"), {}, [("label", ["a"] * len(values))], "")
    document.open(Contents(fakes.mlp().info, table, ExplainSettings(), 0), "Open")
    gone = np.flatnonzero(rng.random(len(values)) < 0.5)
    document.delete_samples(gone)
    assert table.samples == len(values) - len(gone)
    assert table.names[0] == str(int(np.delete(np.arange(len(values)), gone)[0]) + 1)
    assert not table.names._other
    document.insert_samples(1, 1)
    document.undo_stack.undo()
    document.undo_stack.undo()
    assert (table.values == values).all()
    assert table.names[-1] == "100000"
