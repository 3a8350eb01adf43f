"""The tokenizer against a plain byte-pair encoder written out here, on a small vocabulary of the same make."""

import itertools
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taureau.encoders.clip.tokenizer import Tokenizer
from taureau.errors import InputError, WeightsError
from tests.helpers.clip_files import write_tokenizer
from tests.helpers.clip_models import MERGES, byte_letters, text_architecture, vocabulary

START, END = len(vocabulary()) - 2, len(vocabulary()) - 1


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return Tokenizer(write_tokenizer(tmp_path_factory.mktemp("tokenizer")), text_architecture())


def plain_tokens(text):
    """Sennrich's byte-pair encoding, word by word: the best-ranked pair is joined until no pair is in the list."""
    found = []
    words = re.findall(r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|(?:[^\s\w]|_)+", " ".join(text.split()).lower())
    for word in words:
        pieces = [byte_letters()[byte] for byte in word.encode()]
        pieces[-1] += "</w>"
        while True:
            pairs = [pair for pair in itertools.pairwise(pieces) if pair in MERGES]
            if not pairs:
                break
            best = min(pairs, key=MERGES.index)
            place = next(i for i, pair in enumerate(itertools.pairwise(pieces)) if pair == best)
            pieces[place : place + 2] = ["".join(best)]
        found += [vocabulary()[piece] for piece in pieces]
    return found


def rows_of(tokenizer, texts):
    tokens, ends = tokenizer(texts)
    return [row[: end + 1] for row, end in zip(tokens.tolist(), ends.tolist(), strict=True)]


def test_known_words(tokenizer):
    joined = vocabulary()
    assert rows_of(tokenizer, ["The camel"]) == [[START, joined["the</w>"], joined["camel</w>"], END]]


@settings(max_examples=60, deadline=None)
@given(text=st.text(alphabet="camelthe CT 19.,!-'é\t\n", min_size=1, max_size=14).filter(str.strip))
def test_tokens_equal_a_plain_encoder(tokenizer, text):
    expected = plain_tokens(text)[:10]
    assert rows_of(tokenizer, [text]) == [[START, *expected, END]]


def test_rows_are_filled_up_and_ends_found(tokenizer):
    tokens, ends = tokenizer(["camel", "the camel the camel"])
    assert tokens.shape == (2, 6)
    assert ends.tolist() == [2, 5]
    assert tokens[0, 3:].tolist() == [0, 0, 0]


def test_a_long_text_is_cut_and_keeps_its_end(tokenizer):
    (row,) = rows_of(tokenizer, ["camel " * 100])
    assert len(row) == text_architecture().context
    assert (row[0], row[-1]) == (START, END)
    assert set(row[1:-1]) == {vocabulary()["camel</w>"]}


@pytest.mark.parametrize("text", ["", "  \n"])
def test_blank_texts_are_refused(tokenizer, text):
    with pytest.raises(InputError, match="text 2 is blank; describe something"):
        tokenizer(["camel", text])


def test_no_texts(tokenizer):
    tokens, ends = tokenizer([])
    assert (len(tokens), len(ends)) == (0, 0)


@pytest.mark.parametrize(
    "contents", [b"", b"{", b"\x80\x04N.", b'{"model": {"type": "BPE"}}', b"[" * 100_000, b"<html>"]
)
def test_files_that_are_no_tokenizer(tmp_path, contents):
    file = tmp_path / "tokenizer.json"
    file.write_bytes(contents)
    with pytest.raises(WeightsError, match=r"tokenizer\.json: it is not a tokenizer"):
        Tokenizer(file, text_architecture())


def test_the_tokenizer_of_another_network(tmp_path):
    file = write_tokenizer(tmp_path)
    written = json.loads(file.read_text(encoding="utf-8"))
    written["added_tokens"] += [{**written["added_tokens"][0], "id": END + 1, "content": "<|mask|>"}]
    file.write_text(json.dumps(written), encoding="utf-8")
    with pytest.raises(WeightsError, match="it is the tokenizer of another network: it has 521 tokens instead of 520"):
        Tokenizer(file, text_architecture())
