"""The house in order: nothing beside its place, no module too long to read, no link that leads nowhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("lrp_engine", "lrp_gui", "tests", "resources", ".ci")
TEXT = {".py", ".md", ".toml", ".json", ".svg", ".desktop", ".xml", ""}


def files() -> list[Path]:
    """List the project's own text files; those that git ignores lie outside its folders, or in caches."""
    inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    top = [path for path in ROOT.iterdir() if path.name in {"pyproject.toml", "README.md", "LICENSE", ".gitignore"}]
    return [path for path in inside + top if path.is_file() and path.suffix in TEXT and "__pycache__" not in path.parts]


def test_nothing_leans_on_what_a_clone_does_not_hold():
    outside = "../" + "shared"
    assert [str(path) for path in files() if outside in path.read_text(encoding="utf-8")] == []


def test_modules_are_short_enough_to_read():
    modules = [path for path in files() if path.suffix == ".py"]
    long = {
        str(path.relative_to(ROOT)): count
        for path in modules
        if (count := len(path.read_text("utf-8").splitlines())) > 500
    }
    assert long == {}


def test_nothing_is_left_unfinished():
    marks = re.compile(
        "|".join(["TO" + "DO", "FIX" + "ME", "raise NotImplemented" + "Error", r"except( Exception)?: *" + "pass"])
    )
    found = [str(path) for path in files() if path.suffix == ".py" and marks.search(path.read_text(encoding="utf-8"))]
    assert found == []


PAGES = sorted([ROOT / "README.md", *(ROOT / "resources" / "docs").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_the_pages_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", text)
    local = [one or other for one, other in links if not (one or other).startswith(("http://", "https://", "#"))]
    assert [link for link in local if not (page.parent / link.partition("#")[0]).exists()] == []
