"""Make the pictures of the studio for the documentation: a drawing coming about, a desk by day, a phone by night.

    python -m evaluation.studio_pictures docs/images

Starts a studio and chromium without a window, and writes studio.gif, studio.png and studio-phone.png. Takes a minute or
two. Needs the extra `studio`, selenium, chromium and chromedriver.
"""

import io
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

DESK, PHONE = (1280, 800), (390, 844)
SEED = 7
GIF_WIDTH, GIF_COLORS, FRAME_MS, LAST_MS = 800, 48, 120, 2500
SHORT = 0.2
PATIENCE = 300


def main() -> None:
    """Write the pictures into the folder named."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m evaluation.studio_pictures FOLDER")
    folder = Path(sys.argv[1])
    with studio() as address, browser() as page:
        look(page, DESK, "light")
        page.get(address)
        sample = wait(page, "return document.querySelector('[data-sample=egret]')")
        page.execute_script("document.getElementById('set-seed').value = arguments[0]", SEED)
        sample.click()
        wait(page, "return document.querySelectorAll('.stroke').length > 0")
        frames = list(while_drawing(page))
        page.execute_script("document.getElementById('wall-more').click()")
        wait(page, "return document.querySelectorAll('#wall li').length === 6")
        wait(page, "return document.getElementById('wall').getAttribute('aria-busy') === 'false'")
        page.execute_script("document.querySelector('[name=photo-shown][value=under]').click()")
        press = "new PointerEvent('pointerdown', { bubbles: true })"
        page.execute_script(f"document.querySelectorAll('.stroke .hit')[1].dispatchEvent({press})")
        page.execute_script("document.getElementById('panel').scrollTo(0, 160)")
        save(shot(page), folder / "studio.png")
        page.execute_script("document.querySelector('[name=photo-shown][value=off]').click()")
        look(page, PHONE, "dark")
        save(shot(page), folder / "studio-phone.png")
    animate(frames, folder / "studio.gif")


@contextmanager
def studio(*arguments: str, **options: Any) -> Iterator[str]:
    """The address of a studio that ends with the block; `options` are those of `subprocess.Popen`."""
    command = [sys.executable, "-m", "taureau", "studio", "--no-browser", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(word)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


def look(page: Any, size: tuple[int, int], scheme: str) -> None:
    """Take the size of a screen, and a scheme of colours."""
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", media)


def wait(page: Any, script: str) -> Any:
    """What a script returns, once it is something."""
    return WebDriverWait(page, PATIENCE, 0.05).until(lambda _: page.execute_script(script))


def shot(page: Any) -> Image.Image:
    """What the window shows, after colours have changed."""
    time.sleep(SHORT)
    return Image.open(io.BytesIO(page.get_screenshot_as_png())).convert("RGB")


def while_drawing(page: Any) -> Iterator[Image.Image]:
    """Pictures of the page until the drawing is done, the last one of the drawing that is done."""
    while page.execute_script("return document.body.dataset.status") != "done":
        yield shot(page)
    yield shot(page)


def save(picture: Image.Image, path: Path) -> None:
    """Write a picture of few colours, as the page has."""
    picture.quantize(128).save(path, optimize=True)
    print(path)


def animate(frames: list[Image.Image], path: Path) -> None:
    """Write an animation of at most forty frames, which waits at the end."""
    every = max(1, len(frames) // 40)
    kept = [*frames[:-1:every], frames[-1]]
    height = round(GIF_WIDTH * kept[0].height / kept[0].width)
    small = [frame.resize((GIF_WIDTH, height), Image.Resampling.LANCZOS) for frame in kept]
    palette = small[-1].quantize(GIF_COLORS)
    first, *rest = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in small]
    times = [FRAME_MS] * len(rest) + [LAST_MS]
    first.save(path, save_all=True, append_images=rest, duration=times, loop=0, optimize=True)
    print(path)


if __name__ == "__main__":
    main()
