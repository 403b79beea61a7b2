"""Above the pictures of the detail: in which form, how opaque, and in which colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QMenu, QSizePolicy, QSlider, QToolButton, QWidget

from lrp_gui.settings import CLIP, LIMITS, MARKS, SCHEME
from lrp_gui.viewer.colouring import CBD1, CBTD1, CLIPS, EACH, GREY, SHARED, Colouring

AUTOMATIC = ""


class Offer(Protocol):
    """A form as the box names it."""

    @property
    def id(self) -> str:
        """What it is called in a selection."""
        ...

    @property
    def title(self) -> str:
        """What people call it."""
        ...

    @property
    def tip(self) -> str:
        """What it shows."""
        ...


def chosen_colouring() -> Colouring:
    """As it was left in the last session."""
    return Colouring(SCHEME.read(), LIMITS.read(), float(CLIP.read()), MARKS.read())


class FormBox(QComboBox):
    """The forms that fit what is shown; the first row leaves the choice to the program."""

    chosen = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumContentsLength(6)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._ids: tuple[str, ...] = ()
        self.activated.connect(lambda row: self.chosen.emit(self._ids[row]))

    def offer(self, forms: Sequence[Offer], chosen: str) -> None:
        """These, with one of them chosen; nothing to choose from hides the box."""
        ids = (AUTOMATIC, *(form.id for form in forms))
        if ids != self._ids:
            self._ids = ids
            self.clear()
            self.addItem(self.tr("Automatic"))
            for row, form in enumerate(forms, start=1):
                self.addItem(self.tr(form.title))
                self.setItemData(row, self.tr(form.tip), Qt.ItemDataRole.ToolTipRole)
        self.setCurrentIndex(ids.index(chosen) if chosen in ids else 0)
        self.setVisible(len(forms) > 1)


class ColourButton(QToolButton):
    """A menu with all that there is to set about colours. What is chosen is kept for the next session."""

    changed = Signal(object)  # Colouring

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(self.tr("Colours"))
        self.setAccessibleName(self.tr("Colours of relevance"))
        self.setToolTip(self.tr("Colour map, limits, clipping, and marks of the sign"))
        self.setAutoRaise(True)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self)
        self._groups = {
            "scheme": self._group(
                self.tr("Colours"),
                (
                    (CBD1, self.tr("Blue and ochre (CET-CBD1)")),
                    (CBTD1, self.tr("Cyan and red (CET-CBTD1)")),
                    (GREY, self.tr("Greys, with marks")),
                ),
                SCHEME.read(),
            ),
            "limits": self._group(
                self.tr("Limits"),
                ((SHARED, self.tr("One for all maps together")), (EACH, self.tr("Each map its own"))),
                LIMITS.read(),
            ),
            "clip": self._group(
                self.tr("Strongest colour"),
                tuple((clip, self._clip_text(clip)) for clip in CLIPS),
                CLIP.read(),
            ),
        }
        self._menu.addSeparator()
        self.marks = QAction(self.tr("Tell the sign by + and − as well"), self._menu, checkable=True)
        self.marks.setChecked(MARKS.read())
        self.marks.toggled.connect(self._on_change)
        self._menu.addAction(self.marks)
        self.setMenu(self._menu)

    def _clip_text(self, clip: str) -> str:
        if float(clip) == 100:
            return self.tr("At the largest |R|")
        return self.tr("At the {clip} % quantile of |R|").format(clip=clip)

    def _group(self, title: str, choices: Sequence[tuple[str, str]], chosen: str) -> QActionGroup:
        self._menu.addSection(title)
        group = QActionGroup(self)
        for value, text in choices:
            action = QAction(text, group, checkable=True)
            action.setData(value)
            action.setChecked(value == chosen)
            self._menu.addAction(action)
        group.triggered.connect(self._on_change)
        return group

    def action(self, part: str, value: str) -> QAction:
        """The choice of a value of "scheme", "limits" or "clip"."""
        return next(action for action in self._groups[part].actions() if action.data() == value)

    @property
    def colouring(self) -> Colouring:
        """What is chosen."""
        chosen = {part: group.checkedAction().data() for part, group in self._groups.items()}
        return Colouring(chosen["scheme"], chosen["limits"], float(chosen["clip"]), self.marks.isChecked())

    def show_colouring(self, colouring: Colouring) -> None:
        """Show what was chosen elsewhere; nobody is told."""
        self.action("scheme", colouring.scheme).setChecked(True)
        self.action("limits", colouring.limits).setChecked(True)
        self.action("clip", f"{colouring.clip:g}").setChecked(True)
        self.marks.blockSignals(True)
        self.marks.setChecked(colouring.marks)
        self.marks.blockSignals(False)

    def _on_change(self, _what: object) -> None:
        now = self.colouring
        for setting, value in ((SCHEME, now.scheme), (LIMITS, now.limits), (CLIP, f"{now.clip:g}"), (MARKS, now.marks)):
            setting.write(value)
        self.changed.emit(now)


class DetailBar(QWidget):
    """The form, the opacity where relevance lies over a value, and the colours."""

    def __init__(self, name: str, parts: Sequence[QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.forms = FormBox(name)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 3, 4, 2)
        layout.setSpacing(4)
        layout.addWidget(self.forms, 1)
        for part in parts:
            layout.addWidget(part)

    def minimumSizeHint(self) -> QSize:
        """It may become as narrow as the detail."""
        return QSize(120, super().minimumSizeHint().height())


def opacity_slider(name: str) -> QSlider:
    """How much of the value relevance hides."""
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, 100)
    slider.setValue(85)
    slider.setAccessibleName(name)
    slider.setToolTip(name)
    slider.setMinimumWidth(44)
    slider.setMaximumWidth(64)  # the name of the form beside it is worth more
    return slider
