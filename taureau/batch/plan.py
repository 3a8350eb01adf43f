"""The plan of a batch: what a run would do, found without writing anything."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from taureau.batch.decision import Verdict, decide
from taureau.batch.ledger.account import Account
from taureau.batch.recipe import Recipe, sha256_of
from taureau.batch.sources.items import OWN_FOLDER, Problem
from taureau.batch.sources.open import open_sources
from taureau.batch.work import Work


@dataclass(frozen=True)
class Plan:
    """What a run would do.

    Args:
        found: photos that the sources name.
        draw: those that it would draw, or read to see whether they changed.
        skip: those that are drawn already.
        failed_before: those that failed in an earlier run, and would not be tried again.
        first: the names of some that it would draw.
        problems: what the sources could not look into.
    """

    found: int
    draw: int
    skip: int
    failed_before: int
    first: tuple[str, ...]
    problems: tuple[str, ...]


def plan(
    source: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    recipe: Recipe | None = None,
    work: Work | None = None,
) -> Plan:
    """What `run` would do with the same arguments; OUT is not even made.

    Raises:
        InputError: as `run`.
    """
    out, recipe, work = Path(out), recipe or Recipe(), work or Work()
    sources = open_sources(source, out)
    path = out / OWN_FOLDER / f"ledger{work.suffix}.sqlite"
    draw = skip = failed_before = 0
    first: list[str] = []
    problems = []
    with ExitStack() as stack:
        ledger = None
        if path.exists():
            ledger = Account(path)
            stack.callback(ledger.close)
        for each in sources():
            if isinstance(each, Problem):
                problems.append(each.text)
            elif work.has(each.name):
                known = None if ledger is None else ledger.known(each.name)
                sha256 = sha256_of(recipe.text_for(each.values))
                verdict = decide(each, known, sha256, work, out, recipe.kinds)
                skip += verdict is Verdict.SKIP
                failed_before += verdict is Verdict.FAILED_BEFORE
                if verdict in (Verdict.DRAW, Verdict.DRAW_ANEW):
                    draw += 1
                    if len(first) < 10:
                        first.append(each.name)
    taken = draw if work.limit is None else min(draw, work.limit)
    return Plan(draw + skip + failed_before, taken, skip, failed_before, tuple(first[:taken]), tuple(problems))
