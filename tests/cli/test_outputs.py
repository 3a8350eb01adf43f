"""Where drawings go: names, collisions, refusals. No drawing is needed to know."""

from pathlib import Path

import click
import pytest

from taureau import InputError
from taureau.cli.outputs import PIPE, Outputs, check_outputs, plan_outputs
from taureau.cli.photos import Photo, keep_apart
from tests.helpers.command_line import draw_photo


def only(photos, output=None, **more) -> Outputs:
    (planned,) = plan_outputs([Path(photo) for photo in photos], output, **more)
    return planned


def test_a_drawing_goes_beside_its_photo():
    assert only(["album/cat.jpg"]) == Outputs("cat", Path("album/cat.sketch.svg"), Path("album/cat.sketch.png"))


def test_only_the_last_ending_is_replaced():
    assert only(["cat.v1.final.jpg"]).svg == Path("cat.v1.final.sketch.svg")


def test_one_file_is_what_its_ending_says():
    assert only(["cat.jpg"], "a/b.svg") == Outputs("cat", svg=Path("a/b.svg"))
    assert only(["cat.jpg"], "a/b.PNG") == Outputs("cat", png=Path("a/b.PNG"))


@pytest.mark.parametrize("folder", ["drawings", "drawings/", "v1.2/"])
def test_a_folder_takes_both_files(folder):
    assert only(["album/cat.jpg"], folder) == Outputs(
        "cat", Path(folder) / "cat.sketch.svg", Path(folder) / "cat.sketch.png"
    )


def test_a_folder_that_exists_is_one_whatever_its_name(tmp_path):
    folder = tmp_path / "old.svg"
    folder.mkdir()
    assert only(["cat.jpg"], str(folder)).svg == folder / "cat.sketch.svg"


def test_stdin_goes_to_stdout_unless_told():
    assert only(["-"]) == Outputs("photo", to_stdout=True)
    assert only(["-"], "cat.svg") == Outputs("photo", svg=Path("cat.svg"))
    assert only(["-"], "drawings/").svg == Path("drawings/photo.sketch.svg")


def test_stdout_on_request():
    assert only(["cat.jpg"], "-") == Outputs("cat", to_stdout=True)


def test_animations_go_beside_the_sketch_or_where_told():
    assert only(["album/cat.jpg"], gif="auto").gif == Path("album/cat.sketch.gif")
    assert only(["album/cat.jpg"], "a/b.svg", gif="auto").gif == Path("a/b.gif")
    assert only(["album/cat.jpg"], gif="c.gif").gif == Path("c.gif")


def test_frames_are_numbered_so_that_names_sort_in_order():
    outputs = only(["cat.jpg"], frames=Path("frames"))
    assert outputs.frame(0) == Path("frames/cat.0000.png")
    assert outputs.frame(2) < outputs.frame(10)


@pytest.mark.parametrize(
    ("photos", "output", "more", "words"),
    [
        (["-", "-"], None, {}, "once"),
        (["a.jpg", "b.jpg"], "-", {}, "one photo"),
        (["a.jpg", "b.jpg"], "c.svg", {}, "give a folder"),
        (["a.jpg", "b.jpg"], None, {"gif": "c.gif"}, "--gif auto"),
        (["a.jpg"], None, {"gif": "c.mp4"}, "ends in .gif"),
        (["a.jpg"], "c.docx", {}, "ends in .svg, .png, .pdf, .dxf, .gcode, .nc, .hpgl, .plt, or a folder"),
    ],
)
def test_what_cannot_go_together_is_a_usage_error(photos, output, more, words):
    with pytest.raises(click.UsageError, match=words):
        plan_outputs([Path(photo) for photo in photos], output, **more)


@pytest.mark.parametrize(
    ("photos", "output", "more"),
    [
        (["cat.jpg", "cat.png"], None, {}),
        (["a/cat.jpg", "b/cat.jpg"], "drawings/", {}),
        (["a/cat.jpg", "b/cat.jpg"], None, {"frames": Path("frames")}),
    ],
)
def test_two_photos_for_one_file_are_refused_by_both_names(photos, output, more, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for photo in photos:
        Path(photo).parent.mkdir(exist_ok=True)
        draw_photo(Path(photo))
    with pytest.raises(InputError) as refusal:
        keep_apart(
            [Photo(Path(photo)) for photo in photos], plan_outputs([Path(each) for each in photos], output, **more)
        )
    assert all(str(Path(photo)) in str(refusal.value) for photo in photos)
    assert "each with its own -o" in str(refusal.value)


def test_equal_names_in_two_folders_are_no_collision():
    assert len(plan_outputs([Path("a/cat.jpg"), Path("b/cat.jpg")], None)) == 2


def test_missing_folders_are_made_when_there_is_something_to_write(tmp_path):
    planned = plan_outputs([Path("cat.jpg")], f"{tmp_path}/a/b/", frames=tmp_path / "c")
    check_outputs(planned, inputs=[], overwrite=True)
    assert list(tmp_path.iterdir()) == []
    planned[0].make_folders()
    assert (tmp_path / "a/b").is_dir()
    assert (tmp_path / "c").is_dir()


def test_a_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    planned = plan_outputs([Path("cat.jpg")], f"{tmp_path}/file/below/")
    with pytest.raises(InputError, match="cannot be created"):
        check_outputs(planned, inputs=[], overwrite=True)


@pytest.mark.parametrize("overwrite", [True, False])
def test_what_is_read_is_never_replaced(tmp_path, overwrite):
    photo = tmp_path / "cat.png"
    photo.write_bytes(b"photo")
    link = tmp_path / "link.png"
    link.symlink_to(photo)
    planned = plan_outputs([photo], str(link))
    with pytest.raises(InputError, match="replace what it is made from"):
        check_outputs(planned, inputs=[photo], overwrite=overwrite)
    assert photo.read_bytes() == b"photo"


@pytest.mark.parametrize("kind", ["svg", "png", "gif", "frames"])
def test_existing_files_are_kept_on_request(tmp_path, kind):
    outputs = only(
        [tmp_path / "cat.jpg"], gif="auto" if kind == "gif" else None, frames=tmp_path if kind == "frames" else None
    )
    # A frame that a shorter drawing would not even reach counts too.
    existing = tmp_path / "cat.0042.png" if kind == "frames" else getattr(outputs, kind)
    existing.write_bytes(b"old")
    check_outputs([outputs], inputs=[PIPE], overwrite=True)
    with pytest.raises(InputError, match=existing.name):
        check_outputs([outputs], inputs=[PIPE], overwrite=False)
    assert existing.read_bytes() == b"old"


def test_old_frames_are_only_those_of_the_photo(tmp_path):
    for name in ("cat[1].0000.png", "cat1.0000.png", "cat[1].00000.png", "cat[1].0001.svg", "dog.0000.png"):
        (tmp_path / name).write_bytes(b"")
    assert only(["cat[1].jpg"], frames=tmp_path).old_frames() == [tmp_path / "cat[1].0000.png"]


def test_a_name_of_a_frame_is_known_before_there_are_any(tmp_path):
    outputs = only(["cat[1].jpg"], frames=tmp_path / "frames")
    (tmp_path / "link").symlink_to(tmp_path / "frames")
    assert outputs.may_be_frame(outputs.frame(0))
    assert outputs.may_be_frame(tmp_path / "link" / "CAT[1].0500.PNG")
    for other in ("frames/cat1.0500.png", "frames/cat[1].0500.svg", "frames/cat[1].500.png", "cat[1].0500.png"):
        assert not outputs.may_be_frame(tmp_path / other)
    assert not only(["cat[1].jpg"]).may_be_frame(Path("cat[1].0000.png"))
