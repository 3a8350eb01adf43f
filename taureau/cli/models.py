"""`taureau models` lists, fetches, verifies and finds weights."""

import dataclasses
import json
from pathlib import Path

import click

import taureau
from taureau.cli.program import Group, debug_option
from taureau.cli.progress import BytesProgress

_name = click.argument("name")
_ALWAYS_HERE = {
    "builtin": "taureau's own and the default; comes with the package; its weights are for research",
    "contour": "compares lines only; has no weights",
}


@click.group(cls=Group)
def models() -> None:
    """List, fetch and verify the weights of encoders.

    Only 'fetch' uses the internet. taureau keeps weights where other programs keep theirs (HF_HOME), and reads them
    offline. The encoders 'builtin' and 'contour' need none of this: 'builtin' comes with taureau, and 'contour' has no
    weights.
    """


@models.command("list")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON object per model to fetch on stdout, and nothing else.",
)
@debug_option
def list_models(as_json: bool) -> None:
    """List the encoders, and whether their weights are here."""
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
    "--from",
    "source",
    metavar="FILE",
    type=click.Path(readable=False, path_type=Path),
    help="Copy the weights from FILE instead.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@debug_option
def fetch(name: str, source: Path | None, quiet: bool) -> None:
    """Fetch the weights of NAME, check them, and print their path.

    Run it again to resume an interrupted download.
    """
    with BytesProgress(name, shown=not quiet) as progress:
        path = taureau.weights.fetch(name, source, progress=progress.show)
    if not quiet:
        click.echo(click.format_filename(path))


@models.command()
@_name
@debug_option
def verify(name: str) -> None:
    """Hash the weights of NAME again and check every tensor."""
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
    """Print the path of the weights of NAME."""
    click.echo(click.format_filename(taureau.weights.path(name)))


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
