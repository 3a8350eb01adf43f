"""Fetching weights from a small server that behaves like the hub, and from one that does not."""

import hashlib
import json
import os
import pickle
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import hub_server
import pytest
import torch
from safetensors.torch import save

import taureau
from taureau.errors import InputError, WeightsError
from taureau.weights import hub as downloads
from taureau.weights.catalogue import TOKENIZER_FILE, WEIGHTS_FILE
from tests.helpers.clip_files import random_tensors, write_tokenizer, write_weights
from tests.helpers.clip_models import TINY_RESNET, TINY_VIT, register

NAME, REPOSITORY = TINY_VIT.name, TINY_VIT.repository
LARGE = f"{REPOSITORY}/{WEIGHTS_FILE}"
SMALL = f"{REPOSITORY}/{TOKENIZER_FILE}"


@pytest.fixture(scope="session")
def originals(tmp_path_factory):
    """The bytes of the weights and of the tokenizer."""
    folder = tmp_path_factory.mktemp("originals")
    weights = write_weights(folder, random_tensors(TINY_VIT))
    return weights.read_bytes(), write_tokenizer(folder).read_bytes()


@pytest.fixture
def home(monkeypatch, tmp_path):
    """An empty store, the small models in the catalogue, and no trace of the user's own settings."""
    register(monkeypatch)
    for name in [*os.environ]:
        if name.startswith("HF_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(downloads, "PAUSES_SECONDS", (0.0, 0.0))
    return tmp_path / "home"


@pytest.fixture
def hub(home, monkeypatch, originals):
    hub = hub_server.Hub(large={LARGE: originals[0]}, small={SMALL: originals[1]})
    stop = hub_server.serve(hub)
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    yield hub
    stop()


def names_in(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) if folder.exists() else []


def stored(home):
    return names_in(home / "taureau" / NAME)


def fetched(home, originals):
    """Whether the store holds exactly what the hub has, with its record, and nothing else."""
    folder = home / "taureau" / NAME
    assert stored(home) == [WEIGHTS_FILE, "record.json", TOKENIZER_FILE]
    assert (folder / WEIGHTS_FILE).read_bytes() == originals[0]
    assert (folder / TOKENIZER_FILE).read_bytes() == originals[1]
    return json.loads((folder / "record.json").read_text())


def test_a_fetch(hub, home, originals):
    steps = []
    found = taureau.weights.fetch(NAME, progress=lambda *step: steps.append(step))
    assert found == home / "taureau" / NAME / WEIGHTS_FILE == taureau.weights.path(NAME)
    sha256 = hashlib.sha256(originals[0]).hexdigest()
    assert fetched(home, originals) == {
        "model": NAME,
        "repository": REPOSITORY,
        "revision": hub_server.COMMIT,
        "sha256": sha256,
        "size_bytes": len(originals[0]),
        "against": "hub",
    }
    total = len(originals[0]) + len(originals[1])
    assert steps[0] == (0, total)
    assert steps[-1] == (total, total)
    assert [here for here, _ in steps] == sorted(here for here, _ in steps)
    verified = taureau.weights.verify(NAME)
    assert (verified.sha256, verified.against, verified.path) == (sha256, "hub", found)
    encoder = taureau.load_encoder(NAME, device="cpu")
    assert encoder.weights_sha256 == sha256
    assert encoder.encode_text(["a camel"]).shape == (1, 12)


def test_downloads_name_the_commit_that_was_described(hub, home):
    taureau.weights.fetch(NAME)
    asked = [path for method, path, _ in hub.log if method == "GET" and "/resolve/" in path]
    assert asked == [f"/{LARGE.replace('/open', f'/resolve/{hub_server.COMMIT}/open')}", asked[1]]
    assert f"/resolve/{hub_server.COMMIT}/" in asked[1]


def test_what_is_here_is_not_fetched_again(hub, home, monkeypatch):
    taureau.weights.fetch(NAME)
    hub.log.clear()
    calls = []
    taureau.weights.fetch(NAME, progress=lambda *step: calls.append(step))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    taureau.weights.fetch(NAME)
    taureau.weights.verify(NAME)
    taureau.load_encoder(NAME, device="cpu").encode_text(["a camel"])
    assert (hub.log, calls) == ([], [])


def test_list_models_tells_what_is_here(hub, home, originals):
    before = {row.name: row for row in taureau.weights.list_models()}
    assert not any(row.present or row.path or row.sha256 for row in before.values())
    assert before["clip-rn101"].size_bytes == pytest.approx(479e6, rel=0.01)
    taureau.weights.fetch(NAME)
    row = next(row for row in taureau.weights.list_models() if row.name == NAME)
    assert row.present
    assert row.path == taureau.weights.path(NAME)
    assert row.size_bytes == len(originals[0])
    assert row.sha256 == hashlib.sha256(originals[0]).hexdigest()


def test_offline_without_weights(hub, home, monkeypatch):
    for value in ("1", "true", "ON", "yes"):
        monkeypatch.setenv("HF_HUB_OFFLINE", value)
        with pytest.raises(WeightsError, match=rf"HF_HUB_OFFLINE forbids .* taureau models fetch {NAME} --from FILE"):
            taureau.weights.fetch(NAME)
    assert hub.log == []
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    taureau.weights.fetch(NAME)


def test_nothing_but_fetch_touches_the_network(hub, home):
    with pytest.raises(WeightsError, match=f"taureau models fetch {NAME}$"):
        taureau.load_encoder(NAME, device="cpu")
    for call in (taureau.weights.path, taureau.weights.verify):
        with pytest.raises(WeightsError, match=f"not on this machine .*taureau models fetch {NAME}$"):
            call(NAME)
    taureau.weights.list_models()
    assert hub.log == []


def test_unknown_models(home):
    for call in (taureau.weights.path, taureau.weights.verify, taureau.weights.fetch):
        with pytest.raises(InputError, match="there is no model 'clip'; the models are clip-rn50, clip-rn101"):
            call("clip")


def test_a_cut_connection_is_taken_up_in_the_same_call(hub, home, originals):
    hub.cuts = [1000, 2000, None]
    steps = []
    taureau.weights.fetch(NAME, progress=lambda *step: steps.append(step[0]))
    fetched(home, originals)
    assert hub.downloads() == [None, "bytes=1000-", "bytes=3000-"]
    assert {0, 1000, 3000} <= set(steps)
    assert steps == sorted(steps)


def test_a_download_that_failed_is_taken_up_by_the_next_call(hub, home, originals):
    hub.cuts = [5000, 0, 0, 0, 0]
    with pytest.raises(WeightsError, match=r"run the same command again; it resumes where it stopped"):
        taureau.weights.fetch(NAME)
    (partial,) = stored(home)
    assert partial.startswith(f"{WEIGHTS_FILE}.")
    assert partial.endswith(".partial")
    with pytest.raises(WeightsError, match="not on this machine"):
        taureau.load_encoder(NAME, device="cpu")
    hub.log.clear()
    hub.cuts = []
    taureau.weights.fetch(NAME)
    assert hub.downloads() == ["bytes=5000-"]
    fetched(home, originals)


def test_bytes_that_arrive_start_the_count_of_failures_anew(hub, home, originals):
    hub.cuts = [500] * 12
    taureau.weights.fetch(NAME)
    assert len(hub.downloads()) == 13
    fetched(home, originals)


def start_fetch(first, progress="None"):
    """Fetch in a process of its own."""
    program = f"""
        import sys
        sys.path[:0] = {sys.path!r}
        from clip_models import TINY_MODELS
        from taureau.weights import catalogue, fetch
        catalogue.CATALOGUE.update({{model.name: model for model in TINY_MODELS}})
        {first}
        fetch({NAME!r}, progress={progress})
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_killed_download_is_taken_up(hub, home, originals):
    """A process that is killed in the middle leaves no file under the final name, and its bytes are used."""
    hub.cuts = [4000]
    process = start_fetch("import os", "lambda here, total: os.kill(os.getpid(), 9) if here >= 4000 else None")
    assert process.communicate() == (b"", b"")
    assert process.returncode == -9
    assert WEIGHTS_FILE not in stored(home)
    hub.log.clear()
    hub.cuts = []
    taureau.weights.fetch(NAME)
    fetched(home, originals)


def test_a_server_that_cannot_resume_sends_the_whole_again(hub, home, originals):
    hub.cuts = [3000, None]
    hub.ignores_ranges = True
    taureau.weights.fetch(NAME)
    assert hub.downloads() == [None, "bytes=3000-"]
    fetched(home, originals)


def test_a_new_version_does_not_grow_from_the_bytes_of_the_old(hub, home):
    hub.cuts = [5000, 0, 0, 0, 0]
    with pytest.raises(WeightsError):
        taureau.weights.fetch(NAME)
    newer = save({name: tensor.contiguous() for name, tensor in random_tensors(TINY_VIT, seed=1).items()})
    hub.large[LARGE] = newer
    hub.log.clear()
    hub.cuts = []
    taureau.weights.fetch(NAME)
    assert hub.downloads() == [None]
    assert taureau.weights.path(NAME).read_bytes() == newer
    assert stored(home) == [WEIGHTS_FILE, "record.json", TOKENIZER_FILE]


def assert_refused(home, reason, *, kept=()):
    """The fetch fails for that reason, and nothing is there that could be taken for weights."""
    with pytest.raises(WeightsError, match=reason) as refusal:
        taureau.weights.fetch(NAME)
    assert WEIGHTS_FILE in str(refusal.value) or TOKENIZER_FILE in str(refusal.value)
    assert stored(home) == sorted(kept)
    with pytest.raises(WeightsError, match="not on this machine"):
        taureau.weights.path(NAME)


def test_corrupted_bytes_are_refused(hub, home, originals):
    damaged = bytearray(originals[0])
    damaged[-1] ^= 1
    hub.sent = bytes(damaged)
    assert_refused(home, r"the download has the hash \w{64}, but the hub publishes \w{64}; nothing was kept")
    hub.sent = None
    taureau.weights.fetch(NAME)
    fetched(home, originals)


def test_a_corrupted_small_file_is_refused(hub, home, originals):
    """Git's hash is compared for files outside the hub's large file storage."""
    truth, hub.small[SMALL] = hub_server.git_hash, originals[1].replace(b"{", b"[", 1)
    hub_server.git_hash = lambda _: truth(originals[1])
    try:
        with pytest.raises(
            WeightsError, match=r"tokenizer\.json was not fetched: the download has the hash \w{40}, but the hub"
        ):
            taureau.weights.fetch(NAME)
    finally:
        hub_server.git_hash = truth
    assert stored(home) == [WEIGHTS_FILE]
    with pytest.raises(WeightsError, match="not on this machine"):
        taureau.weights.path(NAME)
    hub.small[SMALL] = originals[1]
    hub.log.clear()
    taureau.weights.fetch(NAME)
    assert hub.downloads() == []  # the weights were right and are not fetched again
    fetched(home, originals)


@pytest.mark.parametrize(
    ("misbehavior", "reason"),
    [
        ({"sent": b"<html>sign in</html>"}, "the server sends 20 bytes, but"),
        ({"sent": b"<html>sign in</html>", "length_header": None}, "the connection ended after 20 of"),
        ({"length_header": "7"}, "the server sends 7 bytes, but"),
        ({"endless": True}, r"the server sends more than the \d+ bytes of the file"),
        ({"describes": False}, "no size and hash to check the file against, so this is not the hub"),
        ({"announced_hash": "not-a-hash"}, "no size and hash to check the file against"),
        ({"announced_size": -5}, "no size and hash to check the file against"),
        ({"announced_size": 10**14}, r"the hub announces 100000000000000 bytes, but it can have at most"),
        ({"announced_size": 10}, r"the server sends \d+ bytes, but 10 are missing"),
        ({"announced_size": 10, "length_header": None}, "the server sends more than the 10 bytes of the file"),
        ({"statuses": [401]}, "the hub answers 401 Unauthorized; if it needs an account, set HF_TOKEN"),
        ({"statuses": [403]}, "the hub answers 403 Forbidden; if it needs an account, set HF_TOKEN"),
        ({"statuses": [404]}, "the hub answers 404 Not Found; if HF_ENDPOINT is set"),
        ({"statuses": [500] * 9}, "the hub answers 500 Internal Server Error; run the same command again"),
        ({"statuses": [200, 200, 200, 404]}, "the hub answers 404 Not Found"),
        ({"moved": {REPOSITORY: REPOSITORY}}, "no size and hash to check the file against"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_a_server_that_misbehaves_is_refused(hub, home, misbehavior, reason):
    for name, value in misbehavior.items():
        setattr(hub, name, value)
    with pytest.raises(WeightsError, match=reason):
        taureau.weights.fetch(NAME)
    assert not [name for name in stored(home) if not name.endswith(".partial")]


def test_another_part_than_asked_for_is_refused(hub, home, originals):
    hub.cuts, hub.wrong_part = [900], True
    with pytest.raises(WeightsError, match="the server sends a part that was not requested"):
        taureau.weights.fetch(NAME)
    hub.wrong_part = False
    taureau.weights.fetch(NAME)
    fetched(home, originals)


def test_passing_failures_are_waited_out(hub, home, originals):
    hub.statuses = [503, 429, 200, 500, 200, 200, 502]
    taureau.weights.fetch(NAME)
    fetched(home, originals)


class Bomb:
    def __reduce__(self):
        return os._exit, (66,)


def test_a_pickle_that_the_hub_vouches_for_is_refused_unopened(hub, home):
    hub.large[LARGE] = pickle.dumps(Bomb())
    assert_refused(home, "the hub's file cannot be used: .* it is a pickle, which can run any program")


def test_weights_of_another_network_that_the_hub_vouches_for_are_refused(hub, home):
    hub.large[LARGE] = save({"visual.proj": torch.zeros(24, 12)})
    assert_refused(home, "the hub's file cannot be used: .* not the weights of clip-tiny-vit: tensor")


def test_a_renamed_repository_is_followed(hub, home, originals):
    hub.moved = {REPOSITORY: "elsewhere/vit"}
    hub.large["elsewhere/vit/" + WEIGHTS_FILE] = hub.large.pop(LARGE)
    hub.small["elsewhere/vit/" + TOKENIZER_FILE] = hub.small.pop(SMALL)
    taureau.weights.fetch(NAME)
    fetched(home, originals)


def test_no_server_at_all(home, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(
        WeightsError,
        match=r"tests/tiny-vit/open_clip.* was not fetched: the connection to the hub failed.*run the same command",
    ):
        taureau.weights.fetch(NAME)


@pytest.mark.parametrize("endpoint", ["file:///etc", "ftp://127.0.0.1", "hub"])
def test_only_the_web_is_asked(home, monkeypatch, endpoint):
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    with pytest.raises(WeightsError, match="HF_ENDPOINT is not a web address; it must begin with https://"):
        taureau.weights.fetch(NAME)


def test_an_encrypted_connection_is_not_given_up_for_a_plain_one():
    import urllib.request

    request = urllib.request.Request("https://127.0.0.1/a")
    handler = downloads._SafeRedirects()
    with pytest.raises(downloads._Refused, match="without encryption"):
        handler.redirect_request(request, None, 302, "", {}, "http://127.0.0.1/b")
    assert handler.redirect_request(request, None, 302, "", {}, "https://127.0.0.1/b").full_url.endswith("/b")


def test_the_token_goes_to_the_hub_and_nowhere_else(hub, home, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    taureau.weights.fetch(NAME)
    assert {headers.get("Authorization") for _, path, headers in hub.log if path.startswith("/bytes/")} == {None}
    to_hub = {headers.get("Authorization") for _, path, headers in hub.log if "/resolve/" in path}
    assert to_hub == {"Bearer hf_secret"}


def test_no_token_is_sent_when_there_is_none(hub, home):
    taureau.weights.fetch(NAME)
    assert not any("Authorization" in headers for _, _, headers in hub.log)


def test_two_fetches_at_once_do_it_once(hub, home, originals):
    hub.hold = threading.Event()
    results = []
    threads = [threading.Thread(target=lambda: results.append(taureau.weights.fetch(NAME))) for _ in range(3)]
    for thread in threads:
        thread.start()
    hub.hold.set()
    for thread in threads:
        thread.join()
    assert results == [taureau.weights.path(NAME)] * 3
    assert hub.downloads() == [None]
    fetched(home, originals)


def test_two_processes_at_once_do_it_once(hub, home, originals):
    hub.hold = threading.Event()
    processes = [start_fetch("print('ready', flush=True)") for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == b"ready\n"
    hub.hold.set()
    for process in processes:
        assert process.communicate() == (b"", b"")
        assert process.returncode == 0
    assert hub.downloads() == [None]
    fetched(home, originals)


def test_damage_is_found_and_mended(hub, home, originals):
    file = taureau.weights.fetch(NAME)
    damaged = bytearray(originals[0])
    damaged[-1] ^= 1
    file.write_bytes(damaged)
    for call in (taureau.weights.verify, lambda name: taureau.load_encoder(name, device="cpu")):
        with pytest.raises(WeightsError, match=rf"it is damaged: its SHA-256 is .*taureau models fetch {NAME}$"):
            call(NAME)
    taureau.weights.fetch(NAME)
    fetched(home, originals)


@pytest.mark.parametrize("contents", ["", "{", "[]", "7", "{}", '{"sha256": "x"}'])
def test_a_damaged_record_counts_as_no_weights(hub, home, originals, contents):
    file = taureau.weights.fetch(NAME)
    file.with_name("record.json").write_text(contents)
    with pytest.raises(WeightsError, match="not on this machine"):
        taureau.weights.path(NAME)
    hub.log.clear()
    taureau.weights.fetch(NAME)
    assert hub.downloads() == []
    fetched(home, originals)


@pytest.fixture
def cache(home, originals):
    """The hub's own cache, with the weights that another program fetched, and the file that they are in."""
    folder = home / "hub" / "models--tests--tiny-vit"
    blob = folder / "blobs" / hashlib.sha256(originals[0]).hexdigest()
    link = folder / "snapshots" / hub_server.COMMIT / WEIGHTS_FILE
    for path in (blob, link, folder / "refs" / "main"):
        path.parent.mkdir(parents=True)
    blob.write_bytes(originals[0])
    link.symlink_to(Path("../../blobs") / blob.name)
    (folder / "refs" / "main").write_text(hub_server.COMMIT)
    return link


def test_weights_in_the_hubs_own_cache_are_used(cache, home, originals):
    assert taureau.weights.path(NAME) == cache
    verified = taureau.weights.verify(NAME)
    assert (verified.against, verified.path) == ("hub", cache)
    assert taureau.load_encoder(NAME, device="cpu").weights_sha256 == hashlib.sha256(originals[0]).hexdigest()
    assert not (home / "taureau").exists()


def test_a_damaged_file_in_the_hubs_cache_is_found(cache):
    cache.write_bytes(cache.read_bytes()[:-1] + b"!")
    with pytest.raises(WeightsError, match="it is damaged"):
        taureau.weights.verify(NAME)


def test_a_fetch_takes_the_weights_from_the_hubs_cache(hub, cache, home, originals):
    """They lack the tokenizer, which other programs bring along themselves; only that is downloaded."""
    taureau.weights.fetch(NAME)
    assert hub.downloads() == []
    fetched(home, originals)
    assert cache.read_bytes() == originals[0]


def test_the_hubs_cache_elsewhere(cache, home, monkeypatch, tmp_path):
    (home / "hub").rename(tmp_path / "cache")
    with pytest.raises(WeightsError):
        taureau.weights.path(NAME)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    assert taureau.weights.path(NAME).is_relative_to(tmp_path / "cache")


@pytest.mark.parametrize("revision", ["", "../../..", "main"])
def test_a_strange_revision_in_the_hubs_cache_is_passed_over(cache, home, revision):
    (home / "hub" / "models--tests--tiny-vit" / "refs" / "main").write_text(revision)
    with pytest.raises(WeightsError, match="not on this machine"):
        taureau.weights.path(NAME)


def test_the_default_place(monkeypatch, home, tmp_path):
    monkeypatch.delenv("HF_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    with pytest.raises(WeightsError) as refusal:
        taureau.weights.path(NAME)
    assert str(tmp_path / "xdg" / "huggingface" / "taureau" / NAME / WEIGHTS_FILE) in str(refusal.value)


def test_from_a_file(home, tmp_path, monkeypatch, originals):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    source = tmp_path / "given.safetensors"
    source.write_bytes(originals[0])
    found = taureau.weights.fetch(NAME, source)
    assert found.read_bytes() == originals[0]
    assert stored(home) == [WEIGHTS_FILE, "record.json"]
    verified = taureau.weights.verify(NAME)
    assert (verified.against, verified.sha256) == ("record", hashlib.sha256(originals[0]).hexdigest())
    source.with_name(TOKENIZER_FILE).write_bytes(originals[1])
    taureau.weights.fetch(NAME, str(source))
    assert stored(home) == [WEIGHTS_FILE, "record.json", TOKENIZER_FILE]
    source.unlink()
    assert taureau.load_encoder(NAME, device="cpu").encode_text(["a camel"]).shape == (1, 12)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: folder / "nothing.safetensors", "there is no such file"),
        (lambda folder: folder, "it is not a file"),
        (lambda folder: write_weights(folder, random_tensors(TINY_RESNET)), "not the weights of clip-tiny-vit"),
        (
            lambda folder: write_weights(
                folder, {**random_tensors(TINY_VIT), "ln_final.bias": torch.full((16,), torch.nan)}
            ),
            r"ln_final\.bias holds a number that is infinite or NaN",
        ),
    ],
    ids=["missing", "folder", "another network", "NaN"],
)
def test_from_a_file_that_cannot_be_used(home, tmp_path, make, reason):
    with pytest.raises(WeightsError, match=reason):
        taureau.weights.fetch(NAME, make(tmp_path))
    assert stored(home) == []


def test_a_file_that_changes_while_it_is_copied(home, tmp_path, monkeypatch, originals):
    (tmp_path / "given.safetensors").write_bytes(originals[0])
    monkeypatch.setattr(downloads.shutil, "copyfile", lambda _, target: target.write_bytes(originals[0][:-1] + b"!"))
    with pytest.raises(WeightsError, match="it changed during the copy, so nothing was kept"):
        taureau.weights.fetch(NAME, tmp_path / "given.safetensors")
    assert stored(home) == []


def test_from_a_pickle(home, tmp_path):
    for name in ("weights.pt", "weights.safetensors"):
        (tmp_path / name).write_bytes(pickle.dumps(Bomb()))
        with pytest.raises(WeightsError, match="which can run any program; taureau reads only safetensors weights"):
            taureau.weights.fetch(NAME, tmp_path / name)
    assert stored(home) == []


def test_a_place_that_cannot_be_written(hub, home, tmp_path, originals):
    home.parent.mkdir(exist_ok=True)
    home.write_text("a file where the folder should be")
    with pytest.raises(WeightsError, match="the weights of clip-tiny-vit were not stored in"):
        taureau.weights.fetch(NAME)


def test_a_full_disk(hub, home, monkeypatch):
    class Usage:
        free = 100

    monkeypatch.setattr(downloads.shutil, "disk_usage", lambda _: Usage)
    with pytest.raises(WeightsError, match=r"it needs \d+ bytes, but the disk has 100 left"):
        taureau.weights.fetch(NAME)
    assert stored(home) == []


def test_the_catalogue_needs_no_torch():
    program = "import sys, taureau; taureau.weights.list_models(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_hub_that_has_no_address(home, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://no-such-host.invalid")
    with pytest.raises(WeightsError, match=r"the connection to the hub failed .*check your connection.*--from FILE"):
        taureau.weights.fetch(NAME)
