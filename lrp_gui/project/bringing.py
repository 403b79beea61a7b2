"""The session's way into the window, and what it listens to there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QDateTime

from lrp_gui import settings
from lrp_gui.languages.qt import moment
from lrp_gui.project import results, views
from lrp_gui.project.asking import Asking
from lrp_gui.project.journal.bar import RecoveryBar
from lrp_gui.project.journal.journal import Journal
from lrp_gui.project.journal.recovery import Recovery
from lrp_gui.project.recent_menu import RecentMenu
from lrp_gui.project.session import Session
from lrp_gui.turns import Soon

if TYPE_CHECKING:
    from lrp_gui.document.opening import Opener
    from lrp_gui.project.journal.volume import Found
    from lrp_gui.project.results import Kept
    from lrp_gui.window import Window


def bring(window: Window, opener: Opener) -> tuple[Session, Asking]:
    """Make the session of a window and its dialogs."""
    session = Session(
        window.document, window.jobs, opener, partial(views.gathered, window), partial(_kept, window), window
    )
    asking = Asking(window, session)
    # Once for all that changes in a turn: a stroke of a brush changes the table a hundred times.
    due = Soon(window.tell_title, window)
    session.changed.connect(due.start)
    window.document.sample_selected.connect(lambda _row: due.start())
    session.views_wanted.connect(partial(views.put_back, window))
    gather = partial(views.gathered, window)
    journal = Journal(window.document, window.jobs, gather, session.hashes.of, session)
    session.closed.connect(journal.finish)
    recovery = Recovery(window.document, window.jobs, session, session)
    recovery.setObjectName("recovery")
    journal.safe.connect(recovery.settle)
    recovery.offered.connect(partial(_offer, window, recovery))
    window.furnished.connect(partial(recovery.look, lambda: journal.folder))
    window.actions_["keep_results"].setChecked(settings.KEEP_RESULTS.read())
    RecentMenu(window, window.menus["Recent"])
    return session, asking


def _kept(window: Window) -> Kept | None:
    """The results, where somebody wants them in the project."""
    explainer = window.explainer
    if not settings.KEEP_RESULTS.read() or explainer is None:
        return None
    now = moment(QDateTime.currentDateTime())
    return results.gathered(window.document, now, complete=not explainer.pending)


def _offer(window: Window, recovery: Recovery, found: Found | None) -> None:
    """The bar comes with the first work that is offered."""
    if found is not None and window.recovery is None:
        window.recovery = RecoveryBar(recovery, window.theme, window)
        window.centralWidget().layout().insertWidget(0, window.recovery)  # type: ignore[union-attr]
