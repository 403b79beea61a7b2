"""The size of the letters, in the whole window and in its pictures: as the system has it, or as somebody chose it."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QDockWidget, QHeaderView, QWidget

# With more columns only those follow that come to be seen later.
MOST_COLUMNS = 500
# The dynamic property of the application that keeps the system's own size while another one is chosen.
_SYSTEM = "system font size"
_SIZE_SET = 2  # Qt's mark of a font whose size somebody set; PySide does not name it
_NOT_THE_SAME = 1 / 64  # of a point: another font, which nobody sees
_UNBOUNDED = (1 << 24) - 1  # Qt's largest size of a widget, which means none


def apply(app: QApplication, points: int) -> None:
    """Give every widget letters of this size; 0 for the system's.

    What was measured once follows: rows and columns of tables, sizes that labels and buttons were given, and the fonts
    of those that are larger or smaller than the rest.
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
    # All of them first: some follow each other.
    before = [(widget, _own_size(widget)) for widget in app.allWidgets()]
    columns = {widget: _columns(widget) for widget, _size in before if isinstance(widget, QHeaderView)}
    font.setPointSizeF(wanted)
    app.setFont(font)
    for widget, size in before:
        if isinstance(widget, QDockWidget):
            dress_dock(widget)
        elif size and _own_size(widget):
            own = widget.font()
            own.setPointSizeF(round(4 * size * grown) / 4)
            widget.setFont(own)
        if isinstance(widget, QHeaderView):
            _follow_header(widget, columns[widget], grown)
        elif not isinstance(widget, QAbstractScrollArea) and not widget.isWindow():
            _follow_bounds(widget, grown)


def dress_dock(dock: QDockWidget) -> None:
    """Let a dock's title follow: with the application's very font Qt draws it in the desktop's own size."""
    font = QApplication.font()
    font.setPointSizeF(font.pointSizeF() + _NOT_THE_SAME)
    dock.setFont(QFont() if text_scale() == 1.0 else font)


def text_scale() -> float:
    """How much larger than the system's the letters are, for pictures that are drawn in pixels."""
    app = QApplication.instance()
    system = app.property(_SYSTEM) if isinstance(app, QApplication) else None
    return QApplication.font().pointSizeF() / system if system else 1.0


def _own_size(widget: QWidget) -> float:
    """The size in points that somebody gave this widget; 0 where it has its parent's."""
    from PySide6.QtCore import Qt  # here: naming it builds all its enumerations, which start-up has no time for

    font = widget.font()
    own = widget.testAttribute(Qt.WidgetAttribute.WA_SetFont) and font.resolveMask() & _SIZE_SET
    return max(0.0, font.pointSizeF()) if own else 0.0


def _columns(header: QHeaderView) -> dict[int, int]:
    """How wide the columns are that somebody may drag."""
    from PySide6.QtCore import Qt

    if header.orientation() != Qt.Orientation.Horizontal or header.count() > MOST_COLUMNS:
        return {}
    free = QHeaderView.ResizeMode.Interactive
    return {one: header.sectionSize(one) for one in range(header.count()) if header.sectionResizeMode(one) == free}


def _follow_header(header: QHeaderView, columns: dict[int, int], grown: float) -> None:
    from PySide6.QtCore import Qt

    for column, size in columns.items():
        if not header.isSectionHidden(column):
            header.resizeSection(column, round(size * grown))
    if header.orientation() == Qt.Orientation.Vertical:
        header.setDefaultSectionSize(max(header.minimumSectionSize(), round(header.defaultSectionSize() * grown)))


def _follow_bounds(widget: QWidget, grown: float) -> None:
    least, most = widget.minimumSize(), widget.maximumSize()
    sizes = (least.width(), least.height(), most.width(), most.height())
    if sizes == (0, 0, _UNBOUNDED, _UNBOUNDED):
        return
    new = [size if size in {0, _UNBOUNDED} else round(size * grown) for size in sizes]
    # The larger bound first, or one would push the other.
    widget.setMaximumSize(QSize(max(new[2], least.width()), max(new[3], least.height())))
    widget.setMinimumSize(QSize(*new[:2]))
    widget.setMaximumSize(QSize(*new[2:]))
