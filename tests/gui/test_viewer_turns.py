"""No turn of the main thread draws more than a slice of a picture; what was drawn stays in sight meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, QSizeF

from lrp_gui.theme import DARK, LIGHT
from lrp_gui.viewer import sketch
from lrp_gui.viewer.canvas import Canvas
from lrp_gui.viewer.operations.picture import OperationsPicture
from lrp_gui.viewer.picture import Drawing, GraphPicture
from lrp_gui.viewer.pictures import strip_picture
from lrp_gui.viewer.scales import drawn
from lrp_gui.viewer.selection import Selection
from lrp_gui.viewer.sketch import Sketch
from tests.gui import fakes
from tests.gui.operation_graphs import amounts, everything, laid_out, u_net

SIZE = QSizeF(900, 560)


@dataclass
class Slow(GraphPicture):
    """Ten steps, each of which takes as long as a turn may."""

    colour: str = "#ff0000"
    took: list[int] = field(default_factory=list)

    def steps(self, size):
        for n in range(10):
            yield lambda ink, n=n: self._bar(ink, size, n)

    def _bar(self, ink, size, n):
        self.took.append(n)
        ink.box(QRectF(n * size.width() / 10, 0, size.width() / 10, size.height()), self.colour)


@pytest.fixture
def clock(monkeypatch):
    """A step takes a slice of time."""
    now = [0.0]

    def later():
        now[0] += sketch.SLICE_MS / 1000
        return now[0]

    monkeypatch.setattr(sketch, "clock", later)
    return now


@pytest.fixture
def canvas(qtbot):
    found = Canvas(LIGHT, "graph")
    qtbot.addWidget(found)
    found.resize(500, 300)
    found.show()
    qtbot.waitExposed(found)
    return found


def turns_of(picture: Drawing) -> tuple[list[int], Sketch]:
    """How many steps each turn took."""
    found, steps = [], picture.steps(SIZE)
    work = Sketch(picture, SIZE, QRectF(QPointF(), SIZE), 1.0, 1.0)
    taken = 0

    def counted():
        nonlocal taken
        for step in steps:
            taken += 1
            yield step

    work._steps = counted()
    while not work.done:
        before = taken
        work.advance()
        found.append(taken - before)
    return found, work


def test_a_turn_ends_after_its_slice(clock, qapp):
    found, _ = turns_of(Slow(LIGHT))
    assert found == [1] * 10 + [0]


@pytest.mark.parametrize("scale", ["neurons", "layers", "operations", "strip"])
def test_large_pictures_are_many_steps_and_the_same_as_in_one_go(scale, qapp):
    if scale == "operations":
        graph = u_net(24, 24)
        picture = OperationsPicture(LIGHT, layout=laid_out(graph, everything(graph)), amounts=amounts(graph))
    elif scale == "strip":
        picture = strip_picture(*fakes.mlp_result((4,) * 24, target=3), LIGHT)
    else:
        network, result = fakes.mlp_result((64, 64, 48, 10), target=3) if scale == "neurons" else fakes.cnn_result()
        picture = drawn(network, result, LIGHT, Selection(scale=scale))[1]
    steps = list(picture.steps(SIZE))
    assert len(steps) > 5
    work = Sketch(picture, SIZE, QRectF(QPointF(), SIZE), 1.0, 1.0)
    while not work.done:
        work.advance(0)  # each step in a turn of its own
    whole = Sketch(picture, SIZE, QRectF(QPointF(), SIZE), 1.0, 1.0).finish()
    assert work.pixmap.toImage() == whole.toImage()
    assert picture.spots or scale == "operations"


def test_no_step_of_an_mlp_draws_more_than_a_few_ribbons(qapp, monkeypatch):
    from lrp_gui.viewer.ink import Ink
    from lrp_gui.viewer.neuron_picture import BATCH

    network, result = fakes.mlp_result((64, 128, 128, 10), target=3)
    picture = drawn(network, result, LIGHT, Selection())[1]
    drawn_now, most = [0], [0]
    ribbon = Ink.ribbon

    def counted(self, *arguments):
        drawn_now[0] += 1
        ribbon(self, *arguments)

    monkeypatch.setattr(Ink, "ribbon", counted)
    work, every = Sketch(picture, SIZE, QRectF(QPointF(), SIZE), 1.0, 1.0), 0
    while not work.done:
        drawn_now[0] = 0
        work.advance(0)
        every, most[0] = every + drawn_now[0], max(most[0], drawn_now[0])
    assert every > 10 * BATCH
    assert most[0] <= 3 * 128 * 2  # the stubs of one picture, three pieces each


def test_the_old_picture_stays_until_the_new_one_is_whole(canvas, clock, qtbot):
    canvas.set_picture(Slow(LIGHT))
    canvas.finish()
    assert canvas.grab().toImage().pixelColor(490, 150).name() == "#ff0000"
    canvas.set_picture(Slow(LIGHT, colour="#0000ff"))
    canvas.repaint()
    assert canvas.unfinished
    assert canvas.drawn.toImage().pixelColor(5, 150).name() == "#ff0000"
    qtbot.waitUntil(lambda: not canvas.unfinished)
    assert canvas.drawn.toImage().pixelColor(5, 150).name() == "#0000ff"


def test_the_first_picture_is_seen_coming(canvas, clock, qtbot):
    canvas.set_picture(Slow(LIGHT))
    canvas.repaint()
    image = canvas.drawn.toImage()
    assert image.pixelColor(5, 150).name() == "#ff0000"
    assert image.pixelColor(490, 150).name() == LIGHT.background
    qtbot.waitUntil(lambda: not canvas.unfinished)
    assert canvas.drawn.toImage().pixelColor(490, 150).name() == "#ff0000"


def test_a_copy_of_the_window_is_whole(canvas, clock):
    canvas.set_picture(Slow(LIGHT))
    canvas.repaint()
    assert canvas.unfinished
    assert canvas.grab().toImage().pixelColor(490, 150).name() == "#ff0000"
    assert not canvas.unfinished


def test_moving_shows_the_drawn_copy_and_draws_nothing(canvas, clock, qtbot):
    picture = Slow(LIGHT)
    canvas.set_picture(picture)
    canvas.finish()
    picture.took.clear()
    canvas.zoom_about(QPointF(250, 150), 2.0)
    for _ in range(5):
        canvas.pan(QPointF(3, 1))
        canvas.repaint()
    assert picture.took == []
    qtbot.waitUntil(lambda: not canvas.moving and not canvas.unfinished)
    assert set(picture.took) == set(range(10))


def test_who_moves_while_it_is_drawn_does_not_wait_for_it(canvas, clock, qtbot):
    picture = Slow(LIGHT)
    canvas.set_picture(picture)
    canvas.finish()
    canvas.refresh()
    canvas.repaint()
    canvas.pan(QPointF(30, 0))
    assert not canvas.unfinished or canvas._sketch is None
    qtbot.waitUntil(lambda: not canvas.moving and not canvas.unfinished)


def test_the_map_comes_in_turns_of_its_own(canvas, clock, qtbot):
    picture = Slow(LIGHT)
    canvas.zoom, canvas.offset = 3.0, QPointF(-100, -50)
    canvas.set_picture(picture)
    canvas.repaint()
    assert canvas._minimap._copy.isNull()
    qtbot.waitUntil(lambda: not canvas._minimap._copy.isNull())
    assert picture.took[:10] == list(range(10))  # first what is looked at


def test_another_theme_shows_no_old_colours(canvas, clock):
    canvas.set_picture(Slow(LIGHT))
    canvas.finish()
    canvas.set_theme(DARK)
    canvas.repaint()
    assert canvas.drawn.toImage().pixelColor(490, 150).name() == DARK.background


def test_sums_are_those_of_the_numbers(qapp):
    from lrp_gui.document.sums import sums_of

    rng = np.random.default_rng(0)
    values = rng.normal(size=(3, 4, 5)).astype(np.float32)
    found = sums_of(values)
    assert found.positive == pytest.approx(values[values > 0].sum(dtype=float))
    assert found.negative == pytest.approx(values[values < 0].sum(dtype=float))
    assert found.largest == pytest.approx(np.abs(values).max())
    assert found.channels == pytest.approx(values.sum(axis=(1, 2)), rel=1e-5)
    assert found.plane == pytest.approx(values.sum(axis=0), rel=1e-4, abs=1e-6)
    assert found.finite
    broken = values.copy()
    broken[0, 0, 0] = np.nan
    assert not sums_of(broken).finite
    assert np.isfinite(sums_of(broken).size)
    assert sums_of(np.abs(values)).negative == 0.0
    assert sums_of(np.zeros((0,))).total == 0.0
