"""The command `taureau`: a door to the library that uses only its public names.

Nothing here imports torch before a command needs it, so that help, version and refusals come at once.
"""

import click

import taureau
from taureau.cli.doctor import doctor
from taureau.cli.draw import draw
from taureau.cli.models import models
from taureau.cli.program import Program


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
)
@click.version_option(taureau.__version__, prog_name="taureau", message="%(prog)s %(version)s")
@click.pass_context
def program(context: click.Context) -> None:
    """Draw photos with n strokes.

    Start with: taureau draw cat.jpg
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


program.add_command(draw)
program.add_command(models)
program.add_command(doctor)


def main() -> None:
    """Run the command line and exit with its code."""
    program.main(prog_name="taureau")


__all__ = ["main", "program"]
