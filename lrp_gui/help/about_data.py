"""What the other views show now, in plain words: model, tensors, health, table, sample, comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrp_gui.document.words import plain, shape_text, signed, size_text
from lrp_gui.help.about_graph import missing
from lrp_gui.help.lines import Line, explained, two_colours
from lrp_gui.languages import thousands, tr, trn


def start(_window: Any) -> list[Line]:
    """The first page."""
    return [
        Line(tr("Nothing is open yet. Choose an example to see how everything works, or open a weight file of yours.")),
        Line(
            tr(
                "A weight file holds what a network learned. The program shows what is in it, runs the "
                "network on samples from a table, and hands each score back through the layers to the inputs."
            )
        ),
        Line(tr("Everything stays on this computer.")),
    ]


def obstacle(window: Any) -> list[Line]:
    """Why an opened file shows no network."""
    found = window.document.obstacle
    if found is None:
        return start(window)
    return [
        Line(tr("The file is open, but its network does not run yet:")),
        Line(found.sentence),
        Line(
            tr("Its tensors can be looked at in the model on the left meanwhile; the buttons offer what can be done.")
        ),
    ]


def layers(window: Any) -> list[Line]:
    """The tree of layers."""
    document = window.document
    network = document.network
    if network is None:
        return obstacle(window)
    parameters = sum(layer.parameters for layer in network.layers)
    text = tr("{name} has {layers} with {parameters}, from the input on top to the output.")
    lines = [
        Line(
            text.format(
                name=network.name,
                layers=trn("{n} layer", "{n} layers", len(network.layers)),
                parameters=trn("{n} parameter", "{n} parameters", parameters),
            )
        ),
        Line(
            tr(
                "Each row is a layer under its author's name, with its operation, the shape of its output "
                "for one sample, and the rule by which it hands relevance back. F2 or a double click on the "
                "rule changes it."
            )
        ),
    ]
    if document.result is not None:
        text = tr(
            "ΣR is the sum of the relevance at the layer's output; the score is {score}. Where the sum "
            "shrinks, a layer absorbed some of it."
        )
        lines.append(Line(text.format(score=signed(document.result.explained, 4))))
    lines += [Line(note) for note in network.notes[:3]]
    return lines


def tensors(window: Any) -> list[Line]:
    """The tree of tensors."""
    file = window.document.file
    if file is None:
        return start(window)
    text = tr("{name} holds {tensors}, {size} in all. No tensor is read before it is looked at.")
    lines = [
        Line(
            text.format(
                name=file.name,
                tensors=trn("{n} tensor", "{n} tensors", len(file.tensors)),
                size=size_text(sum(row.nbytes for row in file.tensors)),
            )
        )
    ]
    if file.tensors:
        largest = max(file.tensors, key=lambda row: row.nbytes)
        text = tr("The largest is {name}, {shape}.")
        lines.append(Line(text.format(name=largest.name, shape=shape_text(largest.shape))))
    lines.append(
        Line(tr("Measure reads all of them once: smallest, largest, mean, spread, zeros, and what is odd about each."))
    )
    return lines


def file(window: Any) -> list[Line]:
    """What the file says of itself."""
    found = window.document.file
    if found is None:
        return start(window)
    text = tr("{name}: {format}, {size}. What it says of itself stands here, word for word; nothing in it is run.")
    return [Line(text.format(name=found.name, format=found.file_format, size=size_text(found.nbytes)))]


def health(window: Any) -> list[Line]:
    """What was found odd."""
    view = window.furniture.health.view if window.furniture.health is not None else None
    lines = [
        Line(
            tr(
                "Findings about the file's numbers, and about the units on the samples of the table. A "
                "filled triangle is serious, an empty one doubtful, a dot a remark that is often meant so."
            )
        ),
    ]
    if view is None or view.check.state == "idle":
        return [*lines, Line(tr("Nothing was checked yet."))]
    rows = view.check.rows
    lines.append(Line(trn("{n} finding so far.", "{n} findings so far.", len(rows))))
    if rows:
        lines.append(Line(tr("The first: {sentence}").format(sentence=rows[0].sentence)))
    if view.check.outdated:
        lines.append(Line(tr("The table changed since; Check Again goes through it anew.")))
    return lines


def inspector(window: Any) -> list[Line]:
    """The chosen tensor."""
    inspection = window.furniture.inspection
    row, summary = inspection.row, inspection.summary
    if row is None:
        return [Line(tr("Choose a tensor in the Tensors tab of the model to look into it."))]
    text = tr("{name}: {shape} numbers of type {dtype}, {size} in the file.")
    lines = [Line(text.format(name=row.name, shape=shape_text(row.shape), dtype=row.dtype, size=size_text(row.nbytes)))]
    if summary is not None:
        text = tr("They lie between {low} and {high}, {mean} on average with a deviation of {std}; {zeros} are zero.")
        lines.append(
            Line(
                text.format(
                    low=plain(summary.min),
                    high=plain(summary.max),
                    mean=plain(summary.mean),
                    std=plain(summary.std),
                    zeros=thousands(summary.zeros),
                )
            )
        )
        if summary.nans:
            lines.append(Line(trn("{n} number is NaN.", "{n} numbers are NaN.", summary.nans)))
    lines.append(Line(tr("The colours of Picture and Kernels are of values, not of relevance: weights have none.")))
    return lines


def table(window: Any) -> list[Line]:
    """The samples."""
    document = window.document
    samples, found = document.table, document.table_result
    if samples is None or document.network is None:
        return missing(window)
    text = tr(
        "{samples} with {features}, in the units of the data. Each row is a sample; the first "
        "columns say what is explained, the output and the prediction."
    )
    lines = [
        Line(
            text.format(
                samples=trn("{n} sample", "{n} samples", samples.samples),
                features=trn("{n} feature", "{n} features", len(samples.features)),
            )
        )
    ]
    if found is not None:
        known = int(np.isfinite(found.explained).sum())
        lines.append(Line(trn("{n} of them is explained so far.", "{n} of them are explained so far.", known)))
    if samples.blocked:
        text = trn(
            "{n} sample cannot be explained: a cell of it holds no number (full corner).",
            "{n} samples cannot be explained: cells of them hold no numbers (full corner).",
            samples.blocked,
        )
        lines.append(Line(text))
    if window.actions_["tint"].isChecked() and document.result is not None:
        lines.append(Line(tr("Cells are coloured by their relevance, each row for its own target:")))
        lines += two_colours(document.result)
    lines.append(Line(tr("Type into a cell: its row is explained again at once, and Ctrl+Z takes the edit back.")))
    return lines


def what_if(window: Any) -> list[Line]:
    """The sliders."""
    document = window.document
    lines = [
        Line(
            tr(
                "A slider for each feature of the chosen sample, from the smallest to the largest value in "
                "the data; those with the largest relevance come first. A violet mark shows where a slider "
                "was."
            )
        ),
    ]
    if document.result is not None:
        lines.append(explained(document.result))
    panel = window.furniture.sample
    original = panel.what_if.original if document.network is not None else None
    if original is not None and original.said is not None and document.result is not None:
        text = tr("As the sample was, the score was {before}; now it is {now}.")
        lines.append(
            Line(text.format(before=signed(original.said.explained, 4), now=signed(document.result.explained, 4)))
        )
    return lines


def sweep(window: Any) -> list[Line]:
    """One feature from end to end."""
    found = window.furniture.sample.what_if.sweep if window.document.network is not None else None
    lines = [
        Line(
            tr(
                "One feature of the chosen sample is taken from end to end, all others stay: the upper curve "
                "is the output, the lower one the feature's relevance. The upright line is where the sample "
                "is now."
            )
        ),
    ]
    if found is not None and found.curve is not None and 0 <= found.column < len(window.document.table.features):
        curve = found.curve
        known = curve.explained[curve.known]
        if known.size:
            text = tr("{feature} from {low} to {high}: the score runs from {least} to {most}.")
            lines.append(
                Line(
                    text.format(
                        feature=window.document.table.features[found.column].name,
                        low=plain(float(curve.points[0])),
                        high=plain(float(curve.points[-1])),
                        least=signed(float(known.min()), 4),
                        most=signed(float(known.max()), 4),
                    )
                )
            )
    return lines


def reference(window: Any) -> list[Line]:
    """What samples are compared with."""
    chosen = window.document.settings.reference
    if not chosen:
        return [
            Line(
                tr(
                    "No reference is chosen. With one, each feature is shown beside the reference's, and samples "
                    "can be explained against it: then the difference of both scores is handed back."
                )
            ),
        ]
    name = chosen.name_in(window.document.table)
    text = (
        tr("Samples are explained against {name}: the difference of both scores is handed back.")
        if (chosen.explains)
        else tr("Samples are compared with {name}; they are explained by the composite as before.")
    )
    return [Line(text.format(name=name))]


def editor(window: Any) -> list[Line]:
    """The input as a picture, a series or tokens."""
    lines = [
        Line(
            tr(
                "The input of the chosen sample as what it is: a picture to paint, a series to draw, or a "
                "text to type. The relevance lies over it and follows each stroke; a stroke is one step for "
                "undo."
            )
        ),
    ]
    result = window.document.result
    return lines if result is None else [*lines, explained(result), *two_colours(result)]


def operations(window: Any) -> list[Line]:
    """All operations as a table."""
    result = window.document.result
    if result is None:
        return missing(window)
    return [
        explained(result),
        Line(
            tr(
                "Each row is one operation with its rule, the relevance that arrived, what was passed on, "
                "and what each sink absorbed: the books of the explanation, to sort, filter and save. "
                "arrived = passed on + all sinks."
            )
        ),
        Line(trn("{n} row in the books.", "{n} rows in the books.", len(result.ledger))),
    ]


def comparison(window: Any) -> list[Line]:
    """Another file beside the open one."""
    view = window.furniture.comparison
    lines = [
        Line(
            tr(
                "The tensors of the open file (a) beside those of another one (b): added, removed, of "
                "another shape or type, or changed. ‖a − b‖ is how far apart their numbers are."
            )
        ),
    ]
    if view is not None and view.comparison.rows:
        counts = ", ".join(f"{change}: {thousands(count)}" for change, count in view.comparison.counts.items())
        lines.append(Line(tr("{other}: {counts}.").format(other=view.comparison.other_name, counts=counts)))
    return lines


def explanations(window: Any) -> list[Line]:
    """Two explanations beside each other."""
    view = window.furniture.explanations
    lines = [
        Line(
            tr(
                "Two explanations beside each other: A is what the main window explains, B another sample, "
                "target, composite, reference or network. The third pane is the difference A − B."
            )
        ),
        Line(
            tr(
                "Where A − B is positive, the unit counted more in A; the table below lists the layers that "
                "differ most."
            )
        ),
    ]
    rows = view.model.rowCount() if view is not None else 0
    return [*lines, Line(trn("{n} layer is compared.", "{n} layers are compared.", rows))] if rows else lines


def jobs(window: Any) -> list[Line]:
    """What the worker does."""
    open_jobs, ended = window.jobs.jobs, window.jobs.past
    counts = tr("{open}, {ended}.").format(
        open=trn("{n} job runs or waits", "{n} jobs run or wait", len(open_jobs)),
        ended=trn("{n} has ended", "{n} have ended", sum(row.times for row in ended)),
    )
    return [
        Line(
            tr(
                "What the worker does beside the window: the job that runs with the time it still takes, those that "
                "wait in their order, and those that have ended, the newest first. Del stops the chosen ones."
            )
        ),
        Line(counts),
    ]
