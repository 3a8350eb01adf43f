"""Every command, whatever it does: its help, its options, its errors.

The help texts are kept in `help/`. After a change on purpose, `REFRESH_HELP=1 pytest tests/cli/test_commands.py` writes
them anew, and the difference is there to be read before it is committed.
"""

import difflib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import taureau
from taureau.cli import program
from taureau.cli.draw import draw
from taureau.settings import LOSSES, PRESETS
from tests.helpers.command_line import ROOT, environment, run

HELP = Path(__file__).parent / "help"


def walk(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from walk(child, (*words, name))


COMMANDS = dict(walk(program))
every_command = pytest.mark.parametrize("words", COMMANDS, ids=" ".join)


def test_these_are_the_commands():
    assert sorted(" ".join(words) for words in COMMANDS) == [
        "",
        "batch",
        "batch report",
        "batch run",
        "batch status",
        "doctor",
        "draw",
        "evaluate",
        "evaluate draw",
        "evaluate recognize",
        "evaluate report",
        "evaluate study",
        "evaluate study analyze",
        "evaluate study build",
        "evaluate study serve",
        "export",
        "levels",
        "models",
        "models fetch",
        "models list",
        "models path",
        "models verify",
        "studio",
    ]


def changes(stored: str, now: str) -> str:
    """The difference of two texts, line by line; nothing if they are equal."""
    return "\n".join(difflib.unified_diff(stored.splitlines(), now.splitlines(), "stored", "now", lineterm=""))


@every_command
def test_help_is_what_was_agreed(words):
    outcome = run(*words, "--help")
    assert (outcome.code, outcome.stderr) == (0, "")
    file = HELP / f"{'-'.join(('taureau', *words))}.txt"
    if os.environ.get("REFRESH_HELP"):
        file.write_text(outcome.stdout)
    assert changes(file.read_text(), outcome.stdout) == ""


def test_a_changed_help_is_seen():
    assert "-  --colour  x\n+  --color  x" in changes("a\n  --colour  x\n", "a\n  --color  x\n")


def test_no_help_is_kept_of_a_command_that_is_gone():
    assert {file.stem for file in HELP.iterdir()} == {"-".join(("taureau", *words)) for words in COMMANDS}


@every_command
def test_short_help_is_help(words):
    assert run(*words, "-h") == run(*words, "--help")


@every_command
def test_every_command_and_option_says_what_it_does(words):
    command = COMMANDS[words]
    assert command.help
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help is not None, option.name
            assert re.search(r"[.\]]$", option.help), option.help


@every_command
def test_an_unknown_option_is_a_usage_error(words):
    outcome = run(*words, "--nonsense")
    where = " ".join(("taureau", *words))
    assert outcome.code == 2
    assert outcome.stdout == ""
    assert outcome.stderr.startswith("taureau: error: No such option '--nonsense'")
    assert outcome.stderr.endswith(f" (see '{where} --help')\n")
    assert outcome.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [words for words, command in COMMANDS.items() if isinstance(command, click.Group)])
def test_a_group_alone_shows_its_help(words):
    assert run(*words) == run(*words, "--help")


@pytest.mark.parametrize("words", [words for words, command in COMMANDS.items() if isinstance(command, click.Group)])
def test_an_unknown_command_is_a_usage_error(words):
    outcome = run(*words, "drow")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith("taureau: error: No such command 'drow'")
    assert outcome.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words", [words for words, command in COMMANDS.items() if not isinstance(command, click.Group)]
)
def test_every_command_can_debug(words):
    assert "debug" in [option.name for option in COMMANDS[words].params]


def test_version():
    assert run("--version").stdout == f"taureau {taureau.__version__}\n"


def test_help_loads_no_torch():
    code = "import sys; sys.argv = ['taureau', 'draw', '--help']\nfrom taureau.cli import main\ntry: main()\nfinally: "
    code += "print(sorted({'torch', 'numpy', 'PIL', 'cv2', 'numba'} & set(sys.modules)), file=sys.stderr)"
    outcome = subprocess.run([sys.executable, "-c", code], env=environment(), cwd=ROOT, capture_output=True, text=True)
    assert (outcome.returncode, outcome.stderr) == (0, "[]\n")
    assert "--strokes" in outcome.stdout


@pytest.mark.parametrize("asked", [None, "active"])
def test_waiting_threads_soon_sleep_unless_the_user_says_otherwise(asked):
    code = "import os, sys; sys.argv = ['taureau', '--version']\nfrom taureau.cli import main\ntry: main()\nfinally: "
    code += "print(os.environ['OMP_WAIT_POLICY'], os.environ.get('GOMP_SPINCOUNT'), 'torch' in sys.modules)"
    variables = {
        name: value for name, value in environment().items() if name not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    }
    if asked:
        variables["OMP_WAIT_POLICY"] = asked
    outcome = subprocess.run([sys.executable, "-c", code], env=variables, cwd=ROOT, capture_output=True, text=True)
    assert outcome.stdout.splitlines()[-1] == f"{asked or 'passive'} {None if asked else 4000} False"


def test_choices_and_defaults_are_those_of_the_library():
    options = {option.name: option for option in draw.params}
    assert tuple(options["loss"].type.choices) == LOSSES
    assert tuple(options["preset"].type.choices) == tuple(PRESETS)
    assert "[default: fast]" in options["preset"].help
    assert "[default: builtin]" in options["encoder"].help
    assert taureau.Settings().preset == "fast"
    assert taureau.Sketcher().encoder.name == "builtin"
