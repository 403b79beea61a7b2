"""What a tensor is for: a weight of the network, a buffer, or something that training left beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .tensors import TensorInfo

WEIGHT, BUFFER, CONSTANT, EMA, OTHER, OPTIMIZER = "weight", "buffer", "constant", "ema", "other", "optimizer"

# What belongs to the network itself; the rest is listed after it.
OWN = (WEIGHT, BUFFER, CONSTANT)
_ORDER = (OWN, (EMA,), (OTHER,), (OPTIMIZER,))

# A file that says nothing of roles has them in its names: those of normalizations' running averages, and the first
# part of a name.
_BUFFER = re.compile(r"(^|\.)(running_mean|running_var|num_batches_tracked)$")
_EMA = re.compile(r"^(ema|ema_model|model_ema|ema_state_dict|state_dict_ema|params_ema)\.")
_OPTIMIZER = re.compile(r"^(optim|optimizer|optimizers|optimizer_states?|optimizer_state_dict)\.")


def role_of(name: str) -> str:
    """Tell from a tensor's name what it is for."""
    if _BUFFER.search(name):
        return BUFFER
    if _EMA.search(name):
        return EMA
    return OPTIMIZER if _OPTIMIZER.search(name) else WEIGHT


def settled(
    tensors: Mapping[str, TensorInfo], known: Mapping[str, str]
) -> tuple[dict[str, TensorInfo], dict[str, str]]:
    """Put the network's own tensors first, and give each one a role.

    Returns
    -------
    dict of str to TensorInfo
        In the file's order, but averaged copies after the network's own tensors, and the optimizer's last.
    dict of str to str
        The role of each.
    """
    roles = {name: known[name] if name in known else role_of(name) for name in tensors}
    if not known and not any(role in OWN for role in roles.values()):
        roles = dict.fromkeys(tensors, WEIGHT)  # an averaged copy alone is the network
    names = [name for group in _ORDER for name in tensors if roles[name] in group]
    return {name: tensors[name] for name in names}, {name: roles[name] for name in names}
