"""The files of the studio's page: both languages whole, nothing inline, nothing from elsewhere, no loose ends."""

import re

import pytest

from taureau.studio.samples import samples
from tests.helpers import studio_files as studio

MOST_LINES = 260


def test_both_languages_have_the_same_texts_and_values():
    english, chinese = (studio.texts(language) for language in studio.LANGUAGES)
    assert list(english) == list(chinese)
    values = [{key: sorted(re.findall(r"\{\w+\}", text)) for key, text in each.items()} for each in (english, chinese)]
    assert values[0] == values[1]
    assert [key for each in (english, chinese) for key, text in each.items() if not text.strip()] == []


def test_every_text_is_there_and_used():
    known = set(studio.texts("en"))
    assert studio.keys_used(studio.page(), studio.scripts(), known) == known


def test_every_sample_has_a_title():
    assert {f"sample_{name}" for name in samples()} <= set(studio.texts("en"))


def test_a_text_that_is_missing_or_not_used_is_seen():
    modules = {"a.js": 't("one"); say(x, "two"); const key = `three_${kind}`; t("gone")'}
    used = studio.keys_used('<p data-text="four"></p>', modules, {"two", "three_a", "three_b", "idle"})
    assert used == {"one", "two", "three_a", "three_b", "gone", "four"}


def test_nothing_is_inline_and_nothing_comes_from_elsewhere():
    assert studio.forbidden_in_page(studio.page()) == []
    assert {name: found for name, text in studio.scripts().items() if (found := studio.forbidden_in_script(text))} == {}


@pytest.mark.parametrize(
    "html",
    ["<style>", "<script>x</script>", '<p style="color:red">', '<p onclick="x()">', '<img src="https://a.org/b.png">'],
)
def test_what_the_policy_refuses_is_seen(html):
    assert studio.forbidden_in_page(html) != []


def test_markup_from_a_text_is_seen():
    assert studio.forbidden_in_script("box.innerHTML = name") != []


def test_ids_are_unique_and_every_one_that_is_asked_for_is_there():
    ids = re.findall(r'\sid="([\w-]+)"', studio.page())
    assert len(ids) == len(set(ids))
    assert studio.ids_used(studio.scripts()) - set(ids) == set()


def test_modules_import_what_is_there_without_circles():
    modules = studio.scripts()
    assert {name for module in modules.values() for name in studio.imports_of(module)} <= set(modules)
    assert studio.circles(modules) == []
    assert studio.circles({"a.js": 'import { b } from "./b.js";', "b.js": 'import { a } from "./a.js";'}) != []


def test_every_file_is_short():
    lengths = {path.name: path.read_text("utf-8").count("\n") for path in studio.STATIC.rglob("*.*") if path.is_file()}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}
