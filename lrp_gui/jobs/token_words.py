"""What the tokens of a sample stand for, where a tokenizer lies beside the model."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING

from lrp_gui.jobs.steps import Progress, Steps
from lrp_gui.languages import tr

if TYPE_CHECKING:
    from lrp_engine import Explanation, Network
    from lrp_gui.jobs.requests import SampleRequest


def token_words(
    _network: Network, request: SampleRequest, _explain: Callable[..., Steps[Explanation]]
) -> Steps[dict[str, tuple[str, ...]]]:
    """By input, the text of each of its tokens; inputs without a text, masks and the like, are missing.

    Raises
    ------
    lrp_engine.LrpError
        If there is a tokenizer that cannot be read.
    """
    from lrp_engine.files.tokens import IDS, Tokenizer, role_of, tokenizer_beside
    from lrp_gui.jobs.wording import vocabulary

    path = tokenizer_beside(request.network.path)
    found: dict[str, tuple[str, ...]] = {}
    first = 0
    for one in request.network.inputs:
        count = prod(one.shape)
        ids = request.values[first : first + count]
        first += count
        if path is not None and one.integer and role_of(one.name) == IDS:
            yield Progress(text=tr("Reading the tokens of sample {sample}").format(sample=request.sample))
            tokenizer = Tokenizer(path, vocabulary(request.network, one.name))
            found[one.name] = tuple(tokenizer.texts([int(number) for number in ids]))
    return found
