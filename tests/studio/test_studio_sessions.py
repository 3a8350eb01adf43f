"""Sessions side by side: fair turns, no mixing, closed tabs, slow clients, many at once, taken up again."""

import asyncio
import json
import os
import threading
import time
import weakref
from contextlib import ExitStack

import pytest
from starlette.websockets import WebSocketDisconnect

from taureau import WeightsError
from taureau.studio import memory
from taureau.studio import sessions as sessions_module
from taureau.studio import talk as talk_module
from taureau.studio.memory import PRIMITIVES, bound_primitives
from taureau.studio.outbox import FRAME_SECONDS, Outbox
from taureau.studio.talk import FULL, TAKEN_OVER
from taureau.studio.worker import Job, Worker
from tests.helpers.studio import LightSketcher, photo_bytes, studio

LONG = 2000


def points_of(state):
    return [stroke["points"] for stroke in state["strokes"]]


def test_fifty_sessions_draw_at_once_and_none_mixes_with_another():
    with studio(LightSketcher()) as server, ExitStack() as stack:
        pages = [stack.enter_context(server.page()) for _ in range(50)]
        assert len({page.id for page in pages}) == 50
        for number, page in enumerate(pages):
            page.use(photo_bytes(100 + number), f"photo{number}.png")
            page.say("draw", settings={"strokes": 3, "steps": 5, "seed": number})
        for number, page in enumerate(pages):
            done = page.until("done")
            assert (done["photo"]["name"], done["settings"]["seed"]) == (f"photo{number}.png", number)
            assert [points[:4] for points in points_of(done)] == [[number, k, 5, 100 + number] for k in range(3)]
        frames = [frame for page in pages for frame in page.frames]
        assert frames
        for page, number in zip(pages, range(50), strict=True):
            assert {stroke[1][0] for frame in page.frames for stroke in frame["strokes"]} <= {number}


def test_turns_are_fair_between_long_and_short_drawings():
    light = LightSketcher(0.001)
    with studio(light) as server, server.page() as long, server.page() as short:
        long.use(photo_bytes(), "long.png")
        short.use(photo_bytes(), "short.png")
        long.say("draw", settings={"strokes": 2, "steps": LONG})
        long.until("drawing")
        before = light.steps_of["long"]
        short.say("draw", settings={"strokes": 2, "steps": 20})
        short.until("done")
        # One step each in turn: the long one goes on, and does not get more.
        assert 15 <= light.steps_of["long"] - before <= 40
        long.say("stop")
        long.until("stopped")


def test_a_closed_tab_stops_its_work_and_a_reload_goes_on():
    light = LightSketcher(0.002)
    with studio(light) as server:
        with server.page() as page:
            page.use(photo_bytes(), "left.png")
            page.say("draw", settings={"strokes": 2, "steps": LONG, "seed": 5})
            page.until("drawing")
        closed = time.monotonic()
        done = light.steps_of["left"]
        while light.steps_of["left"] > done or server.worker.num_going:
            done = light.steps_of["left"]
            assert time.monotonic() - closed < 2
            time.sleep(0.05)
        with server.page(page.id) as again:
            assert again.hello["resumed"]
            assert again.id == page.id
            assert (again.state["photo"]["name"], again.state["settings"]["seed"]) == ("left.png", 5)
            while light.steps_of["left"] == done:  # frames come as long as it goes on
                again.read("frame")
            again.say("stop")
            assert again.until("stopped")["step"] > 0


def test_what_a_person_paused_stays_paused_after_a_reload():
    with studio(LightSketcher(0.002)) as server:
        with server.page() as page:
            page.use()
            page.say("draw", settings={"strokes": 2, "steps": LONG})
            page.until("drawing")
            page.say("pause")
            page.until("paused")
        with server.page(page.id) as again:
            assert again.first["status"] == "paused"
            again.say("go")
            again.until("drawing")


def test_a_session_is_forgotten_after_its_minute(monkeypatch):
    with studio(LightSketcher()) as server:
        with server.page() as page:
            page.use()
        monkeypatch.setattr(sessions_module, "GRACE_SECONDS", 0.0)
        with server.page(page.id) as again:
            assert not again.hello["resumed"]
            assert again.id != page.id
            assert again.first["photo"] is None


def test_another_socket_takes_a_session_over():
    with studio(LightSketcher()) as server, server.page() as first:
        first.use()
        with server.page(first.id) as second:
            with pytest.raises(WebSocketDisconnect) as closed:
                first.read("nothing")
            assert closed.value.code == TAKEN_OVER
            assert second.state["photo"]["name"] == "cat.png"
            assert second.draw()["status"] == "done"


def test_a_full_house_is_said_and_the_place_of_who_left_is_free(monkeypatch):
    monkeypatch.setattr(sessions_module, "MOST", 2)
    with studio(LightSketcher()) as server, server.page() as first:
        with server.page():
            address = "ws://127.0.0.1/a-token/socket"
            with server.client.websocket_connect(address) as refused:
                assert "people are here already" in refused.receive_json()["text"]
                with pytest.raises(WebSocketDisconnect) as closed:
                    refused.receive_json()
                assert closed.value.code == FULL
        with server.page() as third:
            assert third.id != first.id


def test_a_failure_of_the_engine_is_said_and_others_draw_on(caplog):
    class Broken(LightSketcher):
        def steps(self, photo, **how):
            if photo.name == "bad":
                raise ZeroDivisionError
            return super().steps(photo, **how)

    with studio(Broken()) as server, server.page() as bad, server.page() as good:
        bad.use(name="bad.png")
        good.use()
        error = bad.error("draw", settings={"strokes": 2, "steps": 2})
        assert error == {
            "type": "error",
            "text": "unexpected ZeroDivisionError; the terminal has more (this is a bug)",
            "about": "draw",
        }
        assert bad.read("state")["status"] == "failed"
        assert good.draw()["status"] == "done"
    assert "ZeroDivisionError" in caplog.text


def test_an_engine_that_cannot_be_loaded_is_said():
    class Waiting(Job):
        said: str | None = None

        def advance(self, sketcher):
            raise AssertionError

        def rest(self, *, is_end):
            raise AssertionError

        def fail(self, text):
            self.said = text

    def load():
        raise WeightsError("no weights; fetch them")

    worker, job = Worker(load), Waiting()
    worker.start()
    worker.submit("a", job)
    with pytest.raises(Exception, match="no weights; fetch them"):
        worker.call(lambda sketcher: sketcher).result(10)
    ends = time.monotonic() + 10
    while job.said is None and time.monotonic() < ends:
        time.sleep(0.01)
    worker.end()
    assert job.said == "no weights; fetch them"


# A slow client


def frame(number: int) -> dict:
    return {"type": "frame", "step": number}


def test_a_slow_client_gets_the_latest_and_nothing_piles_up():
    async def go():
        outbox = Outbox(asyncio.get_running_loop())
        for number in range(1000):
            outbox.put(frame(number))
            outbox.put({"type": "wall", "sketches": [number]})
            outbox.put({"type": "error", "text": str(number)})
        got = [json.loads(await outbox.next()) for _ in range(18)]
        return got, len(outbox._first) + len(outbox._latest)

    got, num_left = asyncio.run(go())
    assert num_left == 0
    assert [each["text"] for each in got if each["type"] == "error"] == [str(number) for number in range(984, 1000)]
    assert [each for each in got if each["type"] != "error"] == [{"type": "wall", "sketches": [999]}, frame(999)]


def test_a_state_takes_the_place_of_an_earlier_frame():
    async def go():
        outbox = Outbox(asyncio.get_running_loop())
        outbox.put(frame(1))
        outbox.put({"type": "state", "step": 1})
        outbox.put(frame(2))
        return [json.loads(await outbox.next())["type"] for _ in range(2)], len(outbox._latest)

    assert asyncio.run(go()) == (["state", "frame"], 0)


def test_frames_are_at_most_twenty_a_second():
    async def go():
        outbox = Outbox(asyncio.get_running_loop())
        ended = threading.Event()

        def draw():
            for number in range(10_000):
                if ended.is_set():
                    return
                outbox.put(frame(number))
                time.sleep(0.0005)

        thread = threading.Thread(target=draw)
        thread.start()
        times = []
        for _ in range(6):
            await outbox.next()
            times.append(time.monotonic())
        ended.set()
        thread.join()
        return times

    times = asyncio.run(go())
    # The loop's clock may wake a little early, but what is counted is the whole.
    assert times[-1] - times[0] >= 5 * FRAME_SECONDS * 0.9


def test_what_is_put_after_the_loop_has_ended_is_dropped():
    async def make():
        return Outbox(asyncio.get_running_loop())

    asyncio.run(make()).put(frame(1))


def test_what_a_job_held_is_free_once_it_is_over_and_memory_goes_back():
    class Once(Job):
        def __init__(self):
            self.done = threading.Event()

        def advance(self, sketcher):
            self.done.set()
            return False

        rest = fail = advance

    worker, job = Worker(LightSketcher), Once()
    given = []
    worker._freed.give_back = lambda: given.append(True)
    worker.start()
    held, done = weakref.ref(job), job.done
    worker.submit("a", job)
    del job
    assert done.wait(10)
    worker.call(lambda sketcher: None).result(10)  # whatever the thread did for the job is behind it
    assert held() is None
    worker.end()
    assert len(given) >= 1


def test_a_worker_with_nothing_to_do_gives_memory_back_once_it_may():
    answers, gave = iter([0.01, 0.01, None]), threading.Event()

    def give_back():
        left = next(answers)
        if left is None:
            gave.set()
        return left

    worker = Worker(LightSketcher)
    worker._freed.give_back = give_back
    worker.start()
    worker.call(lambda sketcher: None).result(10)  # after it, nobody asks for anything
    assert gave.wait(10)
    worker.end()


def test_memory_is_given_back_now_and_then_and_not_at_every_step(monkeypatch):
    trims = []
    monkeypatch.setattr(memory, "_trim", lambda: trims.append)
    freed = memory.Freed()
    assert freed.give_back() is None
    left = freed.give_back()
    assert left is not None
    assert 0 < left <= memory.EVERY_SECONDS
    assert trims == [0]
    freed._next -= left
    assert freed.give_back() is None
    assert trims == [0, 0]


@pytest.mark.parametrize(("given", "kept"), [(None, str(PRIMITIVES)), ("9", "9")])
def test_convolutions_that_are_kept_ready_are_bounded_unless_somebody_says_otherwise(monkeypatch, given, kept):
    name = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
    monkeypatch.setenv(name, "")  # so that it is as before after the test
    monkeypatch.delenv(name)
    if given is not None:
        monkeypatch.setenv(name, given)
    bound_primitives()
    assert os.environ[name] == kept


def test_a_session_that_is_left_is_dropped_though_nobody_comes(monkeypatch):
    monkeypatch.setattr(sessions_module, "GRACE_SECONDS", 0.0)
    monkeypatch.setattr(talk_module, "GRACE_SECONDS", -1.0)
    with studio(LightSketcher()) as server:
        with server.page() as page:
            page.use()
            address = page.url("photo")
        ends = time.monotonic() + 10
        while server.client.get(address).status_code == 200 and time.monotonic() < ends:
            time.sleep(0.01)
        assert server.client.get(address).status_code == 404
