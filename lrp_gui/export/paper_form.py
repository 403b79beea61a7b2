"""How large, how fine and in which colours: the lines of a form that make a sheet."""

from __future__ import annotations

from PySide6.QtCore import QObject, QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QFormLayout, QHBoxLayout, QLabel, QSpinBox

from lrp_gui.export.sheet import CSS_DPI, LARGEST_SIDE, MM_PER_INCH, Sheet, pixels
from lrp_gui.languages import mark
from lrp_gui.theme import THEMES, Theme
from lrp_gui.viewer.picture import Drawing

PIXELS, MILLIMETRES = "px", "mm"
# Width, height and unit; 0 follows the picture's proportions.
SIZES: tuple[tuple[float, float, str], ...] = (
    (0, 0, PIXELS),
    (1600, 1000, PIXELS),
    (1920, 1080, PIXELS),
    (2400, 0, PIXELS),
    (2400, 1500, PIXELS),
    (3840, 2160, PIXELS),
    (85, 0, MILLIMETRES),  # a column of a journal, and its page
    (174, 0, MILLIMETRES),
    (297, 210, MILLIMETRES),  # A4, lying
)
PRINT_DPI = 300
FEWEST = 64  # pixels a side

_THEME_TITLES = {"light": mark("light"), "dark": mark("dark")}


class PaperForm(QObject):
    """Size in pixels or millimetres with a resolution, text size, colours, caption, transparency."""

    changed = Signal()

    def __init__(self, theme: Theme, *, several: bool = False) -> None:
        super().__init__()
        self._several = several  # then a size is chosen for pictures of different proportions
        self._picture: Drawing | None = None
        self.size_box = QComboBox()
        for width, height, unit in SIZES:
            if not several or not height:
                self.size_box.addItem(self._size_text(width, height, unit), (width, height, unit))
        self.width_box, self.height_box = self._length(self.tr("Width")), self._length(self.tr("Height"))
        self.unit = QComboBox()
        self.unit.addItems([PIXELS, MILLIMETRES])
        self.unit.setAccessibleName(self.tr("Unit of the size"))
        self.dpi = QSpinBox(minimum=36, maximum=2400, value=round(CSS_DPI), singleStep=50)
        self.dpi.setSuffix(self.tr(" dots per inch"))
        self.text_size = QSpinBox(minimum=25, maximum=400, value=100, suffix=" %", singleStep=10)
        self.theme_box = QComboBox()
        for one in THEMES.values():
            self.theme_box.addItem(self.tr(_THEME_TITLES.get(one.name, one.name)), one)
        names = [one.name for one in THEMES.values()]
        self.theme_box.setCurrentIndex(names.index(theme.name) if theme.name in names else 0)
        self.caption = QCheckBox(self.tr("Caption &below the picture"))
        self.caption.setChecked(True)
        self.transparent = QCheckBox(self.tr("T&ransparent background"))
        self._unit = PIXELS
        self._limit()
        self.size_box.currentIndexChanged.connect(self._take_size)
        self.unit.currentTextChanged.connect(self._change_unit)
        self.dpi.valueChanged.connect(self._limit)
        for box in (self.width_box, self.height_box, self.text_size, self.dpi):
            box.valueChanged.connect(self._tell)
        self.theme_box.currentIndexChanged.connect(self._tell)
        self.caption.toggled.connect(self._take_size)
        self.transparent.toggled.connect(self._tell)

    def add_to(self, form: QFormLayout) -> None:
        """Put the lines into a form."""
        form.addRow(self.tr("Si&ze"), self.size_box)
        if not self._several:
            size = QHBoxLayout()
            for part, share in ((self.width_box, 1), (QLabel("×"), 0), (self.height_box, 1), (self.unit, 0)):
                size.addWidget(part, share)
            form.addRow("", size)
        form.addRow(self.tr("R&esolution"), self.dpi)
        form.addRow(self.tr("&Text size"), self.text_size)
        form.addRow(self.tr("Co&lours"), self.theme_box)
        form.addRow("", self.caption)
        form.addRow("", self.transparent)
        label = form.labelForField(self.text_size)
        label.setMinimumWidth(label.sizeHint().width() + 2)  # Qt measures “Te” as closer than it draws it

    def set_sizes(self, there: bool) -> None:
        """Whether there is a size to choose at all."""
        for part in (self.size_box, self.dpi, self.text_size, self.caption, self.transparent):
            part.setEnabled(there)

    def set_enabled(self, *, enabled: bool) -> None:
        """While something is written nothing can be chosen."""
        self.set_sizes(enabled)
        self.theme_box.setEnabled(enabled)

    def follow(self, picture: Drawing | None) -> None:
        """Another picture, with other proportions."""
        self._picture = picture
        self._take_size()

    def sheet(self, picture: Drawing) -> Sheet:
        """All that was chosen, for a picture."""
        width, height = (self._pixels(box.value()) for box in (self.width_box, self.height_box))
        return self._sheet(picture, width, height)

    def sheet_like(self, picture: Drawing) -> Sheet:
        """The same for one picture of many: what follows proportions follows this picture's."""
        width, height, unit = self.size_box.currentData()
        return self._sheet(picture, self._to_pixels(width, unit), self._to_pixels(height, unit))

    def _sheet(self, picture: Drawing, width: int, height: int) -> Sheet:
        sheet = Sheet.of(
            picture,
            self.theme_box.currentData(),
            width,
            height,
            caption=self.caption.isChecked(),
            dpi=self.dpi.value(),
            transparent=self.transparent.isChecked(),
        )
        scale = sheet.scale_for(picture) * self.text_size.value() / 100
        return Sheet(sheet.width, sheet.height, sheet.theme, scale, sheet.caption, sheet.dpi, sheet.transparent)

    def _take_size(self) -> None:
        """Put the chosen size, or the picture's own, into the boxes."""
        width, height, unit = self.size_box.currentData()
        if unit == MILLIMETRES and self.dpi.value() < PRINT_DPI:
            self.dpi.setValue(PRINT_DPI)
        self.unit.setCurrentText(unit)
        if self._picture is not None:
            sides = (self._to_pixels(side, unit) for side in (width, height))
            sheet = Sheet.of(
                self._picture,
                self.theme_box.currentData(),
                *sides,
                caption=self.caption.isChecked(),
                dpi=self.dpi.value(),
            )
            self._put(sheet.width, sheet.height)
        self._tell()

    def _put(self, width: float, height: float) -> None:
        """Pixels into the boxes, in the unit that they stand in."""
        with QSignalBlocker(self.width_box), QSignalBlocker(self.height_box):
            for box, side in ((self.width_box, width), (self.height_box, height)):
                box.setValue(side if self._unit == PIXELS else side / self.dpi.value() * MM_PER_INCH)

    def _change_unit(self, unit: str) -> None:
        """The same size in the other unit."""
        sides = [self._pixels(box.value()) for box in (self.width_box, self.height_box)]
        self._unit = unit
        self._limit()
        self._put(*sides)
        self._tell()

    def _limit(self) -> None:
        """What a side may be, in the unit that it stands in."""
        part = 1.0 if self._unit == PIXELS else MM_PER_INCH / self.dpi.value()
        with QSignalBlocker(self.width_box), QSignalBlocker(self.height_box):
            for box in (self.width_box, self.height_box):
                box.setDecimals(0 if self._unit == PIXELS else 1)
                box.setSingleStep(100 if self._unit == PIXELS else 5)
                box.setRange(FEWEST * part, LARGEST_SIDE * part)

    def _pixels(self, side: float) -> int:
        return self._to_pixels(side, self._unit)

    def _to_pixels(self, side: float, unit: str) -> int:
        return pixels(side, self.dpi.value()) if unit == MILLIMETRES else round(side)

    def _tell(self) -> None:
        self.changed.emit()

    def _size_text(self, width: float, height: float, unit: str) -> str:
        if not width:
            return self.tr("as the picture likes")
        if not height:
            return self.tr("{width} {unit} wide").format(width=f"{width:g}", unit=unit)
        return f"{width:g} × {height:g} {unit}"

    def _length(self, name: str) -> QDoubleSpinBox:
        box = QDoubleSpinBox()
        box.setAccessibleName(name)
        box.setKeyboardTracking(False)
        return box
