"""Reports: one HTML file that needs nothing else, and a PDF whose words can be read by a program."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pypdf
import pytest
from PySide6.QtCore import QSaveFile
from PySide6.QtGui import QImage

from lrp_engine.networks.graphs import operations
from lrp_gui import languages
from lrp_gui.document.series import Explained
from lrp_gui.document.words import KINDS, kind_text, signed
from lrp_gui.export.exporters import ExportError, to_svg, why_refused
from lrp_gui.export.render import Paper
from lrp_gui.export.report_html import HtmlReport
from lrp_gui.export.report_pdf import PdfReport
from lrp_gui.export.report_text import MOST_FEATURES, tables
from lrp_gui.theme import DARK, LIGHT
from tests.gui import fakes

GROUPS = ("overview", "conservation", "inputs")
LINES = "print('again')\n"


def written(kind, path, samples, theme=LIGHT, groups=GROUPS):
    report = kind(path, Paper(theme, groups=groups), "Why <so>?")
    for one in samples:
        for _ in report.sample(one, LINES):
            pass
    return report.finish()


@pytest.fixture(scope="module")
def two():
    return [Explained(*fakes.mlp_result(row=row)) for row in (0, 4)]


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.cells, self.images, self.links, self.open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.images += [given] if tag == "img" else []
        self.links += [given[name] for name in ("href", "src") if name in given]
        if tag not in ("img", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "td":
            self.cells.append(data)


def test_the_html_holds_settings_numbers_and_pictures_and_needs_nothing_else(qapp, two, tmp_path):
    text = written(HtmlReport, tmp_path / "why.html", two).read_text()
    page = Page(text)
    assert page.open == []
    assert all(link.startswith(("data:", "#sample")) for link in page.links)
    assert "Why &lt;so&gt;?" in text
    for one in two:
        assert f"{one.result.sample} (row {one.result.row})" in page.cells
        for value in one.result.inputs["x"]:
            assert signed(value, 4) in page.cells
        for row in one.result.ledger:
            assert signed(row.arrived, 4) in page.cells
    drawings = [ET.fromstring(drawing) for drawing in re.findall(r"<svg.*?</svg>", text, re.DOTALL)]
    assert len(drawings) == 6
    for drawing in drawings:
        assert "relevance of the inputs" in drawing.get("aria-label")
        words = [element.text for element in drawing.iter() if element.tag.endswith("}text")]
        assert words  # a person can select and search them
        fonts = {element.get("font-family") for element in drawing.iter()} - {None}
        assert all(font.endswith(", sans-serif") for font in fonts)
    names = re.findall(r'\bid="([^"]*)"', text)
    assert len(names) == len(set(names))
    assert set(re.findall(r"url\(#([^)]*)\)", text)) <= set(names)
    assert text.count("print(&#x27;again&#x27;)") == 2


def test_large_drawings_are_pixels_in_html(qapp, tmp_path, monkeypatch):
    monkeypatch.setattr("lrp_gui.export.report_html.LARGEST_SVG", 1000)
    monkeypatch.setattr("lrp_gui.export.report_html.to_svg", lambda *given: iter([*to_svg(*given), b" " * 1_000_000]))
    text = written(HtmlReport, tmp_path / "why.html", [Explained(*fakes.cnn_result())]).read_text()
    images = Page(text).images
    assert len(images) == 3
    for image in images:
        kind, _, data = image["src"].partition(";base64,")
        assert kind == "data:image/webp"
        drawn = QImage.fromData(base64.b64decode(data))
        assert (drawn.width(), drawn.height()) == (2 * int(image["width"]), 2 * int(image["height"]))
        assert "relevance of the inputs" in image["alt"]
    assert "<svg" not in text


@pytest.mark.parametrize("kind", [HtmlReport, PdfReport])
def test_layers_with_the_numbers_of_another_one_are_drawn_once_and_that_is_said(kind, qapp, tmp_path):
    network, result = fakes.cnn_result()
    first, second, third = list(result.layers)[:3]
    same = replace(result.layers[first], activation=result.layers[first].activation + 1)
    other = replace(result.layers[first], relevance=result.layers[first].relevance * 1.5)
    result = replace(result, layers={first: result.layers[first], second: same, third: other})
    path = written(kind, tmp_path / "why", [Explained(network, result)], groups=("layers",))
    if kind is HtmlReport:
        page = Page(path.read_text())
        said, cells = path.read_text(), page.cells
        assert said.count("<figure>") == 2
    else:
        said = "\n".join(one.extract_text() for one in pypdf.PdfReader(path).pages)
        said = re.sub(r"[\t\xa0]", " ", said)
        cells = said.splitlines()
    assert f"Figure 1: layer {first}" in said
    assert f"Figure 2: layer {third}" in said
    assert "Figure 3" not in said
    assert cells[cells.index(f"layer {second}") + 1] == f"Figure 1: layer {first}"


def test_a_long_name_beside_another_picture_keeps_both_ends(qapp, tmp_path):
    network, result = fakes.cnn_result()
    first = next(iter(result.layers))
    paper = Paper(LIGHT, groups=("layers",), labels=((first, f"begin {'x' * 90} end"),))
    report = PdfReport(tmp_path / "why.pdf", paper, "Why?")
    finished(report, Explained(network, result))
    said = "\n".join(one.extract_text() for one in pypdf.PdfReader(tmp_path / "why.pdf").pages)
    assert re.search(rf"Figure\W1:\Wlayer\Wbegin\Wx*…x+\Wend\W\({first}\)", said)


def test_the_pdf_has_pages_of_a4_its_words_and_the_lines(qapp, two, tmp_path):
    reader = pypdf.PdfReader(written(PdfReport, tmp_path / "why.pdf", two))
    box = reader.pages[0].mediabox
    assert (float(box.width), float(box.height)) == (pytest.approx(595, abs=1), pytest.approx(842, abs=1))
    text = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    for one in two:
        assert one.result.sample in text
        for value in one.result.inputs["x"]:
            assert signed(value, 4) in text
    assert re.search(r"Why <so>\? · 1\b", text)
    assert [data.decode() for found in reader.attachments.values() for data in found] == [LINES, LINES]
    assert not any(page.images for page in reader.pages)


def test_gradients_have_no_table_of_conservation(qapp, tmp_path):
    from dataclasses import replace

    network, result = fakes.mlp_result()
    text = written(
        HtmlReport, tmp_path / "why.html", [Explained(network, replace(result, shows="gradient"))]
    ).read_text()
    assert "need not sum" in text


def test_nodes_that_pass_relevance_on_unchanged_are_counted_not_listed(qapp):
    network, result = fakes.mlp_result()
    lost = replace(result.ledger[0], layer="loses", rule="move", passed_on=result.ledger[0].arrived - 1, cut=1.0)
    plain = replace(lost, layer="moves", passed_on=lost.arrived, bias=0.0, stabilizer=0.0, cut=0.0, unexplained=0.0)
    moved = [replace(plain, layer=f"moves {n}") for n in range(12)]
    page = Page(tables(network, replace(result, ledger=(*result.ledger, lost, *moved)), None))
    assert "loses" in page.cells  # whatever its rule, what it lost is told
    assert not any(cell.startswith("moves") for cell in page.cells)
    before = sum(row.rule in ("move", "pass") and row.arrived == row.passed_on for row in result.ledger)
    text = tables(network, replace(result, ledger=(*result.ledger, lost, *moved)), None)
    assert f"And {before + 12} nodes that pass relevance on unchanged." in text


@pytest.mark.parametrize(("kind", "name"), [(HtmlReport, "why.html"), (PdfReport, "why.pdf")])
def test_an_older_report_stays_until_the_new_one_is_whole(qapp, two, kind, name, tmp_path):
    path = tmp_path / name
    path.write_text("older")
    report = kind(path, Paper(DARK, groups=GROUPS), "why")
    steps = report.sample(two[0])
    next(steps)
    steps.close()
    report.abandon()
    assert path.read_text() == "older"
    written(kind, path, two[:1], DARK)
    assert path.stat().st_size > 10_000
    with pytest.raises(ExportError, match="choose another place"):
        kind(tmp_path / "nowhere" / name, Paper(DARK), "why")


def test_a_page_says_whether_it_is_dark(qapp, two, tmp_path):
    for theme, scheme in ((LIGHT, "light"), (DARK, "dark")):
        text = written(HtmlReport, tmp_path / "why.html", two[:1], theme, ("conservation",)).read_text()
        assert f'<meta name="color-scheme" content="{scheme}">' in text


def test_narrow_pictures_stand_beside_each_other_in_the_pdf(qapp, tmp_path):
    one = Explained(*fakes.cnn_result())
    pages = {}
    for groups in (("inputs", "layers"), ()):
        path = written(PdfReport, tmp_path / "why.pdf", [one], groups=groups)
        pages[groups] = len(pypdf.PdfReader(path).pages)
    layers = 1 + len(one.result.layers)
    assert pages["inputs", "layers"] - pages[()] < 0.7 * layers


def test_a_wide_table_is_made_smaller_and_no_column_is_cut_off(qapp, tmp_path):
    network, result = fakes.mlp_result()
    long = "encoder.layers.11.attention.self.a_rather_long_name.of_a_layer"
    row = replace(result.ledger[0], layer=long, rule="epsilon(epsilon=1e-06)", softmax=0.5, cut=0.25, unsupported=0.125)
    result = replace(result, ledger=(row, *result.ledger[1:]))
    paper = Paper(DARK, groups=(), labels=((long, "the place I mean"),))
    report = PdfReport(tmp_path / "report.pdf", paper, "A report")
    for _ in report.sample(Explained(network, result), ""):
        pass
    report.finish()
    words = pypdf.PdfReader(tmp_path / "report.pdf")
    found = []

    def at(text, cm, tm, *_font):
        found.append((text.strip(), tm[4] * cm[0] + tm[5] * cm[2] + cm[4]))

    for page in words.pages:
        page.extract_text(visitor_text=at)
    width = float(words.pages[0].mediabox.width)
    assert any("unexplained" in text for text, _ in found)
    assert all(x < width for _, x in found)
    assert "the place I mean" in " ".join(page.extract_text() for page in words.pages).replace("\n", " ")


def test_a_report_from_a_german_window_is_german(qapp, two):
    one = two[0]
    languages.use("de")
    try:
        said = tables(one.network, one.result, None)
    finally:
        languages.use("en")
    assert "ungeklärt" in said
    assert "affine Abbildung" in said
    assert not re.search(r">(unexplained|affine map|stabilizer)<", said)


def test_kinds_of_operations_are_in_the_window_s_language_all_of_them(qapp):
    assert set(operations.KINDS) | {operations.UNSUPPORTED} == KINDS
    network, result = fakes.mlp_result()
    kinds = ("movement", "selection")
    ledger = [replace(row, kind=kind, rule="winner") for row, kind in zip(result.ledger, kinds, strict=False)]
    languages.use("de")
    try:
        assert all(kind_text(kind) != kind for kind in KINDS - {"bilinear"})
        said = tables(network, replace(result, ledger=tuple(ledger)), None)
    finally:
        languages.use("en")
    assert ">Verschiebung<" in said
    assert ">Auswahl<" in said


def test_where_every_relevance_is_zero_no_rows_of_zeros_are_listed(qapp):
    network, result = fakes.cnn_result()
    nothing = {name: np.zeros_like(relevance) for name, relevance in result.inputs.items()}
    assert sum(relevance.size for relevance in nothing.values()) > MOST_FEATURES
    said = tables(network, replace(result, inputs=nothing), None)
    assert "Every relevance here is zero" in said
    assert "the strongest first" not in said


@pytest.mark.parametrize("kind", [HtmlReport, PdfReport])
def test_a_full_disk_is_noticed_and_nothing_is_left(kind, qapp, two, tmp_path, monkeypatch):
    path = tmp_path / "why.pdf"
    report = kind(path, Paper(LIGHT, groups=GROUPS), "Why?")
    monkeypatch.setattr(report, "file", Full(report.file))
    with pytest.raises(ExportError, match="No space left on device"):
        finished(report, two[0])
    report.abandon()
    assert list(tmp_path.iterdir()) == []


def finished(report, one):
    for _ in report.sample(one, LINES):
        pass
    return report.finish()


class Full:
    """A file on a disk without room: Qt says nothing but how much it took."""

    def __init__(self, file):
        self.file = file

    def write(self, data):
        return len(data) // 2

    def __getattr__(self, name):
        return getattr(self.file, name)


def test_a_full_disk_of_which_qt_only_knows_that_something_failed_is_said(qapp):
    class Failed:
        def error(self):
            return QSaveFile.FileError.WriteError

        def errorString(self):  # noqa: N802 - as Qt calls it
            return QSaveFile().errorString()

    assert why_refused(Failed()) == "No space left on device"
