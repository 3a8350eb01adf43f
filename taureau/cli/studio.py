"""`taureau studio` opens a page in the browser to draw photos by hand and eye."""

from pathlib import Path

import click

from taureau.cli.garbage import collect_from_now_on
from taureau.cli.names import shown
from taureau.cli.options import FILE
from taureau.cli.program import check_working_folder, debug_option


@click.command()
@click.argument("photo", metavar="[PHOTO]", required=False, type=FILE)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port; 0 for a free one. [default: 0]")
@click.option("--host", default="127.0.0.1", help="Address to listen at. [default: 127.0.0.1, this machine only]")
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
@click.option("--encoder", metavar="NAME", help="Network that compares photo and sketch. [default: builtin]")
@click.option(
    "--device", metavar="NAME", default="auto", help="auto, cpu, mps, cuda, or one GPU such as cuda:1. [default: auto]"
)
@debug_option
def studio(photo: Path | None, port: int, host: str, no_browser: bool, encoder: str | None, device: str) -> None:
    """Draw in the browser: see the strokes come about, move them, and say what matters.

    Prints the address of the page, and opens it. Begins with PHOTO, or with a photo that is dropped onto the page.
    Ctrl-C ends it. Needs the packages of the extra 'studio': pip install 'taureau[studio]'.

    \b
    taureau studio
    taureau studio cat.jpg --port 8000 --no-browser
    """
    from taureau.studio.picture import Picture  # here, as below: they load what the help needs not
    from taureau.studio.serve import is_private, make_engine, serve

    check_working_folder()
    begin = None if photo is None else Picture.load(photo)
    if not is_private(host):
        click.echo(
            f"taureau: warning: --host {shown(host)} lets other machines reach the studio; whoever knows the address "
            "below can draw here and see what you draw, and the network between can read it, since it is not "
            "encrypted. Use it in a network that you trust.",
            err=True,
        )
    serve(
        make_engine(encoder, device),
        host=host,
        port=port,
        begin=begin,
        ready=lambda address: click.echo(address),
        warm=collect_from_now_on,
        opens_browser=not no_browser,
    )
