"""From a photo to a sketch, by the public names: the same seed and the same bytes, continuing, locking, stopping."""

import json

import jaxtyping
import numpy as np
import pytest
import torch
from PIL import Image

import taureau.sketcher
from taureau import InputError, Settings, Sketch, Sketcher, Strokes, load_encoder, read_photo
from taureau.encoders.builtin import WEIGHTS_SHA256
from taureau.encoders.contour import Contour
from taureau.losses.objective import PerceptionObjective
from tests.helpers import pictures
from tests.helpers.clip_files import random_tensors, write_tokenizer, write_weights
from tests.helpers.clip_models import TINY_RESNET, TINY_VIT, register
from tests.helpers.command_line import draw_photo
from tests.helpers.engine import PlainEncoder
from tests.helpers.svg_text import assert_same_svg, svg_diff

# The least that is a drawing; l2 looks at pixels alone, which is quick.
QUICK = {"strokes": 3, "size": 64, "steps": 3, "candidates": 1, "seed": 5, "mask": "none", "loss": "l2"}
PHOTO = pictures.small(pictures.coffee(), 96)


@pytest.fixture(scope="module")
def sketcher() -> Sketcher:
    return Sketcher(device="cpu", backend="torch")


def quick(**changes) -> dict:
    return {**QUICK, **changes}


# Seeds


@pytest.mark.parametrize("changes", [{"loss": "perception"}, {"color": True}, {"mask": "auto"}], ids=str)
def test_the_same_seed_gives_the_same_bytes(changes):
    svgs = [Sketcher(device="cpu").draw(PHOTO, **quick(**changes)).svg for _ in range(2)]
    assert_same_svg(*svgs)


def test_another_seed_gives_another_sketch(sketcher):
    # The first candidate begins on the same lines whatever the seed; of two, the better one may be the other.
    one, other = (sketcher.draw(PHOTO, **quick(seed=seed, initialization="random")) for seed in (5, 6))
    assert svg_diff(one.svg, other.svg)
    assert (one.strokes.points - other.strokes.points).abs().max() > 1


def test_a_global_seed_changes_nothing_and_is_not_changed(sketcher):
    torch.manual_seed(1)
    one = sketcher.draw(PHOTO, **QUICK)
    state = torch.random.get_rng_state()
    torch.manual_seed(1)
    assert torch.equal(state, torch.random.get_rng_state())
    torch.manual_seed(2)
    assert sketcher.draw(PHOTO, **QUICK).svg == one.svg


def test_no_seed_is_a_seed_drawn_and_recorded(sketcher):
    one, other = (sketcher.draw(PHOTO, **quick(seed=None)) for _ in range(2))
    assert one.seed != other.seed
    assert one.settings.seed == one.seed
    assert sketcher.draw(PHOTO, **quick(seed=one.seed)).svg == one.svg


def test_more_candidates_begin_with_the_same_ones(sketcher):
    few, many = (sketcher.draw(PHOTO, **quick(candidates=num, population_share=1.0)) for num in (1, 3))
    assert many.scores["candidates"][0] == pytest.approx(few.scores["candidates"][0], rel=1e-4)
    scores, regularized = many.scores["candidates"], many.scores["regularized"]
    assert many.scores["clean"] == min(scores)  # three strokes are few
    assert all(score < cost for score, cost in zip(scores, regularized, strict=True))  # regularizers are on
    assert len(set(many.scores["candidates"])) == 3


# Photos


def test_a_photo_is_a_path_a_picture_an_array_or_one_that_was_read(sketcher, tmp_path):
    path = tmp_path / "cup.png"
    Image.fromarray(PHOTO).save(path)
    with Image.open(path) as picture, path.open("rb") as stream:
        sources = [
            path,
            str(path),
            picture,
            PHOTO,
            torch.tensor(PHOTO).permute(2, 0, 1) / 255,
            read_photo(path),
            stream,
        ]
        sketches = [sketcher.draw(source, **QUICK) for source in sources]
    assert all(torch.equal(sketch.strokes.points, sketches[0].strokes.points) for sketch in sketches)
    assert (sketches[0].name, sketches[3].name) == ("cup", "photo")


def test_a_list_gives_a_list(sketcher):
    other = PHOTO[::-1].copy()
    for many in ([PHOTO, other], (PHOTO, other)):
        sketches = sketcher.draw(many, **QUICK)
        assert isinstance(sketches, list)
        assert [sketch.svg for sketch in sketches] == [sketcher.draw(photo, **QUICK).svg for photo in (PHOTO, other)]
    assert sketcher.draw([], **QUICK) == []


@pytest.mark.parametrize(("width", "height", "size"), [(90, 30, 64), (30, 90, 100), (40, 40, 128)])
def test_the_sketch_has_the_photo_s_shape_on_a_canvas_of_any_size(sketcher, width, height, size):
    sketch = sketcher.draw(pictures.disk(width, height), **quick(size=size))
    assert sketch.canvas.size == size
    frame = sketch.canvas.frame
    assert frame.width / frame.height == pytest.approx(width / height)
    assert max(frame.width, frame.height) == size


def test_a_sketch_that_is_continued_has_as_many_strokes_as_asked_for(sketcher):
    start = sketcher.draw(PHOTO, **quick())
    for freeze in (False, True):
        steps = sketcher.steps(PHOTO, resume=start, freeze=freeze, **quick(strokes=5))
        assert [len(step.strokes) for step in steps] == [5] * 4


def test_steps_and_widths_grow_with_the_canvas(sketcher):
    # A step's size is given for 224 units: Adam's first step moves each number by it.
    moved = []
    for size in (64, 128):
        start, first = list(sketcher.steps(PHOTO, **quick(size=size, steps=1)))
        moved.append(float((first.strokes.points - start.strokes.points).abs().max()))
    assert moved == pytest.approx([1.0 * 64 / 224, 1.0 * 128 / 224], rel=0.01)


@pytest.mark.parametrize("tone", [0, 128, 255])
@pytest.mark.parametrize("loss", ["perception", "l2", "lpips", "xdog", "embedding"])
def test_a_blank_photo_is_drawn_finitely_and_said(sketcher, tone, loss):
    sketch = sketcher.draw(pictures.plain(60, 40, (tone,) * 3), **quick(loss=loss, mask="auto"))
    assert len(sketch.warnings) == 1
    assert "the photo is blank" in sketch.warnings[0]
    assert torch.isfinite(sketch.strokes.points).all()
    assert sketch.scores["clean"] is not None
    json.dumps(sketch.record, allow_nan=False)


def test_a_photo_too_long_to_be_drawn_is_said(sketcher):
    picture = pictures.disk(320, 20)
    (warning,) = (text for text in sketcher.draw(picture, **quick(size=224)).warnings if "a long photo" in text)
    assert "14 units across" in warning
    assert not any("a long photo" in text for text in sketcher.draw(picture, **quick(size=224, width=1.0)).warnings)
    assert not any("a long photo" in text for text in sketcher.draw(PHOTO, **quick(width=24.0)).warnings)
    assert len(sketcher.draw(pictures.plain(320, 20), **quick(size=224)).warnings) == 1  # blank


# What is compared


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["perception", "l2", "lpips", "xdog", "embedding"])
def test_each_loss_draws_in_its_own_way(sketcher, loss):
    # In a dozen steps some losses are hardly below the start, by less than a score is rounded. Regularizers are not in
    # the score: on so small a canvas three strokes that they find untidy are never kept.
    sketch = sketcher.draw(PHOTO, **quick(loss=loss, steps=80, regularization=0.0))
    assert sketch.settings.loss == loss
    start = next(iter(sketcher.steps(PHOTO, **quick(loss=loss))))
    assert sketch.scores["clean"] < 0.97 * start.score
    if loss != "l2":
        assert svg_diff(sketch.svg.split("</metadata>")[1], sketcher.draw(PHOTO, **QUICK).svg.split("</metadata>")[1])


@pytest.mark.parametrize("encoder", ["builtin", "contour"])
def test_names_count_with_an_encoder_that_knows_classes(encoder):
    sketcher = Sketcher(load_encoder(encoder, device="cpu"))
    *_, without = sketcher.steps(PHOTO, **quick(loss="perception", distillation=0.0))
    *_, found = sketcher.steps(PHOTO, **quick(loss="perception", distillation=1.0))
    assert torch.equal(without.strokes.points, found.strokes.points) == (encoder == "contour")


@pytest.mark.parametrize("mask", ["auto", "picture"])
def test_the_whole_photo_decides_the_class_unless_the_user_gives_a_mask(mask, monkeypatch):
    given = {}

    class Spied(PerceptionObjective):
        def __init__(self, encoder, reference, *others, **options):
            given.update(photo=reference.picture, whole=reference.whole)
            super().__init__(encoder, reference, *others, **options)

    monkeypatch.setattr("taureau.sketcher.PerceptionObjective", Spied)
    picture = np.where(pictures.disk(96, 96) > 0, 150, 20).astype(np.uint8)
    half = np.zeros((96, 96), bool)
    half[:, :48] = True
    sketch = Sketcher(load_encoder("contour", device="cpu")).draw(
        picture, **quick(loss="perception", mask=half if mask == "picture" else mask, size=96)
    )
    assert sketch.record["mask_source"] != "none"
    assert (given["photo"] == 1).float().mean() > 0.3  # the background is paper
    if mask == "picture":
        assert given["whole"] is None
    else:
        assert (given["whole"] == 1).float().mean() < 0.1


def test_l2_comes_nearer_to_the_photo_and_xdog_to_its_lines(sketcher):
    for loss in ("l2", "xdog"):
        steps = list(sketcher.steps(PHOTO, **quick(loss=loss, steps=15, score_every=1)))
        assert steps[-1].score < steps[0].score


@pytest.fixture
def clip(monkeypatch, tmp_path):
    register(monkeypatch)

    def load(model) -> Sketcher:
        file = write_weights(tmp_path / model.name, random_tensors(model))
        write_tokenizer(tmp_path / model.name)
        return Sketcher(load_encoder(model.name, file, "cpu"), backend="torch")

    return load


@pytest.mark.parametrize("model", [TINY_VIT, TINY_RESNET], ids=lambda model: model.name)
@pytest.mark.parametrize(
    "changes", [{"loss": "perception"}, {"loss": "lpips"}, {"loss": "embedding"}, {"prompt": "a camel"}], ids=str
)
def test_clip_draws_photos_and_prompts(clip, model, changes):
    settings = {key: value for key, value in quick(**changes).items() if key != "loss"} | changes
    sketch = clip(model).draw(PHOTO, **settings)
    assert sketch.record["encoder"] == model.name
    assert len(sketch.record["encoder_sha256"]) == 64
    assert sketch.scores["clean"] is not None
    assert sketch.settings.loss == changes.get("loss", "text")


def test_strokes_of_a_text_begin_at_random_and_take_whole_steps_however_many(clip):
    options = quick(strokes=64, size=112, initialization="traced", steps=1, learning_rate=2.0, prompt="a camel")
    del options["loss"]
    first, second = (step.strokes.points for step in clip(TINY_VIT).steps(PHOTO, **options))
    assert float((second - first).abs().max()) == pytest.approx(1.0, rel=1e-3)


def test_the_preset_paper_runs(sketcher):
    sketch = sketcher.draw(PHOTO, preset="paper", size=64, steps=2, candidates=2, strokes=3)
    assert sketch.settings == Settings("paper", size=64, steps=2, candidates=2, strokes=3)
    assert sketch.record["mask_source"] == "none"


def test_the_photo_is_encoded_once_and_not_at_every_step():
    encoder = PlainEncoder()
    run = Sketcher(encoder, backend="torch").steps(
        PHOTO, **quick(loss="perception", view_pool=4, views=2, score_every=2)
    )
    next(run)
    at_start = len(encoder.calls)
    for _ in run:
        pass
    # Three steps, each of a clean view and two others; the scores of step 2 and of the last.
    assert encoder.calls[at_start:] == [3, 3, 1, 3, 1]


class Shrinking(PlainEncoder):
    """A plain encoder that has a smaller form; notes the sides that it is shown."""

    def __init__(self, side: int, shown: list[int]) -> None:
        super().__init__(input_side=side)
        self.shown = shown

    def at_most(self, side):
        return Shrinking(side, self.shown) if side < self.input_side else self

    def _look(self, images, layers, embedding):
        self.shown.append(images.shape[-1])
        return super()._look(images, layers, embedding)


@pytest.mark.parametrize("coarse_share", [0.0, 0.6, 1.0])
def test_coarse_steps_see_small_views(coarse_share):
    shown = []
    changes = {
        "coarse_share": coarse_share,
        "coarse_side": 40,
        "view_pool": 4,
        "views": 2,
        "score_every": 9,
    }
    settings = quick(loss="perception", steps=6, **changes)
    run = Sketcher(Shrinking(64, shown), backend="torch").steps(PHOTO, **settings)
    assert shown == []  # nothing is looked at before a step is asked for
    next(run)
    assert set(shown) == ({64, 40} if coarse_share else {64})
    del shown[:]
    for _ in run:
        pass
    num_early = {0.0: 0, 0.6: 3, 1.0: 5}[coarse_share]
    assert shown == [40] * num_early + [64] * (6 - num_early) + [64]  # the score is of the full view


# A budget


class Clock:
    """In the place of the module `time`: each look at it takes a second."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        self.now += 1
        return self.now


def test_a_budget_ends_a_drawing_and_is_recorded(sketcher, monkeypatch):
    drawn = []
    for since in (None, -100.0):
        monkeypatch.setattr(taureau.sketcher, "time", Clock())
        changes = {name: value for name, value in quick().items() if name != "steps"}
        run = sketcher.steps(PHOTO, budget=30, since=since, **changes)
        *_, last = run
        assert (last.number, last.total) == (run.sketch.record["steps_done"], run.sketch.record["steps_done"])
        assert (run.sketch.settings.budget, run.sketch.settings.steps) == (30, 100_000)
        drawn.append(run.sketch.record["steps_done"])
    # Two looks at the clock a step; a budget that is over before the first leaves one.
    assert drawn == [14, 1]


def test_a_budget_that_is_not_spent_changes_nothing(sketcher):
    plain, ample = (sketcher.draw(PHOTO, **quick(budget=budget)) for budget in (None, 86_400))
    assert ample.record["steps_done"] == 3
    # The clock has moved by a hair before the first step.
    torch.testing.assert_close(plain.strokes.points, ample.strokes.points, rtol=0, atol=1e-3)


# Masks


def test_a_mask_cuts_out_what_is_drawn(sketcher, tmp_path):
    photo = pictures.plain(64, 64, (90, 90, 90))
    mask = np.zeros((64, 64), np.uint8)
    mask[:, :32] = 255
    Image.fromarray(mask).save(tmp_path / "left.png")
    transparent = Image.fromarray(np.dstack([photo, mask]))
    ways = (tmp_path / "left.png", str(tmp_path / "left.png"), Image.fromarray(mask), mask, mask > 0)
    by_picture = [sketcher.draw(photo, **quick(mask=way)) for way in ways]
    assert {sketch.record["mask_source"] for sketch in by_picture} == {"image"}
    assert len({sketch.svg for sketch in by_picture}) == 1
    by_alpha = sketcher.draw(transparent, **quick(mask="alpha"))
    assert by_alpha.record["mask_source"] == "alpha"
    for sketch in (by_picture[0], by_alpha):
        assert sketch.strokes.points[:, 0, 0].max() < 36
    whole = sketcher.draw(photo, **quick(strokes=12))
    assert whole.strokes.points[:, 0, 0].max() > 36


def test_a_mask_picture_is_never_left_out_in_silence(sketcher, tmp_path):
    with pytest.raises(InputError, match=r"left.png: there is no such file"):
        sketcher.draw(PHOTO, settings=Settings(**QUICK), mask=tmp_path / "left.png")
    with pytest.raises(InputError, match="mask image needs a mask picture"):
        sketcher.draw(PHOTO, **quick(mask="image"))


# Continuing


@pytest.fixture(scope="module")
def begun(sketcher) -> Sketch:
    return sketcher.draw(PHOTO, **quick(strokes=4, seed=9))


def starts(sketcher: Sketcher, **options) -> Strokes:
    """Where the first candidate starts."""
    return next(iter(sketcher.steps(PHOTO, **options))).strokes


def test_the_first_candidate_goes_on_from_exactly_where_the_start_ended(sketcher, begun):
    first = starts(sketcher, **quick(strokes=6), resume=begun)
    assert torch.equal(first.points[:4], begun.strokes.points)
    assert len(first) == 6
    asked = {key: value for key, value in QUICK.items() if key != "strokes"}
    assert len(starts(sketcher, **asked, resume=begun)) == 4
    continued = sketcher.draw(PHOTO, **quick(strokes=4, steps=6, score_every=1), resume=begun)
    assert continued.scores["clean"] < begun.scores["clean"]


def test_other_candidates_start_near_by(sketcher, begun):
    run = sketcher.steps(PHOTO, **quick(strokes=4, candidates=3), resume=begun)
    next(run)
    spread = (run._last.strokes.points - begun.strokes.points).abs().amax(dim=(1, 2, 3))
    assert spread[0] == 0
    assert (spread[1:] > 0.1).all()
    assert (spread[1:] < 0.06 * 64).all()  # a hundredth of the canvas, times what lots of 32 numbers may reach


def test_a_start_is_a_sketch_or_the_path_of_one(sketcher, begun, tmp_path):
    path = begun.save(tmp_path / "begun.svg")
    expected = starts(sketcher, **quick(strokes=4), resume=Sketch.load(path)).points
    for start in (path, str(path)):
        assert torch.equal(starts(sketcher, **quick(strokes=4), resume=start).points, expected)
    assert (expected - begun.strokes.points).abs().max() <= 0.01


def test_a_start_on_another_canvas_is_scaled(sketcher, begun):
    first = starts(sketcher, **quick(strokes=4, size=128), resume=begun)
    torch.testing.assert_close(first.points, begun.strokes.points * 2)
    torch.testing.assert_close(first.width, begun.strokes.width * 2)


def test_the_first_strokes_have_most_weight(sketcher):
    widths = starts(sketcher, **quick(strokes=40)).width.tolist()
    assert widths[:16] == [3.0] * 16
    assert widths[16:35] == pytest.approx([12 / rank**0.5 for rank in range(17, 36)])
    assert widths[35:] == [2.0] * 5


@pytest.mark.parametrize(("asked", "width"), [({"width": 1.5}, 1.5), ({"pen_width": 0.5}, 0.5)])
def test_one_width_may_be_asked_for(sketcher, asked, width):
    assert starts(sketcher, **quick(strokes=20, **asked)).width.tolist() == [width] * 20


def test_strokes_that_are_added_are_as_wide_as_their_place_in_the_list(sketcher, begun):
    more = starts(sketcher, **quick(strokes=40), resume=begun)
    assert torch.equal(more.width, starts(sketcher, **quick(strokes=40)).width)


def test_frozen_strokes_are_kept_and_others_are_added(sketcher, begun):
    sketch = sketcher.draw(PHOTO, **quick(strokes=7, candidates=2, width=1.5), resume=begun, freeze=True)
    assert torch.equal(sketch.strokes.points[:4], begun.strokes.points)
    assert sketch.strokes.width.tolist() == [3.0] * 4 + [1.5] * 3
    assert len(sketch.strokes) == 7
    assert (sketch.svg.split("<path")[1:5]) == (begun.svg.split("<path")[1:4] + sketch.svg.split("<path")[4:5])


def test_new_strokes_start_where_the_start_has_no_ink(sketcher):
    # A start that covers all but the right edge.
    bars = torch.tensor([[[2.0, y], [14.0, y], [26.0, y], [40.0, y]] for y in np.arange(2, 63, 0.5)])
    begun = Sketch(Strokes.black(bars, 5.0), sketcher.draw(pictures.disk(64, 64, 28), **QUICK).canvas)
    run = sketcher.steps(pictures.disk(64, 64, 28), **quick(strokes=len(bars) + 12), resume=begun, freeze=True)
    on_paper = run.sketch.strokes.points[len(bars) :, 0, 0] > 42
    assert on_paper.float().mean() > 0.7


def test_colours_and_opacities_of_the_start_stay(sketcher, begun):
    chance = torch.rand(4, 4, generator=torch.Generator().manual_seed(2))
    strokes = Strokes(begun.strokes.points, begun.strokes.width, chance[:, :3], chance[:, 3])
    start = Sketch(strokes, begun.canvas)
    # By the score alone: so few steps raise the cost, and the start would be kept.
    plain = sketcher.draw(PHOTO, **quick(strokes=6, regularization=0.0), resume=start)
    assert torch.equal(plain.strokes.color[:4], strokes.color)
    assert (plain.strokes.color[4:] == 0).all()
    assert torch.equal(plain.strokes.opacity, torch.cat([strokes.opacity, torch.ones(2)]))
    assert not torch.equal(plain.strokes.points[:4], strokes.points)
    frozen = sketcher.draw(PHOTO, **quick(strokes=6, color=True), resume=start, freeze=True)
    assert torch.equal(frozen.strokes.color[:4], strokes.color)
    assert (frozen.strokes.color[4:] > 0).any()
    moving = sketcher.draw(PHOTO, **quick(strokes=6, color=True, regularization=0.0), resume=start)
    assert not torch.equal(moving.strokes.color[:4], strokes.color)


@pytest.mark.parametrize(
    ("changes", "options", "words"),
    [
        ({"strokes": 3}, {}, "strokes must be at least 4, got 3: the earlier sketch has 4, to continue from"),
        (
            {"strokes": 4},
            {"freeze": True},
            "strokes must be at least 5, got 4: the earlier sketch has 4, all of them frozen",
        ),
        (
            {},
            {"freeze": True, "resume": None},
            "freeze keeps the strokes of an earlier sketch; give that sketch as resume",
        ),
        ({}, {"resume": "gone.svg"}, "gone.svg"),
    ],
)
def test_starts_that_make_no_sense_are_refused(sketcher, begun, changes, options, words):
    with pytest.raises(InputError, match=words):
        sketcher.draw(PHOTO, **quick(**changes), **{"resume": begun, **options})


# Colour


def test_colours_begin_as_the_photo_s_and_are_moved(sketcher):
    photo = pictures.plain(64, 64, (200, 60, 20))
    start, *_, last = sketcher.steps(photo, **quick(color=True, score_every=1))
    assert start.strokes.color.flatten().tolist() == pytest.approx([200 / 255, 60 / 255, 20 / 255] * 3, abs=1e-3)
    assert last.strokes.color.min() >= 0
    assert last.strokes.color.max() <= 1
    assert 'stroke="#' in sketcher.draw(photo, **quick(color=True)).svg
    assert sketcher.draw(photo, **QUICK).strokes.color is None


@pytest.mark.slow
@pytest.mark.parametrize("encoder", ["builtin", "contour"])
def test_colours_stay_those_of_the_photo(encoder):
    photo = np.where(pictures.disk(64, 64) == 0, (140, 90, 40), (150, 100, 50)).astype(np.uint8)
    sketcher = Sketcher(load_encoder(encoder, device="cpu"), backend="torch")
    start, *_, last = sketcher.steps(photo, **quick(color=True, loss="perception", size=112, steps=100))
    assert not torch.equal(last.strokes.color, start.strokes.color)
    # With nothing to hold them they end 0.4 to 0.5 off.
    assert (last.strokes.color - torch.tensor([145, 95, 45]) / 255).abs().max() < 0.25


# Runs


def test_a_run_shows_itself_from_before_its_first_step_to_after_its_last(sketcher):
    run = sketcher.steps(PHOTO, **quick(score_every=1))
    before = run.sketch
    assert before.record["steps_done"] == 0
    steps = list(run)
    assert [step.number for step in steps] == [0, 1, 2, 3]
    assert {step.total for step in steps} == {3}
    assert torch.equal(before.strokes.points, steps[0].strokes.points)
    assert steps[0].loss == steps[0].score
    assert all(np.isfinite(step.loss) for step in steps)
    assert run.sketch.record["steps_done"] == 3
    assert run.sketch.scores["clean"] == pytest.approx(min(step.score for step in steps), rel=1e-5)
    assert list(run) == []
    assert run.sketch.svg == sketcher.draw(PHOTO, **quick(score_every=1)).svg


def test_a_run_that_is_stopped_keeps_its_best(sketcher):
    run = sketcher.steps(PHOTO, **quick(steps=50, score_every=1))
    for step in run:
        if step.number == 4:
            run.close()
            break
    assert run.sketch.record["steps_done"] == 4
    assert run.sketch.scores["clean"] == pytest.approx(step.score, rel=1e-5)
    assert list(run) == []
    run.close()
    # It is the sketch that a run of the same settings had then.
    again = sketcher.steps(PHOTO, **quick(steps=50, score_every=1))
    for _ in range(5):
        next(again)
    assert again.sketch.svg == run.sketch.svg


def test_an_interrupt_in_the_middle_of_a_step_leaves_the_last_whole_one(sketcher, monkeypatch):
    run = sketcher.steps(PHOTO, **quick(steps=9, score_every=1))
    for _ in range(3):
        next(run)
    expected = run.sketch.svg

    def interrupt(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("taureau.optimize.cost.rasterize", interrupt)
    with pytest.raises(KeyboardInterrupt):
        next(run)
    assert run.sketch.svg == expected


def test_the_score_in_the_record_is_that_of_the_strokes_in_the_sketch():
    settings = quick(steps=8, learning_rate=30.0, final_learning_rate=60.0, score_every=1)
    run = Sketcher("contour", device="cpu", backend="torch").steps(PHOTO, **settings)
    seen = [(step.score, step.strokes) for step in run]
    best = min(score for score, _ in seen)
    assert run.sketch.scores["clean"] == pytest.approx(best, rel=1e-5)
    # At such a rate the last state is not the best one, and it is not the one that is kept.
    assert not torch.equal(seen[-1][1].points, run.sketch.strokes.points)


@pytest.mark.parametrize(
    ("options", "moved"),
    [
        ({"strokes": 16}, 1.0),
        ({"strokes": 64}, 0.25),
        ({"strokes": 64, "initialization": "random"}, 1.0),
    ],
    ids=str,
)
def test_the_more_traced_strokes_the_smaller_their_steps(options, moved):
    settings = quick(**{"size": 112, "initialization": "traced", **options}, steps=1, learning_rate=2.0)
    first, second = (
        step.strokes.points for step in Sketcher("contour", device="cpu", backend="torch").steps(PHOTO, **settings)
    )
    # Adam's first step is as long as its rate, which is for a canvas of 224.
    assert float((second - first).abs().max()) == pytest.approx(moved, rel=1e-3)


def test_levels_of_few_strokes_take_whole_steps_whatever_the_longest_has():
    settings = quick(size=112, initialization="traced", steps=1, learning_rate=2.0)
    del settings["strokes"]
    run = Sketcher("contour", device="cpu", backend="torch").steps(PHOTO, levels=(64, 4), **settings)
    first, second = (step.strokes.points for step in run)
    assert float((second - first).abs().max()) == pytest.approx(1.0, rel=1e-3)


def test_the_record_says_what_was_used(sketcher):
    record = sketcher.draw(PHOTO, **QUICK).record
    assert record["seed"] == 5
    assert record["settings"] == Settings(**QUICK).as_dict()
    assert (record["encoder"], record["encoder_sha256"]) == ("builtin", WEIGHTS_SHA256)
    assert (record["backend"], record["device"], record["mask_source"]) == ("torch", "cpu", "none")
    assert record["warnings"] == []
    json.dumps(record, allow_nan=False)


# Settings


def test_settings_are_given_whole_or_by_name(sketcher):
    assert sketcher.draw(PHOTO, settings=Settings(**QUICK)).svg == sketcher.draw(PHOTO, **QUICK).svg
    changed = sketcher.draw(PHOTO, settings=Settings(**QUICK), strokes=4, seed=1)
    assert changed.svg == sketcher.draw(PHOTO, **quick(strokes=4, seed=1)).svg
    with pytest.raises(InputError, match="give settings or a preset, not both"):
        sketcher.draw(PHOTO, settings=Settings(**QUICK), preset="paper")
    with pytest.raises(InputError, match="there is no setting 'stroke'"):
        sketcher.draw(PHOTO, stroke=3)


def test_settings_of_another_kind_are_refused(sketcher, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # users have no type checker at run time
    with pytest.raises(InputError, match=r"^settings must be a Settings, got dict; give values by name instead$"):
        sketcher.draw(PHOTO, settings=QUICK)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"encoder": "eyes"}, "there is no encoder 'eyes'"),
        ({"device": "abacus"}, "device must be one of"),
        ({"backend": "pencil"}, "backend must be auto, reference, torch, numba, got 'pencil'"),
        ({"encoder": "contour", "weights": "some.safetensors"}, "encoder contour has no weights"),
    ],
)
def test_a_sketcher_is_refused_by_name(arguments, words):
    with pytest.raises(InputError, match=words):
        Sketcher(**arguments)


# Two encoders


class Corner(Contour):
    """Sees as `contour` does, and finds the top left corner alone worth looking at."""

    name = "corner"
    weights_sha256 = "c" * 64

    def saliency(self, image):
        interest = torch.zeros(image.shape[1:])
        interest[: image.shape[1] // 4, : image.shape[2] // 4] = 1
        return interest


def test_another_encoder_can_say_where_strokes_begin():
    speckles = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    options = {"strokes": 6, "seed": 1, "candidates": 1, "size": 64, "steps": 1, "mask": "none"}
    starts, records = [], []
    for saliency in (None, Corner()):
        run = Sketcher("contour", saliency=saliency, backend="torch").steps(speckles, **options)
        starts.append(run.sketch.strokes.points[:, 0])
        records.append(run.sketch.record)
    assert starts[1].max() < 16 < starts[0].max()
    assert [record["saliency_encoder"] for record in records] == ["contour", "corner"]
    assert [record["saliency_encoder_sha256"] for record in records] == [None, "c" * 64]
    assert [record["encoder"] for record in records] == ["contour", "contour"]


@pytest.mark.parametrize(("encoder", "names"), [("contour", {"xdog"}), ("builtin", {"xdog", "lines"})])
def test_line_maps_show_the_border_of_a_disc_and_nothing_outside(tmp_path, encoder, names):
    maps = Sketcher(encoder).line_maps(draw_photo(tmp_path / "disc.png", (120, 80)), size=120)
    assert set(maps) == names
    for picture in maps.values():
        assert picture.size == (120, 80)
        rows, columns = np.nonzero(np.asarray(picture) < 128)
        outside = np.hypot(rows - 40, columns - 60) - 80 / 3
        # XDoG marks what is dark inside too; a line is about a stroke wide, 3 pixels of 224.
        assert outside.max() < 4
        assert (np.abs(outside) < 4).sum() > 100  # of a border of 168 pixels
