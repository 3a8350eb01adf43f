"""The options that say how a photo is read and drawn, alike for every command that draws."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

import taureau
from taureau.cli.choices import Asked
from taureau.cli.numbers import PixelsType, StrokesType

_DEFAULTS, _PAPER = taureau.Settings("fast"), taureau.Settings("paper")
# What cannot be read is refused in its turn, and by its own kind of error.
FILE = click.Path(readable=False, path_type=Path)

strokes_option = click.option(
    "-n",
    "--strokes",
    metavar="N",
    type=StrokesType(),
    help=f"Number of strokes, or auto for as few as it takes. [default: {_DEFAULTS.strokes}]",
)
"""Gives a command the number of strokes of one drawing."""


def _from_zero(_context: click.Context, _parameter: click.Parameter, frame: int | None) -> int | None:
    """The number of a frame, which is none below 0."""
    if frame is not None and frame < 0:
        raise click.UsageError(f"--frame counts from 0, got {frame}")
    return frame


_OPTIONS = {
    "preset": click.option(
        "--preset", type=click.Choice(["fast", "paper"]), help="'fast', or the method as published. [default: fast]"
    ),
    "encoder": click.option(
        "--encoder",
        metavar="NAME",
        help="Network that compares photo and sketch; see 'taureau models list'. [default: builtin]",
    ),
    "saliency": click.option(
        "--saliency",
        metavar="NAME",
        help="Encoder that finds what is salient. [default: the same]",
    ),
    "weights": click.option("--weights", metavar="FILE", type=FILE, help="Weights file for the encoder (safetensors)."),
    "device": click.option(
        "--device",
        metavar="NAME",
        default="auto",
        help="auto, cpu, mps, cuda, or one GPU such as cuda:1. [default: auto]",
    ),
    "candidates": click.option(
        "--candidates", type=int, help=f"Number of drawings tried; the best is kept. [default: {_DEFAULTS.candidates}]"
    ),
    "seed": click.option("--seed", type=int, help="Random seed. [default: random, printed]"),
    "settings": click.option(
        "--settings", "settings_file", metavar="FILE", type=FILE, help="Read settings from a TOML file."
    ),
    "like": click.option(
        "--like", metavar="SVG", type=FILE, help="Draw as this sketch was drawn: settings, seed, encoder."
    ),
    "steps": click.option(
        "--steps", type=int, help=f"Optimiser steps. [default: {_DEFAULTS.steps}; paper: {_PAPER.steps}]"
    ),
    "budget": click.option(
        "--budget", metavar="SECONDS", type=float, help="Time limit per photo; makes as many steps as fit."
    ),
    "size": click.option("--size", type=int, help=f"Canvas units on a side. [default: {_DEFAULTS.size}]"),
    "canvas": click.option(
        "--canvas",
        type=click.Choice(["subject", "photo"]),
        help="Lay the canvas over the subject, or over the whole photo. "
        f"[default: {_DEFAULTS.canvas}; paper: {_PAPER.canvas}]",
    ),
    "width": click.option(
        "--width",
        type=float,
        help="Full width of all strokes in canvas units. "
        f"[default: 3 for the first 16, down to 2 for later ones; paper: {_PAPER.width:g}]",
    ),
    "color": click.option("--color", is_flag=True, help="Give each stroke a colour of its own."),
    "initialization": click.option(
        "--initialization",
        type=click.Choice(["traced", "random"]),
        help=f"First strokes: traced along lines of the photo, or short random curves. "
        f"[default: {_DEFAULTS.initialization}; paper: {_PAPER.initialization}]",
    ),
    "mask": click.option(
        "--mask",
        metavar="HOW",
        help="How to find the subject: auto, none, alpha, u2net, or a picture that is white on it. "
        f"[default: {_DEFAULTS.mask}; paper: {_PAPER.mask}]",
    ),
    "importance": click.option(
        "--importance",
        metavar="PICTURE",
        type=FILE,
        help="A gray picture: white where strokes are wanted more, black where less, 128 changes nothing.",
    ),
    "region": click.option(
        "--region",
        "regions",
        metavar="N LEFT TOP RIGHT BOTTOM",
        type=(int, float, float, float, float),
        multiple=True,
        help="Begin N strokes in a box of the photo, whose sides are 0..1. May be given again; other strokes are "
        "for the rest.",
    ),
    "loss": click.option(
        "--loss",
        type=click.Choice(["perception", "l2", "lpips", "xdog", "embedding", "text"]),
        help=f"How photo and sketch are compared. [default: {_DEFAULTS.loss}; with --prompt: text]",
    ),
    "prompt": click.option(
        "--prompt", metavar="TEXT", help="Draw what TEXT describes; the photo says where. Needs a CLIP encoder."
    ),
    "resume": click.option("--resume", metavar="SVG", type=FILE, help="Continue from an earlier sketch."),
    "freeze": click.option("--freeze", is_flag=True, help="Keep the strokes of --resume unchanged and add the others."),
    "freeze-first": click.option(
        "--freeze-first", metavar="N", type=int, help="Keep the first N strokes of --resume unchanged; the others move."
    ),
    "frame": click.option(
        "--frame", type=int, callback=_from_zero, help="Frame of an animated photo, counted from 0. [default: 0]"
    ),
    "allow-truncated": click.option(
        "--allow-truncated", is_flag=True, help="Draw what can be read of a damaged photo."
    ),
    "max-pixels": click.option(
        "--max-pixels",
        metavar="N",
        type=PixelsType(),
        help="Largest photo, in pixels or as 200M. [default: 64M, a JPEG 256M]",
    ),
}


# Options that say how photos are read and what draws, which settings are not.
_APART = ("weights", "device", "frame", "allow_truncated", "max_pixels")


def how_to_draw_but(*left_out: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """What gives a command these options in this order, but for some of them.

    The command gets `asked`, what they say of how to draw, and by name what is read and what draws.
    """

    def give(command: Callable[..., Any]) -> Callable[..., Any]:
        options = {name: option for name, option in _OPTIONS.items() if name not in left_out}
        names = [_parameter_of(option) for option in options.values()]
        own = [name for name in names if name in Asked.__dataclass_fields__]
        values = [name for name in names if name not in (*own, *_APART)]

        @wraps(command)
        def with_asked(**given: Any) -> Any:
            said, settings = ({name: given.pop(name) for name in each} for each in (own, values))
            return command(asked=Asked(settings, **said), **given)

        for option in reversed(options.values()):
            with_asked = option(with_asked)
        return with_asked

    return give


def _parameter_of(option: Callable[..., Any]) -> str:
    """The name under which a command gets what an option says."""

    def bare() -> None:
        """Nothing but a place for the option."""

    parameter: click.Parameter = option(bare).__click_params__[0]
    assert parameter.name is not None
    return parameter.name


how_to_draw = how_to_draw_but()
"""Gives a command all of these options."""
