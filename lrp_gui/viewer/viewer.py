"""The relevance viewer: strip above, graph in the middle, detail beside it, all of one selection."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from lrp_gui.document.remedies import fits, try_out
from lrp_gui.fonts import text_scale
from lrp_gui.languages import tr
from lrp_gui.theme import Theme
from lrp_gui.turns import Soon
from lrp_gui.viewer.arrivals import ArrivalsShown
from lrp_gui.viewer.asking import graph_of
from lrp_gui.viewer.balance import Balance
from lrp_gui.viewer.canvas import Canvas
from lrp_gui.viewer.colouring import in_scheme
from lrp_gui.viewer.controls import Controls
from lrp_gui.viewer.detail import Detail, column_of
from lrp_gui.viewer.detail_bar import chosen_colouring
from lrp_gui.viewer.layers.asked import concerns, fill_in
from lrp_gui.viewer.layers.folding import is_open, opened_for
from lrp_gui.viewer.layers.folds import Folds
from lrp_gui.viewer.matrix.picture import MatrixPicture, SampleHit
from lrp_gui.viewer.matrix.view import MatrixTab
from lrp_gui.viewer.neuron_picture import NeuronPicture
from lrp_gui.viewer.operations.opening import GroupsOpener
from lrp_gui.viewer.operations.picture import OperationsPicture
from lrp_gui.viewer.picture import Drawing, GraphPicture, Hit
from lrp_gui.viewer.pictures import Maker, overview, picture_makers, strip_picture
from lrp_gui.viewer.scales import Scale, drawn, fitting
from lrp_gui.viewer.search import Search, SearchBar
from lrp_gui.viewer.selection import Selection
from lrp_gui.viewer.stage_layout import Choice
from lrp_gui.viewer.stage_picture import StagePicture
from lrp_gui.viewer.states import StatePicture, state_of
from lrp_gui.viewer.strip import StripPicture
from lrp_gui.viewer.strip_alarm import AlarmBar
from lrp_gui.viewer.strip_area import StripArea
from lrp_gui.viewer.tokens.picture import TokenPicture
from lrp_gui.viewer.views import PictureView

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.results import NetworkInfo, SampleResult

STRIP_SHARE = 0.2  # of the viewer's height
STRIP_LIMITS = (112, 148)


class RelevanceViewer(QWidget):
    """Listens to the document, draws its result, and tells it what was clicked. It holds no truth of its own."""

    caught_up = Signal()  # all that changed is shown, or is with the next painting

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.selection = Selection(colouring=chosen_colouring())
        self._plain = theme  # before the colours of relevance are chosen
        self.theme = theme = in_scheme(theme, self.selection.colouring.scheme)
        self.scale: Scale | None = None  # at which the graph is drawn
        self._sought = ""  # a layer to be brought into sight
        self._held: tuple[str, QSizeF, tuple[QRectF, float], Choice] | None = None  # what stays in place
        self._groups = GroupsOpener(self, self._look)
        self._accounts: dict[str, Balance] = {}
        self.setAccessibleName(self.tr("Relevance viewer"))
        self.strip = PictureView(theme, self.tr("Layer strip: conservation of relevance"))
        self.strip_area = StripArea(self.strip)
        self.alarm = AlarmBar()
        self.canvas = Canvas(theme, self.tr("Network graph"))
        self.search_bar, self._found = SearchBar(), Search()
        self.controls = Controls()
        self.detail = Detail(theme)
        self.matrix = MatrixTab(document, theme)
        self.detail.addTab(self.matrix, self.tr("Samples"))
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(True)
        self.splitter.addWidget(column_of(self.search_bar, self.canvas, self.controls))
        self.splitter.addWidget(self.detail)
        self.splitter.setStretchFactor(0, 7)
        self.splitter.setStretchFactor(1, 3)
        self.splitter.setSizes([700, 300])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.strip_area)
        layout.addWidget(self.alarm)
        layout.addWidget(self.splitter, 1)
        # One drawing for all that changes in one turn of the event loop; its parts follow in turns of their own.
        self._due = Soon(self._advance, self)
        self._arrivals = ArrivalsShown(self)
        self._arrivals.due.connect(self._arriving_due)
        self._stale_parts = {"result", "selection"}
        self._unfinished: set[str] = set()  # what the steps that are left belong to
        self._steps: deque[Callable[[], None]] = deque()
        self._connect()
        self.bring_up_to_date()

    def _connect(self) -> None:
        document = self.document
        for signal in (
            document.network_changed,
            document.result_changed,
            document.problem_changed,
            document.settings_changed,
        ):
            signal.connect(self._result_due)
        document.network_changed.connect(self._on_network)
        document.table_changed.connect(self._state_due)
        document.sample_selected.connect(self._state_due)
        document.layer_selected.connect(self._on_layer)
        document.unit_selected.connect(self._selection_due)
        document.node_selected.connect(self._selection_due)
        document.stale_changed.connect(self._show_stale)
        document.arriving_changed.connect(self._arrivals.tell)
        for view in (self.strip, self.canvas, self.detail):
            view.activated.connect(self._on_activated)
        self.canvas.keyed.connect(self._walk)
        self.canvas.opened.connect(self._open)
        self.canvas.added.connect(self._pick)
        self.search_bar.typed.connect(self._search)
        self.search_bar.stepped.connect(self._search_on)
        self.search_bar.left.connect(self.canvas.setFocus)
        self.controls.search_asked.connect(self.search_bar.begin)
        self.strip.keyed.connect(self._walk_strip)
        self.controls.scale_chosen.connect(lambda scale: self._look(scale=scale))
        document.more_changed.connect(self._on_more)
        document.more_came.connect(self._on_more_part)
        document.labels_changed.connect(self._result_due)
        self.controls.visibility_changed.connect(lambda visibility: self._look(visibility=visibility))
        self.controls.path_toggled.connect(lambda shown: self._look(path=shown))
        self.controls.order_toggled.connect(lambda sort: self._look(barycentre=sort))
        self.splitter.splitterMoved.connect(self.strip.refresh)  # the strip's columns stand over the graph's
        self.controls.fit_asked.connect(self.canvas.fit)
        self.controls.swept.connect(self._sweep)
        self.detail.looked.connect(lambda changes: self._look(**changes))
        self.matrix.activated.connect(self._on_cell)
        self.alarm.chosen.connect(lambda remedy: try_out(document, remedy))

    # ------------------------------------------------------------------------------------------------ what others ask

    def set_theme(self, theme: Theme) -> None:
        """Other colours everywhere."""
        self._plain = theme
        self.theme = theme = in_scheme(theme, self.selection.colouring.scheme)
        for view in (self.strip, self.canvas, self.detail):
            view.set_theme(theme)
        self._result_due()

    def current_picture(self) -> Drawing:
        """What an export of "the current view" means: the sheet as it stands in the window."""
        self.bring_up_to_date()
        network, result = self.document.called, self.document.result
        if network is None or result is None:
            return self.canvas.picture or StatePicture(self.theme)
        return overview(network, result, self.theme, self.selection, self.document.more, self.document.more_problem)

    def pictures(self) -> list[tuple[str, Maker]]:
        """Every view of what is explained with what makes its picture, the current one first."""
        network, result = self.document.called, self.document.result
        current: list[tuple[str, Maker]] = [("current view", self.current_picture)]
        if network is None or result is None:
            return current
        more, problem = self.document.more, self.document.more_problem
        makers = picture_makers(network, result, self.theme, self.selection, more, problem)[1:]
        return current + makers + [("all samples", self._matrix_picture)]

    def _matrix_picture(self) -> Drawing | None:
        """All samples in the order that was chosen; None while none is explained."""
        self.matrix.finish()
        picture = self.matrix.view.picture
        return picture if isinstance(picture, MatrixPicture) else None

    # ------------------------------------------------------------------------------------------------ following along

    def _result_due(self) -> None:
        self._stale_parts.add("result")
        self._due.start()

    def _selection_due(self) -> None:
        self._stale_parts.add("selection")
        self._due.start()

    def _arriving_due(self) -> None:
        self._stale_parts.add("result" if self.document.arriving is None else "arriving")
        self._due.start()

    def _state_due(self) -> None:
        if self.document.result is None:
            self._result_due()

    def bring_up_to_date(self) -> None:
        """Build the pictures of what changed since the last time, now."""
        self._due.stop()
        while self._stale_parts or self._steps:
            self._step()

    def _advance(self) -> None:
        """One step a turn of the event loop: what it changes is painted before the next, so no turn is long."""
        self._step()
        if self._steps or self._stale_parts:
            self._due.start()
        else:
            self.caught_up.emit()

    def _step(self) -> None:
        if self._stale_parts:  # what was left of an earlier change is done along with this one
            self._unfinished |= self._stale_parts
            self._stale_parts = set()
            self._steps = self._plan()
        if self._steps:
            self._steps.popleft()()
        if not self._steps:
            self._unfinished = set()

    def _plan(self) -> deque[Callable[[], None]]:
        document = self.document
        layer, unit, node = document.selected_layer, document.selected_unit, document.selected_node
        labels = dict(document.labels)
        self.selection = replace(self.selection, layer=layer, unit=unit, node=node, labels=labels)
        self._show_stale()
        network, result, arriving = document.called, document.result, document.arriving
        if network is not None and arriving is not None:
            return deque((partial(self._arrivals.show, network, arriving),))
        self._arrivals.end()
        if network is None or result is None:
            return deque((self._show_state,))
        steps = (self._show_graph, self._show_strip, self._show_detail)
        if self._unfinished == {"part"}:  # nothing else is drawn of it
            steps = steps[:1]
        return deque(partial(step, network, result) for step in steps)

    def _show_graph(self, network: NetworkInfo, result: SampleResult) -> None:
        layer, unit = self.selection.layer, self.selection.unit
        picture = None
        if not {"result", "part"} & self._unfinished and isinstance(self.canvas.picture, GraphPicture):
            picture = self.canvas.picture.selecting(layer, unit)
            if isinstance(picture, OperationsPicture):
                picture.node = self.selection.node
        if picture is None:
            self.scale, picture = graph_of(self.document, network, result, self.theme, self.selection)
        if isinstance(picture, StagePicture):
            fill_in(picture, self.selection.folds, self.document.more, self.document.more_problem)
        if isinstance(picture, TokenPicture):
            picture.hold_rows(self.canvas.picture)
        picture.reveal = self.controls.sweep.value() / 100
        self.strip_area.show()
        self.detail.show()
        self._hold(picture)
        self.controls.show_for(self.scale, fitting(network, result), result=True)

    def _show_strip(self, network: NetworkInfo, result: SampleResult) -> None:
        layer = self.selection.layer
        if "result" not in self._unfinished and isinstance(self.strip.picture, StripPicture):
            strip = replace(self.strip.picture, selected=layer, spots=[])
        else:
            strip = strip_picture(network, result, self.theme, self.selection)
            self._accounts = {balance.layer: balance for balance in strip.accounts}
        strip.over, strip.headed = self._graph_columns, False
        self.strip.set_picture(strip)
        self.strip_area.fit(strip)
        self.strip_area.reveal(layer)
        self._show_alarm(layer)

    def _graph_columns(self, _width: float) -> Sequence[float]:
        picture = self.canvas.picture
        return picture.column_places(self.canvas.width()) if isinstance(picture, GraphPicture) else ()

    def _show_detail(self, network: NetworkInfo, result: SampleResult) -> None:
        self._read_words(network)
        self.matrix.set_look(self.theme, self.selection.colouring)
        self.detail.show_selection(network, result, self._accounts, self.selection, self.theme)

    def _show_state(self) -> None:
        """No explanation: the network's shape, if there is one, and why."""
        state = state_of(self.document)
        network = self.document.network
        assert state is not None
        if network is None:
            self.canvas.set_picture(StatePicture(self.theme, tr("no network"), tr(state.sentence), state=state))
        else:
            self.scale, picture = drawn(network, None, self.theme, self.selection)
            picture.state = state
            self.canvas.set_picture(picture)
        self.strip_area.hide()
        self.alarm.hide()
        self.detail.hide()
        self.detail.clear_result()
        self.controls.show_for(None, (), result=False)

    def _show_alarm(self, layer: str) -> None:
        """What the engine warns of; else the chosen layer's warning, else the first one on the way back."""
        warnings = self.document.result.warnings if self.document.result else ()
        strip = self.strip.picture
        marked = [column for column in strip.columns if column.alarm] if isinstance(strip, StripPicture) else []
        account = self._accounts.get(layer)
        if account is None or not account.alarm:
            account = marked[-1] if marked else None
        text = account.alarm if account is not None else ""
        more = len(marked) - 1
        if text and more > 0:
            text += tr("  (and {more} more marked above)").format(more=more)
        text = "\n".join((*warnings, *([text] if text else [])))
        remedies = [one for one in account.remedies if fits(self.document, one)] if account is not None else []
        self.alarm.show_alarm(text, remedies, self.theme)

    def _show_stale(self) -> None:
        document = self.document
        waits = document.stale and not document.settings.auto and document.result is not None
        self.controls.note.setText(self.tr("out of date: choose Run") if waits else "")

    def _on_network(self) -> None:
        """Nothing of it is opened yet, and all of it is in sight."""
        fresh = {"folds": Folds(), "groups": frozenset(), "shape": self._groups.afresh()}
        self.selection = replace(self.selection, **fresh)  # type: ignore[arg-type]
        self._sought, self._held = "", None
        self.canvas.fit()
        self.search_bar.hide()

    def _on_layer(self, layer: str) -> None:
        self.detail.show_tab_for(self.document.network, layer)
        self._selection_due()

    # ------------------------------------------------------------------------------------------------ what people do

    def _on_activated(self, hit: Hit) -> None:
        if hit.node:
            self.document.select_node(hit.node, hit.layer)
            return
        if self.selection.picked:
            self._look(picked=())
        self.document.select_node("", hit.layer)
        self.document.select_layer(hit.layer)
        self.document.select_unit(hit.unit)

    def _pick(self, hit: Hit) -> None:
        """A path goes through one more unit, or through one less; anything else is chosen as by a click."""
        picture = self.canvas.picture
        if isinstance(picture, NeuronPicture) and hit.unit >= 0:
            self._look(picked=picture.picking(hit.layer, hit.unit))
        else:
            self._on_activated(hit)

    def _open(self, hit: Hit) -> None:
        """Open or close a part of the graph; what was clicked stays where it was."""
        picture = self.canvas.picture
        if isinstance(picture, OperationsPicture):
            self._groups.open(picture, hit)
            return
        if isinstance(picture, TokenPicture) and hit.opens:
            self._look(every_token=not self.selection.every_token)
        if not isinstance(picture, StagePicture) or picture.graph is None or not hit.opens:
            return
        folds = self.selection.folds.toggled(hit.opens, is_open(picture.graph, picture.folds, hit.opens))
        size = self.canvas.room
        place = picture.place_of(hit.layer, size)
        first = hit.opens.partition("…")[0] if "…" in hit.opens else hit.layer  # what was one box begins there
        self._held = (first, size, place, picture.layout(size).choice) if place else None
        self._look(folds=folds)
        if hit.layer != self.document.selected_layer:
            self.document.select_layer(hit.layer)

    def _search(self, text: str) -> None:
        """Go to the first layer whose name or operation has the text."""
        self._found.look(self.document.network, text)
        self._go_to_found()

    def _search_on(self, by: int) -> None:
        self._found.step(by)
        self._go_to_found()

    def _go_to_found(self) -> None:
        self.search_bar.tell(self._found.at, len(self._found.found))
        layer, network = self._found.layer, self.document.network
        if not layer or network is None:
            return
        if isinstance(self.canvas.picture, StagePicture):  # what holds it is opened
            folds = opened_for(network, self.document.result, self.selection.folds, layer)
            if folds != self.selection.folds:
                self._look(folds=folds)
        self._sought = layer
        self.document.select_layer(layer)
        self._selection_due()

    def _hold(self, picture: GraphPicture) -> None:
        """After something was opened: it is laid out as before, and stays where it was on the screen."""
        if isinstance(picture, OperationsPicture):
            self._groups.show(picture, self._sought)
            self._sought = ""
            return
        held, self._held = self._held, None
        if held is None or not isinstance(picture, StagePicture):
            if isinstance(picture, StagePicture) and isinstance(before := self.canvas.picture, StagePicture):
                picture.stay_as(before, self.canvas.room)
            self.canvas.set_picture(picture)
            self._show_sought(picture)
            return
        layer, size, (before, scale), choice = held
        picture.keep = (size, choice)
        self.canvas.set_picture(picture)
        after = picture.place_of(layer, size)
        if after is not None and self.canvas.room == size:
            self.canvas.hold(before, after[0], after[1] / scale)
            self.canvas.show_opened(*after, picture.least_scale(layer), picture.open_beside(layer, size))

    def _show_sought(self, picture: GraphPicture) -> None:
        """What the search found is brought into sight, once."""
        place = picture.place_of(self._sought, self.canvas.room) if self._sought else None
        self._sought = ""
        if place:
            self.canvas.show_place(place[0])

    def _walk(self, key: str) -> None:
        picture, adds, key = self.canvas.picture, key.startswith("+"), key.removeprefix("+")
        if key == "space":
            self.controls.start_sweep()
        elif isinstance(picture, OperationsPicture):
            self._groups.walk(picture, key)
        elif key == "search":
            self.search_bar.begin()
        elif key == "enter":
            if isinstance(picture, StagePicture | TokenPicture):
                self._open(picture.inside(self.document.selected_layer, self.document.selected_unit))
        elif isinstance(picture, GraphPicture):
            hit = Hit(*picture.neighbour(key, self.document.selected_layer, self.document.selected_unit))
            picked = picture.picking(hit.layer, hit.unit) if adds and isinstance(picture, NeuronPicture) else ()
            self._on_activated(hit)
            if picked:
                self._look(picked=picked)

    def _walk_strip(self, key: str) -> None:
        strip = self.strip.picture
        if not isinstance(strip, StripPicture) or key not in ("left", "right"):
            return
        here = strip.column_of(self.document.selected_layer)
        if here < 0:
            here = len(strip.columns)
        self._on_activated(
            Hit(strip.columns[min(max(here + (1 if key == "right" else -1), 0), len(strip.columns) - 1)].layer)
        )

    def look(self, **changes: object) -> None:
        """Look at it another way: attributes of the `Selection`."""
        self._look(**changes)

    def _look(self, **changes: object) -> None:
        if changes.get("scale", self.selection.scale) != self.selection.scale:  # another picture: seen as a whole
            changes["shape"] = self._groups.afresh()
            self.canvas.fit()
        self.selection = replace(self.selection, **changes)  # type: ignore[arg-type]
        if self.theme.scheme != self.selection.colouring.scheme:
            self.set_theme(self._plain)
        self._result_due()

    def _read_words(self, network: NetworkInfo) -> None:
        """Tokens are shown as text as soon as it is known what they stand for."""
        words = self.document.more("words") if any(one.integer for one in network.inputs) else None
        self.selection = replace(self.selection, words=words or {})

    def _on_cell(self, hit: SampleHit) -> None:
        self.document.select_sample(hit.row)
        self._on_activated(hit)

    def _on_more(self, kind: str) -> None:
        if kind == "words":
            self._selection_due()
        if concerns(kind, self.selection.folds):
            self._result_due()
        if self.scale is not None and (self.scale.asks or self.scale.wants == kind):
            self._result_due()

    def _on_more_part(self, kind: str) -> None:
        # One after the other: the next has more to show.
        if self.scale is not None and self.scale.wants == kind and not self.canvas.unfinished:
            self._stale_parts.add("part")
            self._due.start()

    def _sweep(self, share: float) -> None:
        picture = self.canvas.picture
        if isinstance(picture, GraphPicture):
            picture.reveal = share
            self.canvas.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The strip takes its share of the height."""
        low, high = (limit * text_scale() for limit in STRIP_LIMITS)
        self.strip_area.setFixedHeight(round(min(max(self.height() * STRIP_SHARE, low), high)))
        super().resizeEvent(event)

    def minimumSizeHint(self) -> QSize:
        """Small enough for a small laptop."""
        return QSize(420, 236)
