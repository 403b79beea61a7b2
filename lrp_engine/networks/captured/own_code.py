"""A person's own module class in a Python file: run with consent, and filled with the weights."""

from __future__ import annotations

import importlib.util
import inspect
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from torch import nn

from ...errors import ArchitectureError, InputError, LrpError
from .. import cache as kept_networks
from ..consent import own_code_consent
from ..network import Network
from .filled import fill
from .from_module import capture
from .guessed import Sizes, guess

if TYPE_CHECKING:
    from ...files import WeightFile

ARGUMENTS = ".arguments.json"  # model.arguments.json beside model.py: what its class is made with
_HYPERPARAMETERS = ("hyper_parameters", "hparams", "config", "args", "model_args", "model_kwargs", "kwargs")
_LARGEST_ARGUMENTS = 10 * 2**20


def load_own_code(
    weights: WeightFile,
    code: str | Path,
    *,
    trust: bool = False,
    sizes: Sizes | None = None,
    cache: bool = True,
) -> Network:
    """Make a network of a state dict and a module class in a Python file.

    Parameters
    ----------
    weights : WeightFile
        The state dict.
    code : path
        “model.py” with one module class, or “model.py:ClassName”. What the class is made with stands in
        `model.arguments.json` beside it, as an object; what is missing there is looked for among the hyperparameters
        in the weight file, then the defaults count.
    trust : bool
        The consent to run the file.
    sizes : dict, optional
        As `guessed.guess` takes them.
    cache : bool
        Whether the network may come from the cache and be kept there. It holds as long as the file, and all files of
        its folder that it imports, stay the same; what else the code reads is not looked at.

    Raises
    ------
    UntrustedFile
        Without consent.
    ArchitectureError
        If the file has no such class, cannot be run, or its class does not fit the weights; the sentence lists the
        tensors that do not.
    NeedsSizes, CaptureError
        If the inputs cannot be guessed, or the module cannot be captured.
    """
    path, kind = split(code)
    if not path.is_file():
        raise ArchitectureError(f"There is no file {path}.")
    if not trust:
        raise own_code_consent(path)
    beside = path.with_name(path.stem + ARGUMENTS)
    files = [*weights.files, path, *([beside] if beside.is_file() else [])]
    # with its place: the same text imports something else in another folder
    place = {"path": str(path.resolve()), "class": kind}
    options = {"source": "own code", **place, "name": weights.path.stem, "sizes": dict(sizes or {})}
    cache = cache and kept_networks.wanted()
    name = kept_networks.key(files, **options) if cache else ""
    found = kept_networks.restore(name) if cache else None
    if found is not None:
        return found
    network, imported = _made(weights, path, kind, sizes)
    if cache:
        kept_networks.store(name, network, depends=imported)
    return network


def split(code: str | Path) -> tuple[Path, str]:
    """The file and the class in “model.py:ClassName”; the class may be left out."""
    text = str(code)
    path, colon, kind = text.rpartition(":")
    if colon and kind.isidentifier() and path.endswith(".py"):
        return Path(path), kind
    return Path(text), ""


def _made(weights: WeightFile, path: Path, kind: str, sizes: Sizes | None) -> tuple[Network, list[Path]]:
    with _imported(path) as (module, files):
        chosen = _class(module, kind, path)
        arguments, notes = _arguments(chosen, path, weights)
        built = _run(lambda: chosen(**arguments).eval(), path)
        fill(built, weights.weights, what=f"{chosen.__name__} of {path.name}", file=weights.path.name)
        guessed = guess(built, sizes, what=f"{chosen.__name__} of {path.name}")
        network = capture(built, guessed.inputs, name=weights.path.stem, batch_axis=guessed.axes)
        imported = files()
    network.notes = (f"{path.name} was run, with consent.", *notes, *guessed.notes, *network.notes)
    return network, imported


@contextmanager
def _imported(path: Path) -> Iterator[tuple[ModuleType, Any]]:
    """The file as a module, and a function that lists the files of its folder that it has imported.

    It may import what lies beside it; afterwards neither its folder nor these modules are known any more, so that
    another folder's files of the same names are found.
    """
    folder = path.resolve().parent
    before, paths, bytecode = dict(sys.modules), list(sys.path), sys.dont_write_bytecode

    def own() -> dict[str, Path]:
        found = {}
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if before.get(name) is not module and file and Path(file).resolve().is_relative_to(folder):
                found[name] = Path(file).resolve()
        return found

    name = f"_lrp_own_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ArchitectureError(f"{path.name} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    try:
        _run(lambda: spec.loader.exec_module(module), path)  # type: ignore[union-attr]
        yield module, lambda: sorted(set(own().values()) - {path.resolve()})
    finally:
        for known in (*own(), name):
            sys.modules.pop(known, None)
            if known in before:
                sys.modules[known] = before[known]
        sys.path[:] = paths
        sys.dont_write_bytecode = bytecode


def _run(step: Any, path: Path) -> Any:
    """Run what is a person's own code; whatever it raises becomes a sentence with its line."""
    try:
        return step()
    except LrpError:
        raise
    except (Exception, SystemExit) as error:
        line, frame = "", error.__traceback__
        while frame is not None:
            if Path(frame.tb_frame.f_code.co_filename).name == path.name:
                line = f", line {frame.tb_lineno}"
            frame = frame.tb_next
        if isinstance(error, SyntaxError) and error.lineno:
            line = f", line {error.lineno}"
        text = str(error).strip().splitlines()
        reason = f"{type(error).__name__}{': ' + text[0] if text else ''}"
        raise ArchitectureError(f"{path.name} cannot be run ({reason}{line}).") from error


def _class(module: ModuleType, kind: str, path: Path) -> type[nn.Module]:
    classes = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, nn.Module) and value.__module__ == module.__name__
    }
    if kind:
        found = vars(module).get(kind)
        if isinstance(found, type) and issubclass(found, nn.Module):
            return found
        listed = ", ".join(classes) or "none"
        raise ArchitectureError(f"{path.name} has no module class {kind}; it has {listed}.")
    # what others derive from, or are made of, is a part of them
    used = {base.__name__ for value in classes.values() for base in value.__mro__[1:]}
    for name, value in classes.items():
        used |= _mentioned(value) - {name}
    final = [value for name, value in classes.items() if name not in used]
    if len(final) == 1:
        return final[0]
    if not final:
        raise ArchitectureError(f"{path.name} defines no class that derives from torch.nn.Module.")
    listed = ", ".join(value.__name__ for value in final)
    raise ArchitectureError(
        f"{path.name} defines several module classes ({listed}); name one, as in {path.name}:{final[-1].__name__}."
    )


def _mentioned(kind: type) -> set[str]:
    """The names that the methods of a class mention."""
    names: set[str] = set()
    waiting = [value.__code__ for value in vars(kind).values() if isinstance(value, FunctionType)]
    while waiting:
        body = waiting.pop()
        names.update(body.co_names)
        waiting += [value for value in body.co_consts if isinstance(value, CodeType)]
    return names


def _arguments(kind: type[nn.Module], path: Path, weights: WeightFile) -> tuple[dict[str, Any], list[str]]:
    """What the class is made with: from the file beside it, then from the weights' hyperparameters."""
    arguments = _beside(path, kind.__name__)
    parameters = inspect.signature(kind.__init__).parameters
    wanted = {
        name: parameter
        for name, parameter in list(parameters.items())[1:]
        if parameter.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    }
    notes, taken = [], []
    for key in _HYPERPARAMETERS:
        known = weights.metadata.get(key)
        for name in wanted if isinstance(known, dict) else ():
            if name not in arguments and name in known:  # type: ignore[operator]
                arguments[name] = known[name]  # type: ignore[index]
                taken.append(name)
    if taken:
        listed = ", ".join(f"{name} = {arguments[name]}" for name in taken)
        notes.append(f"{kind.__name__} was made with hyperparameters from the weight file: {listed}.")
    missing = [name for name, p in wanted.items() if p.default is inspect.Parameter.empty and name not in arguments]
    if missing:
        example = "{" + ", ".join(f'"{name}": …' for name in missing) + "}"
        raise ArchitectureError(
            f"{kind.__name__} of {path.name} needs the argument{'s' if len(missing) > 1 else ''} "
            f"{', '.join(missing)}; give them in {path.stem}{ARGUMENTS} beside it, as {example}."
        )
    return arguments, notes


def _beside(path: Path, kind: str) -> dict[str, Any]:
    beside = path.with_name(path.stem + ARGUMENTS)
    if not beside.is_file():
        return {}
    try:
        if beside.stat().st_size > _LARGEST_ARGUMENTS:
            raise InputError(f"{beside.name} is too large for a list of arguments.")
        read = json.loads(beside.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{beside.name} cannot be read as JSON: {error}.") from error
    if isinstance(read, dict) and set(read) == {kind} and isinstance(read[kind], dict):
        read = read[kind]  # one file may serve several classes
    if not isinstance(read, dict):
        raise InputError(f"{beside.name} has to be an object with the arguments of {kind} by name.")
    return read
