"""What has to be asked about projects: a name, whether to save, where a file went. Opened, never executed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QDir, QObject, QTimer
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton

from lrp_gui import settings
from lrp_gui.project.file import SUFFIX
from lrp_gui.project.models import MISSING, PARTS, WEIGHTS, Astray
from lrp_gui.project.session import nothing

if TYPE_CHECKING:
    from lrp_gui.project.file import Loaded
    from lrp_gui.project.models import Sought
    from lrp_gui.project.session import Session, Then
    from lrp_gui.window import Window

QUESTION, WARNING = QMessageBox.Icon.Question, QMessageBox.Icon.Warning
ACCEPT, REJECT, DESTROY = (
    QMessageBox.ButtonRole.AcceptRole,
    QMessageBox.ButtonRole.RejectRole,
    QMessageBox.ButtonRole.DestructiveRole,
)
SHOWN_MS = 8000


class Asking(QObject):
    """The dialogs of a session."""

    def __init__(self, window: Window, session: Session) -> None:
        super().__init__(window)
        self._window, self._session = window, session
        session.name_wanted.connect(self.ask_name)
        session.answer_wanted.connect(self.ask_first)
        session.astray.connect(self._ask_place)
        session.locked.connect(self._ask_copy)
        session.saved.connect(self._say_saved)

    def ask_name(self, then: Then = nothing) -> None:
        """Ask where to save."""
        session = self._session
        dialog = QFileDialog(self._window, self.tr("Save Project As"), self._folder())
        dialog.setNameFilters([self.tr("LRP Explorer projects (*{suffix})").format(suffix=SUFFIX)])
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(SUFFIX[1:])
        dialog.selectFile(session.path or f"{Path(session.name).stem}{SUFFIX}")

        def chosen(path: str) -> None:
            settings.FOLDER.write(str(Path(path).parent))
            session.save_as(path, then)

        dialog.fileSelected.connect(chosen)
        self._show(dialog)

    def _folder(self) -> str:
        """Where one saved last; at first beside the weights, unless they are an example's."""
        document = self._window.document
        weights = document.file.path if document.file is not None else ""
        examples = [str(place) for one in settings.EXAMPLES if (place := one.path()) is not None]
        shipped = any(Path(weights).parent == Path(place).parent for place in examples)
        beside = str(Path(weights).parent) if weights and not shipped else ""
        return settings.FOLDER.read() or beside or QDir.homePath()

    def ask_first(self, then: Then) -> None:
        """Ask whether to save before something takes the place of the work."""
        session, document = self._session, self._window.document
        if not session.precious:  # only undo leads to what would be lost
            tables = document.unsaved_tables()
            if tables and self._window.dialogs is not None:
                self._window.dialogs.ask_before_closing(tables[0], lambda: session.unless_precious(then))
            return
        text = self.tr("Save the changes to the project {name}?").format(name=session.name)
        if not session.path:
            table = document.table
            edited = Path(table.path).name if table is not None and table.edited and table.path else document.name
            text = self.tr("The edits in {name} are in no file yet. Save them in a project?").format(name=edited)
        save, discard = QMessageBox.StandardButton.Save, QMessageBox.StandardButton.Discard
        box = self._box(WARNING, self.tr("Unsaved Edits"), text, "")
        box.setStandardButtons(save | discard | QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(save)
        if not session.path:
            box.button(save).setText(self.tr("&Save As…"))
            box.setInformativeText(
                self.tr(
                    "A project keeps the table with its edits, the rules, and what you look at. Without it they go."
                )
            )

        def answered(button: int) -> None:
            if button == save:
                session.save(lambda: session.unless_precious(then))
            elif button == discard:
                document.discard_edits()
                session.unless_precious(then)

        self._show(box)
        box.finished.connect(answered)  # after the box has been forgotten: the answer may open another dialog

    def ask_revert(self) -> None:
        """Ask whether to go back to what was saved last."""
        session = self._session
        if not self._window.document.modified:
            session.revert()
            return
        text = self.tr("Go back to the project {name} as it was saved last?").format(name=session.name)
        why = self.tr("Everything that was changed since is lost; it cannot be undone.")
        box = self._box(WARNING, self.tr("Revert"), text, why)
        self._show_with(box, [(self.tr("&Revert"), DESTROY, session.revert)])

    def _ask_copy(self, path: str, owner: str, copy: Then) -> None:
        text = self.tr("{name} is open in {owner}.").format(name=Path(path).name, owner=owner)
        why = self.tr("A copy can be opened and changed; it is saved under another name.")
        box = self._box(QUESTION, self.tr("Open Project"), text, why)
        self._show_with(box, [(self.tr("Open a &Copy"), ACCEPT, copy)])

    def _ask_place(self, sought: Sought, loaded: Loaded) -> None:
        """Ask about the first file that is missing or changed; the next one is asked about after it."""
        session, one = self._session, sought.astray[0]
        name = Path(one.path).name
        go_on: tuple[str, QMessageBox.ButtonRole, Callable[[], object]]
        if one.kind == MISSING:
            text = self.tr("{name}, which the project {project} explains, is not where it was.")
            if one.role != WEIGHTS:
                text = self.tr("{name}, which the project {project} needs for its network, is not where it was.")
            why = self.tr("It was {path}. Locate it, or open the project without its network.").format(path=one.path)
            go_on = self.tr("Open &Without"), DESTROY, lambda: session.go_on(sought, loaded)
        else:
            text = self.tr("{name} is not the file that the project {project} was saved with.")
            why = self.tr(
                "{path} was changed since. With the changed file the numbers may be others; the table and all settings "
                "are taken over."
            ).format(path=one.path)
            go_on = self.tr("&Use the Changed File"), DESTROY, lambda: self._use(one, sought, loaded)
        box = self._box(WARNING, self.tr("Open Project"), text.format(name=name, project=Path(loaded.path).name), why)
        locate = (self.tr("&Locate…"), ACCEPT, lambda: self._locate(one, sought, loaded))
        self._show_with(box, [go_on] if one.role == PARTS else [locate, go_on])

    def _use(self, one: Astray, sought: Sought, loaded: Loaded) -> None:
        if one.role == PARTS:
            self._session.go_on(sought, loaded)
            return
        sought.found[one.role] = one.path
        self._session.look_again(sought, loaded)

    def _locate(self, one: Astray, sought: Sought, loaded: Loaded) -> None:
        title = self.tr("Where is {name}?").format(name=Path(one.path).name)
        dialog = QFileDialog(self._window, title, str(Path(loaded.path).parent))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)

        def chosen(path: str) -> None:
            sought.found[one.role] = path
            self._session.look_again(sought, loaded)

        dialog.fileSelected.connect(chosen)
        self._show(dialog)
        # In a turn of its own: by then this dialog has been forgotten.
        dialog.rejected.connect(lambda: QTimer.singleShot(0, self, lambda: self._ask_place(sought, loaded)))

    # ------------------------------------------------------------------------------------- small parts

    def _box(self, icon: QMessageBox.Icon, title: str, text: str, why: str) -> QMessageBox:
        box = QMessageBox(icon, title, text, QMessageBox.StandardButton.NoButton, self._window)
        box.setInformativeText(why)
        return box

    def _show_with(
        self, box: QMessageBox, answers: list[tuple[str, QMessageBox.ButtonRole, Callable[[], object]]]
    ) -> None:
        """Show it with these buttons, the first of them by default, and what each does when the box is forgotten."""
        does: dict[QPushButton, Callable[[], object]] = {}
        for text, role, do in answers:
            does[box.addButton(text, role)] = do
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(next(iter(does)))

        def answered(_result: int) -> None:
            clicked = box.clickedButton()
            if isinstance(clicked, QPushButton) and clicked in does:
                does[clicked]()

        self._show(box)
        box.finished.connect(answered)  # after the box has been forgotten: the answer may open another dialog

    def _show(self, dialog: QFileDialog | QMessageBox) -> None:
        if self._window.dialogs is not None:
            self._window.dialogs.show(dialog)

    def _say_saved(self, path: str) -> None:
        text = self.tr("Saved {name} in {folder}").format(name=Path(path).name, folder=Path(path).parent)
        self._window.statusBar().showMessage(text, SHOWN_MS)
