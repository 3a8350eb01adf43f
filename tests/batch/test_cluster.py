"""Batches on Ray: a local cluster of two nodes, one core each."""

import json
import os
import signal
import subprocess
import sys

import pytest

import taureau
from taureau import batch
from taureau.batch import tars
from tests.helpers.batches import ONE, assert_whole, drawings, finish, make_photos
from tests.helpers.command_line import ROOT, draw_photo, environment

ray = pytest.importorskip("ray", reason="needs Ray: pip install 'taureau[cluster]'")
pytestmark = pytest.mark.slow
QUICK = batch.Recipe(taureau.Settings(size=64, steps=1, candidates=1, strokes=2, mask="none"), encoder="contour")
LIGHT = "from tests.helpers.light_worker import light_batch; light_batch()"


@pytest.fixture(scope="module")
def cluster():
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))))
        patch.setenv("PYTHONWARNINGS", "ignore")
        nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    yield nodes
    nodes.shutdown()


@pytest.fixture(scope="module")
def second(cluster):
    """The second node, which the last test that has it takes away."""
    return cluster.add_node(num_cpus=1)


@pytest.fixture
def crew(cluster):
    return batch.Crew(ray=cluster.address)


def test_the_bytes_are_the_same_as_without_ray(crew, second, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(2):
        draw_photo(photos / f"{number}.png", (60 + number, 40))
    (photos / "bad.png").write_text("text")
    for name, how in (("here", batch.Crew(1)), ("there", crew)):
        with batch.run(photos, tmp_path / name, recipe=QUICK, crew=how) as running:
            records = {record.name: record for record in running}
        assert records["bad.png"].error_kind == "InputError"
        assert (running.progress.done, running.progress.failed) == (2, 1)
    here, there = ({p.name: p.read_bytes() for p in (tmp_path / n).glob("*.svg")} for n in ("here", "there"))
    assert len(here) == 2
    assert here == there
    assert not ray.is_initialized()


def test_tars_hold_the_same_drawings_as_without_ray(light, crew, second, tmp_path):
    make_photos(tmp_path / "photos", 12)
    found = {}
    for name, how in (("here", ONE), ("there", crew)):
        progress = finish(tmp_path / "photos", tmp_path / name, recipe=batch.Recipe(pack=5), crew=how)[1]
        assert progress.done == 12
        packed = [dict(tars.samples_in(path)) for path in sorted((tmp_path / name).glob("drawings-*.tar"))]
        assert [len(tar) for tar in packed] == [5, 5, 2]
        assert drawings(tmp_path / name) == {}
        found[name] = {photo: sample for tar in packed for photo, sample in tar.items()}
        assert finish(tmp_path / "photos", tmp_path / name, recipe=batch.Recipe(pack=5), crew=how)[1].skipped == 12
    assert len(found["here"]) == 12
    assert found["here"] == found["there"]


def test_a_driver_that_is_killed_and_started_again_draws_each_photo_once(light, crew, second, tmp_path):
    photos, out = tmp_path / "photos", tmp_path / "out"
    make_photos(photos, 30)
    program = [sys.executable, "-c", LIGHT, json.dumps([str(photos), str(out), {"ray": crew.ray}])]
    with subprocess.Popen(program, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True) as driver:
        for _ in range(5):
            assert driver.stdout.readline()
        driver.send_signal(signal.SIGKILL)
    before = drawings(out)
    assert 5 <= len(before) < 30
    with batch.run(photos, out, crew=crew) as running:
        assert {record.status for record in running} == {"done"}
    assert batch.status(out).done == 30
    assert before.items() <= drawings(out).items()
    assert_whole(out)


def test_a_node_that_is_lost_with_work_in_hand_costs_no_photo(light, cluster, crew, second, tmp_path):
    photos, out = tmp_path / "photos", tmp_path / "out"
    make_photos(photos, 6, beginning=b"nap")
    with batch.run(photos, out, crew=crew) as running:
        assert next(running).status == "done"
        assert len(running._hands.in_hand) >= 2  # and each node has room for one
        cluster.remove_node(second, allow_graceful=False)
        before = drawings(out)
        assert {record.status for record in running} == {"done"}
        assert batch.status(out).done == 6
    assert before.items() <= drawings(out).items()
    assert_whole(out)


def test_a_disk_that_is_full_on_one_node_ends_the_batch_which_goes_on_without_it(light, cluster, crew, tmp_path):
    photos, out = tmp_path / "photos", tmp_path / "out"
    make_photos(photos, 6, beginning=b"nap")
    full = cluster.add_node(num_cpus=1, env_vars={"TAUREAU_TEST_FULL": "1"})
    try:
        with pytest.raises(taureau.TaureauError, match=r"(?i): .*no space left.*; the batch stops here"):
            list(batch.run(photos, out, crew=crew))
    finally:
        cluster.remove_node(full)
    assert batch.status(out).failed == 0
    before = drawings(out)
    with batch.run(photos, out, crew=crew) as running:
        list(running)
    assert batch.status(out).done == 6
    assert before.items() <= drawings(out).items()


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1:9", "127.0.0.1:9: no Ray answers there; start one with 'ray start --head', or check the address"),
        ("nowhere", "nowhere: is no address of a Ray; write it as auto or HOST:PORT"),
    ],
)
def test_an_address_that_no_ray_answers_is_named(address, why, tmp_path):
    make_photos(tmp_path / "photos", 1)
    with pytest.raises(taureau.InputError, match=why):
        batch.run(tmp_path / "photos", tmp_path / "out", crew=batch.Crew(ray=address))
    assert not batch.status(tmp_path / "out").running
