"""Below the graph: how much of it is drawn, the backward sweep, and how it is looked at."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSlider, QToolButton, QWidget

from lrp_gui import motion
from lrp_gui.viewer.neurons import Visibility
from lrp_gui.viewer.scales import SCALES, Scale

SWEEP_MS = 1400
FRAME_MS = 33
ROOM_FOR_SCRUBBER = 70
GAP = 6


class Controls(QWidget):
    """Two sliders for what is visible, a play button with its scrubber, a menu for the rest."""

    scale_chosen = Signal(str)
    visibility_changed = Signal(object)  # Visibility
    swept = Signal(float)  # how far the relevance has been handed back, 0 … 1
    fit_asked = Signal()
    search_asked = Signal()
    path_toggled = Signal(bool)
    order_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.units = _slider(self.tr("Units drawn: the fewest of each layer that hold this share of its |R|"), 80)
        self.edges = _slider(self.tr("Edges drawn: the fewest that carry this share of |R| between drawn units"), 98)
        self._units_text, self._edges_text = QLabel(), QLabel()
        for slider in (self.units, self.edges):
            slider.setMinimum(1)
            slider.valueChanged.connect(self._on_visibility)
        self.sweep = _slider(self.tr("How far the relevance has been handed back, from the output to the input"), 100)
        self.play = QToolButton()
        self.play.setText("▶")  # the style's own icon is black on every theme
        self.play.setAccessibleName(self.tr("Play the backward sweep"))
        self.play.setToolTip(self.tr("Watch the relevance being handed back (Space)"))
        self.play.setAutoRaise(True)
        self.play.clicked.connect(self.start_sweep)
        self.sweep.valueChanged.connect(lambda value: self.swept.emit(value / 100))
        self._frames = QTimer(self)
        self._frames.setInterval(FRAME_MS)
        self._frames.timeout.connect(self._next_frame)
        self.menu_button = QToolButton()
        self.menu_button.setText(self.tr("View"))
        self.menu_button.setAutoRaise(True)
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu_button.setMenu(self._menu())
        self.note = QLabel()
        self.note.setAccessibleName(self.tr("State of the picture"))
        units, edges = QLabel(self.tr("Units")), QLabel(self.tr("Edges"))
        self._sliders = {
            "units": (units, self.units, self._units_text),
            "edges": (edges, self.edges, self._edges_text),
        }
        self._slider_parts = tuple(part for parts in self._sliders.values() for part in parts)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 2, 4, 2)
        layout.setSpacing(GAP)
        self.scales = {scale.id: self._scale_button(scale, n) for n, scale in enumerate(SCALES, start=1)}
        self._offered: tuple[Scale, ...] = ()
        self.scale_menu = QToolButton()
        self.scale_menu.setAutoRaise(True)
        self.scale_menu.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.scale_menu.setMenu(QMenu(self.scale_menu))
        self.scale_menu.setToolTip(self.tr("At what scale the network is drawn"))
        self.scale_menu.hide()
        for part in (self.scale_menu, *self.scales.values(), *self._slider_parts):
            layout.addWidget(part)
        layout.addWidget(self.note, 1)
        for part in (self.play, self.sweep, self.menu_button):
            layout.addWidget(part)
        self._show_values()

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        self.fit_action = QAction(self.tr("Fit to view\tF"), menu)
        self.fit_action.triggered.connect(self.fit_asked)
        self.search_action = QAction(self.tr("Find a layer\t/"), menu)
        self.search_action.triggered.connect(self.search_asked)
        self.path_action = QAction(self.tr("Strongest path"), menu, checkable=True, checked=True)
        self.path_action.toggled.connect(self.path_toggled)
        self.order_action = QAction(self.tr("Sort units to lessen crossings"), menu, checkable=True)
        self.order_action.toggled.connect(self.order_toggled)
        for action in (self.fit_action, self.search_action, self.path_action, self.order_action):
            menu.addAction(action)
        return menu

    @property
    def visibility(self) -> Visibility:
        """What the two sliders say."""
        return Visibility(self.units.value() / 100, self.edges.value() / 100)

    def show_for(self, scale: Scale | None, fitting: Sequence[Scale], result: bool) -> None:
        """The controls of what is drawn; without a result there is nothing to set."""
        self.setVisible(result)
        neurons = scale is not None and scale.id == "neurons"
        for name, parts in self._sliders.items():
            for part in parts:
                part.setVisible(scale is not None and name in scale.sliders)
        self.path_action.setEnabled(neurons)
        self.order_action.setEnabled(neurons)
        for name, button in self.scales.items():
            button.setChecked(scale is not None and scale.id == name)
        self._offered = tuple(fitting) if len(fitting) > 1 else ()
        self.scale_menu.setText(self.tr(scale.title) if scale is not None else "")
        menu = self.scale_menu.menu()
        menu.clear()
        for one in self._offered:
            action = menu.addAction(self.tr(one.title))
            action.setToolTip(self.tr(one.tip))
            action.triggered.connect(self.scales[one.id].click)
        self._fit()

    def _scale_button(self, scale: Scale, number: int) -> QToolButton:
        button = QToolButton(self)
        button.setText(self.tr(scale.title))
        button.setCheckable(True)
        button.setAutoRaise(True)
        button.setAccessibleName(self.tr("Look at {scale}").format(scale=self.tr(scale.title)))
        # its own shortcut would sleep while the scales are in their menu
        QShortcut(QKeySequence(f"Alt+Shift+{number}"), self).activated.connect(
            lambda: any(one.id == scale.id for one in self._offered) and button.click()
        )
        button.setToolTip(f"{self.tr(scale.tip)} (Alt+Shift+{number})")
        button.clicked.connect(lambda: self.scale_chosen.emit(scale.id))
        return button

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room, the scrubber goes first; then the scales move into one menu."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        offered = {one.id for one in self._offered}
        buttons = [button for name, button in self.scales.items() if name in offered]
        sliders = [parts for parts in self._sliders.values() if not parts[1].isHidden()]
        others = [*(part for parts in sliders for part in parts), self.play, self.menu_button]
        rest = GAP * (len(others) + 2) + sum(
            max(part.minimumWidth(), part.minimumSizeHint().width())
            if isinstance(part, QSlider)
            else part.sizeHint().width()
            for part in others
        )
        needed = rest + sum(button.sizeHint().width() + GAP for button in buttons)
        in_menu = bool(buttons) and self.width() < needed
        menu = self.scale_menu.sizeHint().width() + GAP if in_menu else 0
        for name, *_ in sliders:
            name.setVisible(self.width() >= rest + menu)  # what the slider does stands in its tool tip as well
        for name, button in self.scales.items():
            button.setVisible(name in offered and not in_menu)
        self.scale_menu.setVisible(in_menu)
        self.sweep.setVisible(self.width() >= needed + ROOM_FOR_SCRUBBER)

    def start_sweep(self) -> None:
        """From the output to the input once; at once where nothing should move."""
        if motion.reduced():
            self.sweep.setValue(100)
            return
        self.sweep.setValue(0)
        self._frames.start()

    def _next_frame(self) -> None:
        self.sweep.setValue(self.sweep.value() + max(1, round(100 * FRAME_MS / SWEEP_MS)))
        if self.sweep.value() >= 100:
            self._frames.stop()

    def _on_visibility(self) -> None:
        self._show_values()
        self.visibility_changed.emit(self.visibility)

    def _show_values(self) -> None:
        for label, slider in ((self._units_text, self.units), (self._edges_text, self.edges)):
            label.setText(f"{slider.value()} %")
            label.setFixedWidth(label.fontMetrics().horizontalAdvance("100 %") + 2)


def _slider(name: str, value: int) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, 100)
    slider.setValue(value)
    slider.setAccessibleName(name)
    slider.setToolTip(name)
    slider.setMinimumWidth(46)
    slider.setMaximumWidth(110)
    return slider
