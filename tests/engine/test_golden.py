"""Relevance of the inputs beside what zennit and captum give, on networks where those are right.

The values and the script that made them lie in `golden/`; neither engine is needed here.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

import lrp_engine as lrp

from .golden.networks import blank

FOLDER = Path(__file__).parent / "golden"
GIVEN = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))
CASES = GIVEN["cases"]


@cache
def golden() -> dict[str, torch.Tensor]:
    with np.load(FOLDER / "golden.npz") as file:
        return {key: torch.from_numpy(file[key]) for key in file.files}


@cache
def captured(name: str) -> lrp.Network:
    values = golden()
    module = blank(name)
    start = f"{name}/state/"
    module.load_state_dict({key.removeprefix(start): value for key, value in values.items() if key.startswith(start)})
    return lrp.capture(module, (values[f"{name}/x"],))


def composite_of(case: dict) -> lrp.Composite:
    parameters = {
        key: torch.tensor(value, dtype=torch.float64) if isinstance(value, list) else value
        for key, value in case["parameters"].items()
    }
    if case["conventions"]:
        parameters["conventions"] = case["conventions"]
    make = lrp.Composite.named if "named" in case else lrp.Composite.single
    return make(case.get("named") or case["single"], **parameters)


def title(case: dict) -> str:
    parameters = "".join(
        f",{key}={'each' if isinstance(value, list) else value}" for key, value in case["parameters"].items()
    )
    name = case.get("named") or f"({case['single']})"
    return f"{case['network']}-{name}{parameters}-{case['conventions'] or 'ours'}"


@pytest.mark.parametrize("case", CASES, ids=title)
def test_golden(case: dict):
    values, name = golden(), case["network"]
    expected = values[f"{name}/values"][case["values"]]
    result = lrp.explain(
        captured(name), values[f"{name}/x"], target=GIVEN["target"], composite=composite_of(case), keep="inputs"
    )
    (relevance,) = result.inputs.values()
    (output,) = result.outputs.values()
    torch.testing.assert_close(output, values[f"{name}/output"], rtol=1e-12, atol=1e-12)
    # relative to the largest: small relevance may be what is left when large shares cancel;
    # captum puts a stabilizer of 1e-9 under the winner of a max pool, which we have no need for
    within = 1e-7 if case["conventions"] == "captum" else 1e-9
    torch.testing.assert_close(relevance, expected, rtol=0, atol=float(within * expected.abs().max()))
