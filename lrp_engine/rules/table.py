"""The table of steps: which class hands relevance back through a kind of node."""

from __future__ import annotations

from ..networks.graphs.operations import (
    ACTIVATION,
    BILINEAR,
    LOOKUP,
    MOVEMENT,
    NORMALIZATION,
    PRODUCT,
    QUOTIENT,
    RECURRENT,
    SELECTION,
    SOFTMAX,
    SUM,
)
from .lookup import LookupStep
from .norms import NormStep
from .products import BilinearStep, ProductStep, QuotientStep
from .recurrent import RecurrentStep
from .selection import SelectionStep
from .simple import ActivationStep, MovementStep, SumStep
from .softmax import SoftmaxStep
from .steps import RuleStep

# Affine maps and batch norms are built in `weighted`, which looks at weights; all others by these.
STEPS: dict[str, type[RuleStep]] = {
    SUM: SumStep,
    MOVEMENT: MovementStep,
    ACTIVATION: ActivationStep,
    SELECTION: SelectionStep,
    NORMALIZATION: NormStep,
    PRODUCT: ProductStep,
    QUOTIENT: QuotientStep,
    BILINEAR: BilinearStep,
    SOFTMAX: SoftmaxStep,
    LOOKUP: LookupStep,
    RECURRENT: RecurrentStep,
}

# Steps that hand back a gradient when their rule says so; the others leave it to autograd.
GRADIENTS_OF_THEIR_OWN = frozenset({SUM, MOVEMENT, SELECTION, LOOKUP})
