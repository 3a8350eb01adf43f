"""Photos, runs and drawings of batches with light workers (see `light_worker`)."""

from taureau import batch
from taureau.batch.sources.items import OWN_FOLDER

ONE, TWO = batch.Crew(workers=1), batch.Crew(workers=2)


def make_photos(folder, many, bad=(), beginning=b""):
    """So many photos in three folders; those whose numbers are in `bad` cannot be drawn."""
    for number in range(many):
        path = folder / f"{number % 3}/{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"bad" if number in bad else beginning + f"{number} ".encode() * 50)


def drawings(out):
    """The drawings in OUT with what changes when one is written again."""
    return {
        path.relative_to(out).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in out.rglob("*.svg")
        if OWN_FOLDER not in path.relative_to(out).parts  # what a killed worker leaves there goes at any moment
    }


def assert_whole(out):
    """Nothing half done: every drawing has all its photo's bytes, and nothing else lies about."""
    for path in out.rglob("*.svg"):
        name = path.relative_to(out).as_posix().removesuffix(".svg")
        photo = (out.parent / "photos" / name).read_bytes()
        assert path.read_bytes().partition(b"\n")[2] == photo[::-1]
    assert [path for path in out.rglob(".taureau-*") if path.name != OWN_FOLDER] == []


def finish(photos, out, *, recipe=None, crew=TWO, **work):
    """Run a batch to its end: its records, and how far it came."""
    with batch.run(photos, out, recipe=recipe, work=batch.Work(**work), crew=crew) as running:
        records = list(running)
    return records, running.progress
