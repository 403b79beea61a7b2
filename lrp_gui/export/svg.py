"""Qt's drawings without what says nothing: of a report with hundreds of pictures that would be the larger part."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, unescape

from PySide6.QtGui import QFont, QFontInfo

_ATTRIBUTE = re.compile(r'[\w:-]+="[^"]*"')
_GROUP = re.compile(r"<g [^>]*>")
_TEXT = re.compile(r"<text [^>]*>")
_EMPTY_GROUP = re.compile(r"<g [^>]*>\s*</g>\s*")  # Qt writes one for each change of its pen, drawn with or not
_GRADIENT = re.compile(r'<(linear|radial)Gradient\b[^>]*\bid="([^"]*)".*?</\1Gradient>\s*', re.DOTALL)
# What holds where nothing is said; a text may stand in a group that is half transparent.
_OPAQUE = {'fill-opacity="1"', 'stroke-opacity="1"'}
_UNMOVED = {'transform="matrix(1,0,0,1,0,0)"'}
_UPRIGHT = {'font-weight="400"', 'font-style="normal"'}
_SAID_ANYWAY = (' stop-opacity="1"', ' vector-effect="none"')


def tidied(drawing: str) -> str:
    """The same drawing, shorter: each letter, line and number stays where it is.

    Left out are empty groups, gradients that nothing is filled with, what a group has from the one around it, and fonts
    of groups, as every text names its own.
    """
    drawing = _EMPTY_GROUP.sub("", drawing)
    used = set(re.findall(r"url\(#([^)]*)\)", drawing))
    drawing = _GRADIENT.sub(lambda found: found[0] if found[2] in used else "", drawing)
    for words in _SAID_ANYWAY:
        drawing = drawing.replace(words, "")
    outer = _GROUP.search(drawing)
    if outer is None:
        return drawing
    around = set(_ATTRIBUTE.findall(outer[0])) | _OPAQUE | _UNMOVED
    inner = _GROUP.sub(lambda found: _kept("g", found[0], around, "font-"), drawing[outer.end() :])
    inner = _TEXT.sub(lambda found: _kept("text", found[0], _UPRIGHT), _joined(inner))
    return drawing[: outer.end()] + re.sub(r'font-family="([^"]*)"', _families, inner)


def _kept(tag: str, start: str, usual: set[str], beginning: str = "\0") -> str:
    """A tag without the attributes that are usual, or that begin so."""
    given = [one for one in _ATTRIBUTE.findall(start) if one not in usual and not one.startswith(beginning)]
    return f"<{' '.join((tag, *given))}>"


def _joined(drawing: str) -> str:
    """Neighbours that are drawn with the same pen in one group."""
    parts = re.split(f"({_GROUP.pattern}|<g>)", drawing)
    kept, pen = [parts[0]], ""
    for start, inside in zip(parts[1::2], parts[2::2], strict=True):
        before = kept[-1].rstrip()
        if start == pen and before.endswith("</g>") and before.count("</g>") == 1:
            kept[-1] = before.removesuffix("</g>") + inside.lstrip()
        else:
            kept += [start, inside]
        pen = start
    return "".join(kept)


def _families(found: re.Match[str]) -> str:
    """The font that was measured, by its real name; elsewhere one without serifs, as here."""
    real = QFontInfo(QFont(unescape(found[1]))).family()
    return f'font-family="{escape(", ".join(dict.fromkeys((real, unescape(found[1]), "sans-serif"))))}"'
