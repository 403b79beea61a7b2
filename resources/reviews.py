"""A small transformer for the pictures of the guide: it learns in seconds whether a made-up sentence praises a film."""

from __future__ import annotations

import json
import random
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SEED = 7
LENGTH = 10  # words, with the class token
WIDTH, HEADS, BLOCKS, STEPS, BATCH = 24, 2, 2, 250, 128
GOOD = ("good", "great", "funny", "moving")
BAD = ("bad", "dull", "slow", "silly")
THINGS = ("film", "plot", "cast", "music")
OTHERS = ("the", "was", "not", "very", "quite", "really", "but", "and", "[CLS]", "[PAD]")
WORDS = (*OTHERS, *THINGS, *GOOD, *BAD)
SENTENCES = (
    "the plot was really good",
    "the cast was dull and slow",
    "the film was not very good",
    "the music was great but not moving",
    "the plot was not bad",
)


class Block(nn.Module):
    """Attention, then an MLP, each beside the residual stream."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        """From (batch, words, width) to the same."""
        parts = self.qkv(self.norm1(x)).unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        heads = F.scaled_dot_product_attention(parts[0], parts[1], parts[2])
        x = x + self.out(heads.transpose(1, 2).flatten(2))
        return x + self.mlp(self.norm2(x))


class Reviews(nn.Module):
    """Words and places looked up, two blocks, and two classes read from the first token."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(len(WORDS), WIDTH), nn.Parameter(0.1 * torch.randn(LENGTH, WIDTH))
        self.blocks = nn.Sequential(*(Block() for _ in range(BLOCKS)))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 2)

    def forward(self, tokens: Tensor) -> Tensor:
        """From (batch, words) to the logits of "negative" and "positive"."""
        return self.head(self.norm(self.blocks(self.words(tokens) + self.places))[:, 0])


def reviews(folder: Path) -> Path:
    """Write reviews.pt2, its tokenizer.json and a table of sentences; returns the network's path."""
    torch.manual_seed(SEED)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # several only wait for each other in so small a network
    chance = random.Random(SEED)  # noqa: S311 - sentences, no secrets
    network = Reviews()
    learner = torch.optim.AdamW(network.parameters(), 3e-3)
    for _step in range(STEPS):
        lines, classes = zip(*(_sentence(chance) for _ in range(BATCH)), strict=True)
        loss = F.cross_entropy(network(torch.tensor([*map(_tokens, lines)])), torch.tensor(classes))
        learner.zero_grad()
        loss.backward()
        learner.step()
    torch.set_num_threads(threads)
    batch = torch.export.Dim("batch")
    example = torch.tensor([_tokens(line) for line in SENTENCES[:2]])
    program = torch.export.export(network.eval(), (example,), dynamic_shapes=({0: batch},), strict=False)
    path = folder / "reviews.pt2"
    torch.export.save(program, path)
    (folder / "tokenizer.json").write_text(json.dumps(_tokenizer()), encoding="utf-8")
    (folder / "reviews.txt").write_text("\n".join(SENTENCES) + "\n", encoding="utf-8")
    return path


def _sentence(chance: random.Random) -> tuple[str, int]:
    """A sentence of one or two opinions, and whether the last one praises."""
    words, praise = ["the", chance.choice(THINGS), "was"], False
    for part in range(chance.choice((1, 1, 2))):
        if part:
            words.append(chance.choice(("and", "but")))
        praise, turned = chance.random() < 0.5, chance.random() < 0.4
        words += ["not"] * turned
        if not part and chance.random() < 0.4:
            words.append(chance.choice(("very", "quite", "really")))
        words.append(chance.choice(GOOD if praise else BAD))
        praise ^= turned
    return " ".join(words), int(praise)


def _tokens(line: str) -> list[int]:
    found = [WORDS.index(word) for word in ("[CLS]", *line.split())]
    return found + [WORDS.index("[PAD]")] * (LENGTH - len(found))


def _tokenizer() -> dict[str, object]:
    """What the library tokenizers reads: whole words, a class token in front, filled up to the length."""
    numbers = {word: number for number, word in enumerate(WORDS)}
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    cls, pad = numbers["[CLS]"], numbers["[PAD]"]
    first = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": {"strategy": {"Fixed": LENGTH}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": pad,
                    "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": [{"id": numbers[word], "content": word, **special} for word in ("[CLS]", "[PAD]")],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [*first, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [*first, {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [cls], "tokens": ["[CLS]"]}},
        },
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": numbers, "unk_token": "[PAD]"},
    }  # fmt: skip
