"""Layouts by task: how the docks stand while somebody inspects, explains or compares; each is remembered apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from lrp_gui import settings

if TYPE_CHECKING:
    from lrp_gui.furniture import Furniture
    from lrp_gui.window import Window


@dataclass(frozen=True, slots=True)
class Task:
    """How the docks stand at first.

    Attributes
    ----------
    left, bottom : int
        At most so many pixels wide and high, in a window of usual height.
    left_share, bottom_share : float
        In a small window this share of it, for the picture in the centre needs the room most.
    hidden : tuple of str
        Docks that are closed.
    page : str
        The tab of the chosen sample's dock that is to be seen; "" for the one that was.
    """

    left: int
    left_share: float
    bottom: int
    bottom_share: float
    hidden: tuple[str, ...] = ()
    page: str = ""
    wide: int = 1600  # from this width of the window on, table and sample stand beside each other, not as tabs
    share: float = 0.4  # of the width that the sample has there


TASKS = {
    "inspect": Task(980, 0.44, 250, 0.3, hidden=("table", "sample", "comparison", "operations")),
    "explain": Task(520, 0.28, 250, 0.3, hidden=("comparison", "operations")),
    "compare": Task(420, 0.24, 460, 0.45, hidden=("browser",), page="reference", wide=1000, share=0.5),
}


class Tasks:
    """Which layout the window has, and how to come to another one."""

    def __init__(self, window: Window, furniture: Furniture) -> None:
        self._window, self._furniture = window, furniture
        self.name: str = settings.TASK.read()

    @property
    def task(self) -> Task:
        """The present one."""
        return TASKS[self.name]

    def begin(self) -> None:
        """As it was left the last time."""
        self._window.actions_[f"task_{self.name}"].setChecked(True)
        if self._window.restoreState(settings.LAYOUTS[self.name].read()):
            self._furniture.make_room()
        else:
            self.reset()

    def remember(self) -> None:
        """Keep the present arrangement for its task."""
        settings.TASK.write(self.name)
        settings.LAYOUTS[self.name].write(self._window.saveState())

    def take(self, name: str) -> None:
        """Arrange for another task, as it was left or as it is at first."""
        self._window.actions_[f"task_{name}"].setChecked(True)
        if name == self.name:
            return
        self.remember()
        self.name = name
        settings.TASK.write(name)
        if self._window.restoreState(settings.LAYOUTS[name].read()):
            self._furniture.make_room()
        else:
            self.reset()
        self._furniture.show_chosen()

    def reset(self) -> None:
        """Put this task's docks where they are at first."""
        furniture = self._furniture
        furniture.stand()
        for name in self.task.hidden:
            dock = furniture.dock(name)
            if dock is not None:
                dock.hide()
        furniture.size()
        if self.task.page:
            furniture.show_sample(self.task.page)
        # Docks that were hidden until now take their sizes only when they have been laid out.
        QTimer.singleShot(0, furniture, furniture.size)
