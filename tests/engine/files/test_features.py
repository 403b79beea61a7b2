"""What is known of a feature: from architecture.json, and from a table's header."""

from __future__ import annotations

import math

import msgspec
import pytest

from lrp_engine.errors import ArchitectureError
from lrp_engine.files.features import Feature, header_feature
from lrp_engine.networks.architecture import FeatureEntry, features_of


@pytest.mark.parametrize(
    ("title", "feature"),
    [
        ("bmi", Feature("bmi")),
        (" bmi (kg/m²) ", Feature("bmi", "kg/m²")),
        ("age [0..120 years]", Feature("age", "years", low=0.0, high=120.0)),
        ("t [−5…5]", Feature("t", low=-5.0, high=5.0)),
        ("t (5..1)", Feature("t", "5..1")),
        ("sex [female|male]", Feature("sex", categories=((0.0, "female"), (1.0, "male")))),
        ("sex [1=female|2=male]", Feature("sex", categories=((1.0, "female"), (2.0, "male")))),
        ("(only brackets)", Feature("(only brackets)")),
    ],
)
def test_a_header_may_say_unit_range_and_categories(title, feature):
    assert header_feature(title) == feature


def test_architecture_json_says_which_values_are_to_be_expected():
    entries = msgspec.json.decode(
        b"""[{"name": "age", "low": 0, "high": 120, "integer": true},
            {"name": "sex", "categories": {"female": 1, "male": 2}},
            {"name": "stage", "categories": [1, 2, 3], "low": 1}]""",
        type=list[FeatureEntry],
    )
    age, sex, stage = features_of("x", (3,), entries)
    assert (age.low, age.high, age.integer, age.categories) == (0.0, 120.0, True, ())
    assert sex.categories == ((1.0, "female"), (2.0, "male"))
    assert (stage.low, stage.high) == (1.0, math.inf)
    assert stage.categories == ((1.0, ""), (2.0, ""), (3.0, ""))


def test_a_range_that_is_upside_down_is_refused_by_name():
    with pytest.raises(ArchitectureError, match=r"“age” of the input “x” has low 5 above high 1"):
        features_of("x", (1,), [FeatureEntry("age", low=5, high=1)])
