"""Settings: every rule with its text, the presets value by value, and the way into a record and back."""

import dataclasses
import json
import math
import re

import jaxtyping
import pytest

from taureau.errors import InputError
from taureau.settings import LOSSES, PRESETS, Settings
from tests.helpers.house import ROOT

WHOLE_NUMBERS = {
    "strokes": (1, 4096),
    "candidates": (1, 64),
    "steps": (1, 100_000),
    "size": (64, 1024),
    "seed": (0, 2**63 - 1),
    "views": (0, 64),
    "view_pool": (1, 4096),
    "score_every": (1, 100_000),
    "coarse_side": (32, 1024),
}
# Least and greatest value, and whether the least is one too many.
NUMBERS = {
    "abstraction": (0.0, 1.0, False),
    "distortion": (0.0, 1.0, False),
    "crop_area": (0.0, 1.0, True),
    "learning_rate": (0.0, 100.0, True),
    "final_learning_rate": (0.0, 100.0, True),
    "softness": (1.0, 32.0, False),
    "coarse_share": (0.0, 1.0, False),
    "population_share": (0.0, 1.0, False),
    "spatial_weighting": (0.0, 1.0, False),
    "distillation": (0.0, 100.0, False),
    "regularization": (0.0, 100.0, False),
}
CHOICES = {
    "preset": "fast, paper",
    "initialization": "traced, random",
    "loss": "perception, l2, lpips, xdog, embedding, text",
    "view_fill": "paper, black",
    "mask": "none, auto, alpha, u2net, image",
    "canvas": "subject, photo",
    "target": "lines, photo",
}


def refusal(**values: object) -> str:
    # Users have no type checker at run time: off with the one of the tests, which would refuse wrong kinds first.
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        with pytest.raises(InputError) as caught:
            Settings(**values)
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)
    return str(caught.value)


def test_every_setting_is_held_to_a_rule():
    ruled = {*WHOLE_NUMBERS, *NUMBERS, *CHOICES, "color", "prompt", "budget", "recognizable", "width", "pen_width"}
    assert ruled == {field.name for field in dataclasses.fields(Settings)}


def others(name: str, value: int) -> dict[str, int]:
    """What else a value needs: there are at least as many views in the pool as a step sees."""
    return {"view_pool": 64} if name == "views" else {"views": min(value, 2)} if name == "view_pool" else {}


@pytest.mark.parametrize(("name", "low", "high"), [(name, *ends) for name, ends in WHOLE_NUMBERS.items()])
def test_whole_numbers(name, low, high):
    for value in (low, high):
        assert getattr(Settings(**{name: value}, **others(name, value)), name) == value
    for value in (low - 1, high + 1):
        told = low if name != "view_pool" else max(1, Settings().views)
        assert refusal(**{name: value}) == f"{name} must be {told} to {high}, got {value}"
    for value in (1.5, 16.0, "16", None, True):
        assert refusal(**{name: value}) == f"{name} must be a whole number, got {value!r}"


@pytest.mark.parametrize(("name", "low", "high", "open_low"), [(name, *rule) for name, rule in NUMBERS.items()])
def test_numbers(name, low, high, open_low):
    least = 1e-6 if open_low else low
    for value in (least, high, int(high)):
        assert getattr(Settings(**{name: value}), name) == value
    rule = f"over {low:g} and at most {high:g}" if open_low else f"{low:g} to {high:g}"
    for value in (low if open_low else low - 0.5, -1.5, high + 0.5, math.nan, math.inf, -math.inf):
        assert refusal(**{name: value}) == f"{name} must be {rule}, got {value}"
    for value in ("3", None, False):
        assert refusal(**{name: value}) == f"{name} must be a number, got {value!r}"


@pytest.mark.parametrize(("name", "known"), CHOICES.items())
def test_choices(name, known):
    for value in known.split(", "):
        assert getattr(Settings(**{name: value}, prompt="a camel" if value == "text" else None), name) == value
    for value in ("nonsense", "", None, 3, ["fast"]):
        assert refusal(**{name: value}) == f"{name} must be one of {known}, got {value!r}"


def test_color_is_true_or_false():
    assert Settings(color=True).color is True
    for value in ("no", 1, None):
        assert refusal(color=value) == f"color must be True or False, got {value!r}"


def test_a_budget_is_a_time_or_none_and_brings_the_most_steps():
    assert (Settings().budget, Settings(budget=None).steps) == (None, Settings().steps)
    for budget in (0.5, 60, 86_400):
        assert (Settings(budget=budget).budget, Settings(budget=budget).steps) == (budget, 100_000)
    assert Settings("paper", budget=60, steps=5).steps == 5
    for value in (0, -1, 86_401, math.nan):
        assert refusal(budget=value) == f"budget must be over 0 and at most 86400, got {value}"
    assert refusal(budget="60") == "budget must be a number, got '60'"


@pytest.mark.parametrize("name", ["width", "pen_width"])
def test_one_width_is_asked_for_or_the_canvas_decides(name):
    assert (getattr(Settings(), name), getattr(Settings(**{name: 0.6}), name)) == (None, 0.6)
    for value in (0, -1, 65, math.nan):
        assert refusal(**{name: value}) == f"{name} must be over 0 and at most 64, got {value}"
    assert refusal(**{name: "3"}) == f"{name} must be a number, got '3'"


def test_the_pool_holds_the_views_of_a_step():
    assert Settings(views=5, view_pool=5).view_pool == 5
    assert refusal(views=5, view_pool=4) == "view_pool must be 5 to 4096, got 4"


def test_a_prompt_and_its_loss_go_together():
    assert refusal(loss="text") == 'loss "text" needs a prompt; add one, such as prompt="a camel"'
    assert refusal(loss="text", prompt=" \n") == refusal(loss="text")
    assert refusal(loss="text", prompt=5) == "prompt must be a text, got 5"
    for loss in set(LOSSES) - {"text"}:
        expected = f"a prompt goes with loss \"text\", got loss '{loss}'; leave the loss or the prompt out"
        assert refusal(loss=loss, prompt="a camel") == expected


def test_a_prompt_brings_the_text_loss():
    assert Settings(prompt="a camel").loss == "text"
    assert Settings(prompt=None).loss == "perception"
    with pytest.raises(InputError, match="a prompt goes with loss"):
        Settings(prompt="a camel", loss="l2")


def test_the_defaults_are_the_preset_fast():
    assert Settings() == Settings() == Settings("fast")


def test_paper_is_the_method_as_published():
    # Design, section 5: each of these is a number of the paper or of its published settings.
    assert Settings("paper").as_dict() == {
        "preset": "paper",
        "candidates": 3,
        "steps": 2001,
        "score_every": 10,
        "size": 224,
        "width": 3.0,
        "pen_width": None,
        "views": 4,
        "distortion": 0.5,
        "crop_area": 0.8,
        "view_fill": "black",
        "learning_rate": 1.0,
        "final_learning_rate": 1.0,
        "loss": "perception",
        "color": False,
        # What the paper does not have is off.
        "softness": 1.0,
        "coarse_share": 0.0,
        "population_share": 1.0,
        "spatial_weighting": 0.0,
        "distillation": 0.0,
        "regularization": 0.0,
        "initialization": "random",
        "mask": "none",
        "canvas": "photo",
        "target": "photo",
        # And what a user chooses.
        "strokes": 16,
        "seed": 0,
        "prompt": None,
        "budget": None,
        "view_pool": 64,
        "coarse_side": 128,
        "recognizable": None,
        "abstraction": 0.0,
    }


@pytest.mark.parametrize("preset", PRESETS)
def test_changes_change_what_they_name_and_nothing_else(preset):
    changed = Settings(preset, strokes=5, width=2).as_dict()
    expected = Settings(preset).as_dict() | {"strokes": 5, "width": 2}
    assert changed == expected


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(InputError, match=r"^there is no setting 'stroke'; the settings are strokes, preset, candid"):
        Settings(stroke=5)
    with pytest.raises(InputError, match=r"^preset must be one of fast, paper, got 'slow'$"):
        Settings("slow")


@pytest.mark.parametrize(
    "settings",
    [Settings(), Settings("paper"), Settings(prompt="ein Kamel, größer", seed=2**63 - 1, color=True, budget=9)],
)
def test_a_record_gives_the_settings_back(settings):
    recorded = json.loads(json.dumps(settings.as_dict()))
    assert Settings(**recorded) == settings
    assert Settings(**recorded) == settings
    assert recorded != Settings(strokes=99).as_dict()


def test_settings_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().strokes = 3


def test_the_page_on_the_method_shows_the_presets():
    fast, paper = Settings(), Settings("paper")
    page = (ROOT / "docs/method.md").read_text()
    coarse_share = f"at most {fast.coarse_side} in the first {100 * fast.coarse_share:g} % of the steps"
    learning_rate = f"{paper.learning_rate:g}, constant | {fast.learning_rate:g} → {fast.final_learning_rate:g}, cosine"
    rows = [
        f"| steps | {paper.steps:,} | {fast.steps:,} |",
        f"| initialization | {paper.initialization} | {fast.initialization} |",
        f"| learning rate | {learning_rate} |",
        f"| softness | {paper.softness:g} | {fast.softness:g} → 1 |",
        f"| view size | the encoder's | {coarse_share} |",
        f"| candidates | {paper.candidates}, all to the end | {fast.candidates}; of more, the best alone after "
        f"{100 * fast.population_share:g} % of the steps |",
        f"| views per step | {paper.views} | {fast.views} |",
        f"({paper.view_pool} of them in `paper`, {fast.view_pool} in `fast`)",
        f"w = {1 - fast.spatial_weighting:g} + {fast.spatial_weighting:g} · saliency",
        f"The clean view is scored at the start, every {fast.score_every} steps and at the end",
    ]
    words = " ".join(page.split())
    assert [row for row in rows if row not in words] == []
    assert f"| steps | {paper.steps:,} | {fast.steps + 1:,} |" not in words


def test_the_constructor_knows_the_preset_it_is_given():
    assert Settings(preset="paper") == Settings("paper")
    assert Settings(preset="paper").steps == 2001 != Settings().steps
    changed = dataclasses.replace(Settings("paper", strokes=4), strokes=5)
    assert (changed.strokes, changed.steps, changed.preset) == (5, 2001, "paper")
    assert Settings(**Settings("paper", steps=7).as_dict()) == Settings("paper", steps=7)


# Files


def test_settings_come_back_from_a_file_as_they_were(tmp_path):
    path = tmp_path / "bold.toml"
    for settings in (
        Settings(),
        Settings("paper", strokes=4, budget=1.5),
        Settings(prompt='a "bull"\n\x7f ü 🐂', color=True),
    ):
        assert settings.save(path) == path
        assert Settings.load(path) == settings
        assert Settings.load(str(path)).save(path, overwrite=True) == path


def test_what_a_file_leaves_out_is_the_presets(tmp_path):
    (tmp_path / "some.toml").write_text('preset = "paper"\nstrokes = 5\n')
    assert Settings.load(tmp_path / "some.toml") == Settings("paper", strokes=5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("strokes = 0", "strokes must be 1 to 4096, got 0"),
        ("stroke = 3", "there is no setting 'stroke'"),
        ("[strokes]\nmost = 3", "strokes must be a whole number"),
        ("strokes 3", "it is not TOML"),
        ('preset = "slow"', "preset must be one of fast, paper, got 'slow'"),
        ("strokes = true", "strokes must be a whole number, got True"),
    ],
)
def test_a_file_that_is_none_of_settings_is_refused_by_name(tmp_path, text, words):
    path = tmp_path / "odd.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=re.escape(words)) as caught:
        Settings.load(path)
    assert str(path) in str(caught.value)


def test_bytes_that_are_no_text_and_files_that_are_not_there_are_refused(tmp_path):
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    for name in ("bytes.toml", "gone.toml"):
        with pytest.raises(InputError, match=name):
            Settings.load(tmp_path / name)


def test_a_file_that_must_not_be_replaced_stays(tmp_path):
    path = Settings(strokes=3).save(tmp_path / "kept.toml")
    with pytest.raises(InputError, match=r"kept\.toml"):
        Settings(strokes=4).save(path, overwrite=False)
    assert Settings.load(path).strokes == 3


def test_changed_settings_are_checked_and_a_prompt_brings_its_loss():
    base = Settings("paper", strokes=7)
    assert base.with_values(strokes=3) == Settings("paper", strokes=3)
    assert base.with_values(prompt="a bull").loss == "text"
    assert base.with_values(budget=2.0) == Settings("paper", strokes=7, budget=2.0)
    assert base.with_values(budget=2.0, steps=9).steps == 9
    with pytest.raises(InputError, match="a preset is where settings begin"):
        base.with_values(preset="fast")
    with pytest.raises(InputError, match="strokes must be"):
        base.with_values(strokes=0)
