"""One instance: what a second start says, what strangers say, and files that macOS hands over."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import sys
import tempfile
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QUrl
from PySide6.QtGui import QFileOpenEvent

from lrp_gui import moving
from lrp_gui.app import make_window, move_in
from lrp_gui.desktop import single
from lrp_gui.desktop.arrivals import Arrivals, Program
from lrp_gui.desktop.single import Receiver, Request, claim, hand_over, request_for, understood


@pytest.fixture
def runtime(monkeypatch):
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # a socket's path has to be short
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        single._own_folder.cache_clear()
        yield folder
    single._own_folder.cache_clear()


@pytest.fixture
def receiver(runtime, qtbot):
    receiver = Receiver()
    yield receiver
    receiver.close()


def message(**changes) -> bytes:
    said = {"version": single.VERSION, "files": ["/a.pt"], "architecture": "", "token": ""} | changes
    return json.dumps(said).encode() + b"\n"


def test_only_the_first_start_gets_the_lock_until_it_ends(runtime):
    first = claim()
    assert first is not None
    assert claim() is None
    first.unlock()
    second = claim()
    assert second is not None
    second.unlock()


HOLDS = (
    "import sys; from lrp_gui.desktop.single import claim; held = claim(); print(held is not None, flush=True); input()"
)


def test_a_first_start_that_was_killed_holds_nothing_though_nobody_took_leave_of_it(runtime, qtbot):
    with subprocess.Popen([sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout.readline().strip() == b"True"
        assert claim() is None
        first.kill()  # and not waited for: its number is still taken
        taken = []
        qtbot.waitUntil(lambda: bool(taken.append(claim()) or taken[-1]), timeout=20000)
        taken[-1].unlock()


def test_a_first_start_that_never_listens_is_not_waited_for_without_end(runtime, monkeypatch):
    monkeypatch.setattr(single, "PATIENCE", 0.2)
    first = claim()
    assert single.first_or_served(Request()) == (None, False)
    first.unlock()


def test_a_first_start_that_listens_and_does_not_answer_is_not_waited_for_without_end(runtime, monkeypatch):
    monkeypatch.setattr(single, "PATIENCE", 0.2)
    monkeypatch.setattr(single, "ANSWER_MS", 200)
    first = claim()
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(single._address())
        deaf.listen()
        assert single.first_or_served(Request(("/a.pt",))) == (None, False)
    first.unlock()


def test_a_window_whose_views_do_not_come_stands_in_nobodys_way(qtbot, monkeypatch, caplog):
    def steps():
        yield partial(import_module, "lrp_gui.a_view_that_is_not_there")

    monkeypatch.setattr(moving, "steps", steps)
    made = make_window()
    qtbot.addWidget(made)
    ready, broken, said = [], [], []
    made.document.message.connect(lambda message: said.append(message.sentence))
    move_in(made, ready=lambda: ready.append(True), broken=lambda: broken.append(True))
    qtbot.waitUntil(lambda: bool(broken), timeout=30000)
    assert not ready
    assert "a_view_that_is_not_there" in said[0]
    made.close()


def talk(qtbot, *parts: bytes) -> tuple[bytes, bool]:
    """Say something to the socket; the answer, and whether it hung up."""
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(single._address())
        one.setblocking(False)
        answer, closed = b"", False

        def heard() -> bool:
            nonlocal answer, closed
            try:
                got = one.recv(100)
            except BlockingIOError:
                return False
            except OSError:
                got = b""
            answer, closed = answer + got, not got
            return True

        for part in parts:
            try:
                one.setblocking(True)
                one.settimeout(0.05)
                rest = part
                while rest:
                    try:
                        rest = rest[one.send(rest) :]
                    except TimeoutError:
                        QCoreApplication.processEvents()
            except OSError:
                pass  # it hung up while being spoken to
            one.setblocking(False)
            QCoreApplication.processEvents()
        qtbot.waitUntil(heard, timeout=10000)
    return answer, closed


def test_a_request_arrives_whole_also_in_pieces(receiver, qtbot):
    said = message(files=["/a b.pt", "/ä.csv"], architecture="/m.py:Net", token="x_TIME7")
    with qtbot.waitSignal(receiver.asked) as asked:
        assert talk(qtbot, said[:9], said[9:]) == (single.OK, False)
    assert asked.args == [Request(("/a b.pt", "/ä.csv"), "/m.py:Net", "x_TIME7")]


@pytest.mark.parametrize(
    "said",
    [b"hello\n", b"[]\n", b"\xff\xfe\n", b"[" * 5000 + b"\n", message(version=99), message(files="/a"),
     message(files=["relative.pt"]), message(files=[1]), message(files=["/a"] * 2000), message(token=None),
     message(files=["/" + "a" * 5000]), message(architecture="/a\0b"), b"x" * (single.LARGEST + 10)],
    ids=range(13),
)  # fmt: skip
def test_what_a_stranger_says_is_ignored(receiver, qtbot, said, caplog):
    asked = []
    receiver.asked.connect(asked.append)
    answer, closed = talk(qtbot, said)
    assert closed
    assert not answer
    assert not asked
    assert understood(said) is None
    assert "ignored" in caplog.text


def test_the_socket_is_its_users_alone_and_replaces_one_that_was_left(receiver, runtime, qtbot):
    assert stat.S_IMODE(Path(single._address()).stat().st_mode) & 0o077 == 0
    receiver.close()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(single._address())
    again = Receiver()
    with qtbot.waitSignal(again.asked):
        talk(qtbot, message())
    again.close()


def test_nobody_there_is_told_apart(runtime):
    assert hand_over(Request()) is False


def test_a_folder_that_others_may_write_into_is_not_used(runtime, monkeypatch):
    Path(runtime).chmod(0o777)
    single._own_folder.cache_clear()
    assert not single._address().startswith(runtime)


def test_paths_are_those_of_the_second_start(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_ACTIVATION_TOKEN", "token")
    assert request_for(["a.pt"], "model.py:Net") == Request(
        (str(tmp_path / "a.pt"),), str(tmp_path / "model.py:Net"), "token"
    )


class _Opener:
    def __init__(self) -> None:
        self.opened: list[tuple] = []

    def open(self, *what) -> None:
        self.opened.append(what)


def test_files_that_arrive_early_are_opened_once_that_is_possible(window, monkeypatch):
    opener = _Opener()
    arrivals = Arrivals(window)
    monkeypatch.setattr(window, "opener", opener)
    event = QFileOpenEvent(QUrl.fromLocalFile("/a.pt"))
    heard: list[str] = []

    class Told:
        file_asked = type("Signal", (), {"emit": staticmethod(heard.append)})

    assert Program.event(Told, event)  # type: ignore[arg-type]  (there is one application in a process, and pytest has it)
    assert Program.event(Told, QFileOpenEvent(QUrl("https://example.org/a.pt")))  # type: ignore[arg-type]
    assert heard == ["/a.pt"]
    arrivals.open_file(*heard)
    assert opener.opened == []
    arrivals.begin(listening=False)
    arrivals.open_file("/b.pt")
    assert opener.opened == [(["/a.pt"],), (["/b.pt"],)]
