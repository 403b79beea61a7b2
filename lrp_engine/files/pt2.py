"""The archive that `torch.export.save` writes, as data: its graph as parsed JSON and its weights as raw numbers.

Nothing of it is unpickled: sample inputs are never opened, and pickled weights, opaque constants and compiled code are
refused. The layouts of torch 2.9 to 2.13 are read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import FormatError, UntrustedFile
from .archive import Archive
from .pt2_nodes import ends_of, nodes_of
from .roles import BUFFER, CONSTANT, WEIGHT
from .tensors import Region, TensorInfo, shown, tensor_in
from .weightfile import LARGEST_EXTRA, Candidate, Found, WeightFile, tell_nobody

_WEIGHT_LISTS = ("data/weights/{}_weights_config.json", "data/weights/{}_model_param_config.json")
_CONSTANT_LISTS = ("data/constants/{}_constants_config.json", "data/constants/{}_model_constants_config.json")
_STRIDED = 7
_MOST_EXTRA = 100

# torch's numbering of number formats in an exported program
DTYPES = {
    1: "uint8",
    2: "int8",
    3: "int16",
    4: "int32",
    5: "int64",
    6: "float16",
    7: "float32",
    8: "float64",
    10: "complex64",
    11: "complex128",
    12: "bool",
    13: "bfloat16",
    28: "uint16",
    29: "float8_e4m3fn",
    30: "float8_e5m2",
    31: "float8_e4m3fnuz",
    32: "float8_e5m2fnuz",
    33: "float8_e8m0fnu",
    34: "uint32",
    35: "uint64",
}


@dataclass(frozen=True, slots=True)
class Pt2Archive:
    """An exported program as data.

    Attributes
    ----------
    path : Path
        Where it is.
    name : str
        The program's name in the archive.
    program : dict
        The parsed `models/<name>.json`: `graph_module` with `graph` and `signature`, `torch_version` and so on.
    weights, constants : dict of str to TensorInfo
        By the names that the program's signature uses.
    parameters : frozenset of str
        Those of the weights that are parameters, not buffers.
    extra : dict of str to bytes
        What was saved beside the program (`extra_files`), the first hundred, up to 1 MiB each.
    """

    path: Path
    name: str
    program: dict[str, Any]
    weights: dict[str, TensorInfo]
    constants: dict[str, TensorInfo]
    parameters: frozenset[str]
    extra: dict[str, bytes] = field(default_factory=dict)


def looks_like_pt2(candidate: Candidate) -> bool:
    """Whether it is an archive of exported programs, compiled ones included."""
    if not candidate.is_zip:
        return False
    held = candidate.archive
    return bool(held.below("models/") or held.below("data/aotinductor/")) and "data.pkl" not in held


def read_pt2(path: str | Path) -> Pt2Archive:
    """Read an exported program as data.

    Raises
    ------
    FormatError
        If the archive is damaged, holds several programs, or was saved without its weights.
    UntrustedFile
        If it holds compiled code, pickled weights or opaque constants, which cannot be read without running them.
    """
    return _read(Archive(Path(path)))


def open_pt2(candidate: Candidate) -> WeightFile:
    """Read an exported program's tensors and what it says of itself."""
    read = _read(candidate.archive, candidate.found)
    metadata: dict[str, Any] = {"program": shown(read.name)}
    for key in ("torch_version", "schema_version", "opset_version"):
        value = read.program.get(key)
        if isinstance(value, dict):
            value = ", ".join(f"{part} {number}" for part, number in list(value.items())[:20])
        if isinstance(value, str):
            metadata[key.replace("_", " ")] = shown(value)
    if read.extra:
        metadata["extra files"] = ", ".join(shown(name) for name in list(read.extra)[:20])
    metadata |= ends_of(read.program)
    roles = {name: WEIGHT if name in read.parameters else BUFFER for name in read.weights}
    roles |= dict.fromkeys(read.constants, CONSTANT)
    archive, member = candidate.archive, f"models/{read.name}.json"
    return WeightFile(
        candidate.path,
        "PyTorch exported program (.pt2)",
        "pt2",
        {**read.constants, **read.weights},
        metadata,
        roles=roles,
        extra=read.extra,
        graph=cache(lambda: nodes_of(archive.json(member), candidate.path.name)),
    )


def _read(archive: Archive, found: Found = tell_nobody) -> Pt2Archive:
    file = archive.path.name
    if archive.below("data/aotinductor/"):
        raise UntrustedFile(
            f"{file} holds compiled machine code (AOTInductor), which would have to run to be read; "
            "save the exported program with torch.export.save instead."
        )
    if "archive_format" in archive and archive.text("archive_format") != "pt2":
        raise FormatError(f"{file} is an archive of another kind than .pt2.")
    if "archive_version" in archive and archive.text("archive_version") != "0":
        raise FormatError(
            f"{file} has the archive version {shown(archive.text('archive_version'))}; this program reads version 0."
        )
    programs = [name for name in archive.below("models/") if name.endswith(".json")]
    if len(programs) != 1:
        listed = ", ".join(shown(name[7:-5]) for name in programs[:5])
        raise FormatError(
            f"{file} holds {len(programs)} programs ({listed}); save the one to be explained by itself."
            if programs
            else f"{file} is an archive without a program."
        )
    name = programs[0].removeprefix("models/").removesuffix(".json")
    program = archive.json(programs[0])
    weights, parameters = _tensors(archive, "weights", name, _WEIGHT_LISTS, found)
    constants, _ = _tensors(archive, "constants", name, _CONSTANT_LISTS, found)
    extra = {
        member.removeprefix("extra/"): archive.read(member)
        for member in archive.below("extra/")[:_MOST_EXTRA]
        if archive.members[member].file_size <= LARGEST_EXTRA
    }
    return Pt2Archive(archive.path, name, program, weights, constants, parameters, extra)


def _tensors(
    archive: Archive, what: str, name: str, lists: tuple[str, ...], found: Found
) -> tuple[dict[str, TensorInfo], frozenset[str]]:
    """Read the list of weights or constants, and describe each."""
    file = archive.path.name
    if f"data/{what}/{name}.pt" in archive:
        raise UntrustedFile(
            f"{file} has its {what} in a pickle, as torch before 2.9 wrote them; "
            "export the program again with torch 2.9 or later."
        )
    config_name = next((form.format(name) for form in lists if form.format(name) in archive), None)
    if config_name is None:
        raise FormatError(
            f"{file} lacks the list of its {what}: it was cut off, or saved by an unknown version of torch."
        )
    config = archive.json(config_name).get("config")
    if not isinstance(config, dict):
        raise FormatError(f"The list of {what} in {file} is damaged.")
    endian = archive.text("byteorder") if "byteorder" in archive else "little"
    tensors: dict[str, TensorInfo] = {}
    parameters: set[str] = set()
    for key, entry in config.items():
        where = f"The entry “{shown(key)}” in {file}"
        try:
            pickled, path_name, meta = entry["use_pickle"], entry["path_name"], entry["tensor_meta"]
            if pickled is not False or meta is None or path_name.startswith(("custom_obj_", "opaque_obj_")):
                raise UntrustedFile(
                    f"{where} is pickled, and reading it could run any code; "
                    "export the program again with plain tensors only.",
                    calls=(shown(key),),
                )
            region = archive.region(f"data/{what}/{path_name}")
            tensors[key] = _tensor(region, key, meta, big_endian=endian == "big", file=file)
            if entry.get("is_param") is True:
                parameters.add(key)
        except (KeyError, TypeError, AttributeError) as error:
            raise FormatError(f"{where} is not described as torch.export writes it: the file is damaged.") from error
        found(tensors[key], 0)  # of weights and constants together nobody knows yet
    return tensors, frozenset(parameters)


def _tensor(region: Region, name: str, meta: dict[str, Any], *, big_endian: bool, file: str) -> TensorInfo:
    where = f"The tensor “{shown(name)}” in {file}"
    if meta["layout"] != _STRIDED:
        raise FormatError(f"{where} is sparse; only dense tensors can be explained.")
    dtype = DTYPES.get(meta["dtype"])
    if dtype is None:
        raise FormatError(f"{where} has the number format {shown(meta['dtype'])}, which this version does not read.")
    shape = [size["as_int"] for size in meta["sizes"]]
    if region.size == 0 and 0 not in shape:
        raise FormatError(f"{where} has no numbers: the program was saved without its weights.")
    return tensor_in(
        region,
        name,
        dtype,
        shape,
        strides=[step["as_int"] for step in meta["strides"]],
        offset=meta["storage_offset"]["as_int"],
        big_endian=big_endian,
        file=file,
    )
