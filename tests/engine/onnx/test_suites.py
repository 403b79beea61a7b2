"""The onnx package's own suites pass, and the page that says so is what they gave."""

from __future__ import annotations

import re

import pytest

from tests.engine.onnx import suite

pytestmark = pytest.mark.timeout(900)  # the package makes its cases anew, and there are two thousand

PARTS = ("pytorch-converted", "pytorch-operator", "simple", "node")


@pytest.fixture(scope="module")
def outcomes() -> list[suite.Outcome]:
    return [suite.run(case) for case in suite.cases() if case.suite in PARTS]


def figures(outcomes: list[suite.Outcome]) -> dict[str, str]:
    """The first table's lines by suite."""
    lines = suite.table(outcomes).splitlines()
    return {line.split("|")[1].strip(): line for line in lines[2:8]}


def test_all_cases_pass_but_those_that_are_known_not_to(outcomes):
    failing = {o.case.name: o.reason for o in outcomes if o.status in {suite.FAILED, suite.UNSUPPORTED}}
    assert failing.keys() == suite.KNOWN.keys(), {
        name: failing.get(name) for name in failing.keys() ^ suite.KNOWN.keys()
    }


@pytest.mark.parametrize("name", ["pytorch-converted", "pytorch-operator"])
def test_what_pytorch_exports_all_runs_with_its_inputs_open(outcomes, name):
    members = [o for o in outcomes if o.case.suite == name]
    assert len(members) > 30
    assert {(o.status, o.held) for o in members} == {(suite.PASSED, "open")}


def test_nearly_all_cases_of_floating_tensors_pass(outcomes):
    members = [o for o in outcomes if o.case.suite == "node" and o.floating]
    assert len(members) > 1300
    assert sum(o.status == suite.PASSED for o in members) >= 0.95 * len(members)


def test_what_is_not_applicable_says_why(outcomes):
    reasons = {o.reason for o in outcomes if o.status == suite.OTHER}
    assert reasons <= {"texts", "sequences", "training", "random numbers", "image files"}


def test_the_page_says_what_the_suites_gave(outcomes):
    page = suite.PAGE.read_text(encoding="utf-8")
    for name, line in figures(outcomes).items():
        if name in (*PARTS, "node, floating in and out"):
            assert line in page, f"run python -m tests.engine.onnx.suite: {name} is now {line}"
    assert re.search(r"^\| light \| 9 \| 9 \|", page, re.MULTILINE)


@pytest.mark.exhaustive
def test_the_light_networks_pass():
    members = [suite.run(case) for case in suite.cases() if case.suite == "light"]
    assert [(o.status, o.reason) for o in members] == [(suite.PASSED, "")] * 9
