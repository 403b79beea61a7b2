"""What the readers of one value hand back to it: the branches of a residual block, the skips of a U-Net."""

from __future__ import annotations

import pytest
import torch

import lrp_engine as lrp
from tests.engine.typical import ResNet
from tests.engine.zoo import UNet


@pytest.mark.parametrize(("network", "side"), [(UNet, 16), (lambda: ResNet(narrow=False, wide=False), 12)])
@pytest.mark.parametrize("composite", ["epsilon", "epsilon_plus"])
def test_the_shares_of_all_readers_sum_to_what_arrives(network, side, composite):
    torch.manual_seed(0)
    inputs = torch.randn(3, 3, side, side)
    captured = lrp.capture(network().eval(), inputs)
    found = lrp.explain(captured, inputs, composite=composite, keep="nodes", batch=2)
    sources = {source for _, source in found.shares} & found.nodes.keys()
    assert len(sources) > 1
    for source in sources:
        told = sum(up + down for (_, read), (up, down) in found.shares.items() if read == source)
        arrived = found.nodes[source].flatten(1).sum(1)
        assert told.tolist() == pytest.approx(arrived.tolist(), rel=1e-4, abs=1e-4 * float(found.score.abs().max()))
    assert all((up >= 0).all() and (down <= 0).all() for up, down in found.shares.values())
    assert len(next(iter(found.shares.values()))[0]) == 3


def test_nothing_is_noted_where_only_the_inputs_are_asked_for():
    torch.manual_seed(0)
    inputs = torch.randn(1, 3, 16, 16)
    assert not lrp.explain(lrp.capture(UNet().eval(), inputs), inputs, keep="inputs").shares
