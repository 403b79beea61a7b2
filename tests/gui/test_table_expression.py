"""The filter box: what people type, which rows it means, and what is said when it means nothing."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from lrp_gui.table.expression import DEEPEST, HELP, NotUnderstood, quoted, word
from lrp_gui.table.matching import Words, matching

NAN = float("nan")


class Patients:
    """Six rows; a name with spaces, a word that looks like a number, a cell that is missing."""

    samples = 6
    _columns: ClassVar = {
        "age": np.array([0.0, 0.1, 0.2, NAN, -1.0, 3.0]),
        "bmi": np.array([30.0, 20.0, 25.0, 25.0, 1.0, 0.0]),
        "blood pressure": np.array([60.0, 80.0, 25.0, 100.0, 1.0, 0.0]),
        "prediction": Words(np.array([0, 1, 2, 0, 1, 2]), ("2", "not 2", "")),
        "label": Words(np.array([0, 1, 0, 1, 0, 1]), ("Cat", "dog")),
    }

    def names(self):
        return list(self._columns)

    def column(self, name):
        return self._columns[name]

    def relevance(self, name):
        return np.array([0.3, -0.5, NAN, 0.0, 0.1, 0.2]) if name == "bmi" else None


def rows(text):
    return np.flatnonzero(matching(text, Patients())).tolist()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("age > 0.1", [2, 5]),
        ("age >= .1 and age <= 2e-1", [1, 2]),
        ("0.1 <= age < 3", [1, 2]),
        ("age == -1", [4]),
        ("age = −1", [4]),
        ("AGE > 0.1", [2, 5]),
        ('age > 0.1 and prediction == "2"', []),
        ('age < 0.1 and prediction == "2"', [0]),
        ("prediction == 2", [0, 3]),
        ('prediction != "2"', [1, 2, 4, 5]),
        ('"2" == prediction', [0, 3]),
        ("prediction is missing", [2, 5]),
        ("age is missing", [3]),
        ("missing(age)", [3]),
        ("age is not missing and age != 0", [1, 2, 4, 5]),
        ("not age > 0.1", [0, 1, 3, 4]),
        ("not not age > 0.1", [2, 5]),
        ("age > 2 or bmi < 2 and label == 'Cat'", [4, 5]),
        ("(age > 2 or bmi < 2) and label == 'Cat'", [4]),
        ("age > 2 || bmi == 30", [0, 5]),
        ("label contains 'C'", [0, 2, 4]),
        ('label not contains "do"', [0, 2, 4]),
        ('label in ("dog", "cow")', [1, 3, 5]),
        ("bmi not in (25, -3)", [0, 1, 4, 5]),
        ("`blood pressure` / bmi > 2", [1, 3]),
        ("[blood pressure] − 2 * bmi == 0", [0, 5]),
        ("abs(age) >= 1", [4, 5]),
        ("relevance(bmi) > 0.15", [0, 5]),
        ("R(bmi) < 0", [1]),
    ],
)
def test_what_is_typed_chooses_rows(text, found):
    assert rows(text) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("agee > 1", "no column “agee”; is age meant?"),
        ("pressure > 1", "no column “pressure”"),
        ("age > ", "missing at the end"),
        ("age", "compared with nothing; write for example age > 0"),
        ("age > 0,1", "decimals after a point"),
        ("age bmi > 1", "Before “bmi” a sign is missing"),
        ("(age > 1", "“)” is missing at the end"),
        ("age > 1)", "“)” is not expected"),
        ('label == "dog', "has no end"),
        ("age > 'old'", "“age” holds numbers; it cannot be compared with the word “old”"),
        ("age contains 'x'", "“contains” is for words"),
        ("label + 1 > 'x'", "cannot be compared"),
        ("'x' + 1 > 2", "one cannot calculate"),
        ("sqrt(age) > 1", "There is no “sqrt(…)”"),
        ("relevance(label) > 1", "“label” is no input"),
        ("age > 1 ; bmi", "“;” at place 9 means nothing"),
        ("(age > 1) > 2", "not another comparison"),
        ("label in (dog)", "no column “dog”"),
        ("", "nothing to compare"),
        ("__import__('os')", "There is no “__import__(…)”"),
        ("(" * (DEEPEST + 5) + "age > 1", "nested too deeply"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(text, said):
    with pytest.raises(NotUnderstood) as problem:
        rows(text)
    assert said in str(problem.value)


def test_names_and_words_are_quoted_so_that_they_read_back():
    assert quoted("age") == "age"
    assert quoted("blood pressure") == "`blood pressure`"
    assert quoted("not") == "`not`"
    assert word('a "b"') == "'a \"b\"'"
    assert rows(f"{quoted('blood pressure')} == 25") == [2]


def test_a_missing_number_is_neither_equal_nor_different():
    assert 3 not in rows("age != 0") + rows("age == 0") + rows("age <= 0") + rows("age > 0")


def test_every_example_of_the_help_can_be_read():
    class Examples(Patients):
        _columns: ClassVar = Patients._columns | {
            "sex": np.zeros(6),
            "name": Words(np.zeros(6, dtype=int), ("patient",)),
        }

    for example, _about in HELP:
        assert matching(example, Examples()).shape == (6,)
