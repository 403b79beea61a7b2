"""The size of the letters, in the whole window and in its pictures: as the system has it, or as somebody chose it."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QTableView, QWidget

# The dynamic property of the application that keeps the system's own size while another one is chosen.
_SYSTEM = "system font size"
_SIZE_SET = 2  # Qt's mark of a font whose size somebody set; PySide does not name it


def apply(app: QApplication, points: int) -> None:
    """Give every widget letters of this size; 0 for the system's.

    What was measured once follows: rows of tables, and the fonts of labels that are larger or smaller than the rest.
    """
    system = app.property(_SYSTEM)
    if system is None and not points:
        return
    font = app.font()
    if system is None:
        app.setProperty(_SYSTEM, font.pointSizeF())
    wanted = float(points) if points else float(app.property(_SYSTEM))
    grown = wanted / font.pointSizeF()
    if grown == 1.0:
        return
    before = {widget: _own_size(widget) for widget in app.allWidgets()}
    font.setPointSizeF(wanted)
    app.setFont(font)
    for widget, size in before.items():
        _follow(widget, size, grown)


def text_scale() -> float:
    """How much larger than the system's the letters are, for pictures that are drawn in pixels."""
    app = QApplication.instance()
    system = app.property(_SYSTEM) if isinstance(app, QApplication) else None
    return QApplication.font().pointSizeF() / system if system else 1.0


def _own_size(widget: QWidget) -> float:
    """The size in points that somebody gave this widget; 0 where it has its parent's."""
    font = widget.font()
    return font.pointSizeF() if font.resolveMask() & _SIZE_SET else 0.0


def _follow(widget: QWidget, size: float, grown: float) -> None:
    if size > 0 and _own_size(widget):
        font = widget.font()
        font.setPointSizeF(size * grown)
        widget.setFont(font)
    if isinstance(widget, QTableView):
        header = widget.verticalHeader()
        header.setDefaultSectionSize(max(header.minimumSectionSize(), round(header.defaultSectionSize() * grown)))
