"""From what a file says of itself alone the picture is drawn again, dot for dot."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from html import unescape

import numpy as np
import pytest
from PIL import Image

from lrp_gui.document.called import as_in_table, names_of
from lrp_gui.document.files import Source
from lrp_gui.document.series import Explained
from lrp_gui.document.table import fresh_table
from lrp_gui.export.exporters import save_sheet
from lrp_gui.export.making import Making, asked, packed_names, unpacked_names
from lrp_gui.export.recipe import recipe, recipe_of_rows
from lrp_gui.export.render import picture_called
from lrp_gui.export.samples import samples_picture, samples_written
from lrp_gui.export.sheet import Sheet
from lrp_gui.jobs.engine import Engine
from lrp_gui.jobs.requests import SampleRequest
from lrp_gui.jobs.steps import run_now
from lrp_gui.theme import DARK, LIGHT, PRINT
from lrp_gui.viewer.colouring import CBTD1, Colouring, in_scheme
from lrp_gui.viewer.layers.folds import Folds
from lrp_gui.viewer.matrix.picture import MatrixPicture
from lrp_gui.viewer.selection import Selection
from tests.gui.example import DIABETES, DIGITS
from tests.gui.networks import saved

OPENED = Selection(folds=Folds(frozenset({"conv1", "conv2", "conv2#2"})), labels={"conv2": "edges of edges"})
COLOURED = Selection(layer="fc1", colouring=Colouring(scheme=CBTD1, marks=True))


@cache
def explained(path):
    engine = Engine()
    opened = run_now(engine.open(Source(str(path))))
    request = SampleRequest(opened.network, 2, "third", opened.table.values[2], "max", "epsilon_plus")
    result = run_now(engine.explain_sample(request))
    return Explained(opened.network, result, request, cache(lambda kind: run_now(engine.more(kind, request))))


def written(path, one, title, look, sheet_options):
    """The picture in a file, and the lines that lie in it."""
    theme = sheet_options.pop("theme")
    picture = picture_called(title, one, in_scheme(theme, look.colouring.scheme), look)
    sheet = Sheet.of(picture, theme, **sheet_options)
    making = Making(recipe(one.network, one.result, one.request), (asked(one.request, one.result),), look)
    save_sheet(picture, path, sheet, making.of(title, picture, sheet, path.name))
    return picture


def lines_in(path):
    if path.suffix == ".png":
        with Image.open(path) as image:
            return image.text["Source"]
    return unescape(re.search(r"<metadata>(.*?)</metadata>", path.read_text(), re.DOTALL)[1])


def dots(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA"))


@pytest.mark.parametrize(
    ("network", "title", "look", "options"),
    [
        (DIABETES, "overview", COLOURED, {"theme": DARK, "transparent": True, "scale": 1.3}),
        (DIGITS, "network graph", OPENED, {"theme": PRINT, "width": 900, "dpi": 200.0, "caption": False}),
        (DIGITS, "graph of operations", Selection(), {"theme": LIGHT}),
    ],
    ids=["coloured and transparent", "an open channel and its kernel", "operations"],
)
def test_the_lines_in_a_file_draw_its_picture_again(network, title, look, options, qapp, tmp_path, monkeypatch, capsys):
    path = tmp_path / "picture.png"
    written(path, explained(network), title, look, dict(options))
    lines = lines_in(path)
    (tmp_path / "again").mkdir()
    monkeypatch.chdir(tmp_path / "again")
    exec(compile(lines, "recipe", "exec"), {})
    assert np.array_equal(dots(path), dots(tmp_path / "again" / "picture.png"))


def test_features_are_called_again_as_the_table_headed_them(qapp, tmp_path, monkeypatch, capsys):
    path, table = saved("blocks", tmp_path)
    lines = table.read_text().splitlines()
    count = len(lines[0].split(","))
    table.write_text("\n".join([",".join(f"gauge {n} [bar]" for n in range(count)), *lines[1:]]))
    engine = Engine()
    opened = run_now(engine.open(Source(str(path)), str(table)))
    network = as_in_table(opened.network, fresh_table(opened.table.features))
    assert network.inputs[0].headed
    request = SampleRequest(network, 0, "first", opened.table.values[0], "max", "epsilon_plus")
    one = Explained(network, run_now(engine.explain_sample(request)), request, lambda _kind: None)
    picture = tmp_path / "picture.svg"
    written(picture, one, "overview", Selection(), {"theme": LIGHT})
    before = picture.read_text()
    monkeypatch.chdir(tmp_path)
    exec(compile(lines_in(picture), "recipe", "exec"), {})
    drawn = picture.read_text()
    assert "gauge 3" in drawn
    assert drawn == re.sub(r"<metadata>.*?</metadata>\n?", "", before, flags=re.DOTALL)
    many = {"x": [[f"name {n}" for n in range(200)], [""] * 200]}
    assert unpacked_names(packed_names(many)) == many
    assert unpacked_names(asked(request, one.result)["names"]) == names_of(network)


def test_the_numbers_of_a_drawing_come_again(qapp, tmp_path, monkeypatch, capsys):
    path = tmp_path / "picture.svg"
    written(path, explained(DIABETES), "network graph", Selection(), {"theme": LIGHT})
    before = path.read_text()
    monkeypatch.chdir(tmp_path)
    exec(compile(lines_in(path), "recipe", "exec"), {})
    assert path.read_text() == re.sub(r"<metadata>.*?</metadata>\n?", "", before, flags=re.DOTALL)


def test_an_exported_graph_waits_for_nothing(qapp, tmp_path):
    """What the window asks the worker for while something stands open, the export has, too."""
    one = explained(DIGITS)
    for title, look in (("network graph", OPENED), ("overview", replace(OPENED, scale="operations"))):
        path = tmp_path / "picture.svg"
        written(path, one, title, look, {"theme": LIGHT})
        assert "…" not in re.sub(r"<metadata>.*?</metadata>", "", path.read_text(), flags=re.DOTALL)


def test_a_transparent_sheet_stays_so_in_other_colours(qapp, tmp_path):
    path = tmp_path / "picture.png"
    written(path, explained(DIABETES), "network graph", COLOURED, {"theme": LIGHT, "transparent": True})
    assert dots(path)[2, 2, 3] == 0


def test_the_picture_of_all_samples_is_drawn_again(qapp, tmp_path, monkeypatch, capsys):
    one = explained(DIABETES)
    values = run_now(Engine().open(Source(str(DIABETES)))).table.values
    rows, features = np.array([5, 2, 9]), np.array([8, 2, 3, 0])
    lines = {}
    exec(compile(recipe_of_rows(one.network, one.result, one.request, values[rows]), "recipe", "exec"), lines)
    picture = MatrixPicture(
        in_scheme(DARK, CBTD1),
        title="All samples of diabetes",
        caption="diabetes · three",
        heading="3 samples × 4 features",
        relevance=lines["relevance"][:, features],
        rows=["five", "two\nlines", "„neun“"],
        columns=[one.network.inputs[0].features[n].name for n in features],
        samples=rows,
        features=features,
        remark="the strongest 4 of 10 features",
        marked_row=1,
        marked_column=2,
        colouring=Colouring(scheme=CBTD1, clip=95.0, marks=True),
    )
    sheet = Sheet.of(picture, DARK, 700, dpi=150.0)
    making = Making(rows=lambda chosen: recipe_of_rows(one.network, one.result, one.request, values[chosen]))
    save_sheet(picture, tmp_path / "all.png", sheet, making.of("all samples", picture, sheet, "all.png"))
    (tmp_path / "again").mkdir()
    monkeypatch.chdir(tmp_path / "again")
    exec(compile(lines_in(tmp_path / "all.png"), "recipe", "exec"), {})
    assert np.array_equal(dots(tmp_path / "all.png"), dots(tmp_path / "again" / "all.png"))
    with pytest.raises(ValueError, match="3 samples"):
        samples_picture(samples_written(picture), lines["relevance"][:2], DARK)
    too_many = Making(rows=lambda _rows: "# they are too many to stand here.\n")
    assert too_many.of("all samples", picture, sheet, "all.png") == "# they are too many to stand here.\n"
