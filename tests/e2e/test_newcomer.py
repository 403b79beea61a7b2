"""A newcomer's walk through the program, from a double click to the help, without a terminal."""

from __future__ import annotations

import pytest

from lrp_gui.jobs.steps import run_now
from lrp_gui.project import file
from tests.e2e.desk import a_desk, needs
from tests.e2e.newcomer import ENGLISH, LAST, SAVED, Newcomer

pytestmark = [pytest.mark.xvfb, pytest.mark.timeout(240)]


def bmi(project) -> str:
    """What a project says of the first patient."""
    table = run_now(file.reading(str(project))).table
    assert table is not None
    return table.text(0, 2)


def test_explain_change_save_be_killed_recover_export_and_read_the_help(tmp_path):
    needs("Xvfb", "xdotool", "openbox", "pcmanfm", "update-mime-database")
    with a_desk(tmp_path / "home") as desk:
        one = Newcomer(desk, ENGLISH)
        one.install()
        one.explain_the_example()
        one.change_and_save()
        assert bmi(one.project) == SAVED
        one.be_killed()
        one.take_it_back()
        assert bmi(one.project) == LAST
        picture, page = one.export("picture.png", "page.pdf")
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert page.read_bytes().startswith(b"%PDF")
        one.read_the_help()
        one.quit()
