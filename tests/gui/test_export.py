"""Pictures into files: each format, its size, its words, its metadata, and places that cannot be written."""

from __future__ import annotations

import io
import re
import tracemalloc
import zlib
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pypdf
import pytest
from PIL import Image
from PySide6.QtCore import QByteArray, QSize
from PySide6.QtGui import QImage, QImageReader, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QFileDialog

from lrp_gui import languages
from lrp_gui.document.words import signed
from lrp_gui.export import EXPORTERS, ExportDialog, ExportError, png, save
from lrp_gui.export.exporters import saving, to_pdf, to_svg
from lrp_gui.export.sheet import Sheet, pixels
from lrp_gui.export.svg import tidied
from lrp_gui.theme import DARK, LIGHT, PRINT
from lrp_gui.viewer.picture import Drawing
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


def test_a_map_in_a_pdf_keeps_every_colour(qapp, tmp_path):
    """Qt packs images as JPEG where nobody objects, which changes them."""
    cells = np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)

    class Cells(Drawing):
        def paint(self, ink, size):
            ink.painter.drawImage(0, 0, QImage(cells.data, 300, 300, 900, QImage.Format.Format_RGB888))

    path = save(Cells(LIGHT, "cells", size=(300.0, 300.0)), tmp_path / "cells.pdf")
    (found,) = pypdf.PdfReader(path).pages[0].images
    assert np.array_equal(np.asarray(found.image.convert("RGB")), cells)


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


def test_a_png_in_millimetres_has_its_size_and_resolution(picture, tmp_path):
    sheet = Sheet.of(picture, PRINT, pixels(85, 300), dpi=300)
    for _ in saving(picture, tmp_path / "column.png", sheet, "print(1)\n"):
        pass
    with Image.open(tmp_path / "column.png") as image:
        assert image.width == 1004
        assert image.info["dpi"] == (pytest.approx(300, abs=0.1), pytest.approx(300, abs=0.1))
        assert image.info["Source"] == "print(1)\n"
        assert image.mode == "RGB"
    svg, pdf = (b"".join(encode(picture, sheet, "print(1)\n")) for encode in (to_svg, to_pdf))
    root = ET.fromstring(svg)
    assert float(root.get("width").removesuffix("mm")) == pytest.approx(85, abs=0.1)
    assert root.find("{http://www.w3.org/2000/svg}metadata").text == "print(1)\n"
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    assert float(reader.pages[0].mediabox.width) / 72 * 25.4 == pytest.approx(85, abs=0.2)
    assert reader.attachments["make_again.py"] == [b"print(1)\n"]
    assert signed(picture.result.inputs["x"][0]) in reader.pages[0].extract_text()


@pytest.mark.parametrize("transparent", [False, True])
def test_strips_meet_without_a_seam(picture, tmp_path, monkeypatch, transparent):
    sheet = Sheet.of(picture, LIGHT, 700, 437, transparent=transparent)
    found = []
    for area in (10_000_000, 700 * 37):
        monkeypatch.setattr(png, "STRIP_AREA", area)
        steps = list(saving(picture, tmp_path / "flow.png", sheet))
        assert len({total for _, total in steps}) == 1
        assert steps[-1][0] == steps[-1][1]
        with Image.open(tmp_path / "flow.png") as image:
            found.append(np.asarray(image).astype(int))
    # Curves that a strip cuts are rounded a little differently; no more so where strips meet than elsewhere.
    lines = np.abs(found[0] - found[1])[..., -1 if transparent else 0].mean(axis=1)
    seams = np.arange(36, len(lines) - 1, 37)
    assert lines.mean() < 0.5
    assert lines[seams].mean() < 2 * lines.mean() + 0.05
    if transparent:
        assert found[0].shape[2] == 4
        assert found[0][0, 0, 3] == 0
        assert found[0][..., 3].max() == 255


def test_a_hundred_million_pixels_are_written_in_strips(tmp_path, qapp):
    class Plain(Drawing):
        def paint(self, ink, size):
            pass

    tracemalloc.start()
    picture = Plain(LIGHT, "large")
    for _ in saving(picture, tmp_path / "large.png", Sheet.of(picture, LIGHT, 10_000, 10_000)):
        pass
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert QImageReader(str(tmp_path / "large.png")).size() == QSize(10_000, 10_000)
    assert most < 40_000_000


def test_what_is_stopped_leaves_nothing_behind(picture, tmp_path):
    path = save(picture, tmp_path / "flow.png", (400, 300))
    before = path.read_bytes()
    steps = saving(picture, path, Sheet.of(picture, LIGHT, 3000, 2000))
    next(steps)
    steps.close()
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


def test_millimetres_and_pixels_in_the_dialog_are_the_same_size(picture, qtbot):
    dialog = ExportDialog([("current view", lambda: picture)], LIGHT)
    qtbot.addWidget(dialog)
    paper = dialog.paper
    paper.dpi.setValue(300)
    paper.unit.setCurrentText("mm")
    paper.width_box.setValue(254)
    assert dialog.sheet.width == 3000
    paper.unit.setCurrentText("px")
    assert paper.width_box.value() == 3000
    paper.size_box.setCurrentIndex(paper.size_box.findText("85 mm wide"))
    assert dialog.sheet.width == 1004
    assert dialog.sheet.millimetres[0] == pytest.approx(85, abs=0.1)
    paper.dpi.setValue(2400)
    paper.width_box.setValue(300)
    qtbot.waitUntil(lambda: not dialog.save_button.isEnabled())
    assert "too many" in dialog.problem.text()


def test_a_long_writing_can_be_stopped_in_the_dialog(picture, qtbot, tmp_path):
    dialog = ExportDialog([("current view", lambda: picture)], LIGHT)
    qtbot.addWidget(dialog)
    dialog.open()
    dialog.paper.width_box.setValue(6000)
    dialog.save_to(tmp_path / "flow.png")
    qtbot.waitUntil(lambda: dialog.progress.value() > 0)
    dialog.reject()
    assert dialog.isVisible()
    assert list(tmp_path.iterdir()) == []
    assert dialog.save_button.isEnabled()


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


def test_the_dialog_begins_with_the_colours_of_the_window_in_every_language(picture, qtbot):
    languages.use("de")
    try:
        dialog = ExportDialog([("current view", lambda: picture)], DARK)
        qtbot.addWidget(dialog)
        assert dialog.paper.theme_box.currentData() == DARK
    finally:
        languages.use("en")


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


def test_a_drawing_is_tidied_without_moving_a_pixel(picture):
    def pixels_of(drawing):
        image = QImage(900, 600, QImage.Format.Format_RGB32)
        image.fill(0)
        painter = QPainter(image)
        QSvgRenderer(QByteArray(drawing.encode())).render(painter)
        painter.end()
        return image

    sheet, whole = Sheet.of(picture, PRINT, 900, 600), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lrp_gui.export.exporters.tidied", lambda drawing: whole.append(drawing) or tidied(drawing))
        short = b"".join(to_svg(picture, sheet)).decode()
    assert len(short) < 0.7 * len(whole[0])
    assert pixels_of(short) == pixels_of(whole[0])
    texts = [[text for text in ET.fromstring(drawing).itertext() if text.strip()] for drawing in (short, whole[0])]
    assert texts[0] == texts[1]
