"""Bombs, lies and places outside: each file is refused in one sentence, or opens, within two seconds and 200 MB."""

from __future__ import annotations

import pytest

from .hostile.asking import LOADED
from .hostile.broken import BROKEN
from .hostile.watched import Watched
from .hostile.wholes import write_all
from .making import DIABETES, DIGITS


@pytest.fixture(scope="module")
def watched():
    with Watched(warm=(DIABETES, DIGITS)) as process:
        yield process


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name, tmp_path, watched):
    row = BROKEN[name]
    path = row.make(tmp_path)
    outcome = watched.look(path)
    assert not outcome.complaints(path)
    if row.says:
        assert outcome.what == "refused"
        assert row.says in outcome.sentence
    else:
        assert outcome.what == "opened", outcome.sentence


@pytest.fixture(scope="module")
def loading(tmp_path_factory):
    with Watched(loads=True, warm=write_all(tmp_path_factory.mktemp("whole"))) as process:
        # the first network whose sizes are found without its numbers makes torch import its compiler
        path = LOADED["loaded: padding of 1,500"](tmp_path_factory.mktemp("first"))
        process.warm = (*process.warm, path)
        yield process


@pytest.mark.parametrize("name", LOADED)
def test_network_that_asks_for_more_than_there_is(name, tmp_path, loading):
    outcome = loading.look(LOADED[name](tmp_path))
    assert not outcome.complaints(torch=True)
