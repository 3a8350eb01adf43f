"""A studio of the command line, and its page in a real browser."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.house import ROOT

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
AXE = ROOT / "tests/studio/vendor/axe.min.js"
PATIENCE = 60
IN_BROWSER = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (BROWSER and DRIVER), reason="needs chromium and chromedriver: apt-get install chromium chromium-driver"
    ),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
"""Marks of tests of the page."""
SIZES = {"phone": (390, 844), "tablet": (820, 1180), "desk": (1440, 900)}


@contextmanager
def running_studio(*arguments: str) -> Iterator[str]:
    """A studio in a process of its own, quick rather than good at drawing: the address of its page."""
    from evaluation.studio_pictures import studio  # it needs selenium

    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    with studio("--encoder", "contour", *arguments, cwd=ROOT, env=environment) as address:
        yield address


@contextmanager
def browser(folder: Path) -> Iterator["Page"]:
    """Chromium without a window, whose downloads go into `folder/downloads`."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER or ""
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(word)
    options.add_argument(f"--user-data-dir={folder / 'profile'}")
    options.add_experimental_option("prefs", {"download.default_directory": str(folder / "downloads")})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.set_script_timeout(PATIENCE)
    try:
        yield Page(driver)
    finally:
        driver.quit()


class Page:
    """The page of a studio, and what one does with it."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def find(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def all(self, selector: str) -> list[Any]:
        return self.driver.find_elements("css selector", selector)

    def script(self, text: str, *values: Any) -> Any:
        return self.driver.execute_script(text, *values)

    def wait(self, condition: Any) -> Any:
        """What a condition gives, once it is something; what the page says if it never is."""
        from selenium.common.exceptions import TimeoutException
        from selenium.webdriver.support.ui import WebDriverWait

        try:
            return WebDriverWait(self.driver, PATIENCE, 0.02).until(lambda _: condition())
        except TimeoutException as error:
            raise AssertionError(f"waited in vain; the page says {self.status!r}, {self.errors()}") from error

    def press(self, selector: str) -> None:
        """Click something once it can be clicked; it may be outside of the window."""
        self.wait(lambda: self.find(selector).is_enabled())
        self.script("arguments[0].scrollIntoView({block: 'center'})", self.find(selector))
        self.find(selector).click()

    def keys(self, *keys: str) -> None:
        """Press keys, one after the other, wherever the focus is."""
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def hold(self, key: str, other: str) -> None:
        """Press a key while another one is held, such as Control."""
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).key_down(key).send_keys(other).key_up(key).perform()

    def say(self, what: str, **values: Any) -> None:
        """Send a message that the page itself would not send."""
        address = "new URL('static/socket.js', document.baseURI)"
        script = f"const given = [...arguments]; import({address}).then(each => each.send(...given))"
        self.script(script, what, values)

    def look(self, size: str, scheme: str = "light") -> None:
        """Take the size of a device, and a scheme of colours."""
        width, height = SIZES[size]
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": ""}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def violations(self) -> list[str]:
        """What axe-core finds wrong, each as the name of the rule and where."""
        if not self.script("return 'axe' in window"):
            self.script(AXE.read_text("utf-8"))
        self.script("document.getAnimations().forEach(each => each.finish?.())")
        run = "axe.run().then(found => arguments[0](found.violations.map(v => [v.id, v.nodes.map(n => n.html)])))"
        return [f"{rule}: {node}" for rule, nodes in self.driver.execute_async_script(run) for node in nodes]

    @property
    def status(self) -> str:
        return self.find("#status").text

    def strokes(self) -> dict[int, str]:
        """The curves that are shown, by the numbers of their strokes."""
        script = (
            "return [...document.querySelectorAll('.stroke:not(.beyond)')]"
            ".map(g => [Number(g.dataset.id), g.querySelector('.ink').getAttribute('d')])"
        )
        return dict(self.script(script))

    def until_done(self) -> dict[int, str]:
        """Wait until nothing is drawn any more; the strokes then."""
        self.wait(lambda: self.status == "Done")
        return self.strokes()

    def errors(self) -> list[str]:
        return [each.text for each in self.all(".error p")]
