"""A soak of the studio: random clicking by several pages, as fast as it answers, for so many minutes.

    python benchmarks/studio_soak.py --minutes 60 --pages 6
    python benchmarks/studio_soak.py --minutes 2 --encoder contour      # short

The server is a process of its own. Pages draw, edit, paint, undo, export, save, open, reload and close at random, and
send what is no message. At the end it prints what was done, tracebacks, how memory grew, and wrong pictures: an
exported SVG that is not the state, a project that does not open to the same SVG, a number of a stroke that is there
twice, or a photo of another page. It ends with an error if there is any of them, or more than 50 MB.

Memory counts once the studio is warm: every page has done each kind of thing once, in a drawing of the usual number of
strokes, and a session that was left before that is over by then. What it holds is the least of every 20 seconds: it
gives back what is free every 2 seconds, and a step takes it again (`benchmarks/studio_memory.py` tells the two apart).
It grew by the difference between the median of the first fifth of the time from then on and that of the last. Medians
and peaks of all that is resident are printed as well.
"""

import argparse
import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

MOST_GROWTH_MB = 50
GRACE_SECONDS = 61  # a session that is left is kept for a minute
SAMPLES, LOW_SECONDS = 10, 20  # looks at memory in a second, and the time of which the least counts
NUM_KINDS = 26  # that `Clicker.kinds` gives
_PATH = re.compile(r'd="M ([-\d.]+),([-\d.]+) C')


@dataclass
class Report:
    """What happened, counted by all pages."""

    done: Counter = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def photo(lots: random.Random) -> bytes:
    """A disk on paper, as a PNG whose shape is its own."""
    width, height = lots.randrange(60, 200), lots.randrange(60, 200)
    y, x = np.mgrid[:height, :width]
    disk = np.hypot(x - width / 2, y - height / 2) < min(width, height) * lots.uniform(0.2, 0.45)
    buffer = io.BytesIO()
    Image.fromarray(np.where(disk, lots.randrange(90), 230).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


class Clicker(threading.Thread):
    """One page that is clicked on at random."""

    def __init__(self, address: str, number: int, ends: float, report: Report) -> None:
        super().__init__(daemon=True)
        self.address, self.number, self.ends, self.report = address, number, ends, report
        self.lots = random.Random(number)
        self.session, self.state, self.name, self.refusal = "", {}, "", ""
        self.todo = list(range(NUM_KINDS))  # kinds of clicks that it has not done yet

    def run(self) -> None:
        """Open sockets one after the other, and click."""
        while time.monotonic() < self.ends:
            again = f"?session={self.session}" if self.session and self.lots.random() < 0.7 else ""
            if not again:
                self.name = ""
            with (
                suppress(ConnectionClosed, OSError),
                connect(f"ws{self.address[4:]}socket{again}", max_size=None) as socket,
            ):
                self.session = json.loads(socket.recv())["session"]
                self.report.done["sockets"] += 1
                until = time.monotonic() + self.lots.uniform(2, 30)
                while time.monotonic() < min(until, self.ends):
                    self.click(socket)

    def read(self, socket, seconds: float) -> None:
        """Take what comes for a while."""
        until = time.monotonic() + seconds
        with suppress(TimeoutError):
            while True:
                message = json.loads(socket.recv(timeout=max(until - time.monotonic(), 0.001)))
                self.report.done[message["type"]] += 1
                if message["type"] == "state":
                    self.state = message
                    self.check_state()

    def check_state(self) -> None:
        """A state of another page, or with a stroke twice, is wrong."""
        ids = [stroke["id"] for stroke in self.state["strokes"]]
        if len(set(ids)) < len(ids):
            self.report.wrong.append(f"page {self.number}: a stroke is there twice")
        named = self.state["photo"] and self.state["photo"]["name"]
        if named and self.name and named != self.name:
            self.report.wrong.append(f"page {self.number}: shows {named}, not {self.name}")

    def ask(self, path: str, data: bytes | None = None) -> bytes | None:
        """An answer over HTTP; None for a refusal."""
        self.report.done[path.partition("?")[0] + (" sent" if data is not None else "")] += 1
        request = urllib.request.Request(f"{self.address}api/{self.session}/{path}", data)
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            self.refusal = error.read().decode()
            return None

    def click(self, socket) -> None:
        """Do one thing."""
        self.read(socket, self.lots.uniform(0.01, 0.5))
        if not self.name:
            self.name = f"page{self.number}-{self.lots.randrange(10**9)}.png"
            self.ask(f"photo?name={self.name}", photo(self.lots))
            if self.todo:
                socket.send(json.dumps({"do": "draw", "settings": {"strokes": 16}}))
                self.read(socket, 20)
            return
        kinds = self.kinds()
        choice = kinds[self.todo.pop()] if self.todo else self.lots.choice(kinds)
        if isinstance(choice, dict):
            self.report.done[str(choice["do"])] += 1
            socket.send(json.dumps(choice))
        elif choice == "garbage":
            socket.send(self.lots.choice(["", "[" * 3000, "{}", '{"do":1}', '{"do":"edit","points":[NaN]}']))
        elif choice == "paint":
            kind = self.lots.choice(["subject", "importance"])
            self.ask(kind, self.ask(kind) or b"")
        elif choice == "check":
            self.check_files(socket)
        else:
            self.ask("export?format=svg" if choice == "svg" else choice)

    def kinds(self) -> list:
        """One thing of each kind that can be done; some are there twice, since they are done more often."""
        strokes = [stroke["id"] for stroke in self.state.get("strokes", [])]
        some = self.lots.sample(strokes, min(len(strokes), self.lots.randrange(1, 4))) or [1]
        numbers = [self.lots.uniform(-20, 240) for _ in range(8)]
        return [
            {
                "do": "draw",
                "settings": {"strokes": self.lots.randrange(1, 24), "steps": self.lots.randrange(1, 40)},
            },
            {"do": "draw", "settings": {"color": self.lots.random() < 0.5, "seed": self.lots.randrange(99)}},
            *({"do": do} for do in ("pause", "go", "stop", "undo", "redo", "undo", "redo")),
            {"do": "lock", "strokes": some, "locked": self.lots.random() < 0.6},
            {"do": "delete", "strokes": some[:1]},
            {"do": "redraw", "strokes": self.lots.choice([None, some])},
            {"do": "edit", "stroke": some[0], "points": numbers, "settle": self.lots.random() < 0.7},
            {"do": "add", "points": np.reshape(numbers, (4, 2)).tolist(), "settle": self.lots.random() < 0.7},
            {"do": "style", "strokes": some, "width": self.lots.uniform(0.5, 8), "color": "#aa3311"},
            {"do": "wall", "count": 2},
            {
                "do": "regions",
                "regions": [
                    {"box": [min(numbers[:2]), min(numbers[2:4]), max(numbers[:2]), max(numbers[2:4])], "strokes": 1}
                ],
            },
            {"do": "enough", "share": self.lots.random()},
            {"do": self.lots.choice(["fly", "draw", "edit"]), "settings": [1], "stroke": "x"},
            *("photo", "subject", "paint", "check", "check", "svg", "garbage"),
        ]

    def check_files(self, socket) -> None:
        """Whether what is exported is the state, and a project opens to it again."""
        socket.send(json.dumps({"do": "stop"}))
        self.read(socket, 1.0)
        socket.send(json.dumps({"do": "enough", "share": 0.5}))
        self.read(socket, 1.0)
        if self.state.get("status") in ("waiting", "looking", "drawing") or not self.state.get("strokes"):
            return
        svg, project, after = self.ask("export?format=svg"), self.ask("project"), self.ask("export?format=svg")
        self.read(socket, 0.5)
        left, top, _, _ = self.state["canvas"]["frame"]
        shown = [[stroke["points"][0] - left, stroke["points"][1] - top] for stroke in self.state["strokes"]]
        kept = [[float(x), float(y)] for x, y in _PATH.findall((svg or b"").decode())]
        if svg is not None and (len(shown) != len(kept) or not np.allclose(shown, kept, atol=0.02)):
            self.report.wrong.append(f"page {self.number}: an exported SVG is not the state")
        # While something is still being scored, the record of the drawing changes, and the project has one of the two.
        if project is not None and svg is not None and after == svg:
            opened, again = self.ask("project", project), self.ask("export?format=svg")
            if opened is None:
                self.report.wrong.append(f"page {self.number}: a project does not open: {self.refusal}")
            elif again != svg:
                lines = zip((svg or b"").split(b"\n"), (again or b"").split(b"\n"), strict=False)
                first = next((pair for pair in lines if pair[0] != pair[1]), None)
                self.report.wrong.append(f"page {self.number}: a project opens to another SVG: {first}")


def memory_mb(process: int) -> float:
    """Resident memory of a process."""
    text = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    return int(found[1]) / 1024 if found else 0.0


class Memory(threading.Thread):
    """Looks at the resident memory of a process, in MB, with the seconds since the beginning."""

    def __init__(self, process: int, begun: float) -> None:
        super().__init__(daemon=True)
        self.process, self.begun = process, begun
        self.seen: list[tuple[float, float]] = []

    def run(self) -> None:
        """Look, until the process is gone."""
        with suppress(OSError):
            while (mb := memory_mb(self.process)) > 0:
                self.seen.append((time.monotonic() - self.begun, mb))
                time.sleep(1 / SAMPLES)


def lows_of(seen: list[float]) -> list[float]:
    """The least of each `LOW_SECONDS`."""
    long = SAMPLES * LOW_SECONDS
    return [min(seen[start : start + long]) for start in range(0, max(len(seen) - long, 1), long)]


def growth_of(seen: list[float]) -> float:
    """From the median of the first fifth to that of the last."""
    fifth = max(len(seen) // 5, 1)
    return float(np.median(seen[-fifth:]) - np.median(seen[:fifth]))


def in_twenty(seen: list[float]) -> list[int]:
    """The median of each twentieth."""
    return [round(float(np.median(part))) for part in np.array_split(seen, 20) if len(part)]


def main() -> int:
    """Click, and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--pages", type=int, default=6)
    parser.add_argument("--encoder", default="builtin")
    given = parser.parse_args()
    words = [sys.executable, "-m", "taureau", "studio", "--no-browser", "--encoder", given.encoder]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    said: list[str] = []
    threading.Thread(target=lambda: said.extend(server.stderr), daemon=True).start()
    report = Report()
    try:
        address = server.stdout.readline().strip()
        if not address:
            server.wait(60)
            sys.exit("the studio did not start:\n" + "".join(said))
        begun = time.monotonic()
        memory = Memory(server.pid, begun)
        memory.start()
        ends = begun + 60 * given.minutes
        pages = [Clicker(address, number, ends, report) for number in range(given.pages)]
        for page in pages:
            page.start()
        warm = None
        while any(page.is_alive() for page in pages) and time.monotonic() < ends + 120:
            time.sleep(1)
            if warm is None and not any(page.todo for page in pages):
                warm = time.monotonic() - begun + GRACE_SECONDS
        last = time.monotonic() - begun
        server.send_signal(signal.SIGINT)
        code = server.wait(60)
    finally:
        server.kill()
    settled = [] if warm is None else [mb for seconds, mb in memory.seen if warm < seconds < last]
    if not settled:
        sys.exit("the time was too short to become warm; give more --minutes")
    lows, third = lows_of(settled), max(len(settled) // 3, 1)
    growth = growth_of(lows)
    peaks = [round(max(part)) for part in (settled[:third], settled[third:] or settled)]
    tracebacks = sum("Traceback" in line for line in said)
    before = [round(mb) for seconds, mb in memory.seen if seconds <= warm]
    print("done:", ", ".join(f"{name} {count}" for name, count in sorted(report.done.items())))
    print(f"{given.minutes:g} minutes, {given.pages} pages; exit code {code}")
    print(f"tracebacks: {tracebacks}; wrong pictures: {len(report.wrong)}; memory grew {growth:.0f} MB")
    print(f"warm after {warm:.0f} s; until then memory was at most {max(before)} MB")
    print("held, the least of each", LOW_SECONDS, "s, median of each twentieth of the time, MB:", *in_twenty(lows))
    print(f"all that is resident grew {growth_of(settled):.0f} MB, median of each twentieth, MB:", *in_twenty(settled))
    print(f"peaks: {peaks[0]} MB in the first third, {peaks[1]} MB in the rest")
    print(*dict.fromkeys(report.wrong), *said[-40:], sep="\n")
    return int(bool(tracebacks or report.wrong or growth > MOST_GROWTH_MB))


if __name__ == "__main__":
    sys.exit(main())
