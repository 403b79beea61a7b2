"""ONNX files as data: every number format in every form, numbers beside the file, the graph, and what is refused."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import AttributeProto, TensorProto, helper, numpy_helper

import lrp_engine as lrp
from lrp_engine.files.onnx import read_onnx
from lrp_engine.files.onnx_fields import ONNX_DTYPES
from lrp_engine.files.onnx_model import OnnxReference
from lrp_engine.files.protobuf import BYTES, FIXED32, VARINT, Field, Wire, varints

SUITES = Path(onnx.__file__).parent / "backend" / "test" / "data"
NARROW = {"uint4": (0, 15), "int4": (-8, 7), "uint2": (0, 3), "int2": (-2, 1), "float4_e2m1fn": (-6, 6)}


def model(*tensors, nodes=(), inputs=(), outputs=(), **said) -> onnx.ModelProto:
    return helper.make_model(helper.make_graph(list(nodes), "net", list(inputs), list(outputs), list(tensors)), **said)


def saved(path: Path, made: onnx.ModelProto) -> Path:
    path.write_bytes(made.SerializeToString())
    return path


def numbers(name: str) -> np.ndarray:
    """Some that the format can hold."""
    values = np.arange(-6, 9).reshape(3, 5).astype(np.float64)
    if name in NARROW:
        return np.clip(values, *NARROW[name])
    if name == "float8_e8m0fnu":
        return 2.0**values
    return np.abs(values) if name.startswith(("uint", "bool")) else values


@pytest.mark.parametrize("form", ["bytes", "list"])
@pytest.mark.parametrize(("code", "name"), [(code, name) for code, name in ONNX_DTYPES.items() if name != "string"])
def test_every_number_format_in_both_forms(tmp_path, code, name, form):
    array = numbers(name).astype(helper.tensor_dtype_to_np_dtype(code))
    tensor = numpy_helper.from_array(array, "w")
    assert tensor.data_type == code
    if form == "list" and name != "float8_e8m0fnu":  # which has no list in the package
        tensor = helper.make_tensor("w", code, array.shape, array.flatten())
        assert not tensor.raw_data
    info = lrp.open_weights(saved(tmp_path / "m.onnx", model(tensor))).tensors["w"]
    wanted = numpy_helper.to_array(tensor)
    wanted = wanted if wanted.dtype.kind in "biufc" else wanted.astype(np.float64)
    assert (info.name, info.shape, info.dtype) == ("w", (3, 5), name)
    assert info.read().shape == (3, 5)
    np.testing.assert_array_equal(np.asarray(info.read(), dtype=np.complex128), np.asarray(wanted, dtype=np.complex128))


def test_every_tensor_of_the_suites_is_what_the_package_reads():
    seen = 0
    for path in [*SUITES.glob("*/*/model.onnx"), *SUITES.glob("light/*.onnx")]:
        weights = lrp.open_weights(path)
        for tensor in onnx.load(path).graph.initializer:
            np.testing.assert_array_equal(weights.tensors[tensor.name].read(), numpy_helper.to_array(tensor))
            seen += 1
    assert seen > 2000


def test_what_the_file_says_of_itself(tmp_path):
    made = model(
        numpy_helper.from_array(np.ones((4, 3), np.float32), "fc.weight"),
        numpy_helper.from_array(np.ones(4, np.float32), "bn.mean"),
        numpy_helper.from_array(np.array([1, -1]), "shape"),
        nodes=[
            helper.make_node("Gemm", ["x", "fc.weight"], ["h"], "/fc/Gemm", transB=1),
            helper.make_node("Constant", [], ["half"], value=numpy_helper.from_array(np.float32(0.5))),
            helper.make_node("BatchNormalization", ["h", "s", "b", "bn.mean", "v"], ["n"]),
            helper.make_node("Gelu", ["n"], ["y"], domain="com.microsoft"),
        ],
        inputs=[helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3])],
        outputs=[helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 4])],
        producer_name="a trainer",
        producer_version="2",
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)],
        doc_string="What it is.",
    )
    made.metadata_props.add(key="classes", value="cat, dog")
    weights = lrp.open_weights(saved(tmp_path / "m.bin", made))
    assert (weights.kind, weights.format) == ("onnx", "ONNX model")
    said = weights.metadata
    assert (said["producer"], said["opset"], said["classes"]) == ("a trainer 2", "17, com.microsoft 1", "cat, dog")
    assert (said["inputs"], said["outputs"]) == ("x: float32 [batch × 3]", "y: float32 [? × 4]")
    assert weights.roles == {"fc.weight": "weight", "bn.mean": "buffer", "shape": "constant", "half": "constant"}
    assert float(weights.tensors["half"].read()) == 0.5
    assert [node.operation for node in weights.nodes] == [
        "Gemm",
        "Constant",
        "BatchNormalization",
        "com.microsoft.Gelu",
    ]
    assert weights.nodes[0].inputs == ("x", "fc.weight")
    assert weights.nodes[0].layer == "fc"


# ------------------------------------------------------------------------------------------------ numbers elsewhere


def external(tmp_path: Path, **entries: str) -> Path:
    """A model whose one tensor lies in another file: twelve bytes into it."""
    array = np.arange(6, dtype=np.float32)
    (tmp_path / "numbers.bin").write_bytes(bytes(12) + array.tobytes())
    tensor = numpy_helper.from_array(array, "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": "numbers.bin", "offset": "12", "length": "24", **entries}.items():
        tensor.external_data.add(key=key, value=value)
    return saved(tmp_path / "m.onnx", model(tensor))


def test_numbers_in_a_file_beside_it(tmp_path):
    weights = lrp.open_weights(external(tmp_path))
    np.testing.assert_array_equal(weights.tensors["w"].read(), np.arange(6))
    assert [path.name for path in weights.files] == ["m.onnx", "numbers.bin"]
    assert isinstance(weights.tensors["w"].read(), np.memmap)


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ({"location": "../m.bin"}, "outside the model's folder"),
        ({"location": "/etc/hostname"}, "outside the model's folder"),
        ({"location": "C:\\m.bin"}, "outside the model's folder"),
        ({"location": ""}, "outside the model's folder"),
        ({"length": "28"}, "28 bytes"),
        ({"offset": "16"}, "ends beyond"),
        ({"offset": "1e3"}, "impossible place"),
    ],
)
def test_numbers_at_no_place_of_the_model(tmp_path, entries, sentence):
    with pytest.raises(lrp.FormatError, match=sentence):
        lrp.open_weights(external(tmp_path, **entries))


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "secret").write_bytes(bytes(64))
    (inner / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(lrp.FormatError, match="links to a place outside"):
        lrp.open_weights(external(inner, location="link"))


def test_a_model_without_its_numbers_can_be_looked_at(tmp_path):
    weights = lrp.open_weights(external(tmp_path, location="gone.bin"))
    assert weights.tensors["w"].shape == (6,)
    assert any("gone.bin" in note for note in weights.notes)
    with pytest.raises(lrp.FormatError, match=r"gone\.bin.*put it there"):
        weights.tensors["w"].read()


@pytest.mark.parametrize("flat", [True, False])
def test_a_sparse_tensor_is_shown_dense(tmp_path, flat):
    values = numpy_helper.from_array(np.array([1.5, 2.5], np.float32), "w")
    places = np.array([1, 5]) if flat else np.array([[0, 1], [1, 2]])
    made = model()
    made.graph.sparse_initializer.append(
        helper.make_sparse_tensor(values, numpy_helper.from_array(places, "places"), [2, 3])
    )
    info = lrp.open_weights(saved(tmp_path / "m.onnx", made)).tensors["w"]
    np.testing.assert_array_equal(info.read(), [[0, 1.5, 0], [0, 0, 2.5]])


# ------------------------------------------------------------------------------------------------ the graph


def test_attributes_are_plain_values(tmp_path):
    inner = helper.make_graph([helper.make_node("Identity", ["a"], ["b"])], "inner", [], [])
    attributes = {"i": -3, "f": 0.5, "s": "tëxt", "ints": [1, 2], "floats": [0.5], "strings": ["a", "b"], "g": inner}
    made = model(nodes=[helper.make_node("Any", ["x", "", "y"], ["z"], **attributes)])
    (node,) = read_onnx(saved(tmp_path / "m.onnx", made)).graph.nodes
    assert node.inputs == ("x", "", "y")
    assert {key: node.attributes[key] for key in attributes if key != "g"} == {
        key: value for key, value in attributes.items() if key != "g"
    }
    assert node.attributes["g"].nodes[0].operation == "Identity"


def test_functions_know_what_their_attributes_stand_for(tmp_path):
    inner = helper.make_node("LeakyRelu", ["x"], ["y"])
    inner.attribute.append(AttributeProto(name="alpha", type=AttributeProto.FLOAT, ref_attr_name="slope"))
    function = helper.make_function("own", "Bent", ["x"], ["y"], [inner], [helper.make_opsetid("", 17)], ["slope"])
    made = model(nodes=[helper.make_node("Bent", ["x"], ["y"], domain="own", slope=0.1)], functions=[function])
    found = read_onnx(saved(tmp_path / "m.onnx", made))
    (known,) = found.functions.values()
    assert (known.name, known.domain, known.inputs, known.attributes) == ("Bent", "own", ("x",), {"slope": None})
    assert known.nodes[0].attributes == {"alpha": OnnxReference("slope")}


# ------------------------------------------------------------------------------------------------ the wire


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50), st.integers(1, 30))
def test_packed_numbers_are_read_in_blocks_of_any_size(values, block):
    packed = TensorProto(int64_data=values).SerializeToString()
    found = Wire(packed, "it").read((0, len(packed)), {7: Field("numbers", "numbers", repeated=True)})["numbers"]
    if not values:
        assert found == []
        return
    ((wire, (start, end)),) = found
    raw = np.frombuffer(packed[start:end], dtype=np.uint8)
    assert wire == BYTES
    np.testing.assert_array_equal(varints(raw, max(block, 10)).view(np.int64), values)


def test_fields_that_are_not_known_are_passed_over():
    content = b"\x0a\x02hi" + b"\x15\x00\x00\x80\x3f" + b"\x18\x96\x01" + b"\x21" + bytes(8)
    assert [field[:2] for field in Wire(content, "it").fields((0, len(content)))] == [
        (1, BYTES),
        (2, FIXED32),
        (3, VARINT),
        (4, 1),
    ]
    assert Wire(content, "it").read((0, len(content)), {2: Field("one", "float"), 3: Field("number", "int")}) == {
        "one": 1.0,
        "number": 150,
    }


@pytest.mark.parametrize(
    "content", [b"\x0a\x05hi", b"\x08", b"\x0b\x0c", b"\x00\x01", b"\x08" + b"\xff" * 10 + b"\x01", b"\x15\x00"]
)
def test_damaged_fields_are_one_sentence(content):
    with pytest.raises(lrp.FormatError, match=r"cut off|damaged"):
        list(Wire(content, "it").fields((0, len(content))))


def test_work_is_bounded():
    content = b"\x08\x01" * 1000
    with pytest.raises(lrp.FormatError, match="more parts"):
        list(Wire(content, "it", most=999).fields((0, len(content))))


@pytest.mark.parametrize("name", ["light_resnet50.onnx", "light_vgg19.onnx"])
def test_cut_off_or_changed_it_is_one_sentence_or_a_whole_file(tmp_path, name):
    content = (SUITES / "light" / name).read_bytes()
    path = tmp_path / "m.onnx"
    for percent in range(0, 100, 4):
        path.write_bytes(content[: len(content) * percent // 100] or b"\x08")
        with pytest.raises(lrp.FormatError):
            lrp.open_weights(path)
    generator = np.random.default_rng(0)
    for _ in range(50):
        changed = bytearray(content)
        for place in generator.integers(0, min(len(content), 20_000), 3):
            changed[place] = generator.integers(0, 256)
        path.write_bytes(bytes(changed))
        with contextlib.suppress(lrp.LrpError):  # anything else is an error
            for info in lrp.open_weights(path).tensors.values():
                info.read()


def test_other_files_are_not_taken_for_models(tmp_path):
    for number, content in enumerate(
        (b"\x08\x01\x12\x02hi", b"\n\x05hello", b"\x08\x00", b":) a text", b"\x0a\x03abc" * 9)
    ):
        path = tmp_path / f"{number}.bin"
        path.write_bytes(content)
        with pytest.raises(lrp.FormatError, match=r"not a weight file|text file"):
            lrp.open_weights(path)


def test_neither_torch_nor_the_package_is_imported(tmp_path):
    path = saved(tmp_path / "m.onnx", model(numpy_helper.from_array(np.ones(3, np.float32), "w")))
    code = (
        "import sys, lrp_engine as lrp; "
        f"w = lrp.open_weights({str(path)!r}); w.tensors['w'].read(); w.nodes; "
        "assert not {'torch', 'onnx', 'google.protobuf'} & set(sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(lrp.__file__).parents[1])}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
