"""Combines the options of `taureau draw` into settings, encoders and a mask.

Options win over `--settings` and `--like`, which win over the preset.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

import taureau

MASKS = ("auto", "none", "alpha", "u2net")


@dataclass(frozen=True)
class Choices:
    """What every photo of a command is drawn with.

    Args:
        settings: all of them, checked.
        mask: a mask picture; None where the settings name a way to find the subject.
        importance: a picture of where strokes are wanted; None where nobody said.
        regions: a budget of strokes by region: strokes, left, top, right, bottom of each.
        encoder: its name; None for the default.
        saliency: name of another encoder for saliency; None for the encoder's own choice.
        freeze: whether the strokes of a resumed sketch stay as they are, or how many of them.
        encoder_sha256: hash of the weights that `--like` needs; None for any.
    """

    settings: "taureau.Settings"
    mask: Path | None
    importance: Path | None
    regions: tuple[tuple[float, ...], ...]
    encoder: str | None
    saliency: str | None
    freeze: bool | int
    encoder_sha256: str | None = None

    def check_weights(self, sketcher: "taureau.Sketcher") -> None:
        """Refuse to draw like a sketch with other weights than it was drawn with."""
        found = sketcher.encoder.weights_sha256
        if self.encoder_sha256 is not None and found != self.encoder_sha256:
            raise click.UsageError(
                f"--like: that sketch was drawn with other weights of {sketcher.encoder.name}; add --weights FILE, "
                "or name an --encoder"
            )

    def as_options(self) -> dict[str, Any]:
        """Keyword arguments for `Sketcher.steps`."""
        mask = {} if self.mask is None else {"mask": self.mask}
        wanted = {"importance": self.importance, "regions": self.regions}
        return {"settings": self.settings, "freeze": self.freeze, **wanted, **mask}


@dataclass(frozen=True)
class Asked:
    """What the options say of how to draw, as they were given; what is left out says nothing.

    Args:
        values: settings that were asked for, by name; None for those that were not.
        settings_file: a TOML file of settings.
        like: a sketch whose record says how to draw.
        mask: the name of a way to find the subject, or the path of a mask picture.
        importance: the path of a picture of where strokes are wanted.
        regions: a budget of strokes by region; none for that of `like`.
        encoder: name of the encoder asked for.
        saliency: name of the saliency encoder asked for.
        resume: the sketch to continue from.
        freeze: whether its strokes stay as they are.
        freeze_first: how many of them do, from the first on; None where nobody said.
        color: whether strokes have colours of their own; False says nothing.
    """

    values: Mapping[str, Any]
    settings_file: Path | None = None
    like: Path | None = None
    mask: str | None = None
    importance: Path | None = None
    regions: tuple[tuple[float, ...], ...] = ()
    encoder: str | None = None
    saliency: str | None = None
    resume: Path | None = None
    freeze: bool = False
    freeze_first: int | None = None
    color: bool = False

    @property
    def files(self) -> tuple[Path | None, ...]:
        """What is read besides photos, mask and the sketch to continue from; None for what was not asked for."""
        return self.importance, self.settings_file, self.like


def choose(asked: Asked, values: Mapping[str, Any]) -> Choices:
    """Combine options.

    Args:
        asked: what the options that all commands share say.
        values: more settings, by name; None for those that nobody asked for.

    Raises:
        UsageError: options that cannot go together.
        InputError: a value out of range, a file that cannot be read, a sketch without a record.
    """
    like, mask, importance, resume = asked.like, asked.mask, asked.importance, asked.resume
    encoder, saliency, regions = asked.encoder, asked.saliency, asked.regions
    settings_file, freeze, freeze_first = asked.settings_file, asked.freeze, asked.freeze_first
    # A flag that is not given says nothing, so that the preset decides.
    given = {"color": asked.color or None, **asked.values, **values}
    if settings_file is not None and like is not None:
        raise click.UsageError("--settings and --like both say how to draw; give one of them")
    if freeze and freeze_first is not None:
        raise click.UsageError("--freeze keeps all strokes and --freeze-first some of them; give one of the two")
    frozen = freeze if freeze_first is None else freeze_first
    wanted = {name: value for name, value in given.items() if value is not None}
    picture = None if mask is None or mask in MASKS else Path(mask)
    if mask is not None:
        wanted["mask"] = mask if picture is None else "image"
    base = sha256 = None
    if settings_file is not None:
        base = taureau.Settings.load(settings_file)
    if like is not None:
        record = _record_of(like)
        sha256 = record.get("encoder_sha256") if encoder is None else None
        base, encoder, saliency = _as_in(record, like, encoder, saliency)
        if record.get("importance_sha256") is not None and importance is None:
            raise click.UsageError("the drawing was made with a picture of importance; add --importance PICTURE")
        regions = regions or _regions_of(record)
        was_frozen = _was_frozen(record, like, resume)
        frozen = frozen if freeze or freeze_first is not None else was_frozen
    if base is not None and "preset" in wanted:
        raise click.UsageError(f"--preset goes without {'--like' if settings_file is None else '--settings'}")
    if base is None:
        wanted.setdefault("seed", secrets.randbelow(2**31))
    settings = taureau.Settings(**wanted) if base is None else base.with_values(**wanted)
    if settings.mask == "image" and picture is None:
        raise click.UsageError("the drawing was made with a mask picture; add --mask FILE, or another --mask")
    if picture is not None:
        name = click.format_filename(picture) if mask else repr(mask)
        _check_picture(picture, f"--mask {name}", f", and it is not one of {', '.join(MASKS)}")
    if importance is not None:
        _check_picture(importance, f"--importance {click.format_filename(importance)}", "; give another picture")
    if resume is None and (freeze or freeze_first is not None):
        option = "--freeze" if freeze else "--freeze-first"
        raise click.UsageError(f"{option} keeps strokes of --resume unchanged; add --resume SVG")
    if settings.loss == "text":
        _check_reads_text(encoder)
    return Choices(settings, picture, importance, regions, encoder, saliency, frozen, sha256)


def _regions_of(record: dict[str, Any]) -> tuple[tuple[float, ...], ...]:
    """The regions in the record of a sketch; what is none is refused when the drawing begins."""
    listed = record.get("regions")
    return tuple(tuple(each) for each in listed if isinstance(each, list)) if isinstance(listed, list) else ()


def _check_picture(picture: Path, option: str, advice: str) -> None:
    """Refuse a mask, or a picture of importance, that is no file, once for all photos."""
    try:
        is_file = picture.is_file()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise taureau.InputError(f"{option}: cannot be read ({reason}); give another picture") from error
    if not is_file:
        raise taureau.InputError(f"{option}: there is no such file{advice}")


def _record_of(like: Path) -> dict[str, Any]:
    record = taureau.Sketch.load(like).record
    if not {"settings", "encoder", "saliency_encoder"} <= record.keys():
        name = click.format_filename(like)
        raise taureau.InputError(f"{name}: has no record of how it was drawn; give an SVG that taureau wrote")
    return record


def _as_in(
    record: dict[str, Any], like: Path, encoder: str | None, saliency: str | None
) -> tuple["taureau.Settings", str | None, str | None]:
    """The settings of a record, and its encoders unless others were asked for."""
    try:
        settings = taureau.Settings(**record["settings"])
    except taureau.InputError as error:
        raise taureau.InputError(f"{click.format_filename(like)}: {error}") from error
    if encoder is None:
        return settings, record["encoder"], saliency or record["saliency_encoder"]
    return settings, encoder, saliency


def _was_frozen(record: dict[str, Any], like: Path, resume: Path | None) -> bool | int:
    """Whether a drawing kept the strokes that it continued, or how many; that sketch must be given again."""
    resumed = record.get("resumed")
    if not resumed:
        return False
    if resume is None:
        name = click.format_filename(like)
        raise click.UsageError(f"{name} continued a sketch of {resumed['strokes']} strokes; add --resume SVG")
    frozen: bool | int = resumed["frozen"]
    return frozen


def _check_reads_text(encoder: str | None) -> None:
    """Refuse a prompt for an encoder that reads no text."""
    readers = [model.name for model in taureau.weights.list_models()]
    if encoder not in readers:
        raise click.UsageError(
            f"--prompt needs an encoder that reads text, got {encoder or 'builtin'}; add --encoder clip-vit-b32, "
            f"or another of {', '.join(readers)}"
        )
