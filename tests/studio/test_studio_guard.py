"""Who may speak to the studio, and what it takes from them: tokens, hosts, origins, sizes, bad photos."""

import os
import stat

import pytest
from starlette.websockets import WebSocketDisconnect

from taureau.studio import answers as answers_module
from taureau.studio import picture as picture_module
from taureau.studio import sessions as sessions_module
from taureau.studio.guard import HEADERS, Guard
from tests.helpers.bad_files import BAD_FILES
from tests.helpers.studio import AT, HOST, photo_bytes


@pytest.fixture
def page(server):
    with server.page() as page:
        yield page


@pytest.mark.parametrize("path", ["", "/", "/wrong/", "/a-toke/", "/a-token2/", "//a-token/", "/a-token"])
def test_all_but_the_token_is_not_there(server, path):
    answer = server.client.get(path or "/", follow_redirects=False)
    assert answer.status_code == (308 if path == "/a-token" else 404)
    assert "a-token" not in answer.text
    with pytest.raises(WebSocketDisconnect), server.client.websocket_connect(f"ws://{HOST}/wrong/socket"):
        pass


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        ("127.0.0.1", True),
        ("localhost:8000", True),
        ("[::1]:80", True),
        ("LOCALHOST", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("evil.example@127.0.0.1", False),
        ("192.168.0.7", False),
        ("", False),
        ("127.0.0.1:nonsense", False),
    ],
)
def test_only_the_names_of_this_server_are_answered(server, host, is_own):
    assert (server.client.get(f"{AT}/samples/car.jpg", headers={"host": host}).status_code == 200) == is_own
    headers = {"host": host}
    if is_own:
        with server.client.websocket_connect(f"ws://{HOST}{AT}/socket", headers=headers) as socket:
            assert socket.receive_json()["type"] == "hello"
    else:
        with (
            pytest.raises(WebSocketDisconnect),
            server.client.websocket_connect(f"ws://{HOST}{AT}/socket", headers=headers),
        ):
            pass


@pytest.mark.parametrize(
    ("host", "name", "is_own"),
    [
        ("192.168.0.7", "192.168.0.7:8000", True),
        ("192.168.0.7", "192.168.0.8", False),
        ("0.0.0.0", "192.168.0.8", True),
        ("0.0.0.0", "evil.example", False),
        ("::", "[fe80::1]:8000", True),
        ("studio.lan", "studio.lan", True),
        ("studio.lan", "localhost", True),
    ],
)
def test_a_server_for_others_is_called_by_its_own_names(host, name, is_own):
    async def nothing(_scope, _receive, _send):
        raise AssertionError

    guard = Guard(nothing, token="t", host=host)
    scope = {"type": "http", "path": "/t/", "headers": [(b"host", name.encode())]}
    assert (guard._refusal(scope) is None) == is_own


@pytest.mark.parametrize(
    ("origin", "is_own"),
    [
        (f"http://{HOST}", True),
        (f"https://{HOST}", True),
        (f"http://{HOST}:81", False),
        ("http://localhost", False),
        ("http://evil.example", False),
        (f"http://{HOST}.evil.example", False),
        (f"http://evil.example/http://{HOST}", False),
        ("null", False),
        ("", False),
    ],
)
def test_other_pages_may_not_speak_to_it(server, page, origin, is_own):
    headers = {"origin": origin}
    answer = server.client.post(page.url("photo"), content=photo_bytes(), headers=headers)
    assert answer.status_code == (200 if is_own else 403)
    assert "access-control-allow-origin" not in answer.headers
    if not is_own:
        with (
            pytest.raises(WebSocketDisconnect),
            server.client.websocket_connect(f"ws://{HOST}{AT}/socket", headers=headers),
        ):
            pass


def test_every_answer_forbids_what_the_page_does_not_need(server, page):
    client = server.client
    answers = [
        client.get(f"{AT}/samples/car.jpg"),
        client.get(f"{AT}/nonsense"),
        client.get("/wrong/"),
        client.get(f"{AT}/", headers={"host": "evil.example"}),
        page.get("photo"),
        page.post("photo", b"nonsense"),
        client.delete(page.url("photo")),
    ]
    for answer in answers:
        for name, value in HEADERS:
            assert answer.headers[name.decode()] == value.decode()
    assert "'unsafe" not in answers[0].headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    ["static/../app.py", "static/%2e%2e/app.py", "static//etc/passwd", "samples/../samples.json", "samples/x.jpg"],
)
def test_no_path_leads_out_of_the_listed_files(server, path):
    assert server.client.get(f"{AT}/{path}").status_code == 404


def test_a_session_that_is_over_is_called_so(server):
    for path in ("photo", "subject", "importance", "export", "project"):
        assert server.client.get(f"{AT}/api/nobody/{path}").status_code == 404
    for path in ("photo", "subject", "importance", "project"):
        answer = server.client.post(f"{AT}/api/nobody/{path}", content=b"x")
        assert (answer.status_code, answer.json()) == (404, {"error": "this session is over; reload the page"})


@pytest.mark.parametrize("bad", BAD_FILES, ids=lambda bad: bad.name[:40])
def test_bad_photos_are_refused_by_name(page, tmp_path, bad, recwarn):
    path = tmp_path / bad.name
    try:
        bad.make(path)
    except OSError:
        pytest.skip("this system cannot have such a file")
    if not (path.exists() and stat.S_ISREG(os.stat(path).st_mode)) or path.stat().st_size > picture_module.MOST_BYTES:
        pytest.skip("no bytes of it can be sent, or too many")
    answer = page.client.post(
        page.url("photo"), params={"name": bad.name.encode(errors="replace")}, content=path.read_bytes()
    )
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    # The studio takes fewer pixels of a JPEG than the command does.
    reason = "4225 megapixels, over the limit of 64" if bad.name == "large.jpg" else bad.reason
    assert reason in error
    assert "Traceback" not in error
    assert page.use()["photo"]["name"] == "cat.png"
    assert not recwarn.list


def test_what_is_too_large_is_not_read_to_its_end(page, monkeypatch):
    monkeypatch.setattr(answers_module, "MOST_BYTES", 1000)
    monkeypatch.setattr(answers_module, "MOST_PROJECT", 1000)
    read = []

    def stream():
        for _ in range(100):
            read.append(500)
            yield bytes(500)

    for path in ("photo", "project"):
        read.clear()
        answer = page.client.post(page.url(path), content=stream())
        assert answer.status_code == 413
        assert "larger than" in answer.json()["error"]
    page.use(photo_bytes()[:900] if len(photo_bytes()) < 900 else _tiny())
    assert page.post("subject", bytes((2 << 20) + 1)).status_code == 413


def _tiny() -> bytes:
    data = photo_bytes(200)
    assert len(data) < 1000
    return data


def test_photos_of_all_together_have_a_limit(server, page, monkeypatch):
    with server.page() as other:
        other.use()
        monkeypatch.setattr(sessions_module, "MOST_BYTES", len(photo_bytes()) + 48 * 32 * 3 + 10)
        answer = page.post("photo", photo_bytes())
        assert (answer.status_code, "too many large photos" in answer.text) == (429, True)
        assert other.use()["photo"]["name"] == "cat.png"  # the place of its own photo is free


def test_a_name_is_only_a_name(page):
    for name, shown in [
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\cat.jpg", "cat.jpg"),
        ("<script>.png", "<script>.png"),
        ("a\x1b[31m\n.png", "a[31m.png"),
        ("x" * 500 + ".png", "x" * 80 + ".png"),
        ("", "photo"),
    ]:
        answer = page.client.post(page.url("photo"), params={"name": name}, content=photo_bytes())
        assert answer.json()["name"] == shown
        disposition = page.get("project").headers["content-disposition"]
        assert disposition.isascii()
        assert "\n" not in disposition
