"""Which rule, with which parameters, for which nodes: the upper half of the dialog about rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from lrp_gui.document.rules import (
    Planned,
    Scope,
    main_node,
    offers,
    pattern_scope,
    scopes_of,
    takers,
    with_rule,
)
from lrp_gui.document.words import counted

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.results import LayerInfo

PATTERN = "pattern"


class RuleForm(QWidget):
    """Follows the layer that is chosen in the document; `applied` says that a rule was changed."""

    applied = Signal()

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._scopes: list[Scope] = []
        self.now = self._label()
        self.scope = QComboBox(self)
        self.scope.setAccessibleName(self.tr("For which layers"))
        self.pattern = QLineEdit(self)
        self.pattern.setPlaceholderText("features.*")
        self.pattern.setToolTip(
            self.tr("Paths of layers: * stands for anything, ? for one letter, [0-3] for one of them")
        )
        self.pattern.setAccessibleName(self.tr("Pattern of layers' paths"))
        self.meant = self._label()
        self.rule = QComboBox(self)
        self.rule.setAccessibleName(self.tr("Rule"))
        self.about = self._label()
        self.lines: dict[str, QLineEdit] = {}
        self._parameters = QHBoxLayout()
        self._parameters.setSpacing(6)
        self.problem = self._label()
        self.problem.setAccessibleName(self.tr("What is wrong with the rule"))
        self.apply = QPushButton(self.tr("&Give This Rule"), self)
        self.apply.setDefault(True)
        self.reset = QPushButton(self.tr("As the &Composite Has It"), self)
        self.reset.setToolTip(self.tr("Take back what was changed for exactly these layers"))
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(6)
        form.addRow(self.tr("Now"), self.now)
        form.addRow(self.tr("&For"), self.scope)
        form.addRow("", self.pattern)
        form.addRow("", self.meant)
        form.addRow(self.tr("&Rule"), self.rule)
        form.addRow("", self.about)
        form.addRow(self.tr("With"), self._parameters)
        self._form = form
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.reset)
        buttons.addWidget(self.apply)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(form)
        column.addWidget(self.problem)
        column.addLayout(buttons)
        self.scope.currentIndexChanged.connect(self._on_scope)
        self.pattern.textChanged.connect(self._on_scope)
        self.rule.currentIndexChanged.connect(self._on_rule)
        self.apply.clicked.connect(self.give)
        self.reset.clicked.connect(self.take_back)
        document.layer_selected.connect(self.show_layer)
        document.network_changed.connect(self.show_layer)
        document.settings_changed.connect(self._on_settings)
        self.show_layer()

    # ------------------------------------------------------------------------------------ what is shown

    @property
    def layer(self) -> LayerInfo | None:
        """The layer that is chosen in the document; None for an input, or none."""
        network, chosen = self._document.network, self._document.selected_layer
        return next((one for one in network.layers if one.path == chosen), None) if network is not None else None

    @property
    def chosen(self) -> Scope | None:
        """For which nodes the rule would be; None while the pattern is empty."""
        place = self.scope.currentIndex()
        if 0 <= place < len(self._scopes):
            return self._scopes[place]
        return pattern_scope(self.pattern.text()) if self.pattern.text().strip() else None

    @property
    def text(self) -> str:
        """The rule as it stands there, to be read."""
        inside = ", ".join(f"{name}={line.text().strip()}" for name, line in self.lines.items() if line.text().strip())
        return f"{self.rule.currentText()}({inside})" if inside else self.rule.currentText()

    def show_layer(self) -> None:
        """Begin with the layer that is chosen now; what was typed as a pattern stays."""
        layer = self.layer
        if layer is not None and layer.merged_into:  # it has the rule of the map that it is computed in
            network = self._document.network
            layers = network.layers if network is not None else ()
            layer = next((one for one in layers if one.path == layer.merged_into), layer)
        self._scopes = list(scopes_of(layer)) if layer is not None else []
        with QSignalBlocker(self.scope):
            self.scope.clear()
            self.scope.addItems([scope.text for scope in self._scopes])
            self.scope.addItem(self.tr("layers whose path fits a pattern:"), PATTERN)
        if not self.pattern.text() and layer is not None and "." in layer.path:
            with QSignalBlocker(self.pattern):
                self.pattern.setText(f"{layer.path.rpartition('.')[0]}.*")
        self._show_now(layer)
        self._on_scope()

    def _show_now(self, layer: LayerInfo | None) -> None:
        network = self._document.network
        node = main_node(layer) if layer is not None else None
        told = Planned(network, self._document.settings).of(node) if node is not None else None
        if layer is None:
            self.now.setText(self.tr("Choose a layer in the tree or in the picture, or write a pattern."))
        elif told is None or not told[0]:
            self.now.setText(self.tr("{path} has no rule").format(path=layer.path) + (f": {told[1]}" if told else ""))
        else:
            self.now.setText(f"{layer.path}: {told[0]}\n{told[1]}")

    def _on_settings(self) -> None:
        layer = self.layer
        self._show_now(layer)
        self._check()

    def _on_scope(self) -> None:
        scope, network = self.chosen, self._document.network
        wild = self.scope.currentData() == PATTERN
        self.pattern.setVisible(wild)
        nodes = takers(network, scope.select) if scope is not None else []
        ruled = offers(nodes)
        layers = len({node.layer for node in nodes})
        self.meant.setText(
            self.tr("{nodes} in {layers}").format(nodes=counted(len(nodes), "node"), layers=counted(layers, "layer"))
            if nodes
            else ""
        )
        self.meant.setVisible(bool(nodes))
        before = self.rule.currentText()
        names = [row.name for row in ruled]
        with QSignalBlocker(self.rule):
            self.rule.clear()
            for row in ruled:
                self.rule.addItem(row.name, (row.description, row.source, dict(row.parameters)))
                self.rule.setItemData(
                    self.rule.count() - 1, f"{row.description} ({row.source})", Qt.ItemDataRole.ToolTipRole
                )
            told = [Planned(network, self._document.settings).of(node) for node in nodes[:1]]
            now = told[0][0].partition("(")[0] if told and told[0] else ""
            shown = next((name for name in (before, now) if name in names), "")
            self.rule.setCurrentIndex(names.index(shown) if shown else 0)
        self._on_rule()

    def _on_rule(self) -> None:
        found = self.rule.currentData()
        description, source, parameters = found if found is not None else ("", "", {})
        self.about.setText(f"{description} ({source})" if source else description)
        kept = {name: line.text() for name, line in self.lines.items()}
        while (item := self._parameters.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self.lines = {}
        for name, default in parameters.items():
            label = QLabel(name, self)
            line = QLineEdit(kept.get(name, ""), self)
            line.setPlaceholderText(self.tr("from the data") if default is None else str(default))
            line.setAccessibleName(name)
            line.setMinimumWidth(56)
            line.textChanged.connect(self._check)
            label.setBuddy(line)
            self._parameters.addWidget(label)
            self._parameters.addWidget(line, 1)
            self.lines[name] = line
        self._form.setRowVisible(self._parameters, bool(parameters))
        self._check()

    def _check(self) -> None:
        """Say what is wrong before anybody presses the button."""
        scope, document = self.chosen, self._document
        problem = ""
        if scope is not None and document.network is not None:
            _settings, problem = with_rule(document.settings, document.network, scope.select, self.text)
        self.problem.setText(f"⚠ {problem}" if problem else "")
        self.problem.setVisible(bool(problem))
        self.apply.setEnabled(scope is not None and not problem and document.network is not None)
        self.reset.setEnabled(scope is not None and any(one.select == scope.select for one in document.settings.edits))

    # ---------------------------------------------------------------------------------------- what is done

    def give(self) -> None:
        """Change the rule, in one step that can be undone."""
        scope, document = self.chosen, self._document
        if scope is None:
            return
        settings, problem = with_rule(document.settings, document.network, scope.select, self.text)
        if not problem:
            document.set_rules(settings, self.tr("Rule of {what}").format(what=scope.text))
            self.applied.emit()

    def take_back(self) -> None:
        """Let these layers have what the composite gives them."""
        from lrp_gui.document.rules import without

        scope, document = self.chosen, self._document
        if scope is not None:
            found = [one for one in document.settings.edits if one.select == scope.select]
            text = self.tr("Reset rule of {what}").format(what=scope.text)
            document.set_rules(without(document.settings, found), text)

    def _label(self) -> QLabel:
        label = QLabel(self)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        return label
