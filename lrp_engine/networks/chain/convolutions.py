"""The part of a chain that is convolutions: from an image or a series to what the layer behind them takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .builder import FEATURES, IMAGE, IMAGES, SEQUENCE, Builder, listed
from .dense import write_activation, write_norm
from .geometry import Place, Plan, Setting, plans
from .parts import ACTIVATION, CONVOLUTION, DENSE, NORM, TRANSPOSED, Part

_STAGE = {CONVOLUTION, TRANSPOSED, NORM, ACTIVATION}


def write_images(b: Builder, position: int) -> int:
    """Write the convolutions from `position` on; gives the position behind them."""
    stage = [(position, b.parts[position])]
    while (at := stage[-1][0] + 1) < len(b.parts) and b.parts[at].sort in _STAGE:
        stage.append((at, b.parts[at]))
    following = b.parts[at] if at < len(b.parts) else None
    convolutions = [part for _, part in stage if part.sort in IMAGES]
    first, last = convolutions[0], convolutions[-1]
    if _parallel(b, [part for _, part in stage], following):
        return at
    dims = len(first.kernel)
    wanted = None
    if following is not None and following.sort == DENSE and following.reads % last.gives == 0:
        wanted = following.reads // last.gives
    fixed = _enter(b, first, dims)
    places = _places(b, stage, following, wanted)
    found = plans(places, wanted, fixed) if fixed != 0 else []
    adapted = 0
    if not found and wanted is not None and fixed != 0:
        side = round(wanted ** (1 / dims))
        found = plans(places, None, fixed) if side**dims == wanted else []
        adapted = side if found else 0
    misfit = not found
    if misfit:
        b.problems.append(_misfit(stage, following))
        found = [Plan(32, tuple(Setting(1, 0) for _ in places), tuple(32 for _ in places), 0.0)]
    plan = b.pick(found)
    if b.value is None:
        b.begin(IMAGE, first.reads, [first.reads, *[plan.size] * dims])
    elif fixed is None:
        b.set_steps(plan.size)
    _write(b, stage, plan, dims)
    if following is None or b.value is None:
        return at
    end = plan.end
    if adapted:
        end = adapted
        b.said.others.append(f"The mean over {'×'.join([str(end)] * dims)} fields is taken before {following.path}.")
        _pool(b, f"AdaptiveAvgPool{dims}d", {"output_size": end}, dims, end)
    elif wanted == 1 and end > 1:
        end = 1
        kind, word = ("Max", "largest value") if b.reads_tokens else ("Avg", "mean")
        b.said.others.append(f"The {word} of each channel is taken before {following.path}.")
        _pool(b, f"Adaptive{kind}Pool{dims}d", {"output_size": 1}, dims, 1)
    if following.sort == DENSE:
        b.activate()
        width = following.reads if misfit else last.gives * end**dims
        b.go(b.add(b.free("flatten"), "Flatten"), FEATURES, width)
    return at


def _misfit(stage: Sequence[tuple[int, Part]], following: Part | None) -> str:
    names = [part.path for _, part in stage if part.sort in IMAGES]
    behind = f", behind which “{following.path}” takes {following.reads} values" if following is not None else ""
    what = f"The convolutions “{names[0]}” to “{names[-1]}”" if len(names) > 1 else f"The convolution “{names[0]}”"
    return f"No usual setting of strides, paddings and pools fits: {what[:1].lower()}{what[1:]}{behind}."


def _places(b: Builder, stage: Sequence[tuple[int, Part]], following: Part | None, wanted: int | None) -> list[Place]:
    """The convolutions of a stage, with what the numbering tells of each."""
    places = [Place(part, b.room(position), part.container) for position, part in stage if part.sort in IMAGES]
    room = places[-1].room
    if room is not None and following is not None and following.sort == DENSE:
        # a flatten takes a number there, and so does what collects each channel
        places[-1] = replace(places[-1], room=room - (2 if wanted == 1 else 1))
    return places


def _enter(b: Builder, first: Part, dims: int) -> int | None:
    """Bring what comes before into the form of an image; its size along each axis, None if it is still open."""
    value = b.value
    if value is None:
        return None
    if value.form == IMAGE:
        return value.sizes[0] if value.sizes else None
    if value.form == SEQUENCE and dims == 1:
        b.activate()
        b.go(b.add(b.free("transpose"), "Transpose", {"dim0": 1, "dim1": 2}), IMAGE, value.width, value.sizes)
        return None if b.input is not None and b.input.dtype == "int64" else (value.sizes or (0,))[0]
    if value.form == FEATURES and value.width % first.reads == 0:
        size = round((value.width // first.reads) ** (1 / dims))
        if size**dims * first.reads == value.width:
            b.activate()
            shape = [first.reads, *[size] * dims]
            b.go(b.add(b.free("reshape"), "Reshape", {"shape": shape}), IMAGE, first.reads, (size,) * dims)
            b.said.others.append(f"The {value.width} values before {first.path} become {'×'.join(map(str, shape))}.")
            return size
    return 0


def _wanted(b: Builder, last: Part, following: Part | None) -> tuple[int | None, bool]:
    """How many values of each channel the layer behind takes; and whether one of them may be collected from many."""
    del b
    if following is None or following.sort != DENSE:
        return None, False
    if following.reads % last.gives:
        return None, False
    return following.reads // last.gives, True


def _write(b: Builder, stage: Sequence[tuple[int, Part]], plan: Plan, dims: int) -> None:
    settings = iter(plan.settings)
    sizes = iter(plan.sizes)
    pool: tuple[str, Setting] | None = None
    for position, part in stage:
        if part.sort == NORM:
            write_norm(b, position, part)
        elif part.sort == ACTIVATION:
            write_activation(b, position, part)
        else:
            _pool_behind(b, pool, dims)
            b.activate()
            one = next(settings)
            if _convolution(b, part, one):
                size = next(sizes, None)
                b.go(part.path, IMAGE, part.gives, None if size is None else (size,) * dims)
                b.expect(position, part.path)
                pool = part.path, one
    _pool_behind(b, pool, dims)


def _pool_behind(b: Builder, pool: tuple[str, Setting] | None, dims: int) -> None:
    if pool is None or pool[1].pool is None:
        return
    window, stride, padding = pool[1].pool
    given: dict[str, Any] = {"kernel_size": window, "stride": stride}
    given |= {"padding": padding} if padding else {}
    b.said.pools.setdefault(f"A max pool of window {window} and stride {stride} stands", []).append(pool[0])
    sizes = b.value.sizes if b.value is not None else None
    _pool(b, f"MaxPool{dims}d", given, dims, sizes[0] if sizes else 0)


def _pool(b: Builder, kind: str, given: dict[str, Any], dims: int, size: int) -> None:
    b.activate()
    name = b.add(b.free("pool"), kind, given)
    if b.value is not None:
        b.go(name, IMAGE, b.value.width, (size,) * dims if size else None)


def _convolution(b: Builder, part: Part, one: Setting) -> bool:
    """Write a convolution; False if it does not fit the channels before it."""
    value = b.value
    width = value.width if value is not None else part.reads
    given = dict(part.parameters)
    if part.reads != width:
        groups = width // part.reads if part.sort == CONVOLUTION and width % part.reads == 0 else 0
        if not groups or part.gives % groups:
            b.problems.append(
                f"The layer “{part.path}” ({part.type}) takes {part.reads} channels, but "
                f"“{value.name if value else ''}” before it has {width}; it is left out."
            )
            return False
        given |= {"in_channels": width, "groups": groups}
    if one.stride != 1:
        given["stride"] = one.stride
    if one.padding:
        square = len(set(part.kernel)) == 1
        given["padding"] = one.padding if square else [(k - 1) // 2 for k in part.kernel]
    if one.more:
        given["output_padding"] = one.more
    what = f"stride {one.stride} and padding {one.padding}"
    what += f" and output padding {one.more}" if one.more else ""
    b.said.strides.setdefault(what, []).append(part.path)
    b.add_part(part, part.type, given)
    return True


def _parallel(b: Builder, stage: list[Part], following: Part | None) -> bool:
    """Convolutions side by side over the same text, their largest values joined (Kim 2014)."""
    value = b.value
    if value is None or value.form != SEQUENCE or following is None or following.sort != DENSE or len(stage) < 2:
        return False
    flat = all(part.sort == CONVOLUTION and len(part.kernel) == 1 and part.reads == value.width for part in stage)
    deep = all(
        part.sort == CONVOLUTION and len(part.kernel) == 2 and part.reads == 1 and part.kernel[1] == value.width
        for part in stage
    )
    if not (flat or deep) or sum(part.gives for part in stage) != following.reads:
        return False
    if flat:
        source = b.add(b.free("transpose"), "Transpose", {"dim0": 1, "dim1": 2})
    else:
        source = b.add(b.free("unsqueeze"), "Unsqueeze", {"dim": 1})
    joined = []
    for part in stage:
        name = b.add_part(part, part.type, part.parameters, inputs=[source])
        name = b.add(b.free("relu"), "ReLU", inputs=[name])
        joined.append(b.add(b.free("largest"), "Max", {"dim": 2 if flat else [2, 3]}, inputs=[name]))
        b.said.relu.append(part.path)
    b.said.others.append(
        f"{listed([part.path for part in stage])} stand side by side; the largest values of their channels are joined."
    )
    b.go(b.add(b.free("concat"), "Concat", inputs=joined), FEATURES, following.reads)
    return True
