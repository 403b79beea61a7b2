"""Every case of the suites that is a network is explained, and none of thousands of damaged ones does harm.

The plain run takes a seeded part; `-m exhaustive` takes all.
"""

from __future__ import annotations

import contextlib
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx.backend.test.loader import load_model_tests
from onnx.backend.test.runner import _normalize_tensor

import lrp_engine as lrp
from lrp_engine.networks.onnx import load_onnx
from tests.engine.onnx import suite
from tests.engine.onnx.backend import inputs_of, open_shape, tensor

pytestmark = pytest.mark.timeout(900)
SUITES = Path(onnx.__file__).parent / "backend" / "test" / "data"

# The path through the loop is the importer's own example's, and a note says so.
FOLLOWS = {"test_loop11"}


def cases() -> list[Any]:
    suite.backend_test()
    return [
        case
        for case in load_model_tests(kind="node")
        if suite.is_floating(case.model) and not suite.not_applicable(case.model) and "_expanded" not in case.name
    ]


def loaded(case: Any, path: Path, given: dict[str, torch.Tensor]) -> lrp.Network | None:
    """The case as a network, with all inputs open or else the first one; None where it is none."""
    path.write_bytes(case.model.SerializeToString())
    first = next((name for name, value in given.items() if value.is_floating_point()), None)
    for fixed in ({}, {name: value for name, value in given.items() if name != first}):
        sizes = {v.name: s for v in inputs_of(case.model.graph) if v.name not in fixed and (s := open_shape(v, given))}
        with contextlib.suppress(lrp.CaptureError, lrp.UnsupportedOperation):
            return load_onnx(path, fixed=fixed, sizes=sizes)
    return None


def explained(case: Any, path: Path, composite: str) -> bool:
    """Whether relevance reaches the input: outputs are the suite's, and the ledger leaves nothing unexplained."""
    given_arrays, wanted = ([_normalize_tensor(one) for one in part] for part in case.data_sets[0])
    given = {v.name: tensor(a) for v, a in zip(inputs_of(case.model.graph), given_arrays, strict=False)}
    network = loaded(case, path, given)
    if network is None:
        return False
    names = {entry.name for entry in network.inputs}
    try:
        explanation = lrp.explain(network, {n: v for n, v in given.items() if n in names}, composite=composite)
    except (lrp.UnsupportedOperation, lrp.InputError, lrp.TargetError):
        return False  # no rule leads through it, it is given what is no number, or it has no units
    arrays = {v.name: np.asarray(a).astype(np.float64) for v, a in zip(case.model.graph.output, wanted, strict=False)}
    for name, got in explanation.outputs.items():
        np.testing.assert_allclose(got.double(), arrays[name], rtol=1e-2, atol=1e-3, err_msg=case.name)
    largest = max((float(torch.as_tensor(row.arrived).abs().max()) for row in explanation.ledger), default=0.0)
    left = max((float(torch.as_tensor(row.unexplained).abs().max()) for row in explanation.ledger), default=0.0)
    assert left <= 1e-4 * max(largest, 1e-6), case.name
    assert all(bool(torch.isfinite(value).all()) for value in explanation.inputs.values()), case.name
    return True


def counted(chosen: list[Any], path: Path, composite: str) -> int:
    return sum(explained(case, path, composite) for case in chosen if case.name not in FOLLOWS)


def test_a_part_of_the_cases_is_explained(tmp_path):
    chosen = random.Random(0).sample(cases(), 50)
    assert counted(chosen, tmp_path / "net.onnx", "epsilon_plus") >= 25


@pytest.mark.exhaustive
@pytest.mark.parametrize("composite", ["epsilon", "epsilon_plus", "epsilon_alpha2_beta1", "attn_lrp"])
def test_every_case_is_explained(tmp_path, composite):
    assert counted(cases(), tmp_path / "net.onnx", composite) >= 650


# ------------------------------------------------------------------------------------------------ damaged ones


def damaged(count: int, path: Path) -> int:
    """Load models of which up to three bytes are changed; each is a network or one sentence, soon."""
    draw = random.Random(0)
    whole = [
        file.read_bytes() for file in sorted(SUITES.glob("pytorch-*/*/model.onnx")) if file.stat().st_size < 20_000
    ]
    refused = 0
    for number in range(count):
        content = bytearray(draw.choice(whole))
        for _ in range(draw.randint(1, 3)):
            place = draw.randrange(len(content))
            content[place] = draw.choice([draw.randrange(256), content[place] ^ 1, 0, 127, 255])
        path.write_bytes(bytes(content))
        start = time.process_time()
        try:
            load_onnx(path)
        except lrp.LrpError:
            refused += 1
        assert time.process_time() - start < 10, number
    return refused


def test_a_damaged_model_is_a_network_or_a_sentence(tmp_path):
    assert 25 < damaged(50, tmp_path / "net.onnx") <= 50


@pytest.mark.exhaustive
def test_a_thousand_damaged_models_are_networks_or_sentences(tmp_path):
    assert 500 < damaged(1000, tmp_path / "net.onnx") < 1000
