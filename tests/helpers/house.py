"""Checks of the repository itself, as functions that return what is wrong: nothing, when all is well.

They take text or paths, so that `test_house.py` can also show that each of them fails when it should.
"""

import ast
import re
import shlex
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|Users|root|work|tmp|mnt|opt)/[\w.-]+")


def tracked_files() -> list[Path]:
    """The files of the repository, those about to be added included.

    In an unpacked archive, or where git does not trust another owner's checkout, everything there is.
    """
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        return [path for path in ROOT.rglob("*") if path.is_file() and not {".venv", ".git"} & set(path.parts)]
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def broken_links(page: Path, text: str) -> list[str]:
    """Relative links of a Markdown page that lead to no file, or to no heading of it."""
    broken = []
    for target in _LINK.findall(_FENCE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text() if name else text)):
            broken.append(target)
    return broken


def anchors(text: str) -> set[str]:
    """The anchors that a Markdown page's headings get."""
    headings = re.findall(r"^#+ +(.+)$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def machine_paths(text: str) -> list[str]:
    """Absolute paths of somebody's machine."""
    return _MACHINE_PATH.findall(text)


def command_lines_of(text: str, program: str) -> list[list[str]]:
    """The words after `program` of each command in the shell blocks of a Markdown page."""
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    between = r"""\s#.*|"?\$\(.*|[|>;]"""
    commands = [command for line in "".join(blocks).splitlines() for command in re.split(between, line)]
    return [words[1:] for words in map(shlex.split, commands) if words[:1] == [program]]


def python_blocks_of(text: str) -> list[str]:
    """The Python blocks of a Markdown page."""
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def targets_of(makefile: str) -> set[str]:
    """The targets that a Makefile offers: those it calls phony."""
    return {word for line in re.findall(r"^\.PHONY:(.*)$", makefile, re.MULTILINE) for word in line.split()}


def private_uses(source: str, public: Iterable[str], own: Iterable[str] = ("cli",)) -> list[str]:
    """What a module takes from taureau beside its public names and some rooms: its own, `taureau.cli`.

    Imports for type checkers alone (`if TYPE_CHECKING:`) do not count: they do nothing at run time.
    """
    tree, own = ast.parse(source), set(own)
    typing_only = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for statement in node.body
        for child in ast.walk(statement)
    }
    allowed, used = set(public), []
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            used += [name.name for name in node.names if name.name.startswith("taureau.")]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "taureau":
            assert node.module is not None
            if node.module == "taureau":
                used += [name.name for name in node.names if name.name not in allowed]
            elif node.module.split(".")[1] not in own:
                used.append(node.module)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "taureau":
            used += [node.attr] if node.attr not in allowed else []
    return used


def layer_lines(layers: Sequence[str]) -> list[list[str]]:
    """import-linter's layers as lists of names, low to high, each in alphabetical order."""
    return [sorted(re.split(r"\s*[:|]\s*", layer)) for layer in reversed(layers)]


def layers_in(text: str) -> list[list[str]]:
    """The layers that `docs/architecture.md` shows: the first cells of its first table, low to high."""
    rows = re.findall(r"^\| (`[^|]+`) \|", text, re.MULTILINE)
    return [sorted(re.findall(r"`([^`]+)`", row)) for row in rows]


def stray_wheel_files(names: Iterable[str]) -> list[str]:
    """What a wheel of taureau holds beside the package, its licence and its metadata."""
    expected = re.compile(
        r"taureau/.+\.(?:py|html|safetensors)|taureau/py\.typed|taureau-[^/]+\.dist-info/.+"
        r"|taureau/studio/(?:static|samples)/.+\.(?:js|css|json|svg|png|jpg)"
    )
    return [name for name in names if not expected.fullmatch(name)]


def unpinned(constraints: str, required: Mapping[str, Iterable[str]]) -> list[str]:
    """Required distributions without an exact version in a constraints file."""
    pins = {_plain(name) for name in re.findall(r"^([\w.-]+)==[\w.]+$", constraints, re.MULTILINE)}
    names = {_plain(re.split(r"[\[<>=~! ;]", text)[0]) for texts in required.values() for text in texts}
    return sorted(names - pins - {"taureau"})


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
