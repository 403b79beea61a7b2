"""The order of the rows: sorted, filtered, grouped, and kept up when rows come and go."""

from __future__ import annotations

import numpy as np
import pytest

from lrp_gui.document.results import Feature, TableResult
from lrp_gui.document.table import InputTable
from lrp_gui.table.columns import Column, Kind, TableColumns
from lrp_gui.table.expression import NotUnderstood
from lrp_gui.table.order import Order, Wish, arranged
from tests.gui import fakes

AGE, LABEL = Column(Kind.FEATURE, 0), Column(Kind.EXTRA, 0)


@pytest.fixture
def columns():
    values = np.array([[3.0, 1.0], [1.0, 1.0], [np.nan, 2.0], [2.0, 2.0], [1.0, 3.0]])
    table = InputTable.from_columns(
        (Feature("age"), Feature("bmi")), values, {}, [("label", ["b", "a", "10", "a", "9"])], ""
    )
    outputs = np.array([[0.9], [0.2], [np.nan], [0.5], [0.1]])
    result = TableResult(np.arange(5), outputs, outputs[:, 0], np.ones((5, 2), dtype=np.float32))
    return TableColumns(table, fakes.mlp((2, 3, 1)).info, result, "max")


def rows(columns, **wish):
    return arranged(Wish(**wish), columns).rows.tolist()


def test_sorting_is_stable_and_keeps_what_is_missing_last_both_ways(columns):
    assert rows(columns, sort=AGE) == [1, 4, 3, 0, 2]
    assert rows(columns, sort=AGE, descending=True) == [0, 3, 1, 4, 2]


def test_words_are_sorted_as_people_do(columns):
    assert rows(columns, sort=LABEL) == [4, 2, 1, 3, 0]


def test_a_filter_and_a_sort_work_together(columns):
    assert rows(columns, sort=AGE, filter="bmi < 3") == [1, 3, 0, 2]
    assert rows(columns, filter="prediction == 'not above median'") == [1, 4]
    assert rows(columns, filter="confidence >= 0.9") == [0, 4]


def test_no_wish_costs_no_array(columns):
    order = arranged(Wish(), columns)
    assert order.rows is None
    assert (order.length, order.row(3), order.place(3), order.place(7)) == (5, 3, 3, -1)


def test_groups_have_headings_and_fold(columns):
    order = arranged(Wish(group=Column(Kind.PREDICTION)), columns)
    assert [(group.title, group.count) for group in order.groups] == [
        ("above median", 2), ("not above median", 2), ("", 1)
    ]  # fmt: skip
    assert order.rows.tolist() == [-1, 0, 3, -2, 1, 4, -3, 2]
    folded = arranged(Wish(group=Column(Kind.PREDICTION), folded=frozenset({"above median"})), columns)
    assert folded.rows.tolist() == [-1, -2, 1, 4, -3, 2]
    assert folded.matches == 5
    assert folded.table_rows(0, 3).tolist() == [1, 4]


def test_too_many_groups_are_refused():
    table = InputTable.from_columns((Feature("age"),), np.arange(1200.0)[:, None], {}, [], "")
    with pytest.raises(NotUnderstood, match=r"age has 1,200 different values"):
        arranged(Wish(group=AGE), TableColumns(table, None, None))


def test_a_place_and_its_row_lead_to_each_other(columns):
    order = arranged(Wish(sort=AGE, filter="bmi < 3", group=LABEL), columns)
    for place in range(order.length):
        row = order.row(place)
        assert row < 0 or order.place(row) == place
    assert order.place(4) == -1


def moved(order, gone=(), at=None, count=0):
    before = np.arange(order.samples)
    if at is not None:
        before = np.concatenate([before[:at], np.full(count, -1), before[at:]])
    return order.moved(np.delete(before, list(gone)))


def test_new_rows_stand_below_their_neighbour():
    order = Order(4, np.array([3, 1, 0, 2]))
    assert moved(order, at=2, count=2).rows.tolist() == [5, 1, 2, 3, 0, 4]
    assert moved(order, at=0, count=1).rows.tolist() == [0, 4, 2, 1, 3]
    assert moved(Order(4), at=1, count=3).length == 7


def test_rows_that_go_leave_the_others_in_their_order():
    order = Order(5, np.array([-1, 4, 1, -2, 0, 3, 2]))
    assert moved(order, gone=[1, 4]).rows.tolist() == [-1, -2, 0, 2, 1]
    assert moved(Order(5), gone=[0, 2]).length == 3


def test_a_row_that_comes_into_a_filtered_table_is_shown():
    assert moved(Order(4, np.array([2])), at=1, count=1).rows.tolist() == [3, 1]


@pytest.mark.parametrize("seed", range(20))
def test_moving_agrees_with_moving_by_hand(seed):
    rng = np.random.default_rng(seed)
    order = Order(12, rng.permutation(12)[: rng.integers(1, 13)])
    gone = np.sort(rng.choice(12, rng.integers(0, 6), replace=False))
    by_hand = [int(row - np.count_nonzero(gone < row)) for row in order.rows.tolist() if row not in gone]
    assert moved(order, gone=gone).rows.tolist() == by_hand
