"""How the command ends: errors as one line on stderr, and the exit codes.

0 done, 1 failed, 2 usage, 3 bad input, 4 weights or backend missing, 130 interrupted. A traceback is shown only with
`--debug`.
"""

import errno
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

import click

import taureau
from taureau.cli.interruption import INTERRUPTED
from taureau.cli.memory import describe_shortage
from taureau.cli.names import shown, without_secrets

_DEBUG = "taureau.debug"


def debug_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--debug`, which `report_error` looks up."""

    def remember(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
        context.meta[_DEBUG] = value

    help_text = "Show the traceback of an error."
    return click.option("--debug", is_flag=True, expose_value=False, callback=remember, help=help_text)(command)


def describe_error(error: BaseException) -> tuple[str, int]:
    """An error as one line, and its exit code."""
    shortage = describe_shortage(error)
    if shortage is not None:
        text, code = shortage, 1
    elif isinstance(error, taureau.TaureauError):
        text, code = str(error), error.exit_code
    elif isinstance(error, click.UsageError):
        text, code = error.format_message(), error.exit_code
        if error.ctx is not None:
            text = f"{text.rstrip('.')} (see '{error.ctx.command_path} --help')"
    elif isinstance(error, click.ClickException):
        text, code = error.format_message(), error.exit_code
    elif isinstance(error, OSError) and error.strerror:
        text, code = f"{error.filename}: {error.strerror}" if error.filename else error.strerror, 1
    else:
        text, code = f"unexpected {type(error).__name__}: {error} (this is a bug; --debug shows where)", 1
    return shown(without_secrets(" ".join(text.splitlines()))), code


def report_error(error: BaseException) -> int:
    """Print an error on stderr.

    Returns:
        The exit code that belongs to it.
    """
    context = click.get_current_context(silent=True)
    if context is not None and context.meta.get(_DEBUG):
        click.echo(without_secrets("".join(traceback.format_exception(error))), err=True, nl=False)
    text, code = describe_error(error)
    click.echo(f"taureau: error: {text}", err=True)
    return code


def is_broken_pipe(error: BaseException) -> bool:
    """Whether the reader of our output has gone; click then ends the command quietly."""
    return isinstance(error, OSError) and error.errno == errno.EPIPE


def check_working_folder() -> None:
    """Refuse to work in a folder that is no more: the libraries below end the program there in ways of their own.

    Raises:
        InputError: it was removed or moved away.
    """
    try:
        os.getcwd()
    except OSError as error:
        raise taureau.InputError(
            "the working folder is gone (somebody removed it, or it is on a disk that was taken away); "
            "change to one that exists, with cd"
        ) from error


def check_extra(package: str, extra: str, option: str) -> None:
    """Refuse, before any work, an option whose package is not installed.

    Raises:
        BackendError: it is missing.
    """
    if importlib.util.find_spec(package) is None:
        raise taureau.BackendError(f"{option} needs {package}: pip install 'taureau[{extra}]', or leave {option} out")


class Group(click.Group):
    """A group of commands that shows its help when it is called alone."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Show the help if there are no arguments."""
        return super().parse_args(context, args or ["--help"])


class Program(Group):
    """A group of commands with the exit codes above."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run a command line, and exit; the arguments are click's."""
        try:
            code = super().main(*args, **{**extra, "standalone_mode": False})
        except click.Abort:
            click.echo("taureau: interrupted", err=True)
            code = INTERRUPTED
        except click.ClickException as error:
            code = report_error(error)
        sys.exit(code)

    def invoke(self, context: click.Context) -> Any:
        """Run a command, and turn what it raises into an exit code while its options are still known."""
        try:
            return super().invoke(context)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:
            if is_broken_pipe(error):
                raise
            return report_error(error)
