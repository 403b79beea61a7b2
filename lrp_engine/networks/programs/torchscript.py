"""From a TorchScript archive, with consent, to a network."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ...errors import CaptureError, FormatError, InputError, LrpError
from ...files import open_weights
from .. import cache as kept_networks
from ..captured.answers import Answer
from ..captured.from_module import capture
from ..captured.guessed import Guess, Sizes, guess
from ..consent import torchscript_consent
from ..graphs.running import cut, differing
from ..network import Network
from .scripted import Program
from .scripted_layers import layers_in

RAN = "The program in the archive was run, with consent."


def load_torchscript(
    path: str | Path,
    *,
    trust: bool = False,
    sizes: Sizes | None = None,
    example: Any = None,
    cache: bool = True,
) -> Network:
    """Make a network of a TorchScript archive by running its program.

    Parameters
    ----------
    path : path
    trust : bool
        The consent to run it. It is asked for before the cache is looked at.
    sizes : dict, optional
        Shapes of the inputs by name, None where the samples run; or the length of sequences under “sequence”.
    example : tensor, tuple or dict, optional
        What the program is called with; without it, inputs are guessed from its layers, and the notes say so.
    cache : bool
        Whether the network may come from the cache, and be kept there. With an example it never does.

    Raises
    ------
    UntrustedFile
        Without consent; its `consent` says what it would mean.
    FormatError
        If torch cannot load the archive.
    NeedsSizes
        If the inputs cannot be guessed.
    CaptureError
        If the program cannot be made a graph that computes the same.
    """
    path = Path(path)
    if not trust:
        raise torchscript_consent(open_weights(path))
    if example is not None:
        return _made(path, sizes, example)
    return kept_networks.kept(
        lambda: _made(path, sizes, None),
        [path],
        use=cache,
        source="torchscript",
        name=path.stem,
        sizes=dict(sizes or {}),
    )


def _made(path: Path, sizes: Sizes | None, example: Any) -> Network:
    try:
        program = Program(path)
    except LrpError:
        raise
    except Exception as error:  # torch's reader fails in as many ways as there are archives
        raise FormatError(f"{path.name} cannot be loaded as TorchScript: {_first_line(error)}.") from error
    if not program.script._c._has_method("forward"):
        raise FormatError(f"{path.name} is a TorchScript archive without a method “forward”; nothing can be run.")
    if example is None:
        guessed = guess(program.module, sizes, what=path.name, layers=layers_in(program), run=program.script)
    else:
        guessed = _given(program, example)
    network = capture(program.module, guessed.inputs, name=path.stem, batch_axis=guessed.axes)
    for node in network.graph.nodes:
        if "scripted" in node.meta.get("source", ""):
            node.meta["source"] = ""  # a line of ours, not of the author's
    _check(program, network, guessed)
    wide = (f"Computed in float32 is what the program has in {', '.join(program.widened)}.",) * bool(program.widened)
    network.notes = (RAN, *wide, *guessed.notes, *network.notes)
    return network


def _given(program: Program, example: Any) -> Guess:
    """The example by the names of the program's inputs.

    Raises
    ------
    InputError
        If it holds more inputs than the program takes, or other ones.
    """
    names = list(inspect.signature(program.module.forward).parameters)
    if not isinstance(example, Mapping):
        example = example if isinstance(example, tuple | list) else (example,)
        example = dict(zip(names, example, strict=False)) if len(example) <= len(names) else {}
    if not example or not set(example) <= set(names):
        raise InputError(f"The example does not fit the program's inputs, which are {', '.join(names)}.")
    return Guess({name: torch.as_tensor(example[name]) for name in names if name in example}, {})


def _check(program: Program, network: Network, guessed: Guess) -> None:
    """The network has to compute what the program computes.

    Raises
    ------
    CaptureError
        If it does not.
    """
    given = guessed.inputs
    answer = Answer()
    with torch.no_grad():
        named = cut(network, dict(zip((entry.name for entry in network.inputs), given.values(), strict=True)))
        returned = program.script(*(value.clone() for value in named.values()))
        expected = answer(program.module, None, returned)
    wrong = differing(network, named, dict(zip(answer.names, expected, strict=True)))
    if wrong:
        raise CaptureError(
            f"The graph made of {network.name} does not compute what its program computes (output “{wrong}”); "
            "export the model as .pt2 or ONNX instead."
        )


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0].rstrip(".") if text else type(error).__name__
