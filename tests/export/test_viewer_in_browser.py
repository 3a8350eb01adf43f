"""The page of levels in a real browser: slider, buttons, keys, and play."""

import html
import shutil

import pytest

import taureau
from tests.export.test_levels_export import PHOTO, levels

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("chromium") and shutil.which("chromedriver")), reason="needs chromium and chromedriver"
    ),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    file = taureau.save_viewer(levels("<b>cat</b>"), tmp_path_factory.mktemp("page") / "p.html", photo=PHOTO)
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    with webdriver.Chrome(options, service) as browser:
        browser.get(file.as_uri())
        yield browser


def shown(page) -> int:
    """How many strokes can be seen."""
    return page.execute_script(
        "return [...document.querySelectorAll('path')].filter(p => getComputedStyle(p).visibility === 'visible').length"
    )


def test_it_begins_with_all_strokes_and_says_so(page):
    assert shown(page) == 6
    assert page.find_element("id", "count").text == "6 of 6"
    assert page.find_element("tag name", "h1").text == "<b>cat</b>"
    assert page.find_element("tag name", "img").get_property("naturalWidth") == 64


def test_a_button_shows_its_level_and_the_slider_obeys_keys(page):
    page.find_element("css selector", "[data-level='2']").click()
    assert shown(page) == 2
    assert page.find_element("css selector", "[aria-pressed=true]").text == "2"
    slider = page.find_element("id", "strokes")
    slider.send_keys("\ue014")  # the right arrow
    assert shown(page) == 3
    slider.send_keys("\ue011")  # Home
    assert shown(page) == 1
    assert page.execute_script("return document.getElementById('drawing').textContent").endswith("in 1 stroke")


def test_play_goes_to_the_last_stroke_and_stops(page):
    from selenium.webdriver.support.ui import WebDriverWait

    page.find_element("id", "play").click()
    assert page.find_element("id", "play").text == "Pause"
    WebDriverWait(page, 60).until(lambda _: page.find_element("id", "play").text == "Play")
    assert shown(page) == 6


def test_nothing_went_wrong_and_nothing_is_missing_for_a_screen_reader(page):
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []
    slider = page.find_element("id", "strokes")
    assert slider.accessible_name == "Strokes"
    assert page.find_element("css selector", "main svg").accessible_name.endswith("drawn in 6 strokes")


def test_a_page_under_way_follows_and_keeps_the_slider_until_the_drawing_is_done(page, tmp_path):
    from selenium.webdriver.support.ui import WebDriverWait

    file = tmp_path / "live.html"
    file.write_text(levels().page(under_way=(1, 9)), "utf-8")
    page.get(file.as_uri())
    bar = page.find_element("id", "step")
    assert (bar.accessible_name, bar.get_property("value"), bar.get_property("max")) == ("Step 1 of 9", 1, 9)
    page.find_element("css selector", "[data-level='2']").click()
    file.write_text(levels().page(under_way=(2, 9)), "utf-8")

    def step(_) -> bool:
        return page.execute_script("return document.getElementById('step')?.value") == 2

    WebDriverWait(page, 60).until(step)
    assert shown(page) == 2
    file.write_text(levels().page(), "utf-8")
    WebDriverWait(page, 60).until(lambda _: not page.find_elements("id", "step"))
    assert shown(page) == 6


def test_levels_in_a_notebook_do_not_mix(page, tmp_path):
    cells = "".join(f"<div>{levels(name)._repr_html_()}</div>" for name in ("one", "two"))
    # As some notebooks show outputs: in a frame that may run scripts and do nothing else.
    outer = tmp_path / "notebook.html"
    outer.write_text(
        f'<iframe sandbox="allow-scripts" srcdoc="{html.escape(cells)}" width="900" height="900"></iframe>'
    )
    page.get(outer.as_uri())
    page.switch_to.frame(0)
    page.switch_to.frame(0)
    page.find_element("css selector", "[data-level='2']").click()
    assert shown(page) == 2
    page.switch_to.parent_frame()
    page.switch_to.frame(1)
    assert shown(page) == 6
    assert page.find_element("tag name", "h1").text == "two"


def test_an_animation_shows_all_of_the_drawing_in_the_end_and_to_whoever_wants_no_motion(page, tmp_path):
    file = taureau.save_animation(levels().sketch, tmp_path / "cat.svg", seconds=0.2)
    page.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    )
    page.get(file.as_uri())
    offsets = "return [...document.querySelectorAll('path')].map(p => getComputedStyle(p).animationName)"
    assert set(page.execute_script(offsets)) == {"none"}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    page.get(file.as_uri())
    assert set(page.execute_script(offsets)) == {"draw"}
    ends = "[...document.querySelectorAll('path')].flatMap(p => p.getAnimations()).map(a => a.finished)"
    assert len(page.execute_script(f"return Promise.all({ends})")) == 6
    done = "return [...document.querySelectorAll('path')].map(p => getComputedStyle(p).strokeDashoffset)"
    assert set(page.execute_script(done)) == {"0px"}
