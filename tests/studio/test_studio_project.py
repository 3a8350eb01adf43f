"""Project files and exports: the same state comes back, and nothing in a file is trusted."""

import io
import json
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

import taureau
from taureau.studio import project as project_module
from taureau.studio.exporting import formats
from tests.helpers.studio import BASE, LightSketcher, photo_bytes, studio


@pytest.fixture
def page(server):
    with server.page() as page:
        page.use()
        yield page


def gray(value: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (48, 32), value).save(buffer, "PNG")
    return buffer.getvalue()


def rich(page) -> dict:
    """A session in which much has happened."""
    first = page.draw()
    ids = [stroke["id"] for stroke in first["strokes"]]
    page.say("style", strokes=ids[:1], width=2.5, color="#aa3311")
    page.scored()
    page.say("lock", strokes=ids[1:2], locked=True)
    page.read("state")
    page.post("subject", gray(255))
    page.read("state")
    page.post("importance", gray(180))
    page.read("state")
    page.say("add", points=[[1, 20], [20, 30], [40, 20]], settle=False)
    page.scored()
    page.say("delete", strokes=ids[3:])
    page.scored()
    page.say("undo")
    page.read("state")
    page.say("enough", share=0.7)
    return page.read("state")


def rezipped(data: bytes, change) -> bytes:
    """A project whose files, by name, were changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    value = json.loads(files["project.json"])
    change(files, value)
    if files.get("project.json"):
        files["project.json"] = json.dumps(value).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_project_opens_again_to_the_same_state(server, page):
    state = rich(page)
    saved = page.get("project")
    assert saved.headers["content-disposition"] == "attachment; filename*=UTF-8''cat.taureau"
    assert saved.content == page.get("project").content
    svg = page.get("export?format=svg").content
    with zipfile.ZipFile(io.BytesIO(saved.content)) as archive:
        assert archive.namelist() == ["project.json", "photo.png", "subject.png", "importance.png"]
        assert archive.read("photo.png") == photo_bytes()
    with server.page() as other:
        assert other.post("project", saved.content).json() == {}
        assert other.read("state") == {**state, "step": 0, "total": 0}
        assert other.get("export?format=svg").content == svg
        assert other.get("project").content == saved.content
        for do in ("undo", "undo", "redo", "redo", "redo"):
            other.say(do)
            page.say(do)
            assert other.read("state")["strokes"] == page.read("state")["strokes"]
        # Numbers of strokes go on where they were.
        assert min(stroke["id"] for stroke in other.draw()["strokes"]) > max(s["id"] for s in state["strokes"])


def test_a_project_of_a_photo_alone_opens(server, page):
    data = page.get("project").content
    with server.page() as other:
        other.post("project", data)
        state = other.read("state")
        assert (state["status"], state["photo"]["name"], state["strokes"]) == ("empty", "cat.png", [])


def lie_about_size(data: bytes) -> bytes:
    """The size of the first file in the central directory as 10 bytes."""
    at = data.rindex(b"PK\1\2") if data.count(b"PK\1\2") == 1 else data.index(b"PK\1\2")
    return data[: at + 24] + struct.pack("<I", 10) + data[at + 28 :]


def set_at(*path, to):
    def change(_files, value):
        for key in path[:-1]:
            value = value[key]
        value[path[-1]] = to

    return change


def without(name):
    return lambda files, _value: files.pop(name)


CHANGES = {
    "version of tomorrow": (set_at("project", to=99), "is a project of version 99"),
    "no version": (set_at("project", to="1"), "is no project"),
    "no json": (without("project.json"), "is missing"),
    "json is none": (lambda files, _: files.update({"project.json": b""}), "is no JSON"),
    "no photo": (without("photo.png"), "is missing"),
    "photo is none": (lambda files, _: files.update({"photo.png": b"GIF89a"}), "cat.png"),
    "photo names a path": (set_at("photo", "file", to="../../etc/passwd"), "is missing"),
    "photo is a number": (set_at("photo", to=5), "names no photo"),
    "bomb": (lambda files, _: files.update({"subject.png": bytes(64 << 20)}), "larger than 2 MiB"),
    "map is none": (lambda files, _: files.update({"subject.png": b"nonsense"}), "is no PNG"),
    "map is a number": (set_at("present", "subject", to=5), "must be a str"),
    "moment is a list": (set_at("present", to=[]), "must be a dict"),
    "strokes is a text": (set_at("present", "strokes", to="x"), "must be a list"),
    "points are few": (set_at("present", "strokes", 0, "points", to=[1, 2]), "8 numbers"),
    "points are texts": (set_at("present", "strokes", 0, "points", to=["x"] * 8), "must be a number"),
    "points are far": (set_at("present", "strokes", 0, "points", to=[1e30] * 8), "-1e+09 to 1e+09"),
    "points are NaN": (set_at("present", "strokes", 0, "points", to=[float("nan")] * 8), "must be a number"),
    "color is far": (set_at("present", "strokes", 0, "color", to=[2, 0, 0]), "color must be 0 to 1"),
    "id is a text": (set_at("present", "strokes", 0, "id", to="x"), "number of a stroke"),
    "ids are the same": (set_at("present", "strokes", 0, "id", to=2), "a number of its own"),
    "lock is a number": (set_at("present", "strokes", 0, "locked", to=1), "must be a bool"),
    "next id is low": (set_at("next_id", to=1), "next_id"),
    "share is high": (set_at("share", to=3), "share"),
    "setting is unknown": (set_at("present", "settings", "size", to=1024), "no setting 'size'"),
    "steps are many": (set_at("present", "settings", "steps", to=10**9), "steps must be"),
    "settings are a list": (set_at("present", "settings", to=[1]), "must be a dict"),
    "curve is short": (set_at("present", "curve", to=[1.0]), "the curve has 1 values"),
    "record has pens": (set_at("present", "record", to={"pens": [1]}), "the record has 'pens'"),
    "record has other warnings": (set_at("present", "record", to={"warnings": [5]}), "warnings that are no texts"),
    "history is long": (lambda _, value: value.update(past=[value["present"]] * 51), "at most 50 moments"),
    "history is none": (set_at("past", to=None), "must be a list"),
}


@pytest.fixture(scope="module")
def saved():
    with studio(LightSketcher()) as made, made.page() as page:
        page.use()
        rich(page)
        return page.get("project").content


@pytest.mark.parametrize("name", CHANGES)
def test_a_project_that_was_changed_is_refused_by_name(page, saved, name):
    change, reason = CHANGES[name]
    before = page.state
    answer = page.post("project", rezipped(saved, change))
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("the project: ")
    assert reason in answer.json()["error"]
    page.say("enough", share=0.1) if before["curve"] else page.say("go")
    assert page.get("photo").status_code == 200  # what was there is still there


def test_the_changes_alone_are_what_is_refused(page, saved):
    assert page.post("project", rezipped(saved, lambda *_: None)).status_code == 200


@pytest.mark.parametrize("data", [b"", b"nonsense", b"PK\3\4" + bytes(50), photo_bytes()])
def test_what_is_no_zip_is_refused(page, data):
    assert "is no project of the studio" in page.post("project", data).json()["error"]


def test_a_damaged_project_is_refused(page, saved):
    for share in (0.2, 0.6, 0.95):
        assert page.post("project", saved[: int(len(saved) * share)]).status_code == 400
    for offset in range(40, len(saved) - 100, 97):
        patched = bytearray(saved)
        patched[offset] ^= 0xFF
        assert page.post("project", bytes(patched)).status_code in (200, 400)
    assert page.post("project", lie_about_size(saved)).status_code == 400


def test_a_project_is_read_only_as_far_as_it_may_be_large(saved, monkeypatch):
    monkeypatch.setattr(project_module, "MOST_JSON", 100)
    with pytest.raises(taureau.InputError, match=r"project\.json is larger"):
        project_module.Project.load(saved, "it", BASE)
    monkeypatch.setattr(project_module, "MOST_BYTES", 100)
    with pytest.raises(taureau.InputError, match="it: is larger than"):
        project_module.Project.load(saved, "it", BASE)


# Exports


def test_an_exported_svg_is_the_state(page, tmp_path):
    state = rich(page)
    answer = page.get("export?format=svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''cat.svg"
    (tmp_path / "cat.svg").write_bytes(answer.content)
    sketch = taureau.Sketch.load(tmp_path / "cat.svg")
    expected = [stroke["points"] for stroke in state["strokes"]]
    assert np.allclose(sketch.strokes.points.flatten(-2).tolist(), expected, atol=0.011)
    assert sketch.strokes.width.tolist() == pytest.approx([stroke["width"] for stroke in state["strokes"]])
    assert sketch.record["edited"] is True
    (tmp_path / "two.svg").write_bytes(page.get("export?format=svg&strokes=2").content)
    assert len(taureau.Sketch.load(tmp_path / "two.svg").strokes) == 2


def test_an_export_of_a_drawing_under_way_is_what_is_seen(server):
    light = LightSketcher(0.01)
    with studio(light) as slow, slow.page() as page:
        page.use()
        page.say("draw", settings={"strokes": 3, "steps": 2000})
        page.until("drawing")
        assert page.get("export?format=svg").content.count(b"<path ") == 3
        assert page.get("project").status_code == 200


@pytest.mark.parametrize(
    ("query", "start"),
    [
        ("format=png&size=100", b"\x89PNG"),
        ("format=svg&page=a5&landscape=true&margin=5mm&colors=1", b"<?xml"),
        ("format=svg&animate=3&photo=1", b"<?xml"),
        ("format=svg&brush=ink", b"<?xml"),
        ("format=png&brush=pencil&size=100&background=transparent&seed=3", b"\x89PNG"),
        ("format=gif&animate=0.4&hold=0&size=100", b"GIF89a"),
        ("format=webp&animate=0.4&size=100&background=ivory", b"RIFF"),
        ("format=apng&animate=0.4&size=100&photo=true", b"\x89PNG"),
        ("format=mp4&animate=0.4&size=100", b"\0\0\0"),
        ("format=webm&animate=0.4&size=100", b"\x1aE\xdf\xa3"),
        ("format=pdf&marks=1", b"%PDF"),
        ("format=dxf&page=letter", b"  0\n"),
        ("format=gcode&profile=laser&speed=20&merge=0mm&order=drawn", b""),
        ("format=hpgl", b""),
    ],
)
def test_every_format_is_exported(page, query, start):
    if query[7:].partition("&")[0] not in formats() or ("page=" in query and "pdf" not in formats()):
        pytest.skip("needs the extras 'plot' and 'video': pip install 'taureau[plot,video]'")
    page.draw()
    answer = page.get(f"export?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(start)
    assert len(answer.content) > 100
    if "size=100" in query and "format=mp4" not in query and "format=webm" not in query:
        assert max(Image.open(io.BytesIO(answer.content)).size) == 100


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("format=exe", "no format 'exe'"),
        ("format=svg&margin=1mm", "margin does not go with svg without a page"),
        ("format=svg&page=a4&profile=/etc/passwd", "profile must be servo, z, laser"),
        ("format=gcode&profile=../x.toml", "profile must be"),
        ("format=gcode&size=3", "size does not go with gcode on a page"),
        ("format=svg&page=a4&animate=3", "page does not go with an animation"),
        ("format=svg&page=a4&brush=ink", "page does not go with a brush"),
        ("format=gif&brush=ink", "brush does not go with an animation"),
        ("format=png&animate=3", "animate does not go with png"),
        ("format=gif&size=1025", "16 to 1024 pixels"),
        ("format=gif&animate=121", "seconds must be 0.1 to 120"),
        ("format=gif&photo=/etc/passwd", "photo must be true or false"),
        ("format=svg&brush=broom", "brush must be ink, pencil"),
        ("format=svg&page=a99", "page size"),
        ("format=svg&strokes=0", "1 to 4 strokes"),
        ("format=svg&strokes=x", "whole number"),
        ("format=png&size=1e9", "whole number"),
        ("format=png&size=100000", "16 to 4096"),
        ("format=svg&page=a4&output=/etc/x", "no option 'output'"),
        ("format=svg&page=a4&scale=nan", "scale must be a number"),
        ("format=svg&page=a4&scale=2&fit=photo", "cannot go together"),
        ("format=hpgl&device=../../x", "no HPGL device"),
        ("format=svg&page=" + "9" * 60, "longer than 40"),
        ("format=svg&page=a4&marks=maybe", "true or false"),
    ],
)
def test_an_export_that_cannot_be_is_refused(page, query, reason):
    page.draw()
    answer = page.get(f"export?{query}")
    assert answer.status_code == 400
    assert reason in answer.json()["error"]


def test_there_is_nothing_to_export_yet(page):
    assert "no stroke yet" in page.get("export?format=svg").json()["error"]
