"""Running captured graphs beside the modules that they were made of."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import lrp_engine as lrp
from lrp_engine.networks.graphs.graph import evaluate, operation_name

RECURRENT = {"lstm", "gru", "rnn_tanh", "rnn_relu"}
PLACES = {"median", "kthvalue", "cummax", "adaptive_max_pool2d"}  # their values are gathered, by the places they yield


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Networks this small only wait for a second one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def values_of(network: lrp.Network, given: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The outputs of the graph, run node by node."""
    values = {}
    for node in network.graph.nodes:
        if node.op == "placeholder":
            values[node] = given[node.target]
        elif node.op == "get_attr":
            values[node] = network.tensors[node.target]
        elif node.op == "call_function":
            values[node] = evaluate(node, values)
            several = not isinstance(values[node], torch.Tensor | int)
            assert not several or operation_name(node) in RECURRENT | PLACES, f"{node.name} has several values"
    return {o.name: values[node] for o, node in zip(network.outputs, network.output_nodes, strict=True)}


def operations(network: lrp.Network) -> list[str]:
    return [operation_name(node) for node in network.graph.nodes if node.op == "call_function"]


def same(module: nn.Module, *shapes_or_tensors, samples: int = 4, **settings) -> lrp.Network:
    """Capture with two samples, and compare the outputs for two and for more."""
    torch.manual_seed(3)
    module = module.double().eval()
    for parameter in module.parameters():
        parameter.data.normal_(0, 0.5)
    examples = []
    for count in (2, samples):
        torch.manual_seed(count)
        made = [torch.randn(count, *s).double() if isinstance(s, tuple) else s(count) for s in shapes_or_tensors]
        examples.append(made)
    network = lrp.capture(module, tuple(examples[0]), **settings)
    for made in examples:
        with torch.no_grad():
            expected = module(*made)
        got = values_of(network, {entry.name: x for entry, x in zip(network.inputs, made, strict=True)})
        torch.testing.assert_close(next(iter(got.values())), expected)
    return network


class Function(nn.Module):
    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, *x):
        return self.function(*x)
