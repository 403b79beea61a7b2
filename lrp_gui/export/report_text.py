"""What a report says of one sample in words and tables, as HTML that a browser and Qt's text documents both draw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from lrp_gui.document.words import kind_text, plain, sample_title, signed
from lrp_gui.languages import capital, engine, thousands, tr, trn
from lrp_gui.theme import SINKS, Theme
from lrp_gui.viewer.balance import TITLES
from lrp_gui.viewer.layer_charts import ZERO
from lrp_gui.viewer.neuron_labels import feature_value

if TYPE_CHECKING:
    from lrp_gui.document.results import LedgerRow, NetworkInfo, SampleResult
    from lrp_gui.document.state import Labels
    from lrp_gui.jobs.requests import SampleRequest

MOST_FEATURES = 40
MOST_OUTPUTS = 20
DIGITS = 4
SHORT = 24  # letters of a cell that is not broken into lines
# Rules of nodes that only carry relevance along: reshapes, copies, activations.
CARRYING = ("move", "pass")


def heading(result: SampleResult) -> str:
    """The title of a sample's part."""
    title = sample_title(result)
    return f"{capital(title)} – {result.target}"


def tables(network: NetworkInfo, result: SampleResult, asked: SampleRequest | None, labels: Labels = ()) -> str:
    """All tables of one sample: settings, outputs, conservation, inputs; `labels` are what the person calls layers."""
    balance = _conservation(result, dict(labels))
    parts = [table((tr("Setting"), ""), _settings(network, result, asked), numbers=0)]
    parts.append(f"<h3>{escape(tr('Outputs'))}</h3>" + _outputs(network, result))
    parts.append(f"<h3>{escape(tr('Conservation') if result.words.flows else tr('By layer'))}</h3>" + balance)
    parts.append(
        f"<h3>{escape(tr('Inputs by |{noun}|').format(noun=result.words.noun))}</h3>" + _inputs(network, result)
    )
    return "\n".join(parts)


def _settings(network: NetworkInfo, result: SampleResult, asked: SampleRequest | None) -> list[tuple[str, str]]:
    source = network.source
    found = [
        (tr("Network"), network.name),
        (tr("File"), network.path),
        (
            tr("Connected by"),
            source.architecture or source.candidate or (tr("an edited architecture") if source.text else ""),
        ),
        (tr("Sizes"), ", ".join(f"{name} = {size}" for name, size in source.sizes)),
        (tr("Sample"), tr("{sample} (row {row})").format(sample=sample_title(result), row=result.row)),
        (tr("Target"), result.target),
        (tr("Asked for"), asked.target if asked is not None else ""),
        (tr("Reference") if result.against else tr("Composite"), result.against or engine(result.composite)),
        (tr("Score {score}").format(score=result.words.score), plain(result.explained, 6)),
        *((tr("Note"), note) for note in dict.fromkeys((*network.notes, *result.notes))),
        *((tr("Warning"), warning) for warning in result.warnings),
    ]
    return [(name, text) for name, text in found if text]


def _outputs(network: NetworkInfo, result: SampleResult) -> str:
    values = np.ravel(result.outputs)
    largest = np.argsort(-values, kind="stable")[:MOST_OUTPUTS]
    names = network.outputs
    rows = [(names[unit] if unit < len(names) else str(unit), plain(float(values[unit]), DIGITS)) for unit in largest]
    return table((tr("Output"), tr("Value")), rows) + _rest(values.size, len(rows), tr("outputs, the largest first"))


def _called(layer: str, labels: Mapping[str, str]) -> str:
    """A layer's path, behind what the person calls it."""
    return f"{labels[layer]} ({layer})" if layer in labels else layer


def _conservation(result: SampleResult, labels: Mapping[str, str]) -> str:
    """From the score to the inputs, and what each layer's rule absorbed on the way."""
    if not result.words.flows:
        text = tr("{nouns} are not handed back in shares: they need not sum.")
        return f"<p>{escape(text.format(nouns=capital(result.words.nouns)))}</p>"
    arrived = sum(float(relevance.sum()) for relevance in result.inputs.values())
    sums = {name: sum(getattr(row, name) for row in result.ledger) for name in SINKS}
    told = [(result.words.score, result.explained), (tr("relevance of the inputs"), arrived)]
    told += [(tr(TITLES[name]), amount) for name, amount in sums.items()]
    head = table(("", tr("Amount")), [(name, signed(amount, 6)) for name, amount in told])
    shown = [name for name in SINKS if any(getattr(row, name) for row in result.ledger)]
    listed = [row for row in result.ledger if not _carries(row)]
    rows = [
        (
            *(
                _called(row.layer, labels) or row.node,
                kind_text(row.kind),
                row.rule,
                signed(row.arrived, DIGITS),
                signed(row.passed_on, DIGITS),
            ),
            *(signed(getattr(row, name), 3) for name in shown),
        )
        for row in listed
    ]
    titles = tr("Layer"), tr("Kind"), tr("Rule"), tr("Arrived"), tr("Passed on"), *(tr(TITLES[name]) for name in shown)
    return head + table(titles, rows, numbers=2 + len(shown)) + _carried(len(result.ledger) - len(listed))


def _carries(row: LedgerRow) -> bool:
    """Whether a row only says that all that arrived was handed on: a transformer has hundreds of them."""
    kept = not any(getattr(row, name) for name in SINKS)
    return row.rule in CARRYING and kept and row.arrived == row.passed_on


def _carried(nodes: int) -> str:
    """How many rows are left out; the data behind the pictures has them."""
    text = trn(
        "And {n} node that passes relevance on unchanged.",
        "And {n} nodes that pass relevance on unchanged.",
        nodes,
    )
    return f'<p class="dim">{escape(text)}</p>' if nodes else ""


def _inputs(network: NetworkInfo, result: SampleResult) -> str:
    parts = []
    for one in network.inputs:
        relevance, values = np.ravel(result.inputs[one.name]), np.ravel(result.values[one.name])
        order = np.argsort(-np.abs(relevance), kind="stable")[:MOST_FEATURES]
        rows = []
        if relevance.size > MOST_FEATURES:  # of so many, nobody reads which ones are zero
            order = order[relevance[order] != 0]
        for unit in order:
            feature = one.features[unit]
            shown = feature_value(feature, float(values[unit]))
            rows.append((feature.name, shown, signed(float(relevance[unit]), DIGITS)))
        title = f"<p>{escape(one.name)}</p>" if len(network.inputs) > 1 else ""
        titles = tr("Feature"), tr("Value"), capital(result.words.noun)
        if rows:
            listed = table(titles, rows, numbers=2)
            listed += _rest(relevance.size, len(rows), tr("features, the strongest first"))
        else:
            listed = f"<p>{escape(tr(ZERO).format(noun=result.words.noun))}</p>"
        parts.append(title + listed)
    return "".join(parts)


def repeated_layers(rows: Sequence[tuple[str, str]]) -> str:
    """Which layers have no picture of their own, and where each is drawn."""
    text = tr("What arrived at these layers is, number by number, what a picture above shows of another one.")
    listed = table((tr("Layer"), tr("Drawn as")), rows, numbers=0)
    return f"<h3>{escape(tr('Layers that are drawn above'))}</h3><p>{escape(text)}</p>{listed}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 1, links: Sequence[str] = ()) -> str:
    """A table whose last `numbers` columns are numbers; `links` stand for the first cell of each row, as HTML."""

    def cells(row: Sequence[str], tag: str, link: str = "") -> str:
        first = len(row) - numbers
        texts = [link or escape(row[0]), *(escape(text) for text in row[1:])]
        sides = ("right" if at >= first else "left" for at in range(len(row)))
        whole = (' class="whole"' if at >= first or len(text) <= SHORT else "" for at, text in enumerate(row))
        parts = zip(sides, whole, texts, strict=True)
        return "".join(f'<{tag} align="{side}"{name}>{text}</{tag}>' for side, name, text in parts)

    rows = list(rows)
    lines = [cells(row, "td", link) for row, link in zip(rows, links or [""] * len(rows), strict=True)]
    top = [cells(head, "th")] if any(head) else []
    body = "\n".join(f"<tr>{line}</tr>" for line in top + lines)
    return f'<table cellspacing="0" cellpadding="3">\n{body}\n</table>'


def _rest(total: int, shown: int, what: str) -> str:
    text = tr("{shown} of {total} {what}.").format(shown=thousands(shown), total=thousands(total), what=what)
    return f'<p class="dim">{escape(text)}</p>' if shown < total else ""


def style(theme: Theme) -> str:
    """Colours and sizes of both reports."""
    return f"""
body {{ font-family: sans-serif; color: {theme.text}; background: {theme.background}; }}
h1 {{ font-size: 20pt; }} h2 {{ font-size: 15pt; }} h3 {{ font-size: 11.5pt; }}
table {{ border-collapse: collapse; margin-bottom: 8px; }}
td, th {{ border-bottom: 1px solid {theme.line}; padding: 2px 10px 2px 4px; vertical-align: top; font-size: 9pt; }}
th {{ color: {theme.dim}; }}
.whole {{ white-space: nowrap; }}
.dim {{ color: {theme.dim}; font-size: 9pt; }}
"""
