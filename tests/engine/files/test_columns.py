"""Columns find their features; rows that cannot be explained are named."""

from __future__ import annotations

import numpy as np
import pytest

from lrp_engine import FormatError
from lrp_engine.files.columns import Matched, suggest_columns
from lrp_engine.files.features import Feature, numbered
from lrp_engine.files.table import match_columns, read_table, row_problems, standardise

ABC = tuple(Feature(name) for name in ("a", "b", "c"))


@pytest.fixture
def table(tmp_path):
    def make(content):
        path = tmp_path / "t.csv"
        path.write_text(content, encoding="utf-8")
        return read_table(path)

    return make


def test_in_order(table):
    matched = match_columns(ABC, True, table("a,b,c\n1,2,3\n"))
    assert (matched.order, matched.extras, matched.notes) == ((0, 1, 2), (), ())


def test_reordered(table):
    read = table("c,a,b\n3,1,2\n")
    matched = match_columns(ABC, True, read)
    assert matched.order == (1, 2, 0)
    assert matched.take(read)[0].tolist() == [[1, 2, 3]]
    assert any("another order" in note for note in matched.notes)


def test_extras_are_kept_aside(table):
    matched = match_columns(ABC, True, table("id,a,b,c,label\n9,1,2,3,0\n"))
    assert matched.order == (1, 2, 3)
    assert matched.extras == ("id", "label")
    assert matched.notes == ("The columns “id”, “label” are no input of the network.",)


def test_written_a_little_differently(table):
    features = (Feature("body mass"), Feature("bp"))
    matched = match_columns(features, True, table("BP (mmHg),Body_Mass\n1,2\n"))
    assert matched.order == (1, 0)
    assert any("“Body_Mass” was read as “body mass”" in note for note in matched.notes)


def test_two_columns_that_could_be_it(table):
    with pytest.raises(FormatError, match="“BP” and “Bp” could both"):
        match_columns((Feature("bp"),), True, table("BP,Bp\n1,2\n"))


def test_the_exact_name_wins(table):
    assert match_columns((Feature("bp"),), True, table("BP,bp\n1,2\n")).order == (1,)


def test_one_column_for_two_features(table):
    with pytest.raises(FormatError, match="lacks the column “A B”"):
        match_columns((Feature("a b"), Feature("A B")), True, table("a b,c\n1,2\n"))


def test_missing_columns_are_named(table):
    with pytest.raises(FormatError, match="lacks the column “b”"):
        match_columns(ABC, True, table("a,c\n1,2\n"))
    with pytest.raises(FormatError, match="lacks 2 of the 3 columns that the network needs: “b”, “c”; it has a, x"):
        match_columns(ABC, True, table("a,x\n1,2\n"))


def test_many_missing_columns_are_counted(table):
    features = tuple(Feature(f"f{i}") for i in range(20))
    with pytest.raises(FormatError, match="and 15 more"):
        match_columns(features, True, table("a,b\n1,2\n"))


def test_a_network_that_names_a_feature_twice(table):
    with pytest.raises(FormatError, match="“a” more than once"):
        match_columns((Feature("a"), Feature("a")), True, table("a,b\n1,2\n"))


def test_a_table_without_names_is_matched_by_position(table):
    matched = match_columns(ABC, True, table("1,2,3\n4,5,6\n"))
    assert matched.order == (0, 1, 2)
    assert any("no column names" in note for note in matched.notes)


def test_a_table_without_names_and_another_count(table):
    with pytest.raises(FormatError, match="has 2 columns without names, but the network takes 3 inputs; add a line"):
        match_columns(ABC, True, table("1,2\n4,5\n"))
    with pytest.raises(FormatError, match="has 4 columns"):
        match_columns(ABC, True, table("1,2,3,4\n"))


def test_unnamed_features_are_matched_by_position(table):
    matched = match_columns(numbered(2), False, table("width,height\n1,2\n"))
    assert matched.order == (0, 1)
    assert any("does not name its inputs" in note for note in matched.notes)


@pytest.mark.parametrize("answer", ["label", "Target", "class", "y"])
def test_unnamed_features_beside_an_answer(answer, table):
    matched = match_columns(numbered(2), False, table(f"{answer},width,height\n0,1,2\n"))
    assert matched.order == (1, 2)
    assert matched.extras == (answer,)


def test_too_few_columns_are_not_told_to_be_fewer(table):
    with pytest.raises(FormatError, match="has 2 columns, but the network takes 3 inputs; open the table that goes"):
        match_columns(numbered(3), False, table("width,height\n1,2\n"))


def test_unnamed_features_beside_text(table):
    matched = match_columns(numbered(2), False, table("who,width,height\nAnn,1,2\nBob,,3\n"))
    assert matched.order == (1, 2)


def test_an_answer_may_be_an_input_when_counts_agree(table):
    assert match_columns(numbered(2), False, table("y,x\n1,2\n")).order == (0, 1)


def test_unnamed_features_and_another_count(table):
    with pytest.raises(
        FormatError, match=r"has 4 columns \(3 without answers and text\), but the network takes 2 inputs"
    ):
        match_columns(numbered(2), False, table("a,b,c,label\n1,2,3,0\n"))


def test_standardise():
    features = (Feature("a", "m", 10.0, 2.0), Feature("b"))
    np.testing.assert_array_equal(standardise(np.array([[14.0, 3.0], [np.nan, 1.0]]), features), [[2, 3], [np.nan, 1]])
    assert standardise(np.array([[1, 2]], dtype=np.int64), features).dtype == np.float64


def test_rows_that_cannot_be_explained(table):
    read = table("b,a,note\n1,2,x\nabc,2,x\n,inf,x\n3,4,x\n")
    matched = match_columns((Feature("a"), Feature("b")), True, read)
    values, bad = matched.take(read)
    assert row_problems(values, ("a", "b"), bad) == {
        1: "Row 2: b is not a number (“abc”).",
        2: "Row 3: a is infinite (“inf”), b is missing.",
    }


def test_rows_of_bare_values():
    values = np.array([[1.0, 2.0], [np.nan, np.inf]])
    assert row_problems(values, ("a", "b")) == {1: "Row 2: a is missing, b is infinite."}


def test_a_row_with_much_wrong_stays_short():
    values = np.full((1, 64), np.nan)
    (sentence,) = row_problems(values, [f"p{i}" for i in range(64)]).values()
    assert sentence == "Row 1: p0 is missing, p1 is missing, p2 is missing and 61 more."


# ---------------------------------------------------------------------------------------- what somebody corrects


def test_columns_are_proposed_where_some_are_missing(table):
    read = table("C,who,b,label\n1,Ann,2,0\n")
    assert suggest_columns(ABC, True, read) == (-1, 2, 0)
    assert suggest_columns(ABC, True, table("u,who,v,label\n1,Ann,2,0\n")) == (0, 2, -1)
    assert suggest_columns(numbered(2), False, read) == (0, 2)
    assert suggest_columns(ABC, True, table("a,A,c\n1,2,3\n")) == (0, -1, 2)


def test_a_feature_without_a_column_is_missing(table):
    read = table("b,a\nx,1\n,2\n")
    matched = Matched((1, -1, 0))
    values, bad = matched.take(read)
    np.testing.assert_array_equal(values, [[1, np.nan, np.nan], [2, np.nan, np.nan]])
    assert bad[0, 1] == ("", "missing")
    assert matched.typed(read) == {(0, 2): "x"}
