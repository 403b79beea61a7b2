"""A TorchScript program as ordinary modules, so that it is captured like any other.

torch's own converter (`torch._export.converter`) loses the paths of modules and the parameters of recurrent layers, and
fixes the number of samples. Here each module of the program becomes a `torch.nn.Module` at the same path, with the same
tensors, whose `forward` walks through the program's graph and calls one operator after the other. Exporting that gives
the network with all its names, and branches and loops are followed as Python's are.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import _disable_current_modes

from ...errors import UnsupportedOperation
from .scripted_values import Raised, call, dtype_number

MOST_STEPS = 3_000_000  # a loop has to end


class Program:
    """A loaded archive.

    Attributes
    ----------
    script : torch.jit.ScriptModule
        As torch runs it.
    module : torch.nn.Module
        The same as ordinary modules.
    widened : tuple of str
        The formats of its numbers that became float32, in which everything is computed.
    """

    def __init__(self, path: Path) -> None:
        # as torch.jit.load does it; the unit is kept, as it alone knows the program's functions by name
        self.unit = torch._C.CompilationUnit()
        loaded = torch._C.import_ir_module(self.unit, str(path), torch.device("cpu"), {}, False)  # type: ignore[call-arg]
        self.script: Any = torch.jit._recursive.wrap_cpp_module(loaded).eval()  # type: ignore[attr-defined]
        self.widened = _other_floats(self.script)
        if self.widened:
            self.script.float()
        # a tensor's place in memory -> where it is registered; while it is captured, another stands there
        self.tensors: dict[tuple[Any, ...], tuple[Part, str]] = {}
        self.frozen = not any(True for _ in self.script.parameters())  # then its parameters are constants
        self.parts: dict[int, Part] = {}
        self.changed: dict[tuple[int, str], Any] = {}  # what the program set while it ran
        self.steps = 0
        self.module = self.part(self.script)

    def part(self, script: Any) -> Part:
        """The module of this part of the program; the same one for the same part."""
        known = hash(script._c)
        if known not in self.parts:
            name = getattr(script, "original_name", "Module")
            kind = type(name if name.isidentifier() else "Module", (Part,), {"forward": _forward(script)})
            self.parts[known] = made = kind(self, script._c)
            made.fill(script)
        return self.parts[known]


def _other_floats(script: Any) -> tuple[str, ...]:
    kinds = {tensor.dtype for tensor in [*script.parameters(), *script.buffers()] if tensor.is_floating_point()}
    return tuple(sorted(str(kind).removeprefix("torch.") for kind in kinds - {torch.float32}))


def _place(tensor: Tensor) -> tuple[Any, ...]:
    return tensor.data_ptr() or id(tensor), tensor.dtype, tuple(tensor.shape), tensor.stride()


def _forward(script: Any) -> Callable[..., Any]:
    """A `forward` that has the arguments of the program's."""

    def forward(self: Part, *args: Any, **kwargs: Any) -> Any:
        method = "forward"
        if args and isinstance(args[0], Method):
            method, args = args[0].name, args[1:]
        elif self is self.of.module:
            bound = signature.bind(self, *args, **kwargs)
            bound.apply_defaults()
            args = tuple(bound.arguments.values())[1:]
            self.of.changed, self.of.steps = {}, 0
        return self.run(method, args)

    schema = script.forward.schema.arguments[1:] if script._c._has_method("forward") else []
    signature = inspect.Signature(
        [inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)]
        + [
            inspect.Parameter(
                argument.name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=argument.default_value if argument.has_default_value() else inspect.Parameter.empty,
            )
            for argument in schema
        ]
    )
    if script._c._has_method("forward"):
        forward.__signature__ = signature  # type: ignore[attr-defined]
    return forward


class Method:
    """The name of the method that a module is called for, where it has several forms of `forward`."""

    def __init__(self, name: str) -> None:
        self.name = name


class Function:
    """A function of the program, by its full name."""

    def __init__(self, name: str) -> None:
        self.name = name


class Instance:
    """An object of one of the program's own classes that is no module."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.values: dict[str, Any] = {}


class Part(nn.Module):
    """One module of the program."""

    of: Program

    def __init__(self, program: Program, inner: Any) -> None:
        super().__init__()
        object.__setattr__(self, "of", program)
        self.inner = inner

    def fill(self, script: Any) -> None:
        """Register the tensors and modules of the program's part."""
        for name, tensor in script.named_parameters(recurse=False):
            self.register_parameter(name, nn.Parameter(tensor.detach(), requires_grad=False))
        for name, tensor in script.named_buffers(recurse=False):
            self.register_buffer(name, tensor.detach())
        for name, tensor in (*self._parameters.items(), *self._buffers.items()):
            if tensor is not None:
                self.of.tensors.setdefault(_place(tensor), (self, name))
        if self.inner.hasattr("_flat_weights"):
            self.attribute("_flat_weights")  # the parameters of a recurrent layer, which stand nowhere else
        for name, child in script.named_children():
            self.add_module(name, self.of.part(child))

    def attribute(self, name: str) -> Any:
        """The value of an attribute, as the program sees it."""
        if (id(self), name) in self.of.changed:
            return self.of.changed[id(self), name]
        for held in (self._modules, self._parameters, self._buffers):
            if held.get(name) is not None:
                return held[name]
        with _disable_current_modes():
            value = self.inner.getattr(name)
            if isinstance(value, Tensor):
                return self.keep(value, name)
            if not isinstance(value, list | tuple):
                return value
            flat = name == "_flat_weights"
            names = (
                self.inner.getattr("_flat_weights_names") if self.inner.hasattr("_flat_weights_names") and flat else []
            )
            names = names or [f"{name.strip('_')}_{index}" for index in range(len(value))]
            return type(value)(
                self.keep(item, called, learned=flat) if isinstance(item, Tensor) else item
                for item, called in zip(value, names, strict=True)
            )

    def keep(self, tensor: Tensor, name: str, *, learned: bool = False) -> Tensor:
        """The registered form of a tensor that the program keeps outside its parameters and buffers.

        The first run registers it, so that it has a name when the program is captured.
        """
        if _place(tensor) not in self.of.tensors:
            free = (f"{name}_{number}" if number else name for number in range(len(self.of.tensors) + 2))
            name = next(one for one in free if not hasattr(self, one))
            if tensor.is_floating_point() and tensor.dim() and (learned or self.of.frozen):
                self.register_parameter(name, nn.Parameter(tensor.detach(), requires_grad=False))
            else:
                self.register_buffer(name, tensor.detach())
            self.of.tensors[_place(tensor)] = self, name
        owner, name = self.of.tensors[_place(tensor)]
        return getattr(owner, name)

    def run(self, method: str, args: tuple[Any, ...]) -> Any:
        """Run one of its methods."""
        graph = self.inner._get_method(method).graph
        return _Run(self.of).graph(graph, (self, *args))


class _Run:
    """One walk through a graph; `values` are those that its names stand for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.values: dict[str, Any] = {}

    def graph(self, graph: Any, args: tuple[Any, ...]) -> Any:
        results = self.block(graph, args)
        return results[0] if len(results) == 1 else tuple(results)

    def block(self, block: Any, args: tuple[Any, ...]) -> list[Any]:
        for place, value in zip(block.inputs(), args, strict=True):
            self.values[place.debugName()] = value
        for node in block.nodes():
            self.program.steps += 1
            if self.program.steps > MOST_STEPS:
                raise UnsupportedOperation("The TorchScript program does not end: a loop in it runs too long.")
            self.step(node)
        return [self.values[place.debugName()] for place in block.outputs()]

    def step(self, node: Any) -> None:
        kind = node.kind()
        if kind in _STEPS:
            results = _STEPS[kind](self, node)
        elif kind.startswith("prim::is_"):
            results = getattr(self.given(node)[0], kind.removeprefix("prim::"))
        else:
            schema = node.schema()
            results = call(schema if "::" in schema else kind, self.given(node))
        names = [place.debugName() for place in node.outputs()]
        if len(names) == 1:
            self.values[names[0]] = results
        else:
            self.values.update(zip(names, results or (), strict=True))

    def given(self, node: Any) -> list[Any]:
        return [self.values[place.debugName()] for place in node.inputs()]


def _constant(run: _Run, node: Any) -> Any:
    kind = node.output().type().kind()
    if kind == "FunctionType":
        return Function(node.output().type().annotation_str)
    if not node.hasAttribute("value"):
        return None
    form = node.kindOf("value")
    value = getattr(node, form)("value")
    if form == "t":
        with _disable_current_modes():  # the number itself is wanted, also while the program is captured
            # a lone number of a traced program: what it meets is computed alike with a plain one
            return value.item() if value.dim() == 0 else run.program.module.keep(value, "constant")
    if kind == "BoolType":
        return bool(value)
    if kind == "DeviceObjType":
        return torch.device("cpu")
    return list(value) if isinstance(value, list) else value


def _get(run: _Run, node: Any) -> Any:
    target = run.given(node)[0]
    return (
        target.values[node.s("name")] if isinstance(target, Instance) else _part(target, node).attribute(node.s("name"))
    )


def _set(run: _Run, node: Any) -> tuple[()]:
    target, value = run.given(node)
    if isinstance(target, Instance):
        target.values[node.s("name")] = value
    else:
        run.program.changed[id(_part(target, node)), node.s("name")] = value
    return ()


def _create(run: _Run, node: Any) -> Instance:
    del run
    return Instance(node.output().type().annotation_str)


def _fork(run: _Run, node: Any) -> Any:
    """What would run beside the rest runs at once."""
    return _Run(run.program).graph(node.g("Subgraph"), tuple(run.given(node)))


def _part(value: Any, node: Any) -> Part:
    if not isinstance(value, Part):
        raise UnsupportedOperation(
            f"The TorchScript program uses an object of the class {node.inputsAt(0).type().annotation_str}, whose code "
            "is not in it."
        )
    return value


def _call_method(run: _Run, node: Any) -> Any:
    target, *args = run.given(node)
    name = node.s("name")
    if isinstance(target, Instance):
        method = run.program.unit.find_function(f"{target.kind}.{name}")
        return _Run(run.program).graph(method.graph, (target, *args))
    part = _part(target, node)
    if name == "forward":
        return part(*args)
    return part(Method(name), *args) if name.startswith("forward") else part.run(name, tuple(args))


def _call_function(run: _Run, node: Any) -> Any:
    function, *args = run.given(node)
    found = run.program.unit.find_function(function.name)
    return _Run(run.program).graph(found.graph, tuple(args))


def _if(run: _Run, node: Any) -> Any:
    first, second = node.blocks()
    results = run.block(first if bool(run.given(node)[0]) else second, ())
    return results[0] if node.outputsSize() == 1 else results


def _loop(run: _Run, node: Any) -> Any:
    times, goes_on, *carried = run.given(node)
    (block,) = node.blocks()
    count = 0
    while count < times and bool(goes_on):
        goes_on, *carried = run.block(block, (count, *carried))
        count += 1
    return carried[0] if node.outputsSize() == 1 else carried


def _raise(run: _Run, node: Any) -> Any:
    raise Raised(str(run.given(node)[0]))


_KINDS: dict[str, Any] = {
    "TensorType": Tensor,
    "NoneType": type(None),
    "IntType": int,
    "FloatType": float,
    "BoolType": bool,
    "StringType": str,
    "ListType": list,
    "TupleType": tuple,
    "DictType": dict,
}


def _is_instance(run: _Run, node: Any) -> bool:
    kinds = [kind.kind() for kind in node.tys("types")]
    if any(kind not in _KINDS for kind in kinds):
        raise UnsupportedOperation(f"The TorchScript program asks whether a value is a {kinds[0]}.")
    value = run.given(node)[0]
    return any(isinstance(value, _KINDS[kind]) for kind in kinds)


def _dictionary(run: _Run, node: Any) -> dict[Any, Any]:
    given = run.given(node)
    return dict(zip(given[::2], given[1::2], strict=True))


def _several(run: _Run, node: Any) -> Any:
    given = list(run.given(node)[0])
    return given[0] if node.outputsSize() == 1 else given


def _first(run: _Run, node: Any) -> Any:
    return run.given(node)[0]


def _always(value: Any) -> Callable[[_Run, Any], Any]:
    def give(run: _Run, node: Any) -> Any:
        del run, node
        return value

    return give


_STEPS: dict[str, Callable[[_Run, Any], Any]] = {
    "prim::Constant": _constant,
    "prim::GetAttr": _get,
    "prim::SetAttr": _set,
    "prim::CallMethod": _call_method,
    "prim::CallFunction": _call_function,
    "prim::CreateObject": _create,
    "prim::Enter": _always(None),
    "prim::Exit": _always(None),
    "prim::fork": _fork,
    "aten::wait": _first,
    "prim::If": _if,
    "prim::Loop": _loop,
    "prim::RaiseException": _raise,
    "prim::isinstance": _is_instance,
    "prim::ListConstruct": lambda run, node: run.given(node),
    "prim::TupleConstruct": lambda run, node: tuple(run.given(node)),
    "prim::DictConstruct": _dictionary,
    "prim::ListUnpack": _several,
    "prim::TupleUnpack": _several,
    "prim::TupleIndex": lambda run, node: run.given(node)[0][run.given(node)[1]],
    "prim::TupleSlice": lambda run, node: run.given(node)[0][node.i("beg") : node.i("end")],
    "prim::NumToTensor": _first,  # a size stays a number, so that it may be symbolic
    "prim::unchecked_cast": _first,
    "prim::unchecked_unwrap_optional": _first,
    "prim::data": _first,
    "prim::Uninitialized": _always(None),
    "prim::Print": _always(()),
    "prim::device": _always(torch.device("cpu")),
    "prim::layout": _always(0),
    "prim::type": _always("cpu"),
    # as if it were to be trained: else a transformer takes its fast path, which is a single operation
    "prim::requires_grad": _always(True),
    "prim::dtype": lambda run, node: dtype_number(run.given(node)[0]),
    "prim::shape": lambda run, node: list(run.given(node)[0].shape),
    "prim::min": lambda run, node: call("aten::min()", run.given(node)),
    "prim::max": lambda run, node: call("aten::max()", run.given(node)),
    "prim::ImplicitTensorToNum": lambda run, node: call("aten::ScalarImplicit()", run.given(node)),
}
