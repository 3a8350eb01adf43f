"""Checks what is in a weights file, without running anything in it.

Weights are safetensors files and nothing else: a header that says where each tensor lies, and numbers. A pickle is a
program, so it is named and refused here, and no unpickler is ever called. These functions need no torch; the numbers
are read by `taureau.encoders.tensors`.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from taureau.errors import WeightsError
from taureau.files import shown
from taureau.weights.catalogue import Model, Shapes

# A CLIP header is 30 to 100 kB; safetensors itself allows 100 MB, which takes a gigabyte to parse.
MAX_HEADER_BYTES = 4_000_000
CHUNK_BYTES = 1 << 20

ONLY = "taureau reads only safetensors weights"
PICKLE_ENDINGS = frozenset({".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth"})

# Number format: the unsigned integer of its size, and the bits of its exponent. All of them set is infinity or NaN.
EXPONENTS = {"F32": ("<u4", 0x7F800000), "F16": ("<u2", 0x7C00), "BF16": ("<u2", 0x7F80)}

# Counters and constants that some writers add to CLIP's weights. No output depends on them.
IGNORED_NAMES = frozenset(
    {"logit_scale", "logit_bias", "input_resolution", "context_length", "vocab_size", "attn_mask"}
)
IGNORED_ENDING = ".num_batches_tracked"


@dataclass(frozen=True)
class TensorEntry:
    """One tensor of a weights file: its number format, its shape, and the bytes of the file that it takes."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


Layout = dict[str, TensorEntry]


@contextmanager
def advise(name: str) -> Iterator[None]:
    """Add to each refusal of weights how to fetch those of model `name` again."""
    try:
        yield
    except WeightsError as error:
        raise WeightsError(f"{error}; fetch the weights again with: taureau models fetch {name}") from error


def hash_file(file: Path, digest: Any = None) -> str:
    """The hash of a file, in hexadecimal.

    Args:
        file: what to read.
        digest: a hash of `hashlib` to continue; None for a new SHA-256.

    Raises:
        WeightsError: the file cannot be read.
    """
    digest = hashlib.sha256() if digest is None else digest
    try:
        with open(file, "rb") as stream:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise WeightsError(f"{shown(file)}: it cannot be read ({error.strerror or error})") from error
    return str(digest.hexdigest())


def read_layout(file: Path) -> Layout:
    """The tensors of a safetensors file, by name. Reads the header only.

    Raises:
        WeightsError: there is no such file, or it is a folder, empty, a pickle, cut short, or has a header that lies:
            too long, not JSON, tensors that overlap, leave gaps or end outside the file.
    """
    try:
        if not file.exists():
            raise WeightsError(f"{shown(file)}: there is no such file; check the name and the folder")
        if not file.is_file():
            raise WeightsError(f"{shown(file)}: it is not a file")
        if file.suffix.lower() in PICKLE_ENDINGS:
            raise WeightsError(f"{shown(file)}: {file.suffix} files are pickles, which can run any program; {ONLY}")
        with open(file, "rb") as stream:
            head = stream.read(32)
            size = os.fstat(stream.fileno()).st_size
            header_bytes = int.from_bytes(head[:8], "little")
            if header_bytes > MAX_HEADER_BYTES or head[8:9] != b"{":
                raise WeightsError(f"{shown(file)}: {_explain_head(head, size)}")
            with safe_open(file, framework="np"):
                pass  # opening it compares the header with the length of the file and the tensors with each other
            stream.seek(8)
            header = json.loads(stream.read(header_bytes))
    except SafetensorError as error:
        raise WeightsError(f"{shown(file)}: it is not a whole safetensors file ({error})") from error
    except OSError as error:
        raise WeightsError(f"{shown(file)}: it cannot be read ({error.strerror or error})") from error
    header.pop("__metadata__", None)
    first = 8 + header_bytes
    return {
        tensor: TensorEntry(
            entry["dtype"], tuple(entry["shape"]), first + entry["data_offsets"][0], first + entry["data_offsets"][1]
        )
        for tensor, entry in header.items()
    }


def check_layout(layout: Layout, model: Model, file: Path) -> None:
    """Compare the tensors of a file with what the model needs.

    A file without any tensor of the text tower passes: it serves for pictures.

    Raises:
        WeightsError: a tensor is missing, has another shape or is not of floating point, or there is one that this
            architecture does not have.
    """
    text = model.text.shapes()
    expected = model.vision.shapes() | (text if any(tensor in layout for tensor in text) else {})
    problems = list(_find_problems(layout, expected))
    if problems:
        more = f", and {len(problems) - 1} more like it" if len(problems) > 1 else ""
        raise WeightsError(f"{shown(file)}: these are not the weights of {model.name}: {problems[0]}{more}")


def check_finite(layout: Layout, tensors: Iterable[str], file: Path) -> None:
    """Check every number of some tensors.

    Raises:
        WeightsError: one is infinite or not a number.
    """
    with open(file, "rb") as stream:
        for tensor in tensors:
            entry = layout[tensor]
            integer, exponent = EXPONENTS[entry.dtype]
            stream.seek(entry.start)
            bits = np.frombuffer(stream.read(entry.end - entry.start), dtype=integer)
            if bool(((bits & exponent) == exponent).any()):
                raise WeightsError(f"{shown(file)}: tensor {tensor} holds a number that is infinite or NaN")


def _explain_head(head: bytes, size: int) -> str:
    if size == 0:
        return "it is empty; copy or fetch it again"
    if head.startswith(b"PK\x03\x04") or head[:2] in {b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"}:
        return f"it is a pickle, which can run any program; {ONLY}"
    if head.lstrip().startswith(b"<"):
        return "it is a web page, not weights"
    if head.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer, not the weights themselves"
    return f"it is not a safetensors file; {ONLY}, so name such a file, or leave it out for the default weights"


def _find_problems(layout: Layout, expected: Shapes) -> Iterable[str]:
    for tensor, shape in expected.items():
        if tensor not in layout:
            yield f"tensor {tensor} is missing"
        elif layout[tensor].shape != shape:
            yield f"tensor {tensor} has the shape {list(layout[tensor].shape)} instead of {list(shape)}"
        elif layout[tensor].dtype not in EXPONENTS:
            yield f"tensor {tensor} has numbers of the type {layout[tensor].dtype} instead of {', '.join(EXPONENTS)}"
    for tensor in layout:
        if tensor not in expected and tensor not in IGNORED_NAMES and not tensor.endswith(IGNORED_ENDING):
            yield f"tensor {tensor} does not belong to it"
