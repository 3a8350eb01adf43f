"""Batches from real folders: names that meet, the second run, going on, folders; and nothing that was not asked for."""

import json
import os
import shutil
import sys
import unicodedata
from pathlib import Path

import pytest

import taureau
from taureau.cli import places
from taureau.cli.places import same_place
from tests.helpers.command_line import QUICK, SMALL, draw_photo, run
from tests.helpers.system import forbid

FILM = b"\0\0\0\x18ftypqt  \0\0\2\0qt  "


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


# What was not asked for


@pytest.mark.parametrize(
    ("photo", "words"),
    [
        ("~/pics/cat.jpg", "only a shell replaces ~"),
        ("~nobody/cat.jpg", "only a shell replaces ~"),
        ("https://host.example/cat.jpg", "https://host.example/cat.jpg: is a web address"),
        ("http://host.example/a/cat.jpg?size=1", "is a web address"),
        ("s3://bucket/cat.jpg", "is a web address"),
        ("file:///pictures/cat.jpg", "is a web address"),
        ("data:image/png;base64,AAAA", "is a web address"),
        ("nosuch/dir/cat.jpg", "there is no such file"),
        ("nosuch", "there is no such file"),
    ],
)
@pytest.mark.parametrize("more", [(), ("-o", "out/"), ("--frames", "frames"), ("--live", "live/now.svg")])
def test_a_photo_that_is_not_there_leaves_nothing_behind(here, photo, words, more):
    outcome = run("draw", photo, *QUICK, *more)
    assert outcome.code == 3
    assert words in outcome.stderr
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("option", ["-o", "--frames", "--live", "--gif"])
@pytest.mark.parametrize("place", ["https://host.example/x.svg", "s3://bucket/x.svg", "~/x.svg", "~nobody/x.svg"])
def test_a_place_that_is_elsewhere_is_refused(here, option, place):
    draw_photo(here / "cat.png")
    outcome = run("draw", "cat.png", *QUICK, option, place)
    assert outcome.code == 2
    assert option in outcome.stderr
    assert place in outcome.stderr
    assert tree(here) == ["cat.png"]


def test_a_folder_that_is_called_tilde_is_one(here):
    (here / "~").mkdir()
    draw_photo(here / "cat.png")
    assert run("draw", "cat.png", *QUICK, "-o", "~/out/").code == 0
    assert "~/out/cat.sketch.svg" in tree(here)


def test_one_bad_photo_makes_no_folder_and_stops_no_other(here):
    draw_photo(here / "cat.png")
    assert run("draw", "gone/dog.png", "cat.png", *QUICK, "-o", "out/deep/").code == 3
    assert tree(here) == ["cat.png", "out/deep/cat.sketch.png", "out/deep/cat.sketch.svg"]


LONG = "x" * 300 + ".jpg"


@pytest.mark.parametrize("name", [f"private/{LONG[-9:]}", LONG, f"{LONG}/cat.jpg"])
@pytest.mark.parametrize("first", [True, False])
def test_a_photo_that_nobody_may_look_at_stops_no_other(here, monkeypatch, name, first):
    draw_photo(here / "cat.png")
    (here / "private").mkdir()
    forbid(monkeypatch, here / "private")
    outcome = run("draw", *([name, "cat.png"] if first else ["cat.png", name]), *QUICK)
    assert outcome.code == 3
    assert f"taureau: error: {name}: " in outcome.stderr
    assert (here / "cat.sketch.svg").is_file()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="needs a user that is not root")
def test_a_photo_without_permission_stops_no_other(here):
    for name in ("cat.png", "secret.png"):
        draw_photo(here / name)
    (here / "secret.png").chmod(0)
    outcome = run("draw", "secret.png", "cat.png", *QUICK)
    assert outcome.code == 3
    assert "taureau: error: secret.png: permission denied" in outcome.stderr
    assert (here / "cat.sketch.svg").is_file()


@pytest.mark.parametrize("option", ["-o", "--gif", "--frames", "--live", "--mask", "--weights", "--like", "--settings"])
@pytest.mark.parametrize("folder", ["private", LONG])
def test_a_place_that_nobody_may_look_at_is_named(here, monkeypatch, option, folder):
    draw_photo(here / "cat.png")
    (here / "private").mkdir()
    forbid(monkeypatch, here / "private")
    name = f"{folder}/x.{'gif' if option == '--gif' else 'svg'}"
    outcome = run("draw", "cat.png", *SMALL, option, name)
    assert outcome.code == (4 if option == "--weights" else 3)
    assert folder in outcome.stderr
    assert "permission denied" in outcome.stderr.lower() or "name too long" in outcome.stderr.lower()
    assert tree(here) == ["cat.png"]


@pytest.mark.parametrize("option", ["-o", "--frames"])
@pytest.mark.parametrize("name", ["link", "link/deep"])
def test_a_link_to_a_folder_that_is_not_there_yet_becomes_one(here, option, name):
    draw_photo(here / "cat.png")
    (here / "link").symlink_to("later", target_is_directory=True)
    outcome = run("draw", "cat.png", *QUICK, option, name)
    assert outcome.code == 0, outcome.stderr
    assert any((here / "later").rglob("cat.*.png"))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems allow no such folder, or let none be entered")
@pytest.mark.parametrize("output", [(), ("-o", "new/deep/"), ("-o", "x.svg", "--frames", "frames", "--live", "l.svg")])
def test_a_working_folder_without_an_absolute_name_is_drawn_in(here, monkeypatch, output):
    """As a folder below one that its user may not enter; here its absolute name is too long."""
    for _ in range(25):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
    draw_photo(Path("cat.png"))
    outcome = run("draw", "cat.png", *QUICK, *output)
    assert outcome.code == 0, outcome.stderr
    assert list(Path().rglob("*.svg"))


# Names that meet


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("IMG_1.MOV", FILM),
        ("IMG_1.HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
        ("IMG_1.AAE", b"<?xml version='1.0'?><plist/>"),
        ("IMG_1.dng", b"II*\0\x10\0\0\0CR\x02\0" + bytes(99)),
        ("IMG_1.txt", b"notes"),
        ("IMG_1", b""),
    ],
)
@pytest.mark.parametrize("photo_first", [True, False])
def test_what_is_no_photo_takes_no_photos_place(here, name, data, photo_first):
    draw_photo(here / "IMG_1.JPG")
    (here / name).write_bytes(data)
    names = ["IMG_1.JPG", name] if photo_first else [name, "IMG_1.JPG"]
    outcome = run("draw", *names, *QUICK)
    assert outcome.code == 3
    assert f"taureau: error: {name}" in outcome.stderr
    assert {"IMG_1.sketch.svg", "IMG_1.sketch.png"} <= set(tree(here))


@pytest.mark.parametrize("again", ["cat.png", "./cat.png", "sub/../cat.png", "link/cat.png"])
def test_a_photo_that_is_named_twice_is_drawn_once(here, again):
    draw_photo(here / "cat.png")
    (here / "sub").mkdir()
    (here / "link").symlink_to(here, target_is_directory=True)
    outcome = run("draw", "cat.png", again, *QUICK, "--json")
    assert outcome.code == 0
    assert len(outcome.objects) == 1
    assert "named twice, drawn once" in outcome.stderr


PAIRS = [("straße", "strasse"), ("Cat", "cat"), (unicodedata.normalize("NFD", "é"), "é"), ("ﬁsh", "fish"), ("İ", "i̇")]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_two_names_that_differ_on_this_disk_are_two(here, one, other):
    draw_photo(here / f"{one}.png")
    if (here / f"{other}.png").exists():
        pytest.skip("one name on this file system")
    draw_photo(here / f"{other}.png")
    outcome = run("draw", f"{one}.png", f"{other}.png", *QUICK, "-o", "out/")
    assert outcome.code == 0, outcome.stderr
    assert len(tree(here / "out")) == 4


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_two_names_that_are_one_on_the_disk_of_the_drawings_are_refused(here, monkeypatch, one, other):
    monkeypatch.setattr(places, "_is_one_name", lambda *_: True)
    (here / "a").mkdir()
    (here / "b").mkdir()
    draw_photo(here / f"a/{one}.png")
    draw_photo(here / f"b/{other}.png")
    outcome = run("draw", f"a/{one}.png", f"b/{other}.png", *QUICK, "-o", "out/")
    assert outcome.code == 3
    assert "would both write" in outcome.stderr
    assert not (here / "out").exists()


def test_asking_the_disk_leaves_nothing_behind(here):
    assert not same_place(here / "x/straße.svg", here / "x/strasse.svg") or (here / "A").exists()
    assert list(here.iterdir()) == []


# The second run


def test_the_second_run_draws_the_same_photos(here):
    for name in ("cat.png", "dog.png"):
        draw_photo(here / name)
    words = (*QUICK, "--gif", "auto", "--frames", ".")
    assert run("draw", *sorted(os.listdir(here)), *words).code == 0
    first = tree(here)
    outcome = run("draw", *sorted(os.listdir(here)), *words)
    assert outcome.code == 0, outcome.stderr
    assert tree(here) == first
    assert "skipped 6 drawings (cat.sketch.gif, …) of an earlier run" in outcome.stderr
    assert "skipped 8 frames (cat.0000.png, …) of an earlier run" in outcome.stderr
    assert outcome.stderr.count("\n") == 4


def test_a_photo_with_such_a_name_is_drawn(here):
    draw_photo(here / "cat.sketch.png")
    draw_photo(here / "dog.png")
    assert run("draw", "cat.sketch.png", "dog.png", *QUICK).code == 0
    assert "cat.sketch.sketch.svg" in tree(here)
    assert run("draw", "dog.sketch.png", *QUICK).code == 0  # named alone, a drawing is what is asked for
    assert "dog.sketch.sketch.svg" in tree(here)


# Going on


@pytest.fixture
def album(here):
    for name in ("a.png", "sub/b.png", "sub/deep/a.png", ".hidden/c.png"):
        (here / "album" / name).parent.mkdir(parents=True, exist_ok=True)
        draw_photo(here / "album" / name)
    (here / "album/notes.txt").write_text("notes")
    (here / "album/._a.png").write_bytes(b"AppleDouble")
    return here / "album"


def test_a_folder_means_the_photos_in_it(album):
    assert run("draw", "album", *QUICK, "-o", "out").code == 0
    assert tree(Path("out")) == ["a.sketch.png", "a.sketch.svg"]


def test_folders_in_a_folder_keep_their_structure(album):
    assert run("draw", "album", "-r", *QUICK, "-o", "out", "--frames", "frames").code == 0
    svgs = [name for name in tree(Path("out")) if name.endswith(".svg")]
    assert svgs == ["a.sketch.svg", "sub/b.sketch.svg", "sub/deep/a.sketch.svg"]
    assert "sub/deep/a.0000.png" in tree(Path("frames"))


def test_without_o_drawings_lie_beside_their_photos_and_are_not_drawn_again(album):
    assert run("draw", "album", "-r", *QUICK).code == 0
    first = tree(album)
    assert "sub/deep/a.sketch.svg" in first
    assert run("draw", "album", "-r", *QUICK).code == 0
    assert tree(album) == first


def test_the_folder_of_drawings_is_not_looked_into(album):
    assert run("draw", "album", "-r", *QUICK, "-o", "album/out").code == 0
    shutil.copy(album / "a.png", album / "out/strange.png")
    assert run("draw", "album", "-r", *QUICK, "-o", "album/out", "--json").objects[-1].keys() >= {"record"}
    assert not (album / "out/out").exists()


@pytest.mark.parametrize("recursive", [(), ("-r",)])
def test_a_folder_without_photos_is_an_error_that_says_what_helps(here, recursive):
    (here / "empty").mkdir()
    outcome = run("draw", "empty", *QUICK, *recursive)
    assert outcome.code == 3
    assert "is a folder without photos" in outcome.stderr
    assert "--recursive" in outcome.stderr


def test_an_interrupted_batch_goes_on(here):
    for name in ("a.png", "b.png", "c.png"):
        draw_photo(here / name)
    assert run("draw", "a.png", *QUICK).code == 0
    done = (here / "a.sketch.svg").read_bytes()
    (here / "b.sketch.svg").write_text("half of a drawing's files")
    outcome = run("draw", "a.png", "b.png", "c.png", *QUICK, "--skip-existing", "--json", "-n", "3")
    assert outcome.code == 0, outcome.stderr
    assert "skipped 1 photo that is drawn already" in outcome.stderr
    assert [row.get("skipped") for row in outcome.objects] == ["drawn already", None, None]
    assert (here / "a.sketch.svg").read_bytes() == done
    assert taureau.Sketch.load(here / "b.sketch.svg")
    again = run("draw", "a.png", "b.png", "c.png", *QUICK, "--skip-existing", "--json", "--no-overwrite")
    assert (again.code, [row["skipped"] for row in map(json.loads, again.stdout.splitlines())]) == (
        0,
        ["drawn already"] * 3,
    )


# A place that is no file


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="needs devices")
def test_a_drawing_may_go_to_a_device(here):
    draw_photo(here / "cat.png")
    outcome = run("draw", "cat.png", *QUICK, "-o", os.devnull)
    assert outcome.code == 0, outcome.stderr
    assert tree(here) == ["cat.png"]
    if os.path.exists("/dev/full"):
        outcome = run("draw", "cat.png", *QUICK, "-o", "/dev/full")
        assert outcome.code == 3
        assert "/dev/full: cannot be written (no space left on device)" in outcome.stderr
