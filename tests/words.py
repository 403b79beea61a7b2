"""A tokenizer of a dozen words, made with the library that reads it."""

from __future__ import annotations

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

LENGTH = 8
VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "##ing", "good", "bad", "film", "##s", "the")


def word_tokenizer(words=VOCABULARY) -> Tokenizer:
    """Lower-case words and their pieces, with marks about a text."""
    vocabulary = {word: number for number, word in enumerate(words)}
    made = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    marks = [("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])]
    made.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=marks)
    return made
