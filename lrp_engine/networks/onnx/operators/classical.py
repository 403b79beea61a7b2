"""Models of classical learning that are linear, and what stands around a network in a pipeline (ai.onnx.ml)."""

from __future__ import annotations

from typing import Any

import torch

from ..emitter import Emitter
from ..values import TEXTS, Call
from .common import aten

_DOMAIN = "ai.onnx.ml"


def scaler(emit: Emitter, node: Call) -> Any:
    """Scaler: less an offset, times a scale."""
    x = emit.cast(node.input(0), torch.float32)
    offset, factor = node.attribute("offset"), node.attribute("scale")
    if offset:
        x = emit(aten.sub.Tensor, x, emit.tensor(offset, torch.float32))
    return emit(aten.mul.Tensor, x, emit.tensor(factor, torch.float32)) if factor else x


def linear_regressor(emit: Emitter, node: Call) -> Any:
    """LinearRegressor."""
    return _after(emit, node, _linear(emit, node, node.attribute("targets", 1)))


def linear_classifier(emit: Emitter, node: Call) -> Any:
    """LinearClassifier: a label, which is left out where it is a text, and the scores."""
    labels = node.attribute("classlabels_ints")
    classes = len(labels or node.attribute("classlabels_strings") or node.required("intercepts"))
    rows = len(node.attribute("intercepts") or [0] * classes)
    scores = _linear(emit, node, rows)
    if rows == 1 and classes == 2:  # of two classes the other one's score is this one's, turned round
        scores = emit(aten.cat.default, [emit(aten.neg.default, scores), scores], 1)
    best = emit(aten.argmax.default, scores, 1)
    label = None if not labels else emit(aten.index.Tensor, torch.tensor(labels), [best])
    return (label, _after(emit, node, scores))[: max(node.outputs, 1)]


def _linear(emit: Emitter, node: Call, rows: int) -> Any:
    x, weight = emit.cast(node.input(0), torch.float32), emit.tensor(node.required("coefficients"), torch.float32)
    bias = node.attribute("intercepts")
    kernel = emit.name(weight.reshape(rows, -1), f"{node.name}.coefficients")
    offset = None if not bias else emit.name(emit.tensor(bias, torch.float32), f"{node.name}.intercepts")
    return emit(aten.linear.default, x, kernel, offset)


def _after(emit: Emitter, node: Call, scores: Any) -> Any:
    how = node.attribute("post_transform", "NONE")
    if how == "NONE":
        return scores
    if how == "LOGISTIC":
        return emit(aten.sigmoid.default, scores)
    if how == "SOFTMAX":
        return emit(aten.softmax.int, scores, 1)
    raise emit.refusal(f"it ends in {how}, which this version does not compute")


def normalizer(emit: Emitter, node: Call) -> Any:
    """Normalizer: divided by each row's largest, sum or length."""
    x, norm = node.input(0), node.attribute("norm", "MAX")
    if norm == "MAX":
        below = emit(aten.amax.default, x, [-1], True)
    elif norm == "L1":
        below = emit(aten.sum.dim_IntList, emit(aten.abs.default, x), [-1], True)
    else:
        below = emit(aten.sqrt.default, emit(aten.sum.dim_IntList, emit(aten.mul.Tensor, x, x), [-1], True))
    return emit(aten.div.Tensor, x, below)


def imputer(emit: Emitter, node: Call) -> Any:
    """Imputer: what is missing gets a value."""
    x = node.input(0)
    values = node.attribute("imputed_value_floats") or node.attribute("imputed_value_int64s")
    missing = node.attribute("replaced_value_float", float("nan"))
    found = emit(aten.isnan.default, x) if missing != missing else emit(aten.eq.Scalar, x, missing)  # noqa: PLR0124
    return emit(aten.where.self, found, emit.tensor(values, emit.dtype(x)), x)


def feature_vectorizer(emit: Emitter, node: Call) -> Any:
    """FeatureVectorizer: columns side by side."""
    parts = [emit.cast(node.input(place), torch.float32) for place in range(len(node.inputs))]
    return parts[0] if len(parts) == 1 else emit(aten.cat.default, parts, 1)


def scores_of_classes(_emit: Emitter, node: Call) -> Any:
    """ZipMap gives classes their names; the scores are what it gives them to."""
    return node.input(0)


def label_encoder(emit: Emitter, node: Call) -> Any:
    """LabelEncoder: values for numbers."""
    x = node.input(0)
    keys, values = (_listed(emit, node, what) for what in ("keys", "values"))
    if keys is None or values is None:
        return TEXTS
    name, least = ("default_float", 0.0) if values.is_floating_point() else ("default_int64", -1)
    hit = emit(aten.eq.Tensor, emit(aten.unsqueeze.default, x, -1), keys.to(emit.dtype(x)))
    found = emit(aten.index.Tensor, values, [emit(aten.argmax.default, emit.cast(hit, torch.int64), -1)])
    return emit(aten.where.ScalarOther, emit(aten.any.dim, hit, -1), found, node.attribute(name, least))


def _listed(emit: Emitter, node: Call, what: str) -> torch.Tensor | None:
    for name in (f"{what}_int64s", f"{what}_floats", f"{what}_tensor"):
        given = node.attribute(name)
        if given is not None:
            return None if getattr(given, "dtype", None) == "string" else emit.tensor(given)
    return None


def array_feature_extractor(emit: Emitter, node: Call) -> Any:
    """ArrayFeatureExtractor: columns by number."""
    x, places = node.input(0), emit(aten.reshape.default, node.input(1), [-1])
    return emit(aten.index_select.default, x, emit.rank(x) - 1, emit.cast(places, torch.int64))


def binarizer(emit: Emitter, node: Call) -> Any:
    """Binarizer: 1 above a threshold."""
    x = node.input(0)
    return emit.cast(emit(aten.gt.Scalar, x, node.attribute("threshold", 0.0)), emit.dtype(x))


OPERATORS = {
    (_DOMAIN, name): function
    for name, function in {
        "ArrayFeatureExtractor": array_feature_extractor,
        "Binarizer": binarizer,
        "FeatureVectorizer": feature_vectorizer,
        "Imputer": imputer,
        "LabelEncoder": label_encoder,
        "LinearClassifier": linear_classifier,
        "LinearRegressor": linear_regressor,
        "Normalizer": normalizer,
        "Scaler": scaler,
        "ZipMap": scores_of_classes,
    }.items()
}
