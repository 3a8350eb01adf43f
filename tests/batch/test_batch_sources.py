"""Sources: which photos a batch finds, under which names, and what it refuses."""

import io
import json
import os
import tarfile
from pathlib import Path

import pytest

import taureau
from taureau.batch.sources.items import Item, Problem, safe_name
from taureau.batch.sources.open import open_sources
from taureau.batch.sources.shards import read_member
from tests.helpers.system import failing


@pytest.fixture
def photos(tmp_path):
    for name in ("a.jpg", "b/c.PNG", "b/d/e.webp", "b/notes.txt", ".hidden/f.jpg", "b/.g.jpg"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "photos"


def names(*sources, out=Path("out")):
    found = list(open_sources(sources, out)())
    assert all(isinstance(each, Item) for each in found)
    return sorted(each.name for each in found)


def test_a_folder_gives_the_photos_below_it(photos):
    assert names(photos) == ["a.jpg", "b/c.PNG", "b/d/e.webp"]
    assert names(str(photos)) == names(photos)


def test_several_folders_keep_their_names(photos):
    assert names(photos / "b", photos / "b/d") == ["b/c.PNG", "b/d/e.webp", "d/e.webp"]
    with pytest.raises(taureau.InputError, match="another source is called b too"):
        open_sources([photos / "b", photos / "x/../b"] if (photos / "x").mkdir() is None else [], Path("out"))


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.jpg", ["a.jpg"]),
        ("**/*.webp", ["b/d/e.webp"]),
        ("**", ["a.jpg", "b/c.PNG", "b/d/e.webp"]),
        ("b/*", ["c.PNG"]),
        ("?/**/*", ["b/c.PNG", "b/d/e.webp"]),
        ("b/*.txt", ["notes.txt"]),
    ],
)
def test_a_glob_gives_what_fits_it(photos, pattern, found):
    assert sorted(set(names(f"{photos}/{pattern}"))) == found


def test_a_folder_is_streamed_and_not_listed(photos, monkeypatch):
    read = []
    scan = os.scandir

    class Counting:
        def __init__(self, folder):
            self.entries = scan(folder)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.entries.close()

        def __iter__(self):
            return self

        def __next__(self):
            read.append(1)
            return next(self.entries)

    for number in range(50):
        (photos / f"{number}.png").write_bytes(b"")
    monkeypatch.setattr(os, "scandir", Counting)
    next(iter(open_sources([photos], Path("out"))()))
    assert len(read) < 20


@pytest.mark.parametrize(
    ("out", "why"),
    [("photos", "is SOURCE and OUT at once"), ("photos/b/out", "OUT lies in"), (".", "lies in OUT")],
)
def test_photos_and_drawings_that_lie_in_each_other_are_refused(photos, out, why):
    for source in (photos, f"{photos}/**/*.jpg"):
        with pytest.raises(taureau.InputError, match=rf"{why}.*; give an OUT|{why}.* give an OUT"):
            open_sources([source], photos.parent / out)


def test_a_link_to_out_is_seen_through(photos):
    (photos.parent / "link").symlink_to(photos)
    with pytest.raises(taureau.InputError, match="OUT lies in"):
        open_sources([photos], photos.parent / "link/out")


def test_what_is_not_there_is_refused(tmp_path):
    for source, why in [
        (tmp_path / "no", "there is no such file or folder"),
        (f"{tmp_path}/no/*.jpg", "there is no folder"),
        ("", "a SOURCE is empty"),
        ("a\0b", "cannot be read"),
    ]:
        with pytest.raises(taureau.InputError, match=why):
            open_sources([source], tmp_path / "out")
    with pytest.raises(taureau.InputError, match="a batch needs photos"):
        open_sources([], tmp_path / "out")


def test_a_folder_that_cannot_be_read_is_a_problem_and_stops_no_other(photos, monkeypatch):
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: failing(13)() if Path(path).name == "d" else scan(path))
    found = list(open_sources([photos], Path("out"))())
    (problem,) = [each for each in found if isinstance(each, Problem)]
    assert (
        problem.text
        == f"the folder {photos / 'b/d'}: cannot be looked into (permission denied); its photos are not drawn"
    )
    assert sorted(each.name for each in found if isinstance(each, Item)) == ["a.jpg", "b/c.PNG"]


@pytest.mark.parametrize("name", ["../x.jpg", "a/../../x", "", "/", ".taureau-batch/ledger", "a\0b"])
def test_no_name_leads_out_of_out(name):
    assert safe_name(name) is None


def test_safe_names_are_kept():
    assert [safe_name(name) for name in ("a/b.jpg", "/a/b.jpg", "./a", "..a")] == ["a/b.jpg", "a/b.jpg", "a", "..a"]


# Manifests


def manifest(tmp_path, text, ending="csv"):
    path = tmp_path / f"photos.{ending}"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_csv_manifest_gives_photos_with_settings(photos):
    path = manifest(
        photos,
        "photo,strokes,color,width,pen_width,name\na.jpg,8,true,,1.5,\nb/c.PNG,,,2.5,,wide\nhttp://x.org/p.jpg,,,,,\n",
    )
    items = {each.name: each for each in open_sources([path], Path("out"))()}
    assert {name: dict(item.values) for name, item in items.items()} == {
        "a.jpg": {"strokes": 8, "color": True, "pen_width": 1.5},
        "wide": {"width": 2.5},
        "x.org/p.jpg": {},
    }
    assert items["a.jpg"].photo == str(photos / "a.jpg")
    assert items["a.jpg"].fingerprint is not None


def test_a_json_manifest_gives_the_same(photos):
    rows = [{"photo": str(photos / "a.jpg"), "strokes": 8}, {"photo": "b/c.PNG", "mask": None}]
    path = manifest(photos, "\n".join(map(json.dumps, rows)), "jsonl")
    items = list(open_sources([path], Path("out"))())
    assert [(each.name, dict(each.values)) for each in items] == [("a.jpg", {"strokes": 8}), ("b/c.PNG", {})]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "has no column 'photo', but nothing"),
        ("file\na.jpg\n", "has no column 'photo', but file; name the column"),
        ("photo\n", "has no rows; give one photo a row"),
        ("photo,strokes\n,8\n", "row 1: has no photo"),
        ("photo\na.jpg\nb.jpg\na.jpg\n", "row 3: a.jpg is in row 1 already; remove one"),
        ("photo\na.jpg\n./a.jpg\n", "row 2: a.jpg is in row 1 already"),
        ("photo,colour\na.jpg,red\n", "row 1: there is no setting 'colour'; the columns are photo, name, strokes"),
        ("photo,strokes\na.jpg,many\n", "row 1: strokes must be a number, got 'many'"),
        ("photo,strokes\na.jpg,0\n", "row 1: strokes must be 1 to 4096, got 0"),
        ("photo,color\na.jpg,red\n", "row 1: color must be true or false, got 'red'"),
        ("photo\na.jpg,8\n", "row 1: has more cells than the first line has columns"),
        ("photo,name\na.jpg,../x\n", "row 1: ../x leads out of OUT"),
        ('photo\n"a.jpg\n', "is no CSV"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused_before_any_work(tmp_path, text, why):
    with pytest.raises(taureau.InputError) as caught:
        open_sources([manifest(tmp_path, text)], tmp_path / "out")
    assert why in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "why"), [("[1]", "is no object"), ("{", "is not JSON lines"), ('{"strokes": 8}', "has no photo")]
)
def test_json_lines_that_cannot_be_used_are_refused(tmp_path, text, why):
    with pytest.raises(taureau.InputError, match=why):
        open_sources([manifest(tmp_path, text, "jsonl")], tmp_path / "out")


def test_a_manifest_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "photos.csv").write_bytes(b"photo\n\xff\xfe.jpg\n")
    with pytest.raises(taureau.InputError, match="is no CSV in UTF-8"):
        open_sources([tmp_path / "photos.csv"], tmp_path / "out")


def test_a_parquet_manifest_gives_the_same(photos):
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow: pip install 'taureau[batch]'")
    import pyarrow

    path = photos / "photos.parquet"
    parquet.write_table(pyarrow.table({"photo": ["a.jpg", "b/c.PNG"], "strokes": [8, None]}), path)
    items = list(open_sources([path], Path("out"))())
    assert [(each.name, dict(each.values)) for each in items] == [("a.jpg", {"strokes": 8}), ("b/c.PNG", {})]
    parquet.write_table(pyarrow.table({"file": ["a.jpg"]}), path)
    with pytest.raises(taureau.InputError, match="has no column 'photo', but file"):
        open_sources([path], Path("out"))


# Shards


def test_a_shard_gives_the_photos_in_it_where_they_lie(tmp_path):
    path = tmp_path / "shard.tar"
    with tarfile.open(path, "w") as shard:
        for name, data in [("x/a.jpg", b"first"), ("x/a.json", b"{}"), ("../b.jpg", b"out"), ("c.png", b"third")]:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            shard.addfile(member, io.BytesIO(data))
    found = list(open_sources([path], tmp_path / "out")())
    assert [each.name for each in found if isinstance(each, Item)] == ["x/a.jpg", "c.png"]
    assert [read_member(each.photo) for each in found if isinstance(each, Item)] == [b"first", b"third"]
    assert [each.text for each in found if isinstance(each, Problem)] == [
        f"{path}: its member ../b.jpg leads out of OUT, and is not drawn"
    ]
    data = path.read_bytes()
    path.write_bytes(data[:2])
    with pytest.raises(taureau.InputError, match="is shorter than it was"):
        read_member(found[0].photo)


def test_a_compressed_shard_is_refused(tmp_path):
    with tarfile.open(tmp_path / "shard.tar", "w:gz"):
        pass
    with pytest.raises(taureau.InputError, match=r"is no plain tar.*must be unpacked first"):
        open_sources([tmp_path / "shard.tar"], tmp_path / "out")
