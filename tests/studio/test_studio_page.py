"""The page of the studio in a real browser: one session, from an empty page to a drawing, its changes and its files."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.pictures import ball, encoded
from tests.helpers.studio_browser import IN_BROWSER, SIZES, browser, running_studio

pytest.importorskip("selenium", reason="needs selenium: pip install selenium")
pytest.importorskip("websockets", reason="needs websockets: pip install 'taureau[studio]'")
from selenium.webdriver import ActionChains, Keys

pytestmark = IN_BROWSER
STROKES, STEPS = 5, 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("studio")


@pytest.fixture(scope="module")
def page(folder):
    """An empty page; what one test leaves is where the next one begins."""
    with running_studio() as address, browser(folder) as page:
        page.look("phone")
        page.driver.get(address)
        page.wait(lambda: page.all("[data-sample]"))
        yield page


@pytest.fixture(scope="module")
def drawn(page, folder):
    """The page with a drawing of five strokes."""
    photo = folder / "ball.png"
    photo.write_bytes(encoded(ball(96, 64, (50, 30), 18), "PNG"))
    page.look("desk")
    page.script("document.getElementById('set-strokes').value = arguments[0]", STROKES)
    page.find("#photo-file").send_keys(str(photo))
    page.wait(lambda: len(page.strokes()) == STROKES)
    page.say("draw", settings={"steps": STEPS})  # so few are quick, and all that is drawn later takes as many
    page.wait(lambda: f"of {STEPS}" in page.find("#steps").text and page.strokes())
    page.seen_first = page.strokes()
    page.until_done()
    page.press("#settle")  # other strokes stay, so that tests can tell what has changed
    return page


def keep(page, name: str) -> None:
    """A picture of the page for people to look at, where TAUREAU_SCREENSHOTS says where."""
    place = os.environ.get("TAUREAU_SCREENSHOTS")
    if place:
        Path(place).mkdir(parents=True, exist_ok=True)
        page.script("document.getAnimations().forEach(each => each.finish?.())")  # colours that still change
        page.driver.save_screenshot(str(Path(place) / f"{name}.png"))


def check_all_sizes(page, name: str) -> None:
    """No violation of axe-core's rules in light and dark, on a phone and on a desk; pictures of all sizes."""
    found = {}
    for size in SIZES:
        for scheme in ("light", "dark"):
            page.look(size, scheme)
            found[size, scheme] = page.violations() if size != "tablet" else []
            keep(page, f"{name}-{size}-{scheme}")
    page.look("desk")
    assert {key: each for key, each in found.items() if each} == {}


def test_an_empty_page_says_what_to_do(page):
    assert page.find("#welcome-title").text == "Turn a photo into a few strokes"
    assert page.find("#choose").is_displayed()
    assert [each for each in page.all(".with-photo") if each.is_displayed()] == []
    check_all_sizes(page, "empty")


def test_no_size_scrolls_sideways(page):
    for size in SIZES:
        page.look(size)
        assert page.script("return document.documentElement.scrollWidth <= innerWidth"), size


def test_what_is_no_photo_is_refused_in_words(page, folder):
    (folder / "letter.jpg").write_text("Dear photo,")
    page.find("#photo-file").send_keys(str(folder / "letter.jpg"))
    page.wait(page.errors)
    assert "letter.jpg" in page.errors()[0]
    page.press(".error button")
    assert page.errors() == []


def test_a_photo_is_drawn_while_one_watches(drawn):
    strokes = drawn.strokes()
    assert strokes.keys() == drawn.seen_first.keys()
    assert strokes != drawn.seen_first
    assert drawn.find("#drawing-title").text == "ball.png"
    assert not drawn.find("#prompt").is_displayed()  # this encoder reads no text
    check_all_sizes(drawn, "drawn")


def test_tools_fill_their_bars_on_a_phone(drawn):
    drawn.look("phone")
    for bar in (".files", ".transport"):
        ends = "return [...document.querySelectorAll(arguments[0])].map(each => each.getBoundingClientRect().right)"
        (right,), buttons = drawn.script(ends, bar), drawn.script(ends, f"{bar} button")
        assert max(buttons) == pytest.approx(right, abs=1), bar
    drawn.look("desk")


def test_the_slider_shows_the_first_strokes_at_once(drawn):
    every = list(drawn.strokes())
    drawn.script("document.getElementById('level').focus()")
    drawn.keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert list(drawn.strokes()) == every[: STROKES - 2]
    assert drawn.find("#level-shown").text == f"{STROKES - 2} of {STROKES}"
    drawn.press("#enough")
    drawn.wait(lambda: len(drawn.strokes()) != STROKES - 2 or drawn.find("#level-shown").text)
    drawn.script("document.getElementById('level').focus()")
    drawn.keys(Keys.END)
    assert list(drawn.strokes()) == every


def test_the_photo_lies_under_the_drawing_or_beside_it(drawn):
    for place, other in (("under", "beside"), ("beside", "under")):
        drawn.press(f"[name=photo-shown][value={place}]")
        shown = drawn.find(f"#photo-{place}")
        drawn.wait(lambda shown=shown: shown.get_property("naturalWidth") > 0)
        assert shown.is_displayed()
        assert not drawn.find(f"#photo-{other}").is_displayed()
    drawn.press("[name=photo-shown][value=off]")


def test_a_brush_shows_the_photo_until_a_person_hides_it(drawn):
    def shown() -> tuple[str, bool]:
        place = drawn.find("[name=photo-shown]:checked").get_property("value")
        return place, drawn.find("#photo-under").is_displayed()

    drawn.press("[data-tool=subject]")
    assert shown() == ("under", True)  # and the choice says so
    drawn.press("[data-tool=select]")
    assert shown() == ("off", False)
    drawn.press("[data-tool=regions]")
    drawn.press("[name=photo-shown][value=off]")
    assert shown() == ("off", False)
    drawn.press("[data-tool=importance]")
    assert shown() == ("off", False)
    drawn.press("[name=photo-shown][value=under]")
    drawn.press("[data-tool=select]")
    assert shown() == ("under", True)  # what a person chose holds for every tool
    drawn.press("[name=photo-shown][value=off]")


def test_a_locked_stroke_stays_when_the_others_are_drawn_again(drawn):
    before = drawn.strokes()
    drawn.script("document.querySelector('.stroke').focus()")
    drawn.keys(Keys.ARROW_RIGHT, "l")
    drawn.wait(lambda: drawn.all(".stroke.locked"))
    locked = int(drawn.find(".stroke.locked").get_attribute("data-id"))
    assert locked == list(before)[1]
    assert drawn.find(".stroke.locked").accessible_name == f"Stroke 2 of {STROKES}, locked"
    drawn.press("#redraw-all")
    drawn.wait(lambda: drawn.status != "Done")
    after = drawn.until_done()
    assert after[locked] == before[locked]
    assert set(after.values()) != set(before.values())
    assert len(after) == STROKES


def test_undo_and_redo(drawn):
    now = drawn.strokes()
    drawn.press("#undo")
    drawn.wait(lambda: drawn.strokes() != now)
    drawn.hold(Keys.CONTROL, "y")
    drawn.wait(lambda: drawn.strokes() == now)


def test_a_control_point_is_moved_by_keys_and_by_hand(drawn):
    chosen = list(drawn.strokes())[-1]
    drawn.script("document.querySelector('.stroke:last-child').focus()")
    drawn.keys(Keys.END)
    for move in (by_keys, by_hand):
        before = drawn.strokes()
        move(drawn)
        drawn.wait(lambda before=before: drawn.find("#undo").is_enabled() and drawn.strokes() != before)
        after = drawn.until_done()
        assert [number for number in after if after[number] != before[number]] == [chosen]


AT_THE_EDGE = """
const box = document.querySelector("[data-point='0'] :not(.reach)").getBoundingClientRect();
const sheet = document.getElementById("paper").getBoundingClientRect();
const there = document.elementFromPoint(sheet.left - 2, (box.top + box.bottom) / 2);
return [box.left < sheet.left - 2, there?.closest(".handle")?.dataset.point];
"""
VIEW_BOX = "return document.getElementById('drawing').getAttribute('viewBox')"


def test_a_control_point_at_the_edge_of_the_sheet_is_whole(drawn):
    before = drawn.strokes()
    chosen = list(before)[-1]
    drawn.script("document.querySelector('.stroke:last-child').focus()")
    drawn.keys(Keys.END)
    left, top, _, height = map(float, drawn.script(VIEW_BOX).split())
    far = [left, top + height / 2, left - 4000, top + 4000, left + 20, top + 9, left + 40, top + 9]
    drawn.say("edit", stroke=chosen, points=far, settle=False)
    drawn.wait(lambda: drawn.strokes()[chosen] != before[chosen])
    drawn.until_done()
    for size in SIZES:
        drawn.look(size)
        drawn.script("document.getElementById('paper').scrollIntoView({block: 'center'})")
        assert drawn.script(AT_THE_EDGE) == [True, "0"], size
        assert drawn.script("return document.documentElement.scrollWidth <= innerWidth"), size
    drawn.look("desk")
    drawn.press("#undo")
    drawn.wait(lambda: drawn.strokes() == before)


def by_keys(page) -> None:
    page.script("document.querySelector('[data-point=\"3\"]').focus()")
    page.keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN)


def by_hand(page) -> None:
    handle = page.find("[data-point='0']")
    ActionChains(page.driver).drag_and_drop_by_offset(handle, 20, -15).perform()


NEXT_STATE = """
const done = arguments[0], modules = ["socket", "state"].map((name) => new URL(`static/${name}.js`, document.baseURI));
Promise.all(modules.map((each) => import(each))).then(([socket, state]) => {
  state.on("state", () => done());
  socket.send("lock", { strokes: [Number(document.querySelector(".stroke").dataset.id)], locked: false });
});
"""


def test_a_stroke_is_drawn_by_keys_and_deleted(drawn):
    before = drawn.strokes()
    drawn.press("[data-tool=pen]")
    drawn.script("document.getElementById('surface').focus()")
    drawn.keys(" ", *(Keys.ARROW_RIGHT,) * 12)
    drawn.driver.execute_async_script(NEXT_STATE)  # which takes no line back that is still drawn
    drawn.keys(*(Keys.ARROW_DOWN,) * 8, " ")
    drawn.wait(lambda: len(drawn.strokes()) == STROKES + 1)
    drawn.until_done()
    (new,) = drawn.strokes().keys() - before.keys()
    drawn.press("[data-tool=select]")
    drawn.script("document.querySelector('.stroke[tabindex=\"0\"]').focus()")
    drawn.keys(Keys.HOME, *(Keys.ARROW_RIGHT,) * list(drawn.strokes()).index(new), Keys.DELETE)
    drawn.wait(lambda: drawn.strokes().keys() == before.keys())


PAINTED = """
const done = arguments[1], picture = new Image();
picture.onload = () => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
  const pen = canvas.getContext("2d");
  pen.drawImage(picture, 0, 0);
  done([...pen.getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data][0]);
};
picture.src = `api/${sessionStorage.getItem("taureau-session")}/${arguments[0]}?${Math.random()}`;
"""


@pytest.mark.parametrize(("tool", "brush", "value"), [("subject", "0", 0), ("importance", "255", 255)])
def test_what_is_painted_reaches_the_studio_and_is_taken_back(drawn, tool, brush, value):
    def middle() -> int:
        return drawn.driver.execute_async_script(PAINTED, tool)

    drawn.press(f"[data-tool={tool}]")
    drawn.press(f"[name={tool}-brush][value='{brush}']")
    drawn.wait(lambda: drawn.find("#overlay").get_property("width") > 0)
    found = middle()
    assert abs(found - value) > 100
    drawn.script("document.getElementById('surface').scrollIntoView({block: 'center'})")
    ActionChains(drawn.driver).move_to_element(drawn.find("#surface")).click_and_hold().move_by_offset(
        9, 0
    ).release().perform()
    drawn.wait(lambda: abs(middle() - value) < 3)
    assert drawn.violations() == []
    keep(drawn, f"brush-{tool}")
    drawn.press("#brush-clear")
    drawn.wait(lambda: middle() == found)
    drawn.press("[data-tool=select]")


def test_a_budget_by_region_is_drawn_by_pointer_and_by_keys_and_undone(drawn):
    def boxes() -> list[str]:
        script = "return [...document.querySelectorAll('#regions text')].map(each => each.textContent)"
        return drawn.script(script)

    drawn.press("[data-tool=regions]")
    drawn.script("document.getElementById('surface').scrollIntoView({block: 'center'})")
    ActionChains(drawn.driver).move_to_element(drawn.find("#surface")).click_and_hold().move_by_offset(
        60, 40
    ).release().perform()
    drawn.wait(lambda: boxes() == ["4"])
    drawn.script("document.getElementById('surface').focus()")
    drawn.keys(Keys.SPACE)  # from where the pointer was: a box up to the left
    drawn.hold(Keys.SHIFT, Keys.ARROW_LEFT * 3 + Keys.ARROW_UP * 3)
    drawn.keys(Keys.SPACE)
    drawn.wait(lambda: boxes() == ["4", "4"])
    number = drawn.find("#region-list input")
    number.clear()
    number.send_keys("2", Keys.TAB)
    drawn.wait(lambda: boxes() == ["2", "4"])
    check_all_sizes(drawn, "regions")
    drawn.press("#regions-draw")
    drawn.wait(lambda: len(drawn.strokes()) == 6)  # as many as the regions ask for
    drawn.until_done()
    assert "--region 2 " in drawn.find("#command").get_property("textContent")
    drawn.press("#undo")
    drawn.wait(lambda: len(drawn.strokes()) == STROKES)
    drawn.press("#regions-clear")
    drawn.wait(lambda: boxes() == [])
    drawn.press("[data-tool=select]")


def test_the_wall_shows_other_seeds_and_one_is_picked(drawn):
    drawn.press("#wall-more")
    drawn.wait(lambda: drawn.find("#wall").get_attribute("aria-busy") == "false" and len(drawn.all("#wall li")) == 6)
    before = drawn.strokes()
    seed = drawn.all("#wall button")[2].get_attribute("data-seed")
    drawn.press(f"[data-seed='{seed}']")
    drawn.wait(lambda: drawn.find("#set-seed").get_property("value") == seed)
    assert drawn.until_done() != before


def test_the_drawing_is_exported_and_the_command_is_shown(drawn, folder):
    drawn.press("#export")
    assert drawn.find("#command").text.startswith("taureau ")
    assert drawn.violations() == []
    keep(drawn, "export")
    drawn.press("[name=format][value=gcode]")
    margin = drawn.find("#export-margin")
    margin.send_keys("wide")
    drawn.press("#export-form button.primary")
    drawn.wait(drawn.errors)
    assert "wide" in drawn.errors()[0]
    drawn.find(".error button").click()  # it lies over the dialog
    assert drawn.errors() == []
    drawn.script("document.getElementById('export-hold').value = -1")  # what is not shown keeps no file back
    drawn.press("#copy-command")
    drawn.wait(lambda: drawn.find("#copied").text == "Copied")
    drawn.press("[name=format][value=svg]")
    drawn.find("#export-page option").click()
    drawn.press("#export-form button.primary")
    drawn.wait(lambda: list((folder / "downloads").glob("*.svg")))
    (file,) = (folder / "downloads").glob("*.svg")
    assert file.read_text().count("<path") == STROKES
    drawn.wait(lambda: not drawn.find("#export-dialog").is_displayed())


def test_a_project_brings_everything_back_and_a_reload_too(drawn, folder):
    strokes = drawn.strokes()
    drawn.press("#save")
    drawn.wait(lambda: list((folder / "downloads").glob("*.taureau")))
    drawn.driver.refresh()
    drawn.wait(lambda: drawn.strokes() == strokes)
    drawn.script("sessionStorage.clear()")
    drawn.driver.refresh()
    drawn.wait(lambda: drawn.all("[data-sample]"))
    assert drawn.strokes() == {}
    (file,) = (folder / "downloads").glob("*.taureau")
    drawn.find("#project-file").send_keys(str(file))
    drawn.wait(lambda: drawn.strokes() == strokes)


def test_the_language_is_changed_and_remembered(drawn):
    drawn.script("document.getElementById('language').focus()")
    drawn.keys(Keys.ARROW_DOWN)
    drawn.wait(lambda: drawn.script("return document.documentElement.lang") == "zh-Hans")
    assert drawn.find("#undo").text == "撤销"
    drawn.driver.refresh()
    drawn.wait(lambda: drawn.strokes() and drawn.find("#undo").text == "撤销")
    assert drawn.violations() == []
    drawn.script("document.getElementById('language').value = 'en'")
    drawn.script("document.getElementById('language').dispatchEvent(new Event('change'))")
    drawn.wait(lambda: drawn.find("#undo").text == "Undo")


def test_the_help_lists_the_keys_and_switches_single_ones_off(drawn):
    drawn.script("document.activeElement.blur()")
    drawn.keys("?")
    assert drawn.find("#help-dialog").is_displayed()
    assert "Ctrl+Z" in drawn.find("#keys").text
    assert drawn.violations() == []
    drawn.press("#single-keys")
    drawn.keys(Keys.ESCAPE)
    drawn.script("document.activeElement.blur()")
    drawn.keys("?", "d")
    assert not drawn.find("#help-dialog").is_displayed()
    assert drawn.find("[data-tool=select]").get_attribute("aria-pressed") == "true"


def test_nothing_went_wrong_in_the_browser(drawn):
    expected = "400 (Bad Request)"  # what was no photo
    logged = [entry["message"] for entry in drawn.driver.get_log("browser") if entry["level"] == "SEVERE"]
    assert [each for each in logged if expected not in each] == []


def test_a_photo_of_the_command_is_drawn_by_itself_and_what_it_warns_of_is_seen(drawn, folder):
    (folder / "gray.png").write_bytes(encoded(np.full((48, 48, 3), 200, np.uint8), "PNG"))
    with running_studio(str(folder / "gray.png")) as address:
        drawn.driver.get(address)
        drawn.wait(drawn.strokes)
        assert drawn.find("#drawing-title").text == "gray.png"
        drawn.wait(lambda: "the photo is blank" in drawn.find("#warnings").text)
