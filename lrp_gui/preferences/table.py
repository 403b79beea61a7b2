"""The preferences, one row an entry. The form, its reset and its tests are made from this table."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from lrp_gui import settings
from lrp_gui.languages import AVAILABLE, mark
from lrp_gui.settings import Setting

# How an entry is edited.
CHOICE, NUMBER, SWITCH, FOLDER = "choice", "number", "switch", "folder"
# Whose choices are known only when the form is opened.
DEVICES, COMPOSITES = "devices", "composites"


@dataclass(frozen=True, slots=True)
class Entry:
    """One preference.

    Attributes
    ----------
    setting : Setting
    title, tip : str
        What stands before it, and what it does.
    kind : str
        "choice", "number", "switch" or "folder".
    choices : tuple of (value, title)
        Of a choice; () where `source` gives them.
    source : str
        Where the choices come from, "devices" or "composites".
    low, high, step : int
        Of a number.
    zero, unit : str
        What 0 means, and what stands behind a number.
    note : str
        What a person should know, below it.
    """

    setting: Setting
    title: str
    tip: str
    kind: str
    choices: tuple[tuple[Any, str], ...] = ()
    source: str = ""
    low: int = 0
    high: int = 0
    step: int = 1
    zero: str = ""
    unit: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Entries that belong together."""

    id: str
    title: str
    entries: tuple[Entry, ...]


GENERAL = Page(
    "general",
    mark("General"),
    (
        Entry(
            settings.THEME,
            mark("Theme"),
            mark("Colours of the window and of its pictures"),
            CHOICE,
            (("system", mark("As the system")), ("light", mark("Light")), ("dark", mark("Dark"))),
        ),
        Entry(
            settings.FONT_SIZE,
            mark("Letters"),
            mark("How large letters are, in the whole window and in the pictures"),
            NUMBER,
            low=7,
            high=20,
            zero=mark("As the system"),
            unit=mark(" pt"),
        ),
        Entry(
            settings.REDUCED_MOTION,
            mark("Reduced motion"),
            mark("Whether pictures change at once instead of moving"),
            CHOICE,
            (("system", mark("As the system")), ("on", mark("Nothing moves")), ("off", mark("Pictures may move"))),
        ),
        Entry(
            settings.LANGUAGE,
            mark("Language"),
            mark("The language of the window's texts"),
            CHOICE,
            (("system", mark("As the system")), *AVAILABLE.items()),
            note=mark("Another language is spoken from the next start on."),
        ),
        Entry(
            settings.TOOLBAR,
            mark("Toolbar"),
            mark("What stands on the buttons of the toolbar"),
            CHOICE,
            (
                ("icons", mark("Icons Only")),
                ("text", mark("Text Only")),
                ("beside", mark("Text Beside Icons")),
                ("under", mark("Text Under Icons")),
            ),
        ),
    ),
)
ENGINE = Page(
    "engine",
    mark("Engine"),
    (
        Entry(
            settings.DEVICE,
            mark("Device"),
            mark("What explanations are computed on"),
            CHOICE,
            source=DEVICES,
        ),
        Entry(
            settings.THREADS,
            mark("Threads"),
            mark("How many threads compute on the CPU"),
            NUMBER,
            high=max(2, os.cpu_count() or 2),
            zero=mark("All cores but one"),
        ),
        Entry(
            settings.MEMORY,
            mark("Memory"),
            mark("How much an explanation may take; samples that need more are taken a few at a time"),
            NUMBER,
            high=1 << 20,
            step=256,
            zero=mark("Half of what is free"),
            unit=mark(" MiB"),
        ),
        Entry(
            settings.DTYPE,
            mark("Precision"),
            mark("Numbers of 64 bits leave less unexplained, and take about twice as long"),
            CHOICE,
            (
                ("file", mark("As the file")),
                ("float32", mark("32 bits (float32)")),
                ("float64", mark("64 bits (float64)")),
            ),
            note=mark("A change explains again what is shown."),
        ),
        Entry(
            settings.COMPOSITE,
            mark("Composite"),
            mark("The rules by which a network is explained when the program starts"),
            CHOICE,
            source=COMPOSITES,
        ),
    ),
)
PICTURES = Page(
    "pictures",
    mark("Pictures"),
    (
        Entry(
            settings.SCHEME,
            mark("Colours of relevance"),
            mark("Which two hues relevance has, below and above zero"),
            CHOICE,
            (
                ("cbd1", mark("Blue and ochre (CET-CBD1)")),
                ("cbtd1", mark("Cyan and red (CET-CBTD1)")),
                ("grey", mark("Greys, with marks")),
            ),
        ),
        Entry(
            settings.LIMITS,
            mark("Limits"),
            mark("Whether all maps of a view share the relevance of the strongest colour"),
            CHOICE,
            (("shared", mark("One for all maps together")), ("each", mark("Each map its own"))),
        ),
        Entry(
            settings.CLIP,
            mark("Strongest colour"),
            mark("From which relevance on the colour grows no stronger"),
            CHOICE,
            (
                ("100", mark("At the largest |R|")),
                ("99.9", mark("At the 99.9 % quantile of |R|")),
                ("99", mark("At the 99 % quantile of |R|")),
                ("95", mark("At the 95 % quantile of |R|")),
            ),
        ),
        Entry(
            settings.MARKS,
            mark("Marks of the sign"),
            mark("Tell the sign of relevance by + and − as well"),
            SWITCH,
        ),
    ),
)
CACHE = Page(
    "cache",
    mark("Cache"),
    (
        Entry(
            settings.CACHE_FOLDER,
            mark("Folder"),
            mark("Where networks are kept that took long to load"),
            FOLDER,
            zero=mark("The system's place for caches"),
        ),
        Entry(
            settings.CACHE_LIMIT,
            mark("Size"),
            mark("How much the kept networks may take on the disk; those not used for longest give way"),
            NUMBER,
            high=1 << 20,
            step=256,
            zero=mark("Keep nothing"),
            unit=mark(" MiB"),
        ),
    ),
)
PAGES = (GENERAL, ENGINE, PICTURES, CACHE)
ENTRIES = tuple(entry for page in PAGES for entry in page.entries)
