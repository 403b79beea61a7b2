"""Runs the onnx package's own suites, and writes what came of them into the documentation.

python -m tests.engine.onnx.suite            # runs all, writes resources/docs/onnx.md
python -m tests.engine.onnx.suite PATTERN    # runs the cases whose names match, and prints those that do not pass
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import TensorProto
from onnx.backend.test import BackendTest
from onnx.backend.test.loader import load_model_tests

from lrp_engine.errors import LrpError, UnsupportedOperation
from lrp_engine.networks.onnx.operators import OPERATORS
from tests.engine.onnx.backend import ALL, LrpBackend

PAGE = Path(__file__).resolve().parents[3] / "resources" / "docs" / "onnx.md"
BEGIN, END = "<!-- what follows is written by the suite -->", "<!-- here it ends -->"

SUITES = {
    "RealModel": "light",
    "PyTorchConvertedModel": "pytorch-converted",
    "PyTorchOperatorModel": "pytorch-operator",
    "SimpleModel": "simple",
    "NodeModel": "node",
}
PASSED, OTHER, UNSUPPORTED, FAILED = "passed", "not applicable", "unsupported", "failed"

# What does not pass, and why; whatever else fails is an error, and so is one of these that begins to pass.
KNOWN = {
    "test_ai_onnx_ml_tree_ensemble_set_membership": "trees are no network",
    "test_ai_onnx_ml_tree_ensemble_single_tree": "trees are no network",
    "test_dft_inverse": "the package's own result has an error of 2e-7 where the true value is 0",
    "test_dft_inverse_opset19": "the package's own result has an error of 2e-7 where the true value is 0",
}

_FLOATS = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE}
_RANDOM = {"Bernoulli", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial"}
_TEXTS = {"StringConcat", "StringSplit", "StringNormalizer", "RegexFullMatch", "TfIdfVectorizer"}


@dataclass(frozen=True)
class Case:
    """One case of a suite.

    Attributes
    ----------
    suite, name : str
    run : callable
        Raises unless it passes.
    model : callable
        Gives its model; that of a light network only after it ran.
    """

    suite: str
    name: str
    run: Any
    model: Any


@dataclass(frozen=True)
class Outcome:
    """What came of a case; `held` says which inputs were given as constants, `reason` why it did not pass."""

    case: Case
    operator: str
    floating: bool
    status: str
    held: str = ""
    reason: str = ""


@cache
def backend_test() -> Any:
    """The onnx package's cases; their generation warns of the infinities that they test."""
    os.environ.setdefault("ONNX_HOME", tempfile.mkdtemp(prefix="onnx-home-"))  # where it unpacks the light networks
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return BackendTest(LrpBackend, __name__)


@cache
def cases() -> tuple[Case, ...]:
    """All cases that run on a CPU."""
    found = []
    for key, suite in SUITES.items():
        for name, item in sorted(backend_test()._test_items[key].items()):
            if name.endswith("_cpu"):
                found.append(Case(suite, name.removesuffix("_cpu"), item.func, lambda item=item: item.proto[0]))
    return tuple(found)


def run(case: Case) -> Outcome:
    """Run a case."""
    LrpBackend.last = None
    status, reason = PASSED, ""
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            case.run(None)
    except UnsupportedOperation as error:
        status, reason = UNSUPPORTED, str(error)
    except (LrpError, AssertionError, ArithmeticError, LookupError, TypeError, ValueError, RuntimeError) as error:
        status, reason = FAILED, " ".join(f"{type(error).__name__}: {error}".split())
    model, held = case.model(), LrpBackend.last.held if LrpBackend.last is not None else ""
    if status != PASSED:
        beyond = not_applicable(model)
        status, reason = (OTHER, beyond) if beyond else (status, reason)
    return Outcome(case, operator_of(case, model), is_floating(model), status, held, reason)


# ------------------------------------------------------------------------------------------------ what a case is about


def graphs(graph: Any) -> Iterator[Any]:
    """A graph and those within it."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                if inner.node:
                    yield from graphs(inner)


def operations(model: Any) -> set[tuple[str, str]]:
    return {(node.domain, node.op_type) for graph in graphs(model.graph) for node in graph.node}


def not_applicable(model: Any) -> str:
    """Why a case is not about networks that can be explained, or ""."""
    used = operations(model)
    names = {name for _, name in used}
    values = [*model.graph.input, *model.graph.output]
    if names & _TEXTS or any(value.type.tensor_type.elem_type == TensorProto.STRING for value in values):
        return "texts"
    if any(value.type.WhichOneof("value") != "tensor_type" for value in values):
        return "sequences"
    if any(domain == "ai.onnx.preview.training" for domain, _ in used):
        return "training"
    if "Dropout" in names and len(model.graph.input) == 3:
        return "training"
    if names & _RANDOM:
        return "random numbers"
    return "image files" if "ImageDecoder" in names else ""


def is_floating(model: Any) -> bool:
    """Whether floating tensors come in and go out."""
    given, wanted = (
        {value.type.tensor_type.elem_type for value in values if value.type.WhichOneof("value") == "tensor_type"}
        for values in (model.graph.input, model.graph.output)
    )
    only = all(v.type.WhichOneof("value") == "tensor_type" for v in (*model.graph.input, *model.graph.output))
    return only and bool(given & _FLOATS) and bool(wanted & _FLOATS)


@cache
def _of_nodes() -> dict[str, str]:
    """The operator of each case of one node, by the case's name."""
    backend_test()  # which makes the cases
    models = {case.name: case.model for case in load_model_tests(kind="node")}
    return {name: model.graph.node[0].op_type for name, model in models.items() if len(model.graph.node) == 1}


def operator_of(case: Case, model: Any) -> str:
    """What a case tests; of a case that is written out as a function, what it is written out of."""
    if case.suite != "node":
        return ""
    base = case.name.split("_expanded")[0]
    found = _of_nodes().get(base)
    if found is None:
        found = next((name for prefix, name in _BY_NAME.items() if base.startswith(prefix)), "")
    return found or "several"


_BY_NAME = {"test_celu": "Celu", "test_sequence_map": "SequenceMap", "test_loop": "Loop", "test_attention": "Attention"}


# ------------------------------------------------------------------------------------------------ the page


def table(outcomes: list[Outcome]) -> str:
    """The figures as Markdown."""
    lines = ["| suite | cases | passed | not applicable | unsupported | failed |", "|---|---|---|---|---|---|"]
    rows = {suite: [o for o in outcomes if o.case.suite == suite] for suite in SUITES.values()}
    rows["node, floating in and out"] = [o for o in rows["node"] if o.floating]
    for label, members in rows.items():
        lines.append(f"| {label} | {_figures(members)} |")
    constants = sum(o.status == PASSED and o.held == ALL for o in outcomes)
    said = f"Of those that passed, {constants} are on what stands in the arithmetic of shapes only, or take a way that "
    lines += [
        "",
        f"{said}their inputs decide: there all inputs are constants.",
        "",
        "| operator | passed | not applicable | unsupported | failed |",
        "|---|---|---|---|---|",
    ]
    by_operator: dict[str, list[Outcome]] = {}
    for outcome in rows["node"]:
        by_operator.setdefault(outcome.operator, []).append(outcome)
    for name in sorted(by_operator, key=str.lower):
        counts = Counter(o.status for o in by_operator[name])
        figures = " | ".join(str(counts[status] or "") for status in (PASSED, OTHER, UNSUPPORTED, FAILED))
        lines.append(f"| {name} | {figures} |")
    beyond = Counter(o.reason for o in outcomes if o.status == OTHER)
    lines += ["", "Not applicable: " + ", ".join(f"{reason} ({n})" for reason, n in beyond.most_common()) + "."]
    remaining = [o for o in outcomes if o.status in {UNSUPPORTED, FAILED}]
    if remaining:
        lines += ["", "What does not pass:", ""]
        lines += [f"- `{o.case.name}` ({o.status}): {KNOWN.get(o.case.name, _short(o.reason))}" for o in remaining]
    own = sorted(name for domain, name in OPERATORS if domain == "com.microsoft")
    lines += ["", f"Of `com.microsoft`: {', '.join(f'`{name}`' for name in own)}."]
    return "\n".join(lines)


def _figures(members: list[Outcome]) -> str:
    counts = Counter(outcome.status for outcome in members)
    return " | ".join(str(n) for n in (len(members), *(counts[s] for s in (PASSED, OTHER, UNSUPPORTED, FAILED))))


def _short(reason: str) -> str:
    reason = reason.split(" Mismatch", maxsplit=1)[0]
    return (reason if len(reason) < 200 else reason[:199] + "…").replace("|", "\\|")


def main(pattern: str = "") -> int:
    """Run the cases that match; of all of them, write the page."""
    torch.set_num_threads(1)
    chosen = [case for case in cases() if re.search(pattern, case.name)]
    outcomes = [run(case) for case in chosen]
    for outcome in outcomes:
        if outcome.status in {UNSUPPORTED, FAILED}:
            print(outcome.case.suite, outcome.case.name, outcome.status, outcome.reason[:300])
    print(dict(Counter(outcome.status for outcome in outcomes)))
    if not pattern:
        page = PAGE.read_text(encoding="utf-8")
        before, after = page.partition(BEGIN)[0], page.partition(END)[2]
        PAGE.write_text(
            f"{before}{BEGIN}\n\nWith onnx {onnx.__version__}:\n\n{table(outcomes)}\n\n{END}{after}", encoding="utf-8"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
