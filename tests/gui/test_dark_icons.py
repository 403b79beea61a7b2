"""What Qt itself draws in black can be seen in the dark, too."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QListWidget,
    QListWidgetItem,
    QRadioButton,
    QStyle,
    QWidget,
)

from lrp_gui import theme
from lrp_gui.app import make_window
from lrp_gui.ticks import TickDelegate

PIXMAPS = QStyle.StandardPixmap


@pytest.fixture
def app(qapp):
    before, name = qapp.palette(), QIcon.themeName()
    yield qapp
    for name in (None, *theme.TICKED):
        qapp.setPalette(before, name)
    QIcon.setThemeName(name)
    QIcon.setFallbackSearchPaths([])


def lightness(app: QApplication, which: QStyle.StandardPixmap) -> float:
    """How light the ink of one of the style's icons is on the average."""
    image = app.style().standardIcon(which).pixmap(16, 16).toImage()
    places = [(x, y) for x in range(image.width()) for y in range(image.height())]
    inks = [image.pixelColor(*place) for place in places if image.pixelColor(*place).alphaF() > 0.5]
    return sum(ink.lightnessF() for ink in inks) / len(inks)


@pytest.mark.parametrize(
    "which",
    [PIXMAPS.SP_ArrowBack, PIXMAPS.SP_ArrowForward, PIXMAPS.SP_FileDialogToParent, PIXMAPS.SP_DialogCloseButton],
    ids=lambda which: which.name,
)
def test_the_arrows_of_the_file_dialog_stand_out_in_both_themes(app, which):
    theme.apply(app, theme.DARK)
    assert lightness(app, which) > 0.7
    theme.apply(app, theme.LIGHT)
    assert lightness(app, which) < 0.4


def ticked(kind: str) -> QWidget:
    """Something with one empty box to tick, which has the colours that are set now."""
    if kind != "list":
        return {"box": QCheckBox, "dot": QRadioButton}[kind]()
    box = QListWidget()
    box.setItemDelegate(TickDelegate(box))
    box.setFrameShape(QListWidget.Shape.NoFrame)
    QListWidgetItem(box).setCheckState(Qt.CheckState.Unchecked)
    return box


@pytest.mark.parametrize("kind", ["box", "dot", "list"])
@pytest.mark.parametrize("colours", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
def test_the_frame_of_what_is_not_ticked_can_be_seen(app, qtbot, kind, colours):
    theme.apply(app, theme.LIGHT if colours.dark else theme.DARK)
    theme.apply(app, colours)
    widget = ticked(kind)
    qtbot.addWidget(widget)
    widget.resize(60, 24)
    image = widget.grab().toImage()
    lights = [image.pixelColor(x, y).lightnessF() for x in range(24) for y in range(image.height())]
    ground = QColor(colours.panel).lightnessF()
    assert max(abs(light - ground) for light in lights) > 0.2


def test_a_window_in_the_dark_brings_them(app):
    window = make_window("dark")
    assert lightness(app, PIXMAPS.SP_FileDialogToParent) > 0.7
    window.set_theme("light")
    assert lightness(app, PIXMAPS.SP_FileDialogToParent) < 0.4
    window.close()
