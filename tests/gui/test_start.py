"""The start page: what was open last, pinned, missing or cleared, by mouse and by keys; what is new."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest

from lrp_gui import recent, settings
from lrp_gui.settings import EXAMPLES
from lrp_gui.start_recent import ENTRY, MISSING, RecentColumn, newest
from lrp_gui.theme import DARK, LIGHT

LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def column(qtbot):
    """The right column of the page, by itself; `asked` notes when somebody wants to read the news."""
    column_actions = SimpleNamespace(by_id={"news": QAction("What Is New")})
    column = RecentColumn(column_actions)  # type: ignore[arg-type]
    column.asked = []
    column_actions.by_id["news"].triggered.connect(lambda: column.asked.append("news"))
    column.resize(360, 420)
    column.show()
    yield column
    qtbot.waitUntil(lambda: column.list._looking is None, timeout=10000)  # its thread ends
    column.close()
    column.deleteLater()


@pytest.fixture
def opened(column):
    paths: list[str] = []
    column.chosen.connect(paths.append)
    return paths


def shown(column: RecentColumn) -> list[str]:
    return [column.list.item(row).text() for row in range(column.list.count())]


def remember(column: RecentColumn, *paths: object) -> None:
    for path in paths:
        recent.remember(str(path))
    column.refresh()


def test_newest_first_pinned_before_all_others_and_no_more_than_a_dozen():
    for number in range(20):
        recent.remember(f"/n{number}.pt")
    recent.pin("/n9.pt", True)
    names = [one.name for one in recent.entries()]
    assert names[:3] == ["n9.pt", "n19.pt", "n18.pt"]
    assert len(names) == recent.KEPT
    recent.remember("/n12.pt")
    assert [one.name for one in recent.entries()][:3] == ["n9.pt", "n12.pt", "n19.pt"]
    recent.clear()
    assert [one.name for one in recent.entries()] == ["n9.pt"]
    recent.forget("/n9.pt")
    assert recent.entries() == ()


@pytest.mark.parametrize("kept", ["{", "[1]", '[{"path": "/a"}]', "7", '{"a": 1}'])
def test_a_list_that_cannot_be_read_counts_as_none(kept):
    settings.RECENT.write(kept)
    assert recent.entries() == ()
    recent.remember("/a.pt")
    assert [one.path for one in recent.entries()] == ["/a.pt"]


def test_an_empty_list_says_what_will_stand_there(column):
    assert not column.list.isVisible()
    assert column._empty.isVisible()
    assert not column.clear.isVisible()


def test_what_is_opened_in_the_window_is_remembered_and_all_of_its_page_can_be_reached(window, qtbot):
    column, path = window.start.recent, EXAMPLES[0].path().with_name("model_weights.safetensors")
    remember(column, path.with_name("model_weights.npz"))
    for part in (*window.start.buttons.values(), column.list, column.clear, column._more):
        assert part.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert part.accessibleName() or part.text()
    assert window.start.minimumSizeHint().width() <= 1000
    assert window.start.minimumSizeHint().height() <= 600
    column.chosen.emit(str(path))
    qtbot.waitUntil(lambda: window.document.file is not None, timeout=20000)
    assert recent.entries()[0].path == str(path)
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=20000)


def test_a_click_opens_and_a_click_on_the_pin_pins(column, opened, tmp_path, qtbot):
    files = [tmp_path / name for name in ("a.pt", "b.lrpx")]
    for file in files:
        file.write_text("")
    remember(column, *files)
    view = column.list
    assert shown(column) == ["b.lrpx", "a.pt"]
    row = view.visualItemRect(view.item(1))
    QTest.mouseClick(view.viewport(), LEFT, PLAIN, QPoint(40, row.center().y()))
    assert opened == [str(files[0])]
    QTest.mouseClick(view.viewport(), LEFT, PLAIN, view.itemDelegate().pin_rect(row).center())
    assert opened == [str(files[0])]
    assert shown(column) == ["a.pt", "b.lrpx"]
    assert view.item(0).data(ENTRY).pinned
    assert "Pinned" in view.item(0).toolTip()


def test_by_keys_alone(column, opened, tmp_path):
    remember(column, *(tmp_path / f"{name}.pt" for name in "abc"))
    view = column.list
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Down)
    QTest.keyClick(view, Qt.Key.Key_P)
    assert shown(column) == ["b.pt", "c.pt", "a.pt"]
    QTest.keyClick(view, Qt.Key.Key_End)
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert shown(column) == ["b.pt", "c.pt"]
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert opened == [str(tmp_path / "c.pt")]
    QTest.mouseClick(column.clear, LEFT)
    assert shown(column) == ["b.pt"]
    assert not column.clear.isVisible()


def test_files_that_are_gone_are_grey_and_say_so(column, tmp_path, qtbot):
    there = tmp_path / "there.pt"
    there.write_text("")
    remember(column, tmp_path / "gone.pt", there)
    view = column.list
    qtbot.waitUntil(lambda: view.item(1).data(MISSING) is True, timeout=10000)
    assert view.item(0).data(MISSING) is False
    assert "not there any more" in view.item(1).toolTip()
    before = view.grab().toImage()
    column.set_theme(DARK)
    assert view.grab().toImage() != before
    column.set_theme(LIGHT)


def test_the_news_are_those_of_the_page_and_lead_to_it(column):
    version, points = newest()
    assert len(points) >= 3
    assert version in column._news_title.text()
    assert points[0].split(",")[0][:20] in column._news.text()
    QTest.mouseClick(column._more, LEFT)
    assert column.asked == ["news"]
