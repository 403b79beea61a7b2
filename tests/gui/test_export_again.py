"""From what a file says of itself alone the picture is drawn again, dot for dot."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from html import unescape

import numpy as np
import pytest
from PIL import Image

from lrp_gui.document.files import Source
from lrp_gui.document.series import Explained
from lrp_gui.export.exporters import save_sheet
from lrp_gui.export.making import Making, asked
from lrp_gui.export.recipe import recipe
from lrp_gui.export.render import picture_called
from lrp_gui.export.sheet import Sheet
from lrp_gui.jobs.engine import Engine
from lrp_gui.jobs.requests import SampleRequest
from lrp_gui.jobs.steps import run_now
from lrp_gui.theme import DARK, LIGHT, PRINT
from lrp_gui.viewer.colouring import CBTD1, Colouring, in_scheme
from lrp_gui.viewer.layers.folds import Folds
from lrp_gui.viewer.selection import Selection
from tests.gui.example import DIABETES, DIGITS

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
