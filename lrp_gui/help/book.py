"""The user guide as data: pages of Markdown cut into chapters and sections, their addresses, and a search.

The pages are those of `resources/docs`; nothing is written twice. An address is "guide#the-table": a page, and a
heading as links name it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from lrp_gui import settings
from lrp_gui.languages import SOURCE, mark, tr

# What a person at the window reads, in this order: the file's name, and the words of its own in the contents.
PAGES = (
    ("guide", ""),
    ("glossary", mark("Glossary")),
    ("architecture-json", ""),
    ("kinds", ""),
    ("files", ""),
    ("onnx", ""),
    ("gallery", ""),
    ("news", ""),
)
GUIDE = "guide"
CONTENTS_LEVEL = 2  # headings of this level begin a chapter
SNIPPET = 110  # letters around a hit
MOST_HITS = 200

_HEADING = re.compile(r"^(#+) +(.*?) *$")
_FENCE = re.compile(r"^ *(```|~~~)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_PICTURE = re.compile(r"!\[([^\]]*)\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"[*`]+|^[#>]+ |^ *[-–] (?=\S)|\|[-|: ]+\|$|\|", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands below it, up to the next heading."""

    slug: str
    title: str
    level: int
    plain: str = ""  # without Markdown, in one line
    english: str = ""  # of a translation, what the heading is called in links of the English page

    def is_called(self, slug: str) -> bool:
        """Whether a link means this one, in whichever language it was written."""
        return slug in (self.slug, self.english)


@dataclass(frozen=True, slots=True)
class Chapter:
    """What is shown at a time: Markdown, and the sections in it; the first one is the chapter's own."""

    page: str
    text: str
    sections: tuple[Section, ...]
    language: str = SOURCE

    @property
    def title(self) -> str:
        """The words of its first heading."""
        return self.sections[0].title

    @property
    def address(self) -> str:
        """Where it is found."""
        return f"{self.page}#{self.sections[0].slug}"


@dataclass(frozen=True, slots=True)
class Hit:
    """A section in which all words were found."""

    chapter: Chapter
    section: Section
    snippet: str

    @property
    def address(self) -> str:
        """Where it is found."""
        return f"{self.chapter.page}#{self.section.slug}"


@dataclass(frozen=True, slots=True)
class Book:
    """All pages. `folder` holds them and their pictures."""

    folder: Path
    chapters: tuple[Chapter, ...]

    def find(self, address: str, page: str = GUIDE) -> tuple[Chapter, str] | None:
        """The chapter to which an address leads, and the heading in it; `page` is where the link stands."""
        path, _, slug = address.partition("#")
        name = path.rpartition("/")[2].removesuffix(".md") if path else page
        of_page = [chapter for chapter in self.chapters if chapter.page == name]
        for chapter in of_page:
            found = next((section for section in chapter.sections if section.is_called(slug)), None)
            if found is not None and slug:
                return chapter, found.slug
        return (of_page[0], "") if of_page and not slug else None

    def search(self, text: str) -> list[Hit]:
        """The sections that hold every word, those that have them in the title first."""
        words = words_of(text)
        if not words:
            return []
        found = []
        for chapter in self.chapters:
            for section in chapter.sections:
                title, body = section.title.casefold(), section.plain.casefold()
                if all(word in title or word in body for word in words):
                    rank = (
                        0 if all(word in title for word in words) else 1 if any(word in title for word in words) else 2
                    )
                    found.append((rank, Hit(chapter, section, _snippet(section.plain, words))))
        return [hit for _rank, hit in sorted(found, key=lambda one: one[0])[:MOST_HITS]]


def words_of(text: str) -> list[str]:
    """What is searched for: every word has to be there, in whatever case."""
    return text.casefold().split()


@cache
def book(language: str = SOURCE) -> Book | None:
    """The pages in a language, English where one has no translation; None where they are not installed."""
    folder = settings.docs_folder()
    if folder is None:
        return None
    chapters: list[Chapter] = []
    for name, title in PAGES:
        original, translation = folder / f"{name}.md", folder / f"{name}.{language}.md"
        read = _read(name, original, tr(title))
        if translation.exists():
            ours = [replace(chapter, language=language) for chapter in _read(name, translation, tr(title))]
            read = _answering_to(ours, read)
        chapters += read
    return Book(folder, tuple(chapters))


def _read(name: str, path: Path, title: str) -> list[Chapter]:
    return chapters_of(name, path.read_text(encoding="utf-8"), title) if path.exists() else []


def _answering_to(translated: list[Chapter], original: list[Chapter]) -> list[Chapter]:
    """A translation whose headings answer to the names of the original's, where it has as many of them."""
    names = [section.slug for chapter in original for section in chapter.sections]
    if len(names) != sum(len(chapter.sections) for chapter in translated):
        return translated
    rest = iter(names)
    return [
        replace(chapter, sections=tuple(replace(section, english=next(rest)) for section in chapter.sections))
        for chapter in translated
    ]


def slug_of(heading: str) -> str:
    """What a heading is called in links."""
    return re.sub(r"[^\w\- ]", "", _unmarked(heading).lower()).strip().replace(" ", "-")


def chapters_of(page: str, text: str, title: str = "") -> list[Chapter]:
    """Cut a page into chapters. Only the guide is long enough: of another page all headings belong to one chapter."""
    level = CONTENTS_LEVEL if page == GUIDE else 1
    parts: list[list[str]] = []
    headings: list[list[tuple[int, str, int]]] = []  # per chapter: level, title, line in it
    fenced = False
    for line in _COMMENT.sub("", text).splitlines():
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.match(line)
        if heading is not None and (not parts or len(heading[1]) <= level):
            parts.append([])
            headings.append([])
        if not parts:
            continue  # nothing stands before the first heading
        if heading is not None:
            headings[-1].append((len(heading[1]), _unmarked(heading[2]), len(parts[-1])))
        parts[-1].append(line)
    chapters = [_chapter(page, lines, found) for lines, found in zip(parts, headings, strict=True)]
    if title and chapters:
        first, *rest = chapters[0].sections
        chapters[0] = replace(chapters[0], sections=(replace(first, title=title), *rest))
    return chapters


def _chapter(page: str, lines: list[str], headings: list[tuple[int, str, int]]) -> Chapter:
    ends = [*(at for _level, _title, at in headings[1:]), len(lines)]
    sections = [
        Section(slug_of(title), title, level, plain_text("\n".join(lines[at + 1 : end])))
        for (level, title, at), end in zip(headings, ends, strict=True)
    ]
    return Chapter(page, "\n".join(lines), tuple(sections))


def plain_text(markdown: str) -> str:
    """The words alone, in one line."""
    return " ".join(_MARKS.sub(" ", _unmarked(markdown)).split())


def _unmarked(text: str) -> str:
    return _LINK.sub(r"\1", _PICTURE.sub(r"\1", text)).replace("**", "").replace("`", "").replace("*", "")


def _snippet(text: str, words: list[str]) -> str:
    """What stands around the first of the words."""
    small = text.casefold()
    at = min((place for word in words if (place := small.find(word)) >= 0), default=0)
    start = max(0, at - SNIPPET // 3)
    if start:
        start = text.find(" ", start, at) + 1 or start
    cut = text[start : start + SNIPPET]
    return f"{'… ' if start else ''}{cut.strip()}{' …' if start + SNIPPET < len(text) else ''}"
