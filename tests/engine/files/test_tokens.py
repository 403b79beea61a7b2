"""Text to tokens and back, by a tokenizer.json."""

from __future__ import annotations

import builtins
import subprocess
import sys

import pytest

import lrp_engine as lrp
from lrp_engine.files.tokens import MOST_LETTERS, Tokenizer, role_of, tokenizer_beside
from tests.words import VOCABULARY, word_tokenizer


@pytest.fixture
def path(tmp_path):
    word_tokenizer().save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


def test_a_short_text_is_filled_up(path):
    found = Tokenizer(path).encode("Good film", 6)
    assert found.ids == (2, 5, 7, 3, 0, 0)
    assert found.mask == (1, 1, 1, 1, 0, 0)
    assert found.types == (0,) * 6
    assert found.note == ""


def test_a_long_text_keeps_its_marks_and_says_what_is_left_out(path):
    found = Tokenizer(path).encode("good bad good bad good", 5)
    assert found.ids == (2, 5, 6, 5, 3)
    assert found.dropped == 2
    assert found.note == "The text is longer than the network's 5 tokens; its last 2 are left out."


def test_an_empty_text_is_its_marks(path):
    assert Tokenizer(path).encode("", 4).ids == (2, 3, 0, 0)


def test_each_call_begins_anew(path):
    tokenizer = Tokenizer(path)
    tokenizer.encode("good " * 9, 4)
    assert tokenizer.encode("good bad film good bad", 12).dropped == 0


def test_padding_and_truncation_of_the_file_do_not_interfere(tmp_path):
    library = word_tokenizer()
    library.enable_padding(length=3, pad_id=9, pad_token="the")
    library.enable_truncation(3)
    library.save(str(tmp_path / "tokenizer.json"))
    tokenizer = Tokenizer(tmp_path / "tokenizer.json")
    assert tokenizer.pad == 9
    assert tokenizer.encode("good bad good", 7).ids == (2, 5, 6, 5, 3, 9, 9)


def test_tokens_are_read_back(path):
    tokenizer = Tokenizer(path)
    assert tokenizer.texts([2, 5, 8, 77]) == ["[CLS]", "good", "##s", ""]
    assert tokenizer.texts([-1]) == [""]
    assert tokenizer.read([2, 7, 8, 3, 0, 77]) == "films"


def test_a_word_is_its_pieces_and_a_piece_is_itself(path):
    tokenizer = Tokenizer(path)
    assert tokenizer.pieces("films") == (7, 8)
    assert tokenizer.pieces("##s") == (8,)
    with pytest.raises(lrp.InputError, match="makes no token"):
        tokenizer.pieces(" ")


def test_a_sequence_that_is_too_short_for_the_marks_is_refused(path):
    with pytest.raises(lrp.InputError, match="too few for the 2 that mark"):
        Tokenizer(path).encode("good", 2)


def test_a_text_without_end_is_refused(path):
    with pytest.raises(lrp.InputError, match="letters; at most"):
        Tokenizer(path).encode("a" * (MOST_LETTERS + 1), 8)


def test_a_tokenizer_with_more_tokens_than_the_embedding_is_refused(path):
    assert Tokenizer(path, rows=len(VOCABULARY)).size == len(VOCABULARY)
    with pytest.raises(lrp.FormatError, match=r"up to 9, but the network's embedding knows 9"):
        Tokenizer(path, rows=len(VOCABULARY) - 1)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1, 2]", b"\xff\xfe", b'{"model": {"type": "WordPiece"}}', b"[" * 9999]
)
def test_a_damaged_tokenizer_is_one_sentence(tmp_path, content):
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    with pytest.raises(lrp.FormatError, match=r"tokenizer\.json"):
        Tokenizer(path)


def test_a_tokenizer_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(lrp.FormatError, match="cannot be read"):
        Tokenizer(tmp_path / "tokenizer.json")


def test_without_the_library_it_is_said_what_to_install(path, monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **more):
        if name == "tokenizers":
            raise ImportError(name)
        return real(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(lrp.FormatError, match="pip install tokenizers"):
        Tokenizer(path)


def test_the_tokenizer_beside_a_model_is_found(path):
    folder = path.parent
    assert tokenizer_beside(folder / "model.pt2") == path
    assert tokenizer_beside(folder) == path
    assert tokenizer_beside(folder / "onnx" / "model.onnx") == path
    assert tokenizer_beside(folder / "other" / "model.onnx") is None


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("input_ids", "ids"),
        ("attention_mask", "mask"),
        ("token_type_ids", "types"),
        ("segment_ids", "types"),
        ("position_ids", "positions"),
        ("x", "ids"),
    ],
)
def test_an_inputs_name_says_what_it_holds(path, name, role):
    assert role_of(name) == role
    encoded = Tokenizer(path).encode("good", 4)
    assert (
        encoded.part(role)
        == {
            "ids": (2, 5, 3, 0),
            "mask": (1, 1, 1, 0),
            "types": (0, 0, 0, 0),
            "positions": (0, 1, 2, 3),
        }[role]
    )


def test_reading_a_tokenizer_needs_no_torch(path):
    program = (
        f"from lrp_engine.files.tokens import Tokenizer; Tokenizer({str(path)!r}).encode('good', 4);"
        " import sys; assert 'torch' not in sys.modules"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
