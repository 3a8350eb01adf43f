"""Numbers as people write them on the command line: strokes, lists of them, pixels, and shards."""

import re
from typing import Any

import click

from taureau.cli.names import shown


class StrokesType(click.ParamType):
    """A number of strokes, or `auto`."""

    name = "strokes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """The number."""
        if str(value) == "auto":
            return "auto"
        try:
            return int(value)
        except ValueError:
            self.fail(f"'{shown(value)}' is no number of strokes; give a whole number, or auto", param, ctx)


class CountsType(click.ParamType):
    """Numbers of strokes, such as 32,16,8,4."""

    name = "list"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """The numbers."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(int(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"'{shown(value)}' is no list of numbers; write it as 32,16,8,4", param, ctx)


class PixelsType(click.ParamType):
    """A number of pixels, such as 200000000 or 200M."""

    name = "pixels"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?)\s*([kmg]?)(?:px|p|pixels)?", str(value).strip().lower())
        if match is None or float(match[1]) <= 0:
            self.fail(f"'{shown(value)}' is no number of pixels; write it as 200000000 or 200M", param, ctx)
        return round(float(match[1]) * {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}[match[2]])


class ShardType(click.ParamType):
    """A part of a batch, such as 2/8."""

    name = "shard"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Which part, and of how many."""
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", str(value).strip())
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            self.fail(f"'{shown(value)}' is no shard; write i/n with i from 1 to n, such as 2/8", param, ctx)
        return int(match[1]), int(match[2])
