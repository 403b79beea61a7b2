"""The pickle reader: the same plain data as Python's, and bounded work for everything else."""

from __future__ import annotations

import pickle
import struct
import time
from collections import Counter, OrderedDict, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrp_engine import FormatError
from lrp_engine.files.pickles import Name, Record, read_pickle
from lrp_engine.files.torch_values import TORCH_VALUES

scalars = (
    st.none() | st.booleans() | st.integers(-(2**100), 2**100) | st.floats(allow_nan=False) | st.text() | st.binary()
)
keys = st.text() | st.integers() | st.tuples(st.integers(), st.text())
plain = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(keys, inner, max_size=4)
        | st.sets(st.integers())
        | st.frozensets(st.text())
    ),
    max_leaves=12,
)


def read(content):
    return read_pickle(content, file="test.pkl", known=TORCH_VALUES)


@given(plain, st.integers(0, 5))
def test_plain_data_comes_back(value, protocol):
    result = read(pickle.dumps(value, protocol=protocol))
    assert result.value == value
    assert result.calls == ()
    assert result.objects == ()


@pytest.mark.parametrize("protocol", range(6))
def test_the_usual_containers_become_plain_ones(protocol):
    counts = defaultdict(int, {"a": 1})
    value = [
        OrderedDict(a=1, b=2),
        counts,
        Counter("aab"),
        complex(1, 2),
        bytearray(b"xy"),
        np.float64(0.75),
        np.int64(3),
    ]
    result = read(pickle.dumps(value, protocol=protocol))
    assert result.value == [{"a": 1, "b": 2}, {"a": 1}, {"a": 2, "b": 1}, 1 + 2j, b"xy", 0.75, 3]
    assert result.calls == ()


def test_the_same_object_stays_the_same():
    shared = [1]
    value = read(pickle.dumps([shared, shared])).value
    assert value[0] is value[1]


def test_a_cycle_is_kept():
    value: list = []
    value.append(value)
    result = read(pickle.dumps(value)).value
    assert result[0] is result


def test_an_unknown_class_is_a_record_with_its_state():
    class Settings:  # found by name only while pickling
        pass

    globals()["Settings"] = Settings
    Settings.__qualname__ = "Settings"
    settings = Settings()
    settings.rate = 0.1
    result = read(pickle.dumps(settings))
    assert isinstance(result.value, Record)
    assert result.value.state == {"rate": 0.1}
    assert result.objects == (f"{__name__}.Settings",)


def test_a_mentioned_class_stays_a_name():
    assert read(pickle.dumps(OrderedDict)).value == Name("collections", "OrderedDict")


def test_where_it_ends():
    first = pickle.dumps(1)
    second = read_pickle(first + pickle.dumps(2), file="two.pkl", start=read(first).end)
    assert second.value == 2


BOMBS = {
    "empty": b"",
    "no end": b"]",
    "unknown instruction": b"\xff.",
    "nothing on the stack": b".",
    "a far place": b"N" + b"r" + struct.pack("<I", 2**32 - 1) + b"0.",
    "a negative place": b"Np-5\n.",
    "endless bytes": b"\x8e" + struct.pack("<Q", 2**60) + b"x.",
    "endless text": b"\x8d" + struct.pack("<Q", 2**63) + b"x.",
    "endless integer": b"\x8b" + struct.pack("<i", 2**30) + b"x" * 1000 + b".",
    "endless decimal": b"I" + b"9" * 100_000 + b"\n.",
    "negative length": b"\x8b" + struct.pack("<i", -5) + b".",
    "deep key": b"(" + b"N" + b"\x85" * 200_000 + b"Nd.",
    "deep set": b"(N" + b"\x85" * 200_000 + b"\x91.",
    "marks": b"(" * 2_000_000 + b".",
    "list as key": b"}]Ns.",
    "copies": b"N" + b"2" * 20_000_000 + b".",
    "dictionaries": b"}" * 20_000_000 + b".",
    "sets": b"\x8f" * 20_000_000 + b".",
    "bytes of a number": b"c__builtin__\nbytearray\n(J" + struct.pack("<i", 2**31 - 1) + b"tR.",
    "bad text": b"X\2\0\0\0\xff\xff.",
    "call of a number": b"K\1)R.",
    "state for a name": b"ccollections\nOrderedDict\n}b.",
    "entries for a number": b"K\1NNs.",
    "odd entries": b"}(Nu.",
    "unknown memory": b"h\5.",
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_is_damaged_or_too_much(name):
    start = time.process_time()
    with pytest.raises(FormatError, match=r"test\.pkl"):
        read(BOMBS[name])
    assert time.process_time() - start < 10


@pytest.mark.parametrize("depth", [1000, 200_000])
def test_deep_lists_do_no_harm(depth):
    value = read(b"]" * depth + b"a" * (depth - 1) + b".").value
    for _ in range(depth - 1):
        value = value[0]
    assert value == []


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_one_sentence(content):
    try:
        read(content)
    except FormatError as error:
        assert "\n" not in str(error)  # noqa: PT017 -- either outcome is right
