"""The messages that an ONNX model is made of: which field has which number.

Source: onnx.proto3 of the ONNX project
"""

from __future__ import annotations

from typing import Final

from .protobuf import Field, Message

# ONNX's numbering of number formats, in torch's words
ONNX_DTYPES: Final = {
    1: "float32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    8: "string",
    9: "bool",
    10: "float16",
    11: "float64",
    12: "uint32",
    13: "uint64",
    14: "complex64",
    15: "complex128",
    16: "bfloat16",
    17: "float8_e4m3fn",
    18: "float8_e4m3fnuz",
    19: "float8_e5m2",
    20: "float8_e5m2fnuz",
    21: "uint4",
    22: "int4",
    23: "float4_e2m1fn",
    24: "float8_e8m0fnu",
    25: "uint2",
    26: "int2",
}

MODEL: Final[Message] = {
    1: Field("ir_version", "int"),
    2: Field("producer_name", "text"),
    3: Field("producer_version", "text"),
    4: Field("domain", "text"),
    5: Field("model_version", "int"),
    6: Field("doc_string", "bytes"),
    7: Field("graph", "message", repeated=True),
    8: Field("opset_import", "message", repeated=True),
    14: Field("metadata_props", "message", repeated=True),
    20: Field("training_info", "message", repeated=True),
    25: Field("functions", "message", repeated=True),
}
OPSET: Final[Message] = {1: Field("domain", "text"), 2: Field("version", "int")}
PROPERTY: Final[Message] = {1: Field("key", "text"), 2: Field("value", "bytes")}
GRAPH: Final[Message] = {
    1: Field("node", "message", repeated=True),
    2: Field("name", "text"),
    5: Field("initializer", "message", repeated=True),
    11: Field("input", "message", repeated=True),
    12: Field("output", "message", repeated=True),
    13: Field("value_info", "message", repeated=True),
    15: Field("sparse_initializer", "message", repeated=True),
}
NODE: Final[Message] = {
    1: Field("input", "text", repeated=True),
    2: Field("output", "text", repeated=True),
    3: Field("name", "text"),
    4: Field("op_type", "text"),
    5: Field("attribute", "message", repeated=True),
    7: Field("domain", "text"),
    8: Field("overload", "text"),
    9: Field("metadata_props", "message", repeated=True),
}
ATTRIBUTE: Final[Message] = {
    1: Field("name", "text"),
    2: Field("f", "float"),
    3: Field("i", "int"),
    4: Field("s", "bytes"),
    5: Field("t", "message"),
    6: Field("g", "message"),
    7: Field("floats", "float", repeated=True),
    8: Field("ints", "int", repeated=True),
    9: Field("strings", "text", repeated=True),
    10: Field("tensors", "message", repeated=True),
    11: Field("graphs", "message", repeated=True),
    14: Field("tp", "message"),
    15: Field("type_protos", "message", repeated=True),
    20: Field("type", "int"),
    21: Field("reference", "text"),
    22: Field("sparse_tensor", "message"),
    23: Field("sparse_tensors", "message", repeated=True),
}
FUNCTION: Final[Message] = {
    1: Field("name", "text"),
    4: Field("input", "text", repeated=True),
    5: Field("output", "text", repeated=True),
    6: Field("attribute", "text", repeated=True),
    7: Field("node", "message", repeated=True),
    9: Field("opset_import", "message", repeated=True),
    10: Field("domain", "text"),
    11: Field("attribute_proto", "message", repeated=True),
    13: Field("overload", "text"),
}
VALUE: Final[Message] = {1: Field("name", "text"), 2: Field("type", "message")}
TYPE: Final[Message] = {
    1: Field("tensor", "message"),
    4: Field("sequence", "message"),
    5: Field("map", "message"),
    8: Field("sparse", "message"),
    9: Field("optional", "message"),
}
TENSOR_TYPE: Final[Message] = {1: Field("elem_type", "int"), 2: Field("shape", "message")}
INNER_TYPE: Final[Message] = {1: Field("elem_type", "message")}
SHAPE: Final[Message] = {1: Field("dim", "message", repeated=True)}
SIZE: Final[Message] = {1: Field("dim_value", "int"), 2: Field("dim_param", "text")}
TENSOR: Final[Message] = {
    1: Field("dims", "int", repeated=True),
    2: Field("data_type", "int"),
    3: Field("segment", "message"),
    4: Field("float_data", "numbers", repeated=True),
    5: Field("int32_data", "numbers", repeated=True),
    6: Field("string_data", "bytes", repeated=True),
    7: Field("int64_data", "numbers", repeated=True),
    8: Field("name", "text"),
    9: Field("raw_data", "bytes"),
    10: Field("double_data", "numbers", repeated=True),
    11: Field("uint64_data", "numbers", repeated=True),
    13: Field("external_data", "message", repeated=True),
    14: Field("data_location", "int"),
}
SPARSE: Final[Message] = {
    1: Field("values", "message"),
    2: Field("indices", "message"),
    3: Field("dims", "int", repeated=True),
}
ENTRY: Final[Message] = {1: Field("key", "text"), 2: Field("value", "text")}

# The attribute's number of type -> the field that holds it, for those that older models do not number
ATTRIBUTE_TYPES: Final = {
    1: "f",
    2: "i",
    3: "s",
    4: "t",
    5: "g",
    6: "floats",
    7: "ints",
    8: "strings",
    9: "tensors",
    10: "graphs",
    11: "sparse_tensor",
    12: "sparse_tensors",
    13: "tp",
    14: "type_protos",
}
