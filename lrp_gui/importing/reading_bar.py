"""How the file is read: what was found, each to be changed; only what concerns the file's kind is shown."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QWidget

from lrp_gui.document.importing import Import, Reading
from lrp_gui.languages import mark, tr

SEPARATORS = ((",", mark("Comma")), (";", mark("Semicolon")), ("\t", mark("Tab")), ("|", mark("Bar")))
ENCODINGS = (
    *(("utf-8", "UTF-8"), ("latin-1", "Latin-1"), ("cp1252", "Windows-1252"), ("utf-16", "UTF-16")),
    *(("utf-16-le", "UTF-16 LE"), ("utf-16-be", "UTF-16 BE")),
)
DECIMALS = ((".", mark("Point: 3.14")), (",", mark("Comma: 3,14")))
UNEVEN = (("refuse", mark("Refuse the file")), ("fill", mark("Fill up or cut them")), ("skip", mark("Leave them out")))
ALIKE = (("refuse", mark("Refuse the file")), ("number", mark("Number the later ones")))
MERGED = (("first", mark("The first has the value")), ("all", mark("All have the value")))
TEXT, LINES, EXCEL = ("text",), ("lines",), ("excel",)
PER_ROW = 3


class ReadingBar(QWidget):
    """A box for each way in which a file may be read. `changed` says which one somebody changed, and to what."""

    changed = Signal(str, object)

    def __init__(self, source: Import, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = source
        self._rows: dict[str, tuple[QLabel, QComboBox, tuple[str, ...], bool]] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._add("separator", self.tr("Separat&or"), SEPARATORS, TEXT)
        self._add("encoding", self.tr("&Encoding"), ENCODINGS, (*TEXT, *LINES))
        self._add("decimal", self.tr("&Decimals"), DECIMALS, TEXT)
        self._add("sheet", self.tr("&Sheet"), (), EXCEL)
        self._add("merged", self.tr("Mer&ged cells"), MERGED, EXCEL, seldom=True)
        self._add("uneven", self.tr("Lines of another &length"), UNEVEN, (*TEXT, *EXCEL), seldom=True)
        self._add("alike", self.tr("Columns called ali&ke"), ALIKE, (*TEXT, *EXCEL), seldom=True)
        self.header = QCheckBox(self.tr("The first line &holds names"))
        self.header.toggled.connect(lambda on: self.changed.emit("header", on))
        self.follow()

    def box(self, name: str) -> QComboBox:
        """The box of one attribute of `Reading`."""
        return self._rows[name][1]

    def follow(self) -> None:
        """Show what was found, and only what concerns this file."""
        preview, whole = self._source.preview, self._source.whole
        kind = preview.kind if preview is not None else ""
        found = preview.found if preview is not None else Reading()
        choice = whole.choice if whole is not None else ""
        sheet = self.box("sheet")
        if preview is not None and sheet.count() != len(preview.sheets):
            with QSignalBlocker(sheet):
                sheet.clear()
                for name in preview.sheets:
                    sheet.addItem(name, name)
        shown: list[tuple[QWidget, QWidget | None]] = []
        for name, (label, box, kinds, seldom) in self._rows.items():
            value = getattr(found, name)
            with QSignalBlocker(box):
                box.setCurrentIndex(max(0, box.findData(value)))
            merged = name == "merged" and whole is not None and any("merged cells" in note for note in whole.notes)
            wanted = merged or name == choice or getattr(self._source.plan.reading, name) != getattr(Reading(), name)
            visible = kind in kinds and (not seldom or wanted) and (name != "sheet" or box.count() > 1)
            label.setVisible(visible)
            box.setVisible(visible)
            if visible:
                shown.append((label, box))
        visible = kind in (*TEXT, *EXCEL)
        self.header.setVisible(visible)
        with QSignalBlocker(self.header):
            self.header.setChecked(bool(preview is not None and preview.named))
        if visible:
            shown.append((self.header, None))
        self._arrange(shown)
        self.setVisible(bool(shown))

    def _add(
        self,
        name: str,
        title: str,
        entries: tuple[tuple[str, str], ...],
        kinds: tuple[str, ...],
        *,
        seldom: bool = False,
    ) -> None:
        box, label = QComboBox(), QLabel(title)
        for value, text in entries:
            box.addItem(tr(text), value)
        box.setAccessibleName(title.replace("&", ""))
        label.setBuddy(box)
        box.activated.connect(lambda _index: self._activated(name, box.currentData()))
        self._rows[name] = label, box, kinds, seldom

    def _activated(self, name: str, value: Any) -> None:
        preview = self._source.preview
        if preview is not None and getattr(preview.found, name) != value:
            self.changed.emit(name, value)

    def _arrange(self, shown: list[tuple[QWidget, QWidget | None]]) -> None:
        while self._grid.count():
            self._grid.takeAt(0)
        for place, (first, second) in enumerate(shown):
            row, column = divmod(place, PER_ROW)
            if second is None:
                self._grid.addWidget(first, row, 2 * column, 1, 2)
            else:
                self._grid.addWidget(first, row, 2 * column)
                self._grid.addWidget(second, row, 2 * column + 1)
        self._grid.setColumnStretch(2 * PER_ROW, 1)
