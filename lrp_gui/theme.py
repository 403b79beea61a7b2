"""Colours of the window and of every picture: three themes as frozen values, and how to put one on.

Relevance uses the hues of the CET-CBD1 map everywhere (blue below zero, ochre above), which people with
the common colour-vision deficiencies tell apart; sinks use hues that lie away from both.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from PySide6.QtGui import QColor, QIcon, QPalette
from PySide6.QtWidgets import QApplication

from lrp_gui.shipped import shipped

# Widgets with a box or a dot to tick; Qt takes the names as str, its stubs only as bytes.
TICKED: tuple[Any, ...] = ("QCheckBox", "QRadioButton")
SINKS = ("bias", "stabilizer", "softmax", "cut", "unsupported", "unexplained")


class Theme(NamedTuple):
    """Every colour as "#rrggbb"; `relevance_map` are the stops of the diverging map from -1 to +1."""

    name: str
    dark: bool
    background: str  # the canvas and the window
    panel: str  # lists, tables, boxes on the canvas
    raised: str  # buttons, headers, nodes of the graph
    text: str
    dim: str  # secondary text: still 4.5 : 1 on the background
    line: str  # borders, grids, axes
    positive: str
    negative: str
    other: str  # what is folded away
    accent: str  # selection and focus
    on_accent: str  # text on the accent
    warning: str
    link: str
    sinks: tuple[tuple[str, str], ...]
    relevance_map: tuple[str, ...]
    scheme: str = "cbd1"  # whose hues relevance has; pictures that are put into another theme keep it

    def sink(self, name: str) -> str:
        """The colour of a sink of the ledger."""
        return dict(self.sinks)[name]


# CET-CBD1 at -1, -0.8 … +1 (Kovesi's map, as pyqtgraph ships it under that name).
_CBD1 = (
    *("#3a90fe", "#73a2fc", "#98b5fa", "#b8c8f7", "#d5dcf4", "#ededec"),
    *("#e5dbc3", "#d8c798", "#cab56f", "#b9a144", "#a89008"),
)

LIGHT = Theme(
    name="light",
    dark=False,
    background="#fbfbfa",
    panel="#ffffff",
    raised="#f0f0ee",
    text="#1d2126",
    dim="#5d6670",
    line="#d3d6d9",
    positive="#a88a00",
    negative="#2f80ed",
    other="#b4b8bc",
    accent="#6d3fd1",
    on_accent="#ffffff",
    warning="#b3400a",
    link="#4a2fb0",
    sinks=(
        ("bias", "#b3589a"),
        ("stabilizer", "#0b8f70"),
        ("softmax", "#7a5bd0"),
        ("cut", "#d55e00"),
        ("unsupported", "#6b4226"),
        ("unexplained", "#30343a"),
    ),
    relevance_map=_CBD1,
)

# On a dark canvas zero has to be dark: the same two hues, lifted, meet in the background instead of in white.
DARK = Theme(
    name="dark",
    dark=True,
    background="#16191d",
    panel="#1d2126",
    raised="#2a2f36",
    text="#e8eaec",
    dim="#a3abb3",
    line="#3a4049",
    positive="#e0bd2e",
    negative="#58a4ff",
    other="#676e76",
    accent="#b79bff",
    on_accent="#16191d",
    warning="#ff9a5c",
    link="#b79bff",
    sinks=(
        ("bias", "#dd8fc4"),
        ("stabilizer", "#35c49d"),
        ("softmax", "#a48cf2"),
        ("cut", "#f0833a"),
        ("unsupported", "#b98b66"),
        ("unexplained", "#d0d4d8"),
    ),
    relevance_map=(
        *("#6db0ff", "#4f94e8", "#3b75bd", "#2d5890", "#233d61", "#1f242b"),
        *("#453c1d", "#6f5d1e", "#9a8122", "#c3a228", "#ecc836"),
    ),
)

PRINT = Theme(
    name="print",
    dark=False,
    background="#ffffff",
    panel="#ffffff",
    raised="#f4f4f4",
    text="#000000",
    dim="#4a4a4a",
    line="#c4c4c4",
    positive="#957a00",
    negative="#1f6fd6",
    other="#a8a8a8",
    accent="#5a2fc0",
    on_accent="#ffffff",
    warning="#a03a08",
    link="#3f269a",
    sinks=(
        ("bias", "#a3488a"),
        ("stabilizer", "#007a5e"),
        ("softmax", "#6546bd"),
        ("cut", "#c25400"),
        ("unsupported", "#5c381f"),
        ("unexplained", "#202020"),
    ),
    relevance_map=_CBD1,
)

THEMES = {theme.name: theme for theme in (LIGHT, DARK, PRINT)}


def theme_for(setting: str, app: QApplication) -> Theme:
    """The theme that a setting means: "light", "dark", "print", or "system" for the desktop's own choice."""
    from PySide6.QtCore import Qt  # here: naming it builds all its enumerations, which start-up has no time for

    if setting in THEMES:
        return THEMES[setting]
    dark = app.styleHints().colorScheme() == Qt.ColorScheme.Dark
    return DARK if dark else LIGHT


def first_theme(setting: str, app: QApplication) -> Theme:
    """The same before the first paint: judged by the palette that the desktop gave, which costs nothing."""
    return THEMES.get(setting) or (DARK if app.palette().window().color().lightnessF() < 0.5 else LIGHT)


def palette(theme: Theme) -> QPalette:
    """The theme as a palette, disabled parts included."""
    role = QPalette.ColorRole
    colours = {
        role.Window: theme.background,
        role.WindowText: theme.text,
        role.Base: theme.panel,
        role.AlternateBase: theme.raised,
        role.Text: theme.text,
        role.Button: theme.raised,
        role.ButtonText: theme.text,
        role.BrightText: theme.warning,
        role.ToolTipBase: theme.panel,
        role.ToolTipText: theme.text,
        role.PlaceholderText: theme.dim,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.on_accent,
        role.Accent: theme.accent,
        role.Link: theme.link,
        role.LinkVisited: theme.link,
        role.Light: theme.panel,
        role.Midlight: theme.line,
        role.Mid: theme.line,
        role.Dark: theme.other,
        role.Shadow: "#000000",
    }
    result = QPalette()
    for name, colour in colours.items():
        result.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, name, QColor(theme.other))
    result.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(theme.line))
    return result


def apply(app: QApplication, theme: Theme) -> None:
    """Put a theme on the whole application.

    Fusion with an own palette: asking Qt for a dark colour scheme does nothing on some platforms.
    """
    if app.style().objectName().lower() != "fusion":
        app.setStyle("Fusion")
    colour(app, theme)


def colour(app: QApplication, theme: Theme) -> None:
    """Give an application that has Fusion already the theme's colours."""
    app.setPalette(palette(theme))
    # Fusion frames boxes and dots in a darker shade of the window, which a dark one hides. They fill no background, so
    # that their window's colour is asked for this alone.
    framed = palette(theme)  # not a copy: to choose among the ways to make one, Qt's enumerations are built
    if theme.dark:
        framed.setColor(QPalette.ColorRole.Window, QColor(theme.dim))
        framed.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Window, QColor(theme.other))
    for name in TICKED:
        app.setPalette(framed, name)
    # The arrows of Qt's file dialog are black on the dark, unless the desktop's icons stand in for them.
    dark = shipped("icons/dark") if theme.dark else None
    if dark is not None or QIcon.fallbackSearchPaths():
        QIcon.setFallbackSearchPaths([str(dark)] if dark is not None else [])
        if not QIcon.themeName():
            QIcon.setThemeName("hicolor")  # without any, Qt asks no theme at all
