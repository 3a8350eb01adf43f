"""Texts to tokens, by the `tokenizer.json` that lies beside a CLIP's weights."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from taureau.errors import BackendError, InputError, WeightsError
from taureau.files import shown
from taureau.shapes import Int64, Tensor
from taureau.weights.catalogue import TextArchitecture

START, END = "<|startoftext|>", "<|endoftext|>"


class Tokenizer:
    """CLIP's byte-pair tokenizer.

    Args:
        file: a `tokenizer.json`.
        architecture: the text tower that the tokens are for.

    Raises:
        BackendError: the package `tokenizers` is not installed.
        WeightsError: there is no such file, or it is not a tokenizer for this text tower.
    """

    def __init__(self, file: Path, architecture: TextArchitecture) -> None:
        try:
            import tokenizers
        except ImportError as error:
            raise BackendError(
                "reading text needs the package tokenizers, which is not installed: pip install 'taureau[clip]'"
            ) from error
        self.context = architecture.context
        if not file.is_file():
            raise WeightsError(f"{shown(file)}: there is no such file, and prompts cannot be read without it")
        try:
            self._tokenizer: Any = tokenizers.Tokenizer.from_file(str(file))
        except Exception as error:  # the package raises bare Exceptions, whatever is wrong with the file
            raise WeightsError(f"{shown(file)}: it is not a tokenizer ({error})") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.start, self.end = architecture.vocabulary - 2, architecture.vocabulary - 1
        found = tuple(self._tokenizer.token_to_id(token) for token in (START, END))
        if found != (self.start, self.end) or self._tokenizer.get_vocab_size() != architecture.vocabulary:
            size = self._tokenizer.get_vocab_size()
            raise WeightsError(
                f"{shown(file)}: it is the tokenizer of another network: it has {size} tokens instead of "
                f"{architecture.vocabulary}, {START} and {END} at {found} instead of {(self.start, self.end)}"
            )

    def __call__(self, texts: Sequence[str]) -> tuple[Int64[Tensor, "texts tokens"], Int64[Tensor, " texts"]]:
        """The tokens of each text between a start and an end token, and the place of the end.

        A text that is longer than the context is cut and keeps its end token. Shorter rows are filled up with 0.

        Raises:
            InputError: a text is blank.
        """
        rows = []
        for number, text in enumerate(texts, start=1):
            if not text.strip():
                raise InputError(f"text {number} is blank; describe something, such as 'a camel'")
            tokens = self._tokenizer.encode(text, add_special_tokens=False).ids[: self.context - 2]
            rows.append([self.start, *tokens, self.end])
        longest = max((len(row) for row in rows), default=2)
        padded = torch.tensor([row + [0] * (longest - len(row)) for row in rows], dtype=torch.int64)
        ends = torch.tensor([len(row) - 1 for row in rows], dtype=torch.int64)
        return padded.reshape(len(rows), longest), ends
