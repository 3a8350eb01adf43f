"""Batches: many photos, each drawn once, whatever happens in between.

    from taureau import batch
    for record in batch.run("photos", "drawings"):
        print(record.name, record.score or record.error)

The names below are the whole of it. A batch that was interrupted or killed goes on when it is run again.
"""

from taureau.batch.batch import Batch, run
from taureau.batch.ledger.record import Record
from taureau.batch.place import Status, records, status
from taureau.batch.plan import Plan, plan
from taureau.batch.progress import Progress
from taureau.batch.recipe import Recipe
from taureau.batch.report import report
from taureau.batch.sources.items import PHOTO_ENDINGS
from taureau.batch.work import REDO, Work
from taureau.batch.workers.crew import Crew

__all__ = [
    "PHOTO_ENDINGS",
    "REDO",
    "Batch",
    "Crew",
    "Plan",
    "Progress",
    "Recipe",
    "Record",
    "Status",
    "Work",
    "plan",
    "records",
    "report",
    "run",
    "status",
]
