"""Pictures into files: each format, its size, its words, its metadata, and places that cannot be written."""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PySide6.QtGui import QImage, QImageReader
from PySide6.QtWidgets import QFileDialog

from lrp_gui.document.words import signed
from lrp_gui.export import EXPORTERS, ExportDialog, ExportError, save
from lrp_gui.theme import DARK, LIGHT, PRINT
from lrp_gui.viewer.pictures import all_pictures, graph_picture, overview, strip_picture
from tests.gui import fakes

PX_TO_POINT = 72 / 96


@pytest.fixture(scope="module")
def mlp():
    return fakes.mlp_result()


@pytest.fixture
def picture(mlp, qapp):
    return graph_picture(*mlp, LIGHT)


def pdf_page(data: bytes) -> tuple[float, float]:
    box = re.search(rb"/MediaBox \[\s*0 0 ([\d.]+) ([\d.]+)", data)
    return float(box[1]), float(box[2])


def pdf_objects(data: bytes) -> dict[int, bytes]:
    """Every object of a PDF, its stream unpacked."""
    found = {}
    for number, head, stream in re.findall(
        rb"(\d+) 0 obj(.*?)(?:stream\r?\n(.*?)endstream\s*)?endobj", data, re.DOTALL
    ):
        body = zlib.decompressobj().decompress(stream) if b"FlateDecode" in head and stream else stream
        found[int(number)] = head + body
    return found


def pdf_words(data: bytes) -> list[str]:
    """The texts of a PDF as a reader finds them: glyphs back to letters through each font's ToUnicode table."""
    objects = pdf_objects(data)
    letters: dict[bytes, dict[str, str]] = {}
    for name, number in set(re.findall(rb"/F(\d+) (\d+) 0 R", data)):
        table = objects[int(re.search(rb"/ToUnicode (\d+) 0 R", objects[int(number)])[1])]
        letters[name] = {}
        for low, codes in re.findall(rb"<(\w{4})> <\w{4}> \[(.*?)\]", table, re.DOTALL):
            for n, code in enumerate(re.findall(rb"<(\w+)>", codes)):
                letters[name][f"{int(low, 16) + n:04x}"] = bytes.fromhex(code.decode()).decode("utf-16-be")
    words = []
    for body in objects.values():
        for part in re.findall(rb"\bBT\b(.*?)\bET\b", body, re.DOTALL):
            font = letters[re.search(rb"/F(\d+) ", part)[1]]
            glyphs = "".join(code.decode().lower() for code in re.findall(rb"<(\w+)> Tj", part))
            text = "".join(font[glyphs[n : n + 4]] for n in range(0, len(glyphs), 4))
            words.append(" ".join(text.split()))  # the glyph of a space stands for a tab, too
    return words


def test_png_has_its_size_and_says_what_it_shows(picture, tmp_path):
    path = save(picture, tmp_path / "flow.png", (1600, 1000), LIGHT)
    image = QImage(str(path))
    assert (image.width(), image.height()) == (1600, 1000)
    assert image.text("Title") == picture.title
    assert "composite epsilon" in image.text("Description")
    assert image.text("Software") == "LRP Explorer"


def test_svg_parses_keeps_its_numbers_and_describes_itself(mlp, picture, tmp_path):
    path = save(picture, tmp_path / "flow.svg", (1600, 1000), LIGHT)
    root = ET.parse(path).getroot()
    assert root.get("viewBox") == "0 0 1600 1000"
    said = ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]
    for value in mlp[1].inputs["x"]:
        assert signed(value) in said
    assert root.find("{http://www.w3.org/2000/svg}title").text == picture.title
    assert picture.caption in root.find("{http://www.w3.org/2000/svg}desc").text


@pytest.mark.parametrize("kind", ["graph", "bars", "heatmap", "channels"])
def test_svg_is_vector_throughout(kind, tmp_path):
    network, result = fakes.cnn_result()
    pictures = dict(all_pictures(network, result, LIGHT))
    chosen = {"graph": "network graph", "bars": "layer fc", "heatmap": "input image", "channels": "layer conv2"}[kind]
    text = save(pictures[chosen], tmp_path / "picture.svg").read_text()
    assert "<image" not in text
    assert "<text" in text


def test_pdf_has_the_page_of_its_proportions_and_real_text(mlp, picture, tmp_path):
    path = save(picture, tmp_path / "flow.pdf", (1600, 1000), PRINT)
    data = path.read_bytes()
    assert data.startswith(b"%PDF-")
    width, height = pdf_page(data)
    assert (width, height) == (pytest.approx(1600 * PX_TO_POINT, abs=1), pytest.approx(1000 * PX_TO_POINT, abs=1))
    assert not any(b"/Subtype /Image" in body for body in pdf_objects(data).values())
    said = pdf_words(data)
    for value in mlp[1].inputs["x"]:
        assert signed(value) in said
    assert "above median" in said
    assert "29.84 kg/m²" in said
    assert any("composite epsilon" in text for text in said)


@pytest.mark.parametrize("theme", [LIGHT, DARK, PRINT], ids=lambda theme: theme.name)
def test_the_colours_are_the_chosen_ones_whatever_the_screen_has(picture, theme, tmp_path):
    path = save(picture, tmp_path / "flow.png", (600, 400), theme)
    assert QImage(str(path)).pixelColor(1, 1).name() == theme.background
    assert picture.theme is LIGHT


def test_the_size_follows_the_picture_where_none_is_given(mlp, tmp_path):
    strip = strip_picture(*mlp, LIGHT)
    size = QImageReader(str(save(strip, tmp_path / "strip.png"))).size()
    assert size.width() / size.height() > 2.5
    path = save(strip, tmp_path / "wide.png", (2000, 0))
    assert QImageReader(str(path)).size().width() == 2000


def test_the_caption_can_be_left_out(picture, tmp_path):
    with_caption = save(picture, tmp_path / "a.svg").read_text()
    without = save(picture, tmp_path / "b.svg", caption=False).read_text()
    assert with_caption.count("unexplained") > without.count("unexplained")


def test_saving_again_replaces_the_file_whole(picture, tmp_path):
    path = tmp_path / "flow.png"
    save(picture, path, (400, 300))
    save(picture, path, (500, 300))
    assert QImage(str(path)).width() == 500
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("exporter", EXPORTERS, ids=lambda exporter: exporter.suffix)
def test_a_place_that_cannot_be_written_is_one_sentence(picture, exporter, tmp_path):
    missing = tmp_path / "nowhere" / f"flow.{exporter.suffix}"
    with pytest.raises(ExportError) as error:
        save(picture, missing, (400, 300))
    assert str(missing) in str(error.value)
    assert "choose another place" in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.strerror
    folder = tmp_path / f"folder.{exporter.suffix}"
    folder.mkdir()
    with pytest.raises(ExportError, match="is a folder"):
        save(picture, folder, (400, 300))


def test_an_unknown_ending_and_impossible_sizes_are_refused(picture, tmp_path):
    with pytest.raises(ExportError, match=r"\.png, \.svg, \.pdf"):
        save(picture, tmp_path / "flow.bmp")
    with pytest.raises(ExportError, match="too many"):
        save(picture, tmp_path / "flow.png", (40_000, 100))
    with pytest.raises(ExportError, match="too few"):
        save(picture, tmp_path / "flow.png", (10, 10))
    assert not list(tmp_path.iterdir())


def test_the_dialog_shows_saves_and_closes(mlp, picture, qtbot, tmp_path):
    dialog = ExportDialog([("current view", lambda: picture), ("overview", lambda: overview(*mlp, LIGHT))], DARK)
    qtbot.addWidget(dialog)
    dialog.open()
    assert dialog.isVisible()
    assert dialog.paper.theme_box.currentText() == "dark"
    dialog.paper.size_box.setCurrentIndex(1)
    dialog.paper.theme_box.setCurrentText("print")
    dialog.format.setCurrentIndex(1)
    sheet = dialog.sheet
    assert (sheet.width, sheet.height, sheet.theme) == (1600, 1000, PRINT)
    qtbot.wait(100)
    assert dialog.preview.grab().toImage().pixelColor(dialog.preview.width() // 2, 20).isValid()
    with qtbot.waitSignal(dialog.exported) as caught:
        dialog.save_to(tmp_path / "named")
    assert caught.args[0] == tmp_path / "named.svg"
    assert ET.parse(tmp_path / "named.svg").getroot().get("viewBox") == "0 0 1600 1000"


def test_the_dialog_says_why_it_could_not_save_and_stays(picture, qtbot, tmp_path):
    dialog = ExportDialog([("current view", lambda: picture)], LIGHT)
    qtbot.addWidget(dialog)
    dialog.open()
    with qtbot.waitSignal(dialog.failed):
        dialog.save_to(tmp_path / "nowhere" / "flow.png")
    assert dialog.isVisible()
    assert "cannot be written" in dialog.problem.text()


def test_asking_where_does_not_block(picture, qtbot, tmp_path):
    dialog = ExportDialog([("current view", lambda: picture)], LIGHT)
    qtbot.addWidget(dialog)
    dialog.open()
    dialog.ask_where()
    assert isinstance(dialog.where, QFileDialog)
    with qtbot.waitSignal(dialog.exported):
        dialog.where.fileSelected.emit(str(tmp_path / "flow.png"))
    assert Path(tmp_path / "flow.png").exists()
