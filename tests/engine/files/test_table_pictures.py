"""PNG and JPEG files, and folders of them, as a network's input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from lrp_engine import FormatError
from lrp_engine.files.features import numbered
from lrp_engine.files.table import PictureInput, match_columns, picture_input, read_table

GREY = PictureInput(1, 2, 2)
COLOUR = PictureInput(3, 2, 2)


@pytest.fixture
def picture(tmp_path):
    def make(array, name="t.png", **options):
        Image.fromarray(np.asarray(array)).save(tmp_path / name, **options)
        return tmp_path / name

    return make


def numbers(path, wanted):
    """The numbers of the one sample, without its name."""
    table = read_table(path, wanted)
    assert table.column(0) == (path.name,)
    assert match_columns(numbered(table.values.shape[1] - 1), False, table).order[0] == 1
    return table.values[0, 1:], table.notes


def test_grey(picture):
    values, notes = numbers(picture(np.array([[0, 51], [102, 255]], np.uint8)), GREY)
    np.testing.assert_allclose(values, [0, 0.2, 0.4, 1])
    assert notes == ("Black is 0 and white 1.",)


def test_colours_first_or_last(picture):
    array = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    path = picture(array)
    first, _ = numbers(path, COLOUR)
    last, _ = numbers(path, replace(COLOUR, channels_last=True))
    np.testing.assert_allclose(first * 255, array.transpose(2, 0, 1).ravel())
    np.testing.assert_allclose(last * 255, array.ravel())


def test_without_a_network_its_own_size_and_colours(picture):
    values, _ = numbers(picture(np.zeros((3, 4, 3), np.uint8)), None)
    assert len(values) == 36


def test_normalised_as_stated(picture):
    wanted = replace(COLOUR, high=255.0, mean=(1, 2, 3), std=(2, 2, 4))
    values, notes = numbers(picture(np.full((2, 2, 3), 11, np.uint8)), wanted)
    np.testing.assert_allclose(values.reshape(3, 4)[:, 0], [5, 4.5, 2])
    assert "white 255; then the mean (1, 2, 3) was taken away, and divided by the deviation (2, 2, 4)" in notes[-1]


@pytest.mark.parametrize(
    ("fit", "values", "says"),
    [
        ("crop", [1, 1, 1, 1], "shorter side, and its middle cut out"),
        ("pad", [0.25, 0.25, 0.25, 0.25], "longer side, and filled up with black"),
        ("stretch", [0.5, 0.5, 0.5, 0.5], "was stretched to 2 × 2 pixels"),
    ],
)
def test_another_size(fit, values, says, picture):
    # black, white, white, black
    row = np.repeat([0, 255, 255, 0], 4).astype(np.uint8)
    got, notes = numbers(picture(np.tile(row, (8, 1))), replace(GREY, fit=fit))
    assert any(says in note for note in notes)
    assert got.shape == (4,)
    if fit == "crop":
        np.testing.assert_allclose(got, values, atol=0.2)
    else:
        np.testing.assert_allclose(got.mean(), values[0], atol=0.1)


def test_sixteen_bits(picture):
    values, notes = numbers(picture(np.array([[0, 65535], [6553, 256]], np.uint16)), GREY)
    np.testing.assert_allclose(values, [0, 1, 6553 / 65535, 256 / 65535], rtol=1e-6)
    assert "The picture has 16 bits, of which all were read." in notes
    assert len(numbers(picture(np.zeros((2, 2), np.uint16)), COLOUR)[0]) == 12


def test_alpha_is_put_on_white_and_said(picture):
    array = np.zeros((2, 2, 4), np.uint8)
    array[0, 0, 3] = 255
    values, notes = numbers(picture(array), COLOUR)
    assert values.reshape(3, 4).tolist() == [[0, 1, 1, 1]] * 3
    assert "The picture is transparent in places, and was put on white." in notes


def test_white_that_is_drawn_on_nothing_is_put_on_black(picture):
    array = np.zeros((2, 2, 4), np.uint8)
    array[0, 0] = 255
    values, notes = numbers(picture(array), COLOUR)
    assert values.reshape(3, 4).tolist() == [[1, 0, 0, 0]] * 3
    assert "The picture is white and transparent in places, and was put on black." in notes
    array[0, 1] = 128, 0, 0, 255
    _, notes = numbers(picture(array), COLOUR)
    assert "The picture is transparent in places, and was put on white." in notes
    array[..., 3] = 255
    _, notes = numbers(picture(array), COLOUR)
    assert not any("transparent" in note for note in notes)


def test_colours_for_a_network_of_greys_and_back(picture):
    _, notes = numbers(picture(np.zeros((2, 2, 3), np.uint8)), GREY)
    assert "The picture has colours and was read as grey." in notes
    values, notes = numbers(picture(np.full((2, 2), 255, np.uint8)), COLOUR)
    assert values.tolist() == [1] * 12
    assert "The picture has grey and was read as colours." in notes


def test_a_photograph_is_turned_upright(picture):
    exif = Image.Exif()
    exif[274] = 6  # turned by a quarter
    values, _ = numbers(picture(np.zeros((2, 6), np.uint8), "t.jpg", exif=exif), None)
    table = read_table(picture(np.zeros((2, 6), np.uint8), "t.jpg", exif=exif))
    assert len(values) == 12
    assert table.names[-1] == "pixel 5,1"


def test_a_folder(picture, tmp_path):
    for number in (10, 2, 1):
        picture(np.full((2, 2), number, np.uint8), f"{number}.png")
    (tmp_path / "notes.txt").write_text("x")
    table = read_table(tmp_path, GREY)
    assert table.column(0) == ("1.png", "2.png", "10.png")
    np.testing.assert_allclose(table.values[:, 1] * 255, [1, 2, 10])
    assert any(note.startswith("1 more in") for note in table.notes)


def test_one_damaged_picture_of_a_folder_is_named(picture, tmp_path):
    picture(np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8), "good.png")
    whole = (tmp_path / "good.png").read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match=r"half\.png cannot be read as a picture"):
        read_table(tmp_path, COLOUR)


def test_inputs_that_take_pictures():
    assert picture_input([(3, 224, 200)]) == PictureInput(3, 224, 200)
    assert picture_input([(224, 200, 3)]) == PictureInput(3, 224, 200, channels_last=True)
    assert picture_input([(8, 8)]) == PictureInput(1, 8, 8)
    for shapes in ([(10,)], [(5, 8, 8)], [(3, 8, 8), (3, 8, 8)], []):
        assert picture_input(shapes) is None
