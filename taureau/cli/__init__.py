"""The command `taureau`: a door to the library that uses only its public names.

Nothing here imports torch before a command needs it, so help, version and early errors appear at once.
"""

import os
import sys

import click

import taureau
from taureau.cli.batches import batch as batch_command
from taureau.cli.doctor import doctor as doctor_command
from taureau.cli.draw import draw as draw_command
from taureau.cli.evaluate import evaluate as evaluate_command
from taureau.cli.export import export as export_command
from taureau.cli.garbage import collected_late
from taureau.cli.interruption import INTERRUPTED, end_quietly, listen
from taureau.cli.levels import levels as levels_command
from taureau.cli.models import models as models_command
from taureau.cli.program import Program
from taureau.cli.streams import close_standard_streams, open_standard_streams
from taureau.cli.studio import studio as studio_command


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(taureau.__version__, message="%(prog)s %(version)s")
def program() -> None:
    """Draw photos with n strokes.

    Start with: taureau draw cat.jpg
    """


program.add_command(draw_command)
program.add_command(batch_command)
program.add_command(levels_command)
program.add_command(export_command)
program.add_command(studio_command)
program.add_command(models_command)
program.add_command(evaluate_command)
program.add_command(doctor_command)


def main() -> None:
    """Run the command line and exit with its code."""
    # OpenMP's threads spin while they wait, and where other programs run too, the thread that they wait for gets no
    # processor: three drawings at once took half as long again. To sleep too soon costs a quarter where waking is slow;
    # GNU's OpenMP, which torch has on Linux, can spin a little first. Both are read when torch loads, later.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ["OMP_WAIT_POLICY"] = "passive"
        os.environ.setdefault("GOMP_SPINCOUNT", "4000")
    open_standard_streams()
    listen()
    try:
        with collected_late():
            program.main(prog_name="taureau")
    except KeyboardInterrupt:  # before or after the command itself, which catches its own
        sys.exit(INTERRUPTED)
    finally:
        end_quietly()
        close_standard_streams()


__all__ = ["main", "program"]
