"""The conservation ledger by layer: what arrived, what was handed on, what was absorbed, and when to worry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lrp_gui.document.remedies import COMPOSITE, EPSILON, REFERENCE, Remedy
from lrp_gui.document.results import LedgerRow, NetworkInfo, SampleResult
from lrp_gui.document.sums import Sums, sums_of
from lrp_gui.document.words import percent, plain, signed
from lrp_gui.languages import mark, tr
from lrp_gui.theme import SINKS

LARGE_SHARE = 0.2  # of what arrived, absorbed by one layer
LARGE_RATIO = 10.0  # max |R| of a unit beside |f|
LARGE_SUM = 50.0  # Σ|R| of a layer beside |f|
UNEXPLAINED = 1e-3

TITLES = {
    "bias": mark("bias"),
    "stabilizer": mark("stabilizer ε"),
    "softmax": "softmax",
    "cut": mark("cut"),
    "unsupported": mark("unsupported"),
    "unexplained": mark("unexplained"),
}
GAP = mark("that part of the difference to the reference is open: its gradient stands in there")
ADVICE = {
    "bias": mark("no input stands for that part"),
    "stabilizer": mark("that part is lost to numerical safety; try {other}"),
    "softmax": mark("the weights of attention took it; a composite that holds them constant keeps it"),
    "cut": mark("the explanation stops there by choice"),
    "unsupported": mark("no rule is known for that operation; what lies before it is not explained in full"),
    "unexplained": mark("treat the relevances before this layer with care and report it"),
}


def other_way(result: SampleResult) -> str:
    """What to compare with: epsilon_plus keeps signs from cancelling; beside it, gamma is the milder one."""
    if result.against:
        return tr("another reference")
    return tr("composite {composite}").format(composite=other_composite(result))


def other_composite(result: SampleResult) -> str:
    """The composite to compare with, by name."""
    return "gamma" if result.composite == "epsilon_plus" else "epsilon_plus"


@dataclass(frozen=True, slots=True)
class Balance:
    """One layer's account. arrived_positive + arrived_negative = passed_on + every sink."""

    layer: str
    operation: str
    arrived_positive: float
    arrived_negative: float
    passed_on: float
    sinks: dict[str, float]
    rules: tuple[str, ...]
    kinds: tuple[str, ...]
    reasons: tuple[str, ...]
    largest: float  # max |R| of its units
    alarm: str  # a sentence, "" where all is well
    broken: bool  # NaN or infinity among its relevances
    members: tuple[str, ...] = ()  # the layers it speaks for, where that is more than one
    flows: bool = True  # False for gradients: nothing arrives, and nothing is owed
    remedies: tuple[Remedy, ...] = ()  # what to try against the alarm

    @property
    def arrived(self) -> float:
        """ΣR at the layer's output."""
        return self.arrived_positive + self.arrived_negative

    def speaks_for(self, layer: str) -> bool:
        """Whether a layer is the account's own or one of its members."""
        return bool(layer) and (layer == self.layer or layer in self.members)

    @property
    def absorbed(self) -> float:
        """All that did not go on, with its sign."""
        return sum(self.sinks.values())

    def text(self) -> str:
        """The account in words, for a tooltip."""
        lines = [
            f"{' · '.join(self.members) or self.layer}: {self.operation}" if self.operation else self.layer,
        ]
        parts = tr("{positive} and {negative}").format(
            positive=signed(self.arrived_positive), negative=signed(self.arrived_negative)
        )
        text = tr("arrived {sum}") if self.flows else tr("gradients sum to {sum}")
        lines.append(f"{text.format(sum=signed(self.arrived))}  ({parts})")
        if self.rules:
            lines.append(
                tr("passed on {passed_on} by {rules}").format(
                    passed_on=signed(self.passed_on), rules=", ".join(self.rules)
                )
            )
        lines += [
            tr("absorbed by {sink} {value}").format(sink=tr(TITLES[name]), value=signed(value))
            for name, value in self.sinks.items()
            if value
        ]
        if self.alarm:
            lines.append(self.alarm)
        return "\n".join(lines)


def balances(network: NetworkInfo, result: SampleResult) -> tuple[Balance, ...]:
    """One account per input and per layer with relevance, from input to output."""
    rows: dict[str, list[LedgerRow]] = {}
    for row in result.ledger if result.words.flows else ():
        rows.setdefault(row.layer, []).append(row)
    inputs = [_balance(name, "input", sums_of(value), [], result) for name, value in result.inputs.items()]
    layers = [
        _balance(layer.path, layer.operation, result.layers[layer.path].sums, rows.get(layer.path, []), result)
        for layer in network.layers
        if layer.path in result.layers
    ]
    return tuple(inputs + layers)


def merged(accounts: Sequence[Balance], groups: Sequence[Sequence[str]]) -> tuple[Balance, ...]:
    """One account per group of layers that follow each other alone, as the graph draws them: conv1, bn1 and relu1.

    What arrived is what arrived at the last of them; the sinks of all add up.
    """
    by_layer = {account.layer: account for account in accounts}
    result = []
    for group in groups:
        parts = [by_layer[path] for path in group if path in by_layer]
        if len(parts) < 2:
            result += parts
            continue
        if not parts[0].flows:  # what a layer hands on is not what it got: the first one speaks, as in the graph
            result.append(replace(parts[0], members=tuple(part.layer for part in parts)))
            continue
        sinks = {name: math.fsum(part.sinks[name] for part in parts) for name in SINKS}
        result.append(
            replace(
                parts[-1],
                layer=parts[0].layer,
                members=tuple(part.layer for part in parts),
                operation=" · ".join(part.operation for part in parts),
                passed_on=parts[-1].arrived - math.fsum(sinks.values()),
                sinks=sinks,
                rules=tuple(dict.fromkeys(rule for part in reversed(parts) for rule in part.rules)),
                kinds=tuple(dict.fromkeys(kind for part in parts for kind in part.kinds)),
                reasons=tuple(dict.fromkeys(reason for part in parts for reason in part.reasons)),
                largest=max(part.largest for part in parts),
                alarm=next((part.alarm for part in parts if part.alarm), ""),
                remedies=next((part.remedies for part in parts if part.alarm), ()),
                broken=any(part.broken for part in parts),
            )
        )
    return tuple(result)


def _balance(path: str, operation: str, sums: Sums, rows: list[LedgerRow], result: SampleResult) -> Balance:
    sinks = {name: math.fsum(getattr(row, name) for row in rows) for name in SINKS}
    arrived = sums.total
    account = Balance(
        layer=path,
        operation=operation,
        arrived_positive=sums.positive,
        arrived_negative=sums.negative,
        passed_on=arrived - math.fsum(sinks.values()),
        sinks=sinks,
        rules=tuple(dict.fromkeys(row.rule for row in rows)),
        kinds=tuple(dict.fromkeys(row.kind for row in rows)),
        reasons=tuple(dict.fromkeys(row.reason for row in rows if row.reason)),
        largest=sums.largest,
        alarm="",
        broken=not sums.finite,
        flows=result.words.flows,
    )
    alarm, cause = _alarm(account, result)
    return replace(account, alarm=alarm, remedies=_remedies(account, result, cause) if alarm else ())


def _alarm(account: Balance, result: SampleResult) -> tuple[str, str]:
    """What is worth a warning at this layer, worst first, and what to try; and its cause: a sink, or "cancel"."""
    path, f, other = account.layer, abs(result.explained), other_way(result)
    if account.broken:
        return tr("{path} holds values that are no numbers: check this sample's input, or try {other}.").format(
            path=path, other=other
        ), "broken"
    if not account.flows:
        return "", ""
    arriving = account.arrived_positive - account.arrived_negative
    base = max(f, arriving)
    if not base:
        return "", ""
    worst = max(SINKS, key=lambda sink: abs(account.sinks[sink]))
    if abs(account.sinks["unexplained"]) / base > UNEXPLAINED:
        share = percent(abs(account.sinks["unexplained"]) / base)
        return tr("{path}: {share} of the relevance is unexplained: {advice}.").format(
            path=path, share=share, advice=tr(ADVICE["unexplained"])
        ), "unexplained"
    if abs(account.sinks[worst]) / base > LARGE_SHARE:
        share = percent(abs(account.sinks[worst]) / base)
        if result.against and worst == "unsupported":
            return tr("{path}: {share} of what arrived is lost in a gap: {gap}.").format(
                path=path, share=share, gap=tr(GAP)
            ), worst
        return tr("{path}: {sink} absorbed {share} of what arrived: {advice}.").format(
            path=path, sink=tr(TITLES[worst]), share=share, advice=tr(ADVICE[worst]).format(other=other)
        ), worst
    if f and account.largest / f > LARGE_RATIO:
        times = plain(account.largest / f, 2)
        return tr("{path}: one unit holds {times} times the score, so opposite signs cancel: try {other}.").format(
            path=path, times=times, other=other
        ), "cancel"
    if f and arriving / f > LARGE_SUM:
        times = plain(arriving / f, 2)
        return tr("{path}: positive and negative relevance of {times} times the score cancel: try {other}.").format(
            path=path, times=times, other=other
        ), "cancel"
    return "", ""


def _remedies(account: Balance, result: SampleResult, cause: str) -> tuple[Remedy, ...]:
    """What can be tried, the likeliest first."""
    if result.against:
        return (Remedy(REFERENCE, "", tr("Take the reference away"), tr("Explain the score itself, by the composite")),)
    name = other_composite(result)
    other = Remedy(
        COMPOSITE, name, tr("Try {name}").format(name=name), tr("Explain by the composite {name}").format(name=name)
    )
    mean = Remedy(
        REFERENCE, "mean", tr("Explain against the mean"), tr("f(x) − f(mean): what both share, biases too, goes out")
    )
    if cause == "bias":
        return (mean, other)
    if cause == "softmax":
        return (
            Remedy(
                COMPOSITE, "cp_lrp", tr("Try cp_lrp"), tr("Attention's weights are held constant: they keep nothing")
            ),
        )
    if cause in ("cut", "unsupported"):
        return ()
    layer = result.layers.get(account.layer)
    if cause == "cancel" and layer is not None and "affine map" in account.kinds:
        size = float(np.sqrt(np.mean(np.square(np.asarray(layer.activation, dtype=float)))))
        if math.isfinite(size) and size > 0:
            epsilon = f"{0.1 * size:.1g}"
            tip = tr("The rule ε = {epsilon} in {layer}, a tenth of its activations: small sums hand on less").format(
                epsilon=epsilon, layer=account.layer
            )
            return (
                other,
                Remedy(EPSILON, epsilon, tr("Larger ε in {layer}").format(layer=account.layer), tip, account.layer),
                mean,
            )
    return (other, mean)
