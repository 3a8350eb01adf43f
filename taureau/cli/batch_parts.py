"""The options of `taureau batch` by what they decide: how photos are drawn, which of them, and who draws.

Each of the three gives a command its options, and the command one value for all of them.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

import taureau
from taureau.cli.choices import Asked, choose
from taureau.cli.numbers import CountsType, ShardType
from taureau.cli.options import how_to_draw_but, strokes_option

_DEFAULTS = taureau.Settings()
_Command = Callable[..., Any]
_HOW = (
    strokes_option,
    click.option(
        "--levels",
        metavar="LIST",
        type=CountsType(),
        help="Draw at several numbers of strokes at once, such as 32,16,8.",
    ),
    click.option("--seed", type=int, help=f"Random seed of every photo. [default: {_DEFAULTS.seed}]"),
    how_to_draw_but("seed", "like", "resume", "freeze", "freeze-first", "frame", "importance", "region"),
    click.option("--colors", metavar="K", type=int, help="Use at most K colours, with one layer a pen in the SVG."),
    click.option("--png", is_flag=True, help="Also write a PNG of each drawing."),
    click.option("--pack", metavar="N", type=int, help="Put the drawings of N photos each into a tar (WebDataset)."),
)
_WHO = (
    click.option(
        "--workers", metavar="N", type=click.IntRange(min=1), help="Processes that draw. [default: one a core]"
    ),
    click.option(
        "--ray", metavar="ADDRESS", help="Draw on a Ray cluster: auto, or HOST:PORT (needs the extra 'cluster')."
    ),
    click.option(
        "--gpus", metavar="SHARE", type=float, default=0.0, help="On Ray, the share of a GPU for a photo. [default: 0]"
    ),
    click.option(
        "--timeout",
        metavar="SECONDS",
        type=click.FloatRange(min=0, min_open=True),
        help="Longest time for a photo; what takes longer is tried once more, alone. [default: no limit]",
    ),
)
_WHICH = (
    click.option("--limit", metavar="N", type=click.IntRange(min=1), help="Draw at most N photos in this run."),
    click.option("--shard", metavar="I/N", type=ShardType(), help="Draw the I-th of N equal parts, as on machine I."),
    click.option(
        "--redo",
        type=click.Choice(["failed", "changed", "all"]),
        help="Try again what failed; compare the contents of all photos; or draw all of them again.",
    ),
    click.option("--watch", is_flag=True, help="Go on: draw photos as they come into the folders, until Ctrl-C."),
)


def how_which_who(command: _Command) -> _Command:
    """Give a command `recipe`, `work` and `crew`, made of these options."""

    @wraps(command)
    def with_parts(
        workers: int | None,
        timeout: float | None,
        ray: str | None,
        gpus: float,
        limit: int | None,
        shard: tuple[int, int] | None,
        redo: str | None,
        watch: bool,
        **others: Any,
    ) -> Any:
        own = {name: others.pop(name) for name in ("sources", "out", "dry_run", "as_json", "quiet")}
        work, crew = taureau.batch.Work(limit, shard, redo, watch), taureau.batch.Crew(workers, timeout, ray, gpus)
        return command(**own, recipe=_recipe(**others), work=work, crew=crew)

    for option in reversed((*_HOW, *_WHO, *_WHICH)):
        with_parts = option(with_parts)
    return with_parts


def _recipe(
    *, asked: Asked, levels: tuple[int, ...] | None, colors: int | None, seed: int | None, **values: Any
) -> "taureau.batch.Recipe":
    """How to draw, as the options say; what they leave open is as in `taureau draw`, but the seed is 0."""
    own = {name: values.pop(name) for name in ("weights", "device", "png", "pack", "allow_truncated", "max_pixels")}
    if seed is None and asked.settings_file is None:
        seed = _DEFAULTS.seed  # the same in each run, so that the next one finds the drawings of the last
    if levels is not None:
        values["strokes"] = max(levels)
    chosen = choose(asked, {**values, "seed": seed, "color": asked.color or colors is not None or None})
    return taureau.batch.Recipe(
        chosen.settings, asked.encoder or "builtin", asked.saliency, levels=levels or (), colors=colors, **own
    )
