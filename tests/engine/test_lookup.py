"""Embeddings: relevance of each token."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from torch import Tensor, nn

import lrp_engine as lrp
from tests.engine.asking import captured, check_total, named, numbers, plainly, relevance


class Words(nn.Module):
    """Tokens and their places looked up, one dense layer over all of them."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.word = nn.Embedding(9, 4, padding_idx=0)
        self.place = nn.Embedding(5, 4)
        self.head = nn.Linear(20, 3)
        self.double()

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.word(tokens) + self.place(torch.arange(5))
        return self.head(x.flatten(1))


TOKENS = torch.tensor([[1, 2, 3, 3, 8], [4, 0, 0, 7, 0]])


@cache
def made() -> tuple[Words, lrp.Network]:
    module = Words().eval()
    return module, captured(module, (TOKENS,))


def test_a_token_gets_what_its_vector_got():
    module, network = made()
    for target in (1, numbers(2, 3)):
        (found,), e = relevance(network, (TOKENS,), target, plainly())
        assert found.shape == TOKENS.shape
        for i in range(2):
            out = module(TOKENS[i : i + 1])[0]
            r = target[i] if isinstance(target, Tensor) else torch.nn.functional.one_hot(torch.tensor(1), 3) * out
            expected = torch.zeros(5).double()
            for t in range(5):
                vector = module.word.weight[TOKENS[i, t]]
                part = module.head.weight[:, 4 * t : 4 * t + 4] @ vector  # what the token adds to each logit
                expected[t] = (part / out * r).sum()
            torch.testing.assert_close(found[i], expected.detach(), rtol=1e-9, atol=1e-11)
        check_total(e)
    # padding is looked up as zeros
    assert found[1][TOKENS[1] == 0].abs().max() == 0


def test_a_batch_is_its_samples():
    _, network = made()
    (together,), _ = relevance(network, (TOKENS,), "max", "epsilon")
    for i in range(2):
        (alone,), _ = relevance(network, (TOKENS[i : i + 1],), "max", "epsilon")
        torch.testing.assert_close(alone[0], together[i])


def test_against_other_tokens_the_difference_is_shared_exactly():
    module, network = made()
    other = torch.tensor([[1, 5, 3, 2, 0], [4, 1, 2, 3, 4]])
    e = lrp.explain(network, TOKENS, 2, reference=other)
    difference = (module(TOKENS) - module(other))[:, 2].detach()
    (found,) = e.inputs.values()
    torch.testing.assert_close(found.sum(1), difference, rtol=1e-9, atol=1e-12)
    assert found[other == TOKENS].abs().max() == 0
    changed = module.word(TOKENS) - module.word(other)
    expected = (changed * module.head.weight[2].reshape(5, 4)).sum(-1)
    torch.testing.assert_close(found, expected.detach(), rtol=1e-9, atol=1e-12)


def test_gradient_times_input_is_summed_for_each_token():
    module, network = made()
    (found,), _ = relevance(network, (TOKENS,), 0, "gradient_x_input")
    expected = (module.word(TOKENS) * module.head.weight[0].reshape(5, 4)).sum(-1)
    torch.testing.assert_close(found, expected.detach(), rtol=1e-9, atol=1e-12)


class Pooled(nn.Module):
    """The mean of the words that a mask lets through; the mask is an input of integers, cast to a number or not."""

    def __init__(self, *, cast: bool) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.word, self.head, self.cast = nn.Embedding(9, 4), nn.Linear(4, 3), cast
        self.double()

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        x = torch.relu(self.word(tokens))
        mask = mask.unsqueeze(-1)
        if self.cast:
            mask = mask.to(x.dtype)
        return self.head((x * mask).sum(1) / mask.sum(1).clamp(min=1))


@pytest.mark.parametrize("cast", [False, True])
def test_a_mask_lets_relevance_through_and_gets_none(cast):
    module = Pooled(cast=cast).eval()
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 0, 0, 1, 0]])
    network = captured(module, (TOKENS, mask))
    (to_tokens, to_mask), e = relevance(network, (TOKENS, mask), 1, plainly())
    part = torch.relu(module.word(TOKENS)) @ module.head.weight[1] * mask / mask.sum(1, keepdim=True)
    torch.testing.assert_close(to_tokens, part.detach(), rtol=1e-9, atol=1e-12)
    assert to_mask.abs().max() == 0
    assert any(row.reason.endswith("mask is a mask, held") for row in e.ledger)
    check_total(e)
    other = TOKENS.roll(1, 1)
    compared = lrp.explain(network, named(network, (TOKENS, mask)), 1, reference=named(network, (other, mask)))
    expected = (module(TOKENS, mask) - module(other, mask))[:, 1].detach()
    torch.testing.assert_close(compared.inputs["tokens"].sum(1), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("token", [9, -1])
def test_a_token_outside_the_vocabulary_is_named(token):
    _, network = made()
    tokens = TOKENS.clone()
    tokens[1, 2] = token
    with pytest.raises(lrp.InputError, match=rf"token {token} .* layer “word”.* 0 to 8"):
        lrp.explain(network, tokens)


def test_under_the_gradient_a_token_gets_the_gradient_times_its_vector_whatever_its_number():
    module, network = made()
    result = lrp.explain(network, TOKENS, target=1, composite="gradient")
    got = result.layers["word"] * module.word(TOKENS).detach()
    torch.testing.assert_close(result.inputs["tokens"], got.sum(-1))
    assert bool((result.inputs["tokens"][TOKENS == 8] != 0).all())
