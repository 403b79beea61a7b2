"""Each hostile pickle is first shown to run under the usual loader of its place, then not to run under ours."""

from __future__ import annotations

import contextlib
import io
import logging

import pytest

from .hostile.containers import CONTAINERS
from .hostile.pickles import PICKLES, extensions_registered
from .hostile.programs import PROGRAMS, operator
from .hostile.watched import Watched
from .hostile.wholes import write_all
from .making import DIABETES, DIGITS

pytestmark = pytest.mark.filterwarnings("ignore")  # the usual loaders warn while they are being misused

# Every pickle in the two places that every loader reads, and some in all places
SOME = ("os.system", "getattr chain", "state")
PAIRS = [
    pytest.param(
        container,
        pickle,
        id=f"{container}: {pickle}",
        marks=() if container in ("plain pickle", "torch zip") or pickle in SOME else pytest.mark.exhaustive,
    )
    for container in CONTAINERS
    for pickle in PICKLES
]


@pytest.fixture(scope="module")
def watched():
    with Watched(warm=(DIABETES, DIGITS)) as process:
        yield process


@pytest.fixture
def marker(tmp_path):
    return tmp_path / "marker"


@contextlib.contextmanager
def misused():
    """What a loader raises, prints and logs while a file runs in it is of no interest."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        with (
            contextlib.suppress(Exception),
            contextlib.redirect_stderr(io.StringIO()),
            extensions_registered(),
        ):
            yield
    finally:
        logging.disable(before)


def proven(load, path, marker):
    """Run it as everybody does; the trace is wiped."""
    with misused():
        load(path)
    assert marker.exists(), "the usual loader has to run it, or this test shows nothing"
    marker.rmdir() if marker.is_dir() else marker.unlink()


@pytest.mark.parametrize(("container", "pickle"), PAIRS)
def test_pickle(container, pickle, tmp_path, marker, watched):
    place, row = CONTAINERS[container], PICKLES[pickle]
    path = place.put(tmp_path, row.make(marker))
    proven(place.load, path, marker)

    outcome = watched.look(path)
    assert not outcome.complaints(path)
    assert not marker.exists()
    if place.opens:
        assert outcome.what == "opened"
        return
    assert outcome.what == "refused"
    if place.named:
        assert place.named in outcome.sentence
    elif not row.by_making:
        assert outcome.error == "UntrustedFile"
        for named in row.named:
            assert any(named in call for call in outcome.calls), (named, outcome.calls)
        assert outcome.calls[0] in outcome.sentence


@pytest.fixture(scope="module")
def loading(tmp_path_factory):
    with Watched(loads=True, warm=write_all(tmp_path_factory.mktemp("whole"))) as process:
        yield process


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name, tmp_path, marker, watched, loading):
    row = PROGRAMS[name]
    path = row.make(tmp_path, marker)
    assert not marker.exists()
    arguments = (marker,) if row.run.__name__ == "_load_library" else ()
    proven(lambda held: row.run(held, *arguments), path, marker)

    outcome = watched.look(path)
    assert not outcome.complaints(path)
    assert (outcome.what == "opened") is row.opens
    outcome = loading.look(path)
    assert not outcome.complaints(torch=True)
    assert (outcome.what == "opened") is row.loads
    assert not marker.exists()


@pytest.mark.parametrize(
    "target", ["torch.os.system", "torch.utils.collect_env.run", "_operator.call", "math.sqrt", "os.system", "#x:y"]
)
def test_operator_that_is_none(target, tmp_path, watched, loading):
    """torch looks these names up, and then refuses to call them; here they stay names."""
    path = operator(tmp_path, target)
    outcome = watched.look(path)
    assert outcome.what == "opened"
    assert not outcome.complaints(path)
    outcome = loading.look(path)
    assert outcome.error == "UntrustedFile"
    assert outcome.calls == (target,)
    assert not outcome.complaints(torch=True)
