"""The result of an explanation, and the progress towards it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from .errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from .ledger import LedgerRow


@dataclass(frozen=True)
class Later:
    """What an explanation computes when it is asked for it, by explaining again: flow, and relevance of weights."""

    flow: Callable[[str], Tensor]
    weights: Callable[[str], Tensor]


@dataclass(frozen=True)
class Arrived:
    """What is known of an explanation on its way back: relevance and value of layers and nodes, flow, shares, score.

    As in `Explanation`, but only of what relevance has come to.
    """

    layers: dict[str, Tensor]
    activations: dict[str, Tensor]
    flows: dict[str, Tensor]
    shares: dict[tuple[str, str], tuple[Tensor, Tensor]]
    nodes: dict[str, Tensor]
    score: Tensor


class Progress(NamedTuple):
    """How far an explanation has come: `done` of `total` steps, and the layer at hand.

    `arrived` gives what is known so far: on the way back, where all samples take it together.
    """

    done: int
    total: int
    layer: str
    arrived: Callable[[], Arrived] | None = None


@dataclass
class Explanation:
    """Relevance of every layer and input, and the ledger. All tensors are detached and on the CPU.

    Attributes
    ----------
    inputs : dict
        Input name -> relevance, the input's shape (samples, …).
    outputs : dict
        Output name -> the network's output.
    score : torch.Tensor
        (samples,) what was handed back, f: the explained logit, difference, or sum of the seed.
    targets : tuple of str
        For each sample, in words, what was explained.
    layers, nodes : dict
        Layer path, or node name -> relevance at its output, in forward order; as far as `keep` asked for them.
    activations : dict
        Layer path -> the value at its output, likewise.
    shares : dict
        (reading node, source node) -> (samples,) Σ of the positive and of the negative relevance that the reader hands
        back, for sources with several readers: what a residual block's two branches get. None with `keep="inputs"`.
    ledger : list of LedgerRow
        From the output back to the inputs.
    notes, warnings : tuple of str
        What a person should know, and what looks wrong.
    """

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    score: Tensor
    targets: tuple[str, ...]
    composite: str
    layers: dict[str, Tensor]
    activations: dict[str, Tensor]
    nodes: dict[str, Tensor]
    ledger: list[LedgerRow]
    flows: dict[str, Tensor] = field(default_factory=dict)
    weights: dict[str, Tensor] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    shares: dict[tuple[str, str], tuple[Tensor, Tensor]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    _later: Later | None = field(default=None, repr=False)

    def flow(self, layer: str) -> Tensor:
        """Relevance on the edges into a layer with weights.

        Parameters
        ----------
        layer : str
            The path of a dense layer or a convolution.

        Returns
        -------
        torch.Tensor
            (samples, units of this layer, units of the one it feeds from); channels where it is a convolution. Summed
            over its own units it is the relevance of what feeds it.

        Raises
        ------
        InputError
            If no layer is called so, or it has no weights.
        """
        if layer not in self.flows:
            self.flows[layer] = self._with_weights(layer, "flow into").flow(layer)
        return self.flows[layer]

    def weight_relevance(self, layer: str) -> Tensor:
        """Relevance that each weight of a layer takes part in: Σ over places of w_ij x_i share_j.

        Parameters
        ----------
        layer : str
            The path of a dense layer or a convolution.

        Returns
        -------
        torch.Tensor
            (samples, *weight.shape). Its sum is what the layer passes on.

        Raises
        ------
        InputError
            If no layer is called so, or it has no weights.
        """
        if layer not in self.weights:
            self.weights[layer] = self._with_weights(layer, "relevance of weights in").weights(layer)
        return self.weights[layer]

    def _with_weights(self, layer: str, what: str) -> Later:
        if layer not in self.sources or self._later is None:
            known = ", ".join(self.sources) or "none"
            raise InputError(f"There is no {what} “{layer}”; the layers with weights are {known}.")
        return self._later

    def flow_source(self, layer: str) -> str:
        """The layer, or input, that `flow(layer)` leads back to.

        Raises
        ------
        InputError
            If no layer with weights is called so.
        """
        if layer not in self.sources:
            raise InputError(f"There is no flow into “{layer}”; the layers with weights are {', '.join(self.sources)}.")
        return self.sources[layer]
