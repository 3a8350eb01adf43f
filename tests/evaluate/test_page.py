"""The pages of a study in a real browser: from a file, resumed after a closed tab, and sent to the server."""

import json
import shutil

import pytest

from taureau.evaluate.study.analyze import ALL, analyze
from taureau.evaluate.study.answers import read_answers
from taureau.evaluate.study.model import CATEGORY, INSTANCE
from tests.evaluate.test_serve import server
from tests.helpers.studies import answer_all, make_study, save_answers

pytest.importorskip("selenium", reason="needs selenium: pip install selenium")
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (BROWSER and DRIVER), reason="needs chromium and chromedriver: apt-get install chromium chromium-driver"
    ),
]
PATIENCE = 60


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    return make_study(folder), folder / "study"


@pytest.fixture
def browser(tmp_path):
    """Chromium without a window, which downloads into `tmp_path/downloads`."""
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(word)
    options.add_argument(f"--user-data-dir={tmp_path / 'profile'}")
    options.add_experimental_option("prefs", {"download.default_directory": str(tmp_path / "downloads")})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.set_window_size(400, 800)  # a phone
    yield driver
    errors = [entry for entry in driver.get_log("browser") if "favicon" not in entry["message"]]
    driver.quit()
    assert errors == []


def wait(browser, condition):
    return WebDriverWait(browser, PATIENCE, 0.02).until(lambda _: condition())


def buttons(browser):
    """The buttons that can be pressed, by what they stand for; none while a picture loads."""
    script = "return [...document.querySelectorAll('#choices button:enabled')].map(b => b.dataset.value ?? b.innerText)"
    names = browser.execute_script(script)
    return dict(zip(names, browser.find_elements(By.CSS_SELECTOR, "#choices button:enabled"), strict=False))


def press(browser, name):
    wait(browser, lambda: name in buttons(browser))
    buttons(browser)[name].click()


def asked(browser):
    """The picture that is asked about, and the question; None while nothing can be chosen."""
    script = "return [document.querySelector('#picture').src, document.querySelector('#text').innerText]"
    source, text = browser.execute_script(script)
    if not buttons(browser):
        return None
    return source.rpartition("/")[2].removesuffix(".png"), INSTANCE if "Of which" in text else CATEGORY


def answer(browser, study, number, choose):
    """Answer a number of questions; gives what was asked."""
    seen = []
    for _ in range(number):
        question = wait(browser, lambda: (now := asked(browser)) and now not in seen and now[0] != "practice" and now)
        seen.append(question)
        assert set(buttons(browser)) == study.choices(*question)
        buttons(browser)[choose(*question)].click()
    return seen


def begin(browser):
    """Agree, and practise: wrong first, which asks again."""
    wait(browser, lambda: "I am of age & agree. </script><b>" in browser.find_element(By.ID, "text").text)
    press(browser, "I agree and take part")
    press(browser, "horse")
    press(browser, "cat")
    press(browser, "1")


def wrong_at_first_level(study):
    """Right, except about classes at the first level and photos at the last."""

    def choose(picture, question):
        right = study.right(picture, question)
        if picture in study.catches:
            return right
        wrong = study.levels[0] if question == CATEGORY else study.levels[-1]
        others = sorted(study.choices(picture, question) - {right})
        return others[0] if study.pictures[picture].level == wrong else right

    return choose


def downloaded(folder):
    return [file for file in folder.glob("answers-*.json") if file.stat().st_size]


def test_a_participant_answers_from_a_file_and_goes_on_after_a_closed_tab(browser, made, tmp_path):
    study, folder = made
    address = (folder / "page/index.html").as_uri() + "?participant=6"
    browser.get(address)
    begin(browser)
    choose = wrong_at_first_level(study)
    total = len(study.questions(2))
    seen = answer(browser, study, 7, choose)
    wait(browser, lambda: asked(browser) not in (None, seen[-1]))
    first_tab = browser.current_window_handle
    browser.switch_to.new_window("tab")
    second = browser.current_window_handle
    browser.switch_to.window(first_tab)
    browser.close()
    browser.switch_to.window(second)
    browser.get(address)
    seen += answer(browser, study, total - 7, choose)
    assert set(seen) == study.questions(2)  # 6 modulo 4 groups, and none asked twice
    assert len(seen) == total
    press(browser, "Download the answers")
    (file,) = wait(browser, lambda: downloaded(tmp_path / "downloads"))
    counted, left_out = read_answers(study, [file])
    assert left_out == []
    assert (counted[0].group, counted[0].sittings) == (2, 2)
    assert [(each.picture, each.question) for each in counted[0].answers] == seen
    assert all(each.choice == choose(each.picture, each.question) for each in counted[0].answers)
    assert all(0 <= each.milliseconds < PATIENCE * 1000 for each in counted[0].answers)
    # A quick machine is left out as too fast, and a slow one counts; the shares are the same.
    for number in range(4):
        save_answers(study, answer_all(study, f"person{number}", number, choose), tmp_path / "people")
    found = analyze(study, [file, tmp_path / "people"])
    assert found.participants + len(found.left_out) == 5
    rows = {(row.level, row.question): row for row in found.accuracy}
    assert rows[study.levels[0], CATEGORY].right == rows[study.levels[-1], INSTANCE].right == 0
    assert rows[study.levels[1], CATEGORY].accuracy == 1
    wrong = rows[study.levels[0], CATEGORY].answers
    assert rows[ALL, CATEGORY].right == rows[ALL, CATEGORY].answers - wrong


def test_answers_are_sent_to_the_server_and_kept_when_it_is_away(browser, made, tmp_path):
    pytest.importorskip("starlette", reason="needs the extra 'evaluate': pip install 'taureau[evaluate]'")
    study, folder = made
    file = tmp_path / "answers.jsonl"
    with server(folder, file) as (address, _):
        browser.get(f"{address}?token=a-token")
        begin(browser)
        answer(browser, study, len(study.questions(0)), study.right)
        wait(browser, lambda: "have arrived" in browser.find_element(By.ID, "text").text)
        (line,) = file.read_text().splitlines()
        browser.get(f"{address}?token=a-token")  # what arrived is not sent again
        wait(browser, lambda: "have arrived" in browser.find_element(By.ID, "text").text)
        press(browser, "Start again for somebody else")
        begin(browser)
        last = answer(browser, study, len(study.questions(0)) - 1, study.right)[-1]
        wait(browser, lambda: asked(browser) not in (None, last))
    answer(browser, study, 1, study.right)
    wait(browser, lambda: "could not be sent" in browser.find_element(By.ID, "text").text)
    assert {"Try again", "Download the answers"} <= set(buttons(browser))
    press(browser, "Download the answers")
    (download,) = wait(browser, lambda: downloaded(tmp_path / "downloads"))
    counted, left_out = read_answers(study, [file, download])
    assert (len(counted), left_out) == (2, [])
    assert json.loads(line)["participant"] != json.loads(download.read_text())["participant"]
    assert {one.group for one in counted} == {0, 1}
    browser.get_log("browser")  # that the server was away is no fault of the page
