"""The page of the studio in a real browser: one session from an empty page to a drawing, its changes and its files."""

import os
from pathlib import Path

import pytest

from tests.helpers.pictures import save_disc
from tests.helpers.studios import BROWSER, DRIVER, SIZES, browser, running_studio

pytest.importorskip("selenium", reason="needs selenium: pip install selenium")
from selenium.webdriver import ActionChains, Keys

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (BROWSER and DRIVER), reason="needs chromium and chromedriver: apt-get install chromium chromium-driver"
    ),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
