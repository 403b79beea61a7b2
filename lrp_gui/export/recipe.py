"""The Python lines that make an explanation again: they lie in every exported file, and run as they stand."""

from __future__ import annotations

import base64
import textwrap
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from lrp_gui.document.words import sample_title
from lrp_gui.languages import tr

if TYPE_CHECKING:
    from lrp_gui.document.files import Source
    from lrp_gui.document.results import InputInfo, NetworkInfo, SampleResult
    from lrp_gui.jobs.requests import SampleRequest

WRITTEN_OUT = 64  # so many values of an input stand there as numbers; more of them packed
MOST_NAMES = 200
MOST_CELLS = 1_000_000  # of many samples: beyond, the lines would be larger than any picture
RELEVANCE = "relevance"  # what the lines of many samples call theirs
_WIDTH = 118


def recipe(network: NetworkInfo, result: SampleResult, asked: SampleRequest) -> str:
    """Load, feed, explain: what was asked of the engine to get this result."""
    lines = [
        f"# {network.name}: {sample_title(result)}, {tr('target')} {result.target}, {result.how}".replace("\n", " "),
        *_imports(result),
        "import lrp_engine as lrp",
        "",
        *_loading(network.source),
        *_precision(result),
        *_values("inputs", {one.name: result.values[one.name] for one in network.inputs}),
    ]
    options = [f"target={_target(asked.target, network.outputs)}"]
    if asked.reference is None:
        options.append(f"composite={_composite(lines, asked.composite)}")
    else:
        lines += _values("reference", _scaled(network.inputs, asked.reference[None], result.values), samples=1)
        options.append("reference=reference")
    sums = ", ".join(f"{float(relevance.sum())!r}" for relevance in result.inputs.values())
    lines += [
        f"explanation = lrp.explain(network, inputs, {', '.join(options)})",
        f"print(float(explanation.score[0]))  # was {float(result.explained)!r}",
        "for name, relevance in explanation.inputs.items():",
        f"    print(name, float(relevance.sum()))  # was {sums}",
    ]
    return "\n".join(lines) + "\n"


def recipe_of_rows(network: NetworkInfo, result: SampleResult, asked: SampleRequest, values: np.ndarray) -> str:
    """The same for many samples, asked as one of them was: relevance of the inputs, a row for each.

    Parameters
    ----------
    values
        (samples, features), in the table's units.
    """
    what = result.how if asked.reference is not None else asked.composite if isinstance(asked.composite, str) else "own"
    about = f"# {network.name}: {len(values)} samples, {tr('target')} {asked.target}, {what}".replace("\n", " ")
    if values.size > MOST_CELLS:
        return f"{about}; they are too many to stand here.\n"
    lines = [
        *(about, "import base64", "import zlib", "", "import numpy as np", "", "import lrp_engine as lrp", ""),
        *_loading(network.source),
        *_precision(result),
        *_values("inputs", _scaled(network.inputs, values, result.values), samples=len(values)),
    ]
    options = [f"target={_target(asked.target, network.outputs)}"]
    if asked.reference is None:
        options.append(f"composite={_composite(lines, asked.composite)}")
    else:
        lines += _values("reference", _scaled(network.inputs, asked.reference[None], result.values), samples=1)
        options.append("reference=reference")
    lines += [
        f"explanation = lrp.explain(network, inputs, {', '.join(options)}, keep='inputs')",
        "parts = [one.numpy().reshape(len(one), -1) for one in explanation.inputs.values()]",
        f"{RELEVANCE} = np.concatenate(parts, axis=1)",
        f"print({RELEVANCE}.shape, {RELEVANCE}.sum())",
    ]
    return "\n".join(lines) + "\n"


def _imports(result: SampleResult) -> list[str]:
    packed = any(np.size(value) > WRITTEN_OUT for value in result.values.values())
    return [*(("import base64", "import zlib", "") if packed else ()), "import numpy as np", ""]


def _loading(source: Source) -> list[str]:
    options = []
    before = []
    if source.text:
        before = [
            "from lrp_engine.networks.architecture import parse_architecture",
            "",
            f"architecture = parse_architecture({source.text!r}, 'as it was edited')",
        ]
        options.append("architecture=architecture")
    elif source.candidate:
        before = [
            f"weights = lrp.open_weights({source.path!r})",
            f"architecture = next(one for one in lrp.candidates(weights) if one.title == {source.candidate!r})",
        ]
        options.append("architecture=architecture")
    elif source.architecture:
        options.append(f"architecture={source.architecture!r}")
    if source.sizes:
        options.append(f"sizes={dict(source.sizes)!r}")
    if source.trusted:
        before.append(f"# Runs the program in this file, whose SHA-256 was {source.trusted}.")
        options.append("trust=True")
    return [*before, f"network = lrp.load({', '.join([repr(source.path), *options])})"]


def precision_of(result: SampleResult) -> str:
    """In which precision it was computed: "file" for the network's own, else "float32" or "float64"."""
    if result.precision == "file" and any(np.asarray(value).dtype == np.float64 for value in result.values.values()):
        return "float64"  # its own, or of a result that a project kept, which does not know what was chosen
    return result.precision


def _precision(result: SampleResult) -> list[str]:
    """Where another precision was chosen, the network is taken to it; one that is so already stays as it is."""
    precision = precision_of(result)
    if precision == "file":
        return []
    return [
        "from lrp_engine.networks.graphs.precision import in_precision",
        "",
        f"network = in_precision(network, {precision!r})",
    ]


def _values(name: str, arrays: dict[str, np.ndarray], samples: int = 0) -> list[str]:
    """A dict of one sample, or of so many, in the network's units; in the lines the first axis is the samples'."""
    lines = [f"{name} = {{"]
    for key, array in arrays.items():
        shape, kind = np.shape(array) if samples else (1, *np.shape(array)), np.asarray(array).dtype
        if np.size(array) <= WRITTEN_OUT:
            numbers = ", ".join(repr(number) for number in np.ravel(array).tolist())
            text = f"np.array([{numbers}], dtype={kind.name!r})"
            text = "\n".join(textwrap.wrap(text, _WIDTH - 8, subsequent_indent="        ", break_long_words=False))
        else:
            packed = base64.b85encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 9)).decode()
            parts = "\n".join(f"        {packed[at : at + 100]!r}" for at in range(0, len(packed), 100))
            text = f"np.frombuffer(zlib.decompress(base64.b85decode(\n{parts}\n    )), dtype={kind.str!r}).copy()"
        lines.append(f"    {key!r}: {text}.reshape{shape!r},")
    return [*lines, "}"]


def _scaled(inputs: tuple[InputInfo, ...], rows: np.ndarray, like: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rows of the table in the network's units: (value − mean) / scale, in the shape and type of each input."""
    found, first = {}, 0
    for one in inputs:
        part = np.asarray(rows[:, first : first + len(one.features)], dtype=np.float64)
        first += len(one.features)
        means, scales = (np.array([getattr(f, what) for f in one.features]) for what in ("mean", "scale"))
        shaped = like[one.name]
        found[one.name] = ((part - means) / scales).reshape(len(rows), *shaped.shape).astype(shaped.dtype)
    return found


def _target(text: str, outputs: tuple[str, ...]) -> str:
    """A target as somebody types it, with the names that it may use."""
    if text == "max":
        return repr(text)
    names = repr(outputs) if len(outputs) <= MOST_NAMES else f"tuple(map(str, range({len(outputs)})))"
    return f"lrp.parse_target({text!r}, {names})"


def _composite(lines: list[str], composite: Any) -> str:
    """The composite by its name; one that was changed stands above, as JSON."""
    if isinstance(composite, str):
        return repr(composite)
    lines.append(f"composite = lrp.Composite.from_json({composite.to_json()!r})")
    return "composite"
