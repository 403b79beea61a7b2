"""Bombs, lies and places outside: each file is refused in one sentence, or opens, within two seconds and 200 MB."""

from __future__ import annotations

import pytest

from .hostile.broken import BROKEN
from .hostile.watched import Watched
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
