"""What each action does, by its name in the table of actions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from lrp_gui import recent, settings
from lrp_gui.actions import ACTIONS, TABLE_ACTIONS
from lrp_gui.document.reference import NO_REFERENCE, SAMPLE, make

if TYPE_CHECKING:
    from lrp_gui.window import Window

# Actions that open a dialog; each is a method of `Dialogs`.
DIALOGS = (
    *("open", "open_table", "open_architecture", "candidates", "consent", "sizes", "compare"),
    *("save_table", "export", "export_all", "shortcuts", "about", "rules", "open_composite", "save_composite"),
    *("import_table", "import_pictures", "export_table", "palette", "preferences", "log"),
)


class Handlers:
    """Calls on the window, whose views and helpers move in after the actions are made."""

    def __init__(self, window: Window) -> None:
        self._window = window

    def by_name(self) -> dict[str, Callable[..., object]]:
        """One for each row of the table."""
        window = self._window
        document = window.document
        handlers: dict[str, Callable[..., object]] = {
            "quit": window.close,
            "new": lambda: window.session and window.session.begin_new(),
            "save": lambda: window.session and window.session.save(),
            "save_as": lambda: window.asking and window.asking.ask_name(),
            "revert": lambda: window.asking and window.asking.ask_revert(),
            "clear_recent": recent.clear,
            "load_again": lambda: window.opener and window.opener.load_again(),
            "undo": document.undo,
            "redo": document.redo,
            "copy": lambda: window.table.view.copy(),  # noqa: PLW0108  (the table moves in later)
            "paste": lambda: window.table.view.paste(),  # noqa: PLW0108
            "clear": lambda: window.table.view.clear_cells(),  # noqa: PLW0108
            "insert": lambda: document.insert_sample(document.selected_sample + 1),
            "duplicate": lambda: document.duplicate_sample(document.selected_sample),
            "delete": lambda: window.table.view.delete_rows(),  # noqa: PLW0108
            "run": lambda: window.explainer and window.explainer.run(),
            "auto": document.set_auto,
            "keep_results": settings.KEEP_RESULTS.write,
            "cancel": self._cancel,
            "previous": lambda: document.select_sample(max(0, document.selected_sample - 1)),
            "next": lambda: document.select_sample(document.selected_sample + 1),
            "go_to": self._go_to_sample,
            **{name: partial(self._show_sample, name) for name in ("edit_input", "what_if", "sweep", "reference")},
            "use_as_reference": self._use_as_reference,
            "no_reference": lambda: document.set_reference(NO_REFERENCE),
            "compare_explanations": lambda: window.furniture and window.furniture.compare_explanations(),
            "reset_sample": lambda: window.furniture and window.furniture.sample.what_if.reset(),
            "find": lambda: self._searched().start_search(),
            "find_next": lambda: self._searched().step(1),
            "find_previous": lambda: self._searched().step(-1),
            "reset_rules": self._reset_rules,
            "measure": lambda: window.browser.measure(),  # noqa: PLW0108
            "tint": self._set_tint,
            "operations": lambda: window.furniture and window.furniture.show_operations(),
            "statistics": self._set_statistics,
            "decimal_comma": self._set_decimal_comma,
            "next_part": partial(self._walk, 1),
            "previous_part": partial(self._walk, -1),
            "reset_layout": lambda: window.furniture and window.furniture.reset(),
            "guide": lambda: window.help.open_guide(),  # noqa: PLW0108  (help is made when it is first wanted)
            "glossary": lambda: window.help.open_guide("glossary"),
            "news": lambda: window.help.open_guide("news"),
            "what_is_this": lambda: window.help.what_is_this(),  # noqa: PLW0108
            "tour": lambda: window.help.begin_tour(),  # noqa: PLW0108
            "show_python": lambda: window.help.show_python(),  # noqa: PLW0108
            "fault_report": lambda: window.help.save_report(),  # noqa: PLW0108
        }
        handlers |= {row.id: partial(self._toggle_dock, row.dock) for row in ACTIONS if row.dock}
        handlers |= {f"task_{name}": partial(self._take_task, name) for name in settings.TASK.allowed}
        handlers |= {f"toolbar_{name}": partial(window.set_toolbar, name) for name in settings.TOOLBAR.allowed}
        handlers |= {name: partial(self._in_table, name) for name in TABLE_ACTIONS}
        handlers |= {name: partial(self._ask, name) for name in DIALOGS}
        handlers |= {f"theme_{name}": partial(window.set_theme, name) for name in settings.THEME.allowed}
        handlers |= {f"example_{one.name}": partial(self._open_example, one) for one in settings.EXAMPLES}
        return handlers

    def _use_as_reference(self) -> None:
        explains = self._window.document.settings.reference.explains
        self._window.document.set_reference(
            make(SAMPLE, self._window.document, self._window.document.selected_sample, explains=explains)
        )
        self._show_sample("reference")

    def _ask(self, name: str, _checked: bool = False) -> None:
        if self._window.dialogs is not None:
            getattr(self._window.dialogs, name)()

    def _toggle_dock(self, name: str, _checked: bool = False) -> None:
        if self._window.furniture is not None:
            self._window.furniture.toggle_dock(name)

    def _walk(self, by: int, _checked: bool = False) -> None:
        from lrp_gui.walking import step

        step(self._window, by)

    def _take_task(self, name: str, _checked: bool = False) -> None:
        if self._window.furniture is not None:
            self._window.furniture.take_task(name)

    def _go_to_sample(self) -> None:
        self._window.sample.setFocus()
        self._window.sample.selectAll()

    def _show_sample(self, page: str, _checked: bool = False) -> None:
        if self._window.furniture is not None:
            self._window.furniture.show_sample(page)

    def _set_statistics(self, shown: bool) -> None:
        settings.STATISTICS.write(shown)
        self._in_table("statistics", shown)

    def _cancel(self) -> None:
        if self._window.explainer is not None:
            self._window.explainer.cancel()
        self._window.jobs.cancel_work()

    def _reset_rules(self) -> None:
        from lrp_gui.composite_dialog import reset

        reset(self._window.document)

    def _searched(self) -> Any:
        """Where Ctrl+F and F3 look: in the table while somebody is there, else in the model browser."""
        focus = self._window.focusWidget()
        table = self._window.table
        if table is not None and focus is not None and table.isAncestorOf(focus):
            return table
        if self._window.furniture is not None:
            self._window.furniture.show_dock(self._window.browser)
        return self._window.browser

    def _set_tint(self, tinted: bool) -> None:
        settings.TINT.write(tinted)
        self._in_table("tint", tinted)

    def _open_example(self, example: settings.Example, _checked: bool = False) -> None:
        from lrp_gui.document.state import Message

        path = example.path()
        if self._window.opener is None:
            return
        if path is None:
            text = self._window.tr("The example {name} is not installed; open a file instead.")
            self._window.say(Message(text.format(name=example.title)))
        else:
            self._window.opener.open([str(path)])

    def _in_table(self, name: str, checked: bool = False) -> None:
        if self._window.table is not None:
            self._window.table.do(name, checked)

    def _set_decimal_comma(self, comma: bool) -> None:
        settings.DECIMAL_COMMA.write(comma)
        self._window.document.decimal_comma = comma
