"""`taureau models`: the encoders that need weights, and where these are."""

import dataclasses
import json
from pathlib import Path

import click

import taureau
from taureau.cli.program import Group, debug_option
from taureau.cli.progress import BytesProgress

_name = click.argument("name")
_ALWAYS_HERE = {
    "builtin": "taureau's own, and the default; comes with the package, its weights are for research",
    "contour": "lines alone; has no weights",
}


@click.group(cls=Group)
def models() -> None:
    """Encoders with weights: what there is, and fetching it.

    Only 'fetch' uses the network. The weights lie where other programs keep theirs (HF_HOME), and are read from
    there without any network. The encoder 'builtin' comes with taureau, and 'contour' has
    no weights: they need none of this.
    """


@models.command("list")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="One JSON object a model that can be fetched on stdout, and nothing else there.",
)
@debug_option
def list_models(as_json: bool) -> None:
    """List the models, and which of them are here."""
    rows = taureau.weights.list_models()
    if as_json:
        for row in rows:
            click.echo(json.dumps(dataclasses.asdict(row), default=str))
        return
    for name, about in _ALWAYS_HERE.items():
        click.echo(f"{name:<28}{'here':<10}{'':>8}  {about}")
    for row in rows:
        state = "here" if row.present else "not here"
        click.echo(f"{row.name:<28}{state:<10}{_megabytes(row.size_bytes):>8}  {row.about}; {row.license}")


@models.command()
@_name
@click.option(
    "--from", "source", metavar="FILE", type=click.Path(path_type=Path), help="Copy the weights from FILE instead."
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@debug_option
def fetch(name: str, source: Path | None, quiet: bool) -> None:
    """Fetch the weights of NAME, check them, and say where they are.

    An interrupted download goes on where it stopped.
    """
    with BytesProgress(name, shown=not quiet) as progress:
        path = taureau.weights.fetch(name, source, progress=progress.show)
    if not quiet:
        click.echo(click.format_filename(path))


@models.command()
@_name
@debug_option
def verify(name: str) -> None:
    """Hash the weights of NAME again, and check every tensor."""
    found = taureau.weights.verify(name)
    known = {
        "hub": "the hash is the one that the hub published",
        "record": "the hash is the one noted when the file was copied here",
        "nothing": "no hash was on record to compare with",
    }
    click.echo(f"{name}: whole; sha256 {found.sha256}, {_megabytes(found.size_bytes)}; {known[found.against]}")


@models.command()
@_name
@debug_option
def path(name: str) -> None:
    """Say where the weights of NAME are."""
    click.echo(click.format_filename(taureau.weights.path(name)))


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
