"""The page of kinds is what the code says."""

import subprocess
import sys
from pathlib import Path

from lrp_engine.networks.graphs.operations import table

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "resources" / "docs"
PAGE = DOCS / "kinds.md"
COMMAND = "lrp_engine.networks.graphs.operations"


def test_the_page_of_kinds_ends_with_the_table_that_the_code_prints():
    done = subprocess.run([sys.executable, "-m", COMMAND], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == table()
    introduction, found, rest = PAGE.read_text(encoding="utf-8").partition("| kind |")
    assert f"python -m {COMMAND}" in introduction
    assert (found + rest).strip() == table(), f"put what `python -m {COMMAND}` prints into {PAGE.name}"


def test_the_guide_leads_there():
    assert "](kinds.md)" in (DOCS / "guide.md").read_text(encoding="utf-8")
