"""A text in place of the photo: the field is there where the encoder reads text, and what it says is drawn."""

import threading

import pytest

from tests.helpers.clip_files import random_tensors, write_tokenizer, write_weights
from tests.helpers.clip_models import TINY_VIT, register
from tests.helpers.pictures import ball, encoded
from tests.helpers.studio import BASE
from tests.helpers.studio_browser import IN_BROWSER, browser

pytest.importorskip("selenium", reason="needs selenium: pip install selenium")
pytest.importorskip("uvicorn", reason="needs uvicorn: pip install 'taureau[studio]'")
pytest.importorskip("transformers", reason="needs transformers, which writes the tokenizer: pip install transformers")
from taureau import Sketcher
from taureau.studio.engine import Engine
from taureau.studio.serve import serve
from taureau.studio.worker import Worker

pytestmark = [
    *IN_BROWSER,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of uvicorn, about websockets
]
STROKES = 3


@pytest.fixture
def address(monkeypatch, tmp_path):
    """A studio in a thread, whose encoder is a small CLIP network of random numbers."""
    register(monkeypatch)
    weights = write_weights(tmp_path / TINY_VIT.name, random_tensors(TINY_VIT))
    write_tokenizer(weights.parent)
    settings = BASE.with_values(steps=4, mask="none", strokes=STROKES)
    worker = Worker(lambda: Sketcher(TINY_VIT.name, device="cpu", weights=weights))
    engine = Engine(worker, TINY_VIT.name, reads_text=True, settings=settings)
    found, is_ready = [], threading.Event()

    def ready(at: str) -> None:
        found.append(at)
        is_ready.set()

    server = threading.Thread(
        target=serve, args=(engine,), kwargs={"host": "127.0.0.1", "port": 0, "ready": ready}, daemon=True
    )
    server.start()
    assert is_ready.wait(30)
    return found[0]


def test_a_prompt_is_there_is_sent_and_is_drawn(address, tmp_path):
    photo = tmp_path / "ball.png"
    photo.write_bytes(encoded(ball(96, 64, (50, 30), 18), "PNG"))
    with browser(tmp_path) as page:
        page.look("desk")
        page.driver.get(address)
        page.wait(lambda: page.all("[data-sample]"))
        page.script("document.getElementById('set-strokes').value = arguments[0]", STROKES)
        page.find("#photo-file").send_keys(str(photo))
        page.wait(lambda: len(page.strokes()) == STROKES)
        of_photo = page.until_done()
        assert page.find("#prompt").is_displayed()
        page.find("#prompt").send_keys("the camel")
        page.press("#draw")
        page.wait(lambda: "--prompt 'the camel'" in page.find("#command").get_property("textContent"))
        of_text = page.until_done()
        assert len(of_text) == STROKES
        assert set(of_text.values()) != set(of_photo.values())
        assert page.find("#prompt").get_property("value") == "the camel"
        page.press("#undo")
        page.wait(lambda: page.strokes() == of_photo)
        assert page.find("#prompt").get_property("value") == ""
        assert page.errors() == []
        assert page.violations() == []
