"""What the batch and its workers say to each other: the beginning, a task, and the record that an answer becomes."""

from functools import partial
from pathlib import Path
from typing import Any

import taureau
from taureau.batch.hold import Hold
from taureau.batch.ledger.ledger import Task, now
from taureau.batch.ledger.record import DONE, FAILED, Record
from taureau.batch.place import tar_of
from taureau.batch.recipe import Recipe
from taureau.batch.tars import member_name


def beginning(hold: Hold, recipe: Recipe) -> dict[str, Any]:
    """What a worker is told first."""
    return {
        "version": taureau.__version__,
        "lock": str(hold.workers_lock),
        "turn": str(hold.turn),
        "token": hold.token,
        "encoder": recipe.encoder,
        "saliency": recipe.saliency,
        "weights": None if recipe.weights is None else str(Path(recipe.weights).absolute()),
        "device": recipe.device,
    }


def message_of(task: Task, hold: Hold, recipe: Recipe) -> dict[str, Any]:
    """A task, as a worker takes it."""
    return {
        "out": str(hold.out),
        "staging": str(hold.staging),
        "name": task.name,
        "photo": task.photo,
        "recipe": task.recipe,
        "recipe_sha256": task.recipe_sha256,
        "fingerprint": task.fingerprint,
        "kinds": list(recipe.kinds),
        "anew": task.anew,
        "tar": task.tar,
    }


def record_of(task: Task, answer: dict[str, Any], out: Path) -> Record:
    """What the ledger keeps of an answer."""
    sizes: dict[str, int] = answer.get("sizes", {})
    return Record(
        task.name,
        task.photo,
        FAILED if "error_kind" in answer else DONE,
        photo_sha256=answer.get("photo_sha256"),
        settings_sha256=task.recipe_sha256,
        version=taureau.__version__,
        seed=answer.get("seed"),
        score=answer.get("score"),
        seconds=answer.get("seconds"),
        warnings=tuple(answer.get("warnings", ())),
        outputs=tuple(
            (kind, f"{task.name}.{kind}" if "tar" not in answer else member_name(task.name, kind)) for kind in sizes
        ),
        sizes=tuple(sizes.values()),
        error_kind=answer.get("error_kind"),
        error=answer.get("error"),
        attempts=task.attempts,
        finished=now(),
        tar=answer.get("tar"),
        out=out,
        find=partial(tar_of, out),
    )
