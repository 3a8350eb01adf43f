"""Every message of the studio's protocol, with the engine itself."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import taureau
from taureau.studio.command import command_of, ladder
from taureau.studio.parse import _READERS
from taureau.studio.picture import Picture
from tests.helpers.studio import BASE, QUICK, LightSketcher, Page, Studio, photo_bytes, studio


@pytest.fixture(scope="module")
def sketcher():
    return taureau.Sketcher("contour")


@pytest.fixture(scope="module")
def server(sketcher):
    with studio(sketcher) as made:
        yield made


@pytest.fixture
def page(server):
    with server.page() as page:
        yield page


@pytest.fixture
def drawn(page):
    page.use()
    page.draw()
    return page


def points_of(state: dict) -> dict[int, list[float]]:
    return {stroke["id"]: stroke["points"] for stroke in state["strokes"]}


def ids_of(state: dict) -> list[int]:
    return [stroke["id"] for stroke in state["strokes"]]


def gray(value: int, size: tuple[int, int] = (48, 32)) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", size, value).save(buffer, "PNG")
    return buffer.getvalue()


def test_the_greeting_says_what_there_is(page):
    hello = page.hello
    assert [each["name"] for each in hello["samples"]] == ["egret", "flamingo", "lorikeet", "daisy", "car"]
    assert all(each["author"] and each["page"].startswith("https://") for each in hello["samples"])
    assert (hello["resumed"], hello["prompt"], hello["version"]) == (False, False, taureau.__version__)
    assert hello["limits"] == {"bytes": 32 << 20, "pixels": 64_000_000, "strokes": 256}
    assert hello["formats"][:2] == ["svg", "png"]
    assert (page.first["status"], page.first["photo"], page.first["strokes"]) == ("empty", None, [])


def test_a_photo_is_drawn_as_the_engine_draws_it(page, sketcher):
    state = page.use()
    assert state["photo"] == {"name": "cat.png", "width": 48, "height": 32}
    assert state["canvas"]["frame"] == pytest.approx([0, 32 - 64 * 32 / 96, 64, 64 * 32 / 48])
    done = page.draw()
    assert len(done["strokes"]) == 4
    # What the state calls the command makes the same strokes.
    assert done["command"] == (
        "taureau levels cat.png -n 4,2,1 --seed 7 --steps 2 --size 64 --initialization random --mask none "
        "--encoder contour"
    )
    photo = Picture.of(photo_bytes(), "cat.png").photo
    options = {name: value for name, value in QUICK.items() if name != "strokes"}
    levels = sketcher.levels(photo, (4, 2, 1), settings=BASE, **options)
    expected = levels.sketch.strokes.points.flatten(-2).tolist()
    assert np.allclose([stroke["points"] for stroke in done["strokes"]], expected, atol=6e-4)
    assert done["score"] == levels.sketch.scores["clean"]
    assert [done["curve"][count - 1] for count in (1, 2, 4)] == [
        entry["recognized"] for entry in levels.sketch.record["levels"]
    ]


def test_frames_come_while_it_is_drawn(page):
    page.use()
    page.frames.clear()
    done = page.draw(steps=3)
    last = page.frames[-1]
    assert {frame["total"] for frame in page.frames} == {3}
    assert [stroke[0] for stroke in last["strokes"]] == ids_of(done)
    assert all(len(numbers) == 8 and width > 0 for _, numbers, width in last["strokes"])


def test_a_sample_is_a_photo(page):
    page.say("sample", name="daisy")
    assert page.read("state")["photo"] == {"name": "daisy.jpg", "width": 299, "height": 299}
    assert "no sample 'rose'" in page.error("sample", name="rose")["text"]


def test_pause_go_and_stop(page):
    page.use()
    page.say("draw", settings={**QUICK, "steps": 2000})
    page.until("drawing")
    page.say("pause")
    paused = page.until("paused")
    while paused["curve"] is None:  # the best so far comes when the step under way is done
        paused = page.read("state")
    assert (paused["status"], paused["total"], len(paused["curve"])) == ("paused", 2000, 4)
    page.say("go")
    assert page.until("drawing")["step"] >= paused["step"]
    page.say("stop")
    stopped = page.until("stopped")
    assert stopped["step"] < 2000
    assert len(stopped["curve"]) == 4
    page.say("go")  # there is nothing that could go on
    page.say("enough", share=0.5)
    assert page.read("state")["status"] == "stopped"


def test_a_drawing_that_waits_is_stopped_at_once(page):
    page.use()
    page.say("draw", settings=QUICK)
    page.say("stop")
    assert page.until("stopped", "done")["status"] in ("stopped", "done")


def test_undo_and_redo_go_back_and_forth(drawn):
    first = drawn.state
    second = drawn.draw(seed=8)
    assert second["undo"]
    assert not second["redo"]
    assert not set(ids_of(first)) & set(ids_of(second))
    drawn.say("undo")
    back = drawn.read("state")
    assert (points_of(back), back["settings"], back["score"]) == (points_of(first), first["settings"], first["score"])
    assert back["redo"]
    drawn.say("redo")
    assert points_of(drawn.read("state")) == points_of(second)
    for left in (first, None):
        drawn.say("undo")
        assert points_of(drawn.read("state")) == ({} if left is None else points_of(left))
    drawn.say("undo")  # there is nothing before
    assert not drawn.read("state")["undo"]


def test_locked_strokes_stay_when_all_others_are_drawn_anew(drawn):
    first = drawn.state
    kept = ids_of(first)[1:3]
    drawn.say("lock", strokes=kept, locked=True)
    locked = drawn.read("state")
    assert [stroke["locked"] for stroke in locked["strokes"]] == [False, True, True, False]
    assert locked["score"] == first["score"]
    drawn.say("redraw", strokes=None)
    done = drawn.until("done")
    assert ids_of(done)[:2] == kept
    assert {id: points_of(done)[id] for id in kept} == {id: points_of(first)[id] for id in kept}
    assert not set(ids_of(done)[2:]) & set(ids_of(first))
    assert len(done["curve"]) == 4
    drawn.say("lock", strokes=kept, locked=False)
    assert not any(stroke["locked"] for stroke in drawn.read("state")["strokes"])


def test_some_strokes_are_drawn_anew_and_the_rest_stays(drawn):
    first = drawn.state
    gone = ids_of(first)[0]
    drawn.say("redraw", strokes=[gone])
    done = drawn.until("done")
    assert ids_of(done)[:3] == ids_of(first)[1:]
    assert [points_of(done)[id] for id in ids_of(first)[1:]] == [points_of(first)[id] for id in ids_of(first)[1:]]
    assert gone not in ids_of(done)


def test_nothing_is_left_to_draw_anew(drawn):
    drawn.say("lock", strokes=ids_of(drawn.state), locked=True)
    assert "no stroke to draw anew" in drawn.error("redraw", strokes=None)["text"]


def test_all_are_drawn_anew_where_none_is_locked(drawn):
    first = drawn.state
    drawn.say("redraw", strokes=None)
    done = drawn.until("done")
    assert done["settings"]["seed"] == first["settings"]["seed"] + 1
    assert not set(ids_of(done)) & set(ids_of(first))


def test_a_deleted_stroke_is_gone_and_the_rest_is_scored(drawn):
    first = drawn.state
    drawn.say("delete", strokes=ids_of(first)[:1])
    assert ids_of(drawn.read("state")) == ids_of(first)[1:]
    scored = drawn.scored()
    assert len(scored["curve"]) == 3
    assert scored["score"] > 0
    assert "then changed by hand" in scored["command"]
    drawn.say("delete", strokes=ids_of(scored))
    assert (drawn.read("state")["status"], drawn.state["strokes"]) == ("empty", [])


def test_others_make_room_for_a_stroke_that_was_moved(drawn):
    first = drawn.state
    locked, moved, *others = ids_of(first)
    drawn.say("lock", strokes=[locked], locked=True)
    drawn.read("state")
    points = [value + 5 for value in points_of(first)[moved]]
    drawn.say("edit", stroke=moved, points=points, settle=True)
    assert points_of(drawn.read("state"))[moved] == pytest.approx(points, abs=1e-3)
    done = drawn.scored()
    assert ids_of(done) == ids_of(first)
    assert points_of(done)[moved] == pytest.approx(points, abs=1e-3)
    assert points_of(done)[locked] == points_of(first)[locked]
    assert all(points_of(done)[id] != points_of(first)[id] for id in others)
    assert max(abs(np.subtract(points_of(done)[others[0]], points_of(first)[others[0]]))) < 20


def test_a_stroke_that_is_moved_alone_moves_no_other(drawn):
    first = drawn.state
    moved = ids_of(first)[0]
    drawn.say("edit", stroke=moved, points=[1, 2, 3, 4, 5, 6, 7, 8], settle=False)
    done = drawn.scored()
    assert points_of(done) == {**points_of(first), moved: [1, 2, 3, 4, 5, 6, 7, 8]}
    assert done["score"] != first["score"]


def test_a_stroke_by_hand_is_fitted_and_stays(drawn):
    first = drawn.state
    line = [[10 + x, 20 + x / 3] for x in range(0, 45, 3)]
    drawn.say("add", points=line, settle=True)
    done = drawn.scored()
    assert ids_of(done)[:4] == ids_of(first)
    new = points_of(done)[ids_of(done)[-1]]
    assert new == pytest.approx([10, 20, 24, 20 + 14 / 3, 38, 20 + 28 / 3, 52, 34], abs=0.05)


def test_a_style_is_given(drawn):
    first = drawn.state
    some = ids_of(first)[:2]
    drawn.say("style", strokes=some, width=2.5, color="#AA3311")
    styled = drawn.scored()
    assert [(each["width"], each["color"]) for each in styled["strokes"][:2]] == [(2.5, "#aa3311")] * 2
    assert {each["color"] for each in styled["strokes"][2:]} == {"#000000"}
    assert points_of(styled) == points_of(first)
    drawn.say("style", strokes=some, width=4)
    assert [(each["width"], each["color"]) for each in drawn.scored()["strokes"][:2]] == [(4, "#aa3311")] * 2


def test_an_edit_takes_what_is_seen_of_a_drawing_under_way(page):
    page.use()
    page.say("draw", settings={**QUICK, "steps": 2000})
    state = page.until("drawing")
    page.say("delete", strokes=ids_of(state)[:1])
    scored = page.scored()
    assert ids_of(scored) == ids_of(state)[1:]
    page.say("undo")
    assert ids_of(page.read("state")) == ids_of(state)


def test_a_wall_is_hung_and_one_of_it_is_picked(drawn):
    before = drawn.state
    drawn.say("wall", count=3)
    wall = drawn.read("wall")
    while not wall["done"]:
        wall = drawn.read("wall")
    seeds = [each["seed"] for each in wall["sketches"]]
    assert len(set(seeds)) == 3
    assert all(len(each["strokes"]) == 4 and each["score"] > 0 for each in wall["sketches"])
    assert points_of(drawn.state) == points_of(before)  # a wall changes nothing
    drawn.say("pick", seed=seeds[1])
    assert drawn.until("done")["settings"]["seed"] == seeds[1]
    assert "no drawing of seed 5 hangs" in drawn.error("pick", seed=5)["text"]


def test_enough_strokes_are_those_that_show_a_share(drawn):
    curve = drawn.state["curve"]
    for share in (0.0, 0.85, 1.0):
        drawn.say("enough", share=share)
        enough = drawn.read("state")["enough"]
        assert curve[enough - 1] >= share or enough == len(curve)
        assert all(shown < share for shown in curve[: enough - 1])


def test_a_prompt_needs_an_encoder_that_reads(drawn):
    assert "cannot read text" in drawn.error("draw", prompt="a camel")["text"]


def test_a_budget_by_region_counts_when_all_is_drawn_anew_and_is_undone_and_saved(page, server, monkeypatch):
    begun, steps = [], server.sketcher.steps
    monkeypatch.setattr(server.sketcher, "steps", lambda *photo, **given: begun.append(given) or steps(*photo, **given))
    page.use()  # 48 x 32 pixels, so that the frame of the canvas of 64 is 64 x 42.7, from 10.7 down
    left, top, width, height = page.state["canvas"]["frame"]
    regions = [{"box": [left, top, left + width / 4, top + height / 2], "strokes": 3}]
    page.say("regions", regions=regions)
    assert page.read("state")["regions"] == regions
    done = page.draw()
    assert begun[0]["regions"] == [pytest.approx((3, 0, 0, 0.25, 0.5))]
    assert "--region 3 0 0 0.25 0.5" in done["command"]
    project = page.get("project").content
    page.say("redraw", strokes=ids_of(done)[:1])  # what is kept is counted by nobody
    page.until("drawing")
    page.until("done")
    assert "resume" in begun[-1]
    assert all("regions" not in each for each in begun if "resume" in each)
    page.say("regions", regions=[])
    assert page.read("state")["regions"] == []
    page.say("undo")
    assert page.read("state")["regions"] == regions
    page.post("project", project)
    assert page.read("state")["regions"] == regions


def test_a_budget_by_region_that_cannot_be_is_refused(page):
    page.use()
    side = {"box": [0, 0, 64, 5], "strokes": 1}  # over the photo, which begins at 10.7
    assert "must lie on the photo" in page.error("regions", regions=[side])["text"]
    page.say("regions", regions=[{"box": [0, 0, 64, 64], "strokes": 9}])
    page.read("state")
    assert "ask for 9 strokes of 4" in page.error("draw", settings=QUICK)["text"]


def test_every_message_is_tried_here():
    source = Path(__file__).read_text("utf-8")
    assert set(_READERS) <= set(re.findall(r'\.(?:say|error)\("(\w+)"', source))


def test_what_is_no_message_is_answered_by_an_error(page):
    texts = ["", "nonsense", "[]", "{}", '{"do": 5}', '{"do": "fly"}', '{"do": "draw"', "[" * 5000, '{"do":"wall"}']
    for text in texts:
        page.socket.send_text(text)
        assert page.read("error")["about"] in ("message", "wall")
    page.socket.send_text(" " * (1 << 18) + "{}")
    assert "at most 262144 characters" in page.read("error")["text"]
    page.use()
    for values in (
        {"do": "draw", "settings": {"strokes": 257}},
        {"do": "draw", "settings": {"strokes": True}},
        {"do": "draw", "settings": {"steps": 10**9}},
        {"do": "draw", "settings": {"size": 1024}},
        {"do": "draw", "settings": {"mask": "/etc/passwd"}},
        {"do": "draw", "settings": {"canvas": ["subject"]}},
        {"do": "draw", "settings": 5},
        {"do": "lock", "strokes": [1], "locked": "yes"},
        {"do": "lock", "strokes": [], "locked": True},
        {"do": "delete", "strokes": [99]},
        {"do": "edit", "stroke": 1, "points": [1, 2, 3]},
        {"do": "edit", "stroke": 1, "points": [1e9] * 8},
        {"do": "add", "points": [[1, 1], [1, 1]]},
        {"do": "add", "points": [[1, 1], [1]]},
        {"do": "style", "strokes": [1]},
        {"do": "style", "strokes": [1], "color": "red"},
        {"do": "style", "strokes": [1], "width": -1},
        {"do": "regions", "regions": [{"box": [9, 9, 1, 1], "strokes": 2}]},
        {"do": "pick", "seed": -1},
        {"do": "wall", "count": 1000},
        {"do": "enough", "share": 2},
        {"do": "enough"},
        {"do": "draw", "prompt": 3},
    ):
        page.socket.send_json(values)
        assert page.read("error")["about"] == values["do"], values
    page.socket.send_text('{"do": "enough", "share": NaN}')
    assert page.read("error")["about"] == "enough"
    assert page.draw()["status"] == "done"  # and it still works


def test_a_photo_is_needed_first(page):
    assert "there is no photo yet" in page.error("draw", settings={})["text"]
    for path in ("photo", "subject", "importance", "project", "export?format=svg"):
        assert "there is no photo yet" in page.get(path).json()["error"]


def test_the_photo_comes_back_upright(page):
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(io.BytesIO(photo_bytes())).save(buffer, "JPEG", exif=exif.tobytes())
    assert page.use(buffer.getvalue(), "../../cat.jpg")["photo"] == {"name": "cat.jpg", "width": 32, "height": 48}
    assert Image.open(io.BytesIO(page.get("photo").content)).size == (32, 48)


def test_the_subject_that_is_shown_is_the_one_that_the_engine_finds():
    class Seeing(LightSketcher):
        def subject(self, photo):
            return Image.linear_gradient("L").resize(photo.size)

    with studio(Seeing()) as server, server.page() as page:
        page.use()
        shown = Image.open(io.BytesIO(page.get("subject").content))
        assert shown.tobytes() == Image.linear_gradient("L").resize((48, 32)).tobytes()


def test_a_project_keeps_whatever_the_engine_records(page):
    """With strokes that were resumed and a picture of importance, which only some drawings have."""
    page.use()
    page.post("importance", gray(180))
    first = page.draw()
    page.say("lock", strokes=ids_of(first)[:1], locked=True)
    page.say("redraw", strokes=None)
    page.until("drawing")
    page.until("done")
    assert page.post("project", page.get("project").content).json() == {}
    assert page.read("state")["strokes"] != first["strokes"]


@pytest.mark.parametrize("kind", ["subject", "importance"])
def test_maps_are_given_painted_and_taken_back(page, kind):
    page.use()
    found = Image.open(io.BytesIO(page.get(kind).content))
    assert (found.mode, found.size) == ("L", (48, 32))
    assert page.post(kind, gray(200)).json() == {}
    painted = page.read("state")
    assert (painted["subject"] == "painted", painted["importance"]) == (kind == "subject", kind == "importance")
    assert np.asarray(Image.open(io.BytesIO(page.get(kind).content))).min() == 200
    for bad in (b"nonsense", gray(9, (20, 40)), gray(9)[:60], gray(9, (3000, 2000)), b"\x89PNG\r\n\x1a\n" + bytes(99)):
        assert page.post(kind, bad).status_code == 400
    page.say("undo")
    assert page.read("state")["undo"] is False
    assert page.post(kind, b"").json() == {}
    assert (page.read("state")["subject"], page.state["importance"]) == ("found", False)


def test_what_is_painted_is_what_is_drawn(page, sketcher):
    page.use()
    mask = np.zeros((32, 48), np.uint8)
    mask[:, :20] = 255
    buffer = io.BytesIO()
    Image.fromarray(mask).save(buffer, "PNG")
    page.post("subject", buffer.getvalue())
    page.post("importance", buffer.getvalue())
    done = page.draw()
    assert "--mask subject.png --importance importance.png" in done["command"]
    photo = Picture.of(photo_bytes(), "cat.png").photo
    options = {name: value for name, value in QUICK.items() if name not in ("strokes", "mask")}
    maps = {"mask": Image.fromarray(mask), "importance": Image.fromarray(mask)}
    expected = sketcher.levels(photo, (4, 2, 1), settings=BASE, **maps, **options).sketch.strokes
    assert np.allclose([each["points"] for each in done["strokes"]], expected.points.flatten(-2).tolist(), atol=6e-4)


def test_a_session_can_begin_with_a_photo(sketcher):
    begin = Picture.of(photo_bytes(), "cup.png")
    with studio(sketcher, begin=begin) as server, server.page() as page:
        state = page.first if page.first["photo"] else page.read("state")
        assert (state["photo"]["name"], state["status"]) == ("cup.png", "empty")


def test_the_levels_of_a_command_are_those_that_are_drawn():
    assert ladder(1) == (1,)
    assert ladder(16) == (16, 8, 4, 2, 1)
    assert ladder(20) == (20, 16, 8, 4, 2, 1)


def test_a_command_names_a_photo_as_a_shell_needs_it(drawn: Page, server: Studio):
    del server
    drawn.use(name="%2D%2Dmy%20cat%27s.png")
    state = drawn.draw()
    assert state["command"].startswith("taureau levels './--my cat'\"'\"'s.png' -n 4,2,1 --seed 7 ")
    assert callable(command_of)
