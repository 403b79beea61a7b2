"""A window that is open for long grows no more than by a twentieth once it has done everything a few times."""

import json
import os
import subprocess
import sys

import pytest

GROWTH = 1.05
# What the allocators keep for later: of memory a short run says little.
SLACK = {"memory": 40 << 20}


def grown(seconds, every, warm):
    """What is more than a twentieth above what it was after `warm` of the counts."""
    ended = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", "tests.gui.soak", str(seconds), str(every)],
        capture_output=True,
        text=True,
        timeout=3000,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    counts = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    assert len(counts) > warm, ended.stdout
    first, last = counts[warm], counts[-1]
    names = [name for name in first if name not in {"seconds", "steps"}]
    return {
        name: (first[name], last[name])
        for name in names
        if last[name] > GROWTH * first[name] and last[name] - first[name] > SLACK.get(name, 0)
    }, counts


@pytest.mark.timeout(300)
def test_a_short_day():
    too_much, _counts = grown(2, 0.4, warm=3)
    assert not too_much


@pytest.mark.exhaustive
@pytest.mark.timeout(3000)
def test_a_long_day():
    too_much, counts = grown(300, 15, warm=6)
    assert counts[-1]["steps"] > 1000
    assert not too_much
