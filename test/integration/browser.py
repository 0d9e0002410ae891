"""A real browser for the tests that look at pages."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from .ros_peer import wait_for

webdriver = pytest.importorskip("selenium.webdriver")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="chromium and chromedriver are not installed"
)

OPTIONS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)


class Page:
    """A page as a person sees it."""

    def __init__(self, folder: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for option in (*OPTIONS.split(), f"--user-data-dir={folder}"):
            options.add_argument(option)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.ChromeService(executable_path=DRIVER)
        self._driver = webdriver.Chrome(options=options, service=service)

    def open(self, address: str, width: int = 1280, height: int = 800) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self._driver.get(address)

    def run(self, script: str) -> Any:
        return self._driver.execute_script(f"return {script}")

    def text(self, selector: str) -> str:
        return str(self.run(f"document.querySelector({selector!r})?.innerText ?? ''"))

    def wait_for_text(self, selector: str, text: str) -> None:
        wait_for(
            lambda: text in self.text(selector),
            f"{text!r} in {selector}, which says {self.text(selector)!r}",
        )

    def click(self, selector: str) -> None:
        self._driver.find_element("css selector", selector).click()

    def complaints(self) -> list[str]:
        """What went wrong, as a script that fails or something that the policy refuses."""
        log = self._driver.get_log("browser")
        return [entry["message"] for entry in log if entry["level"] == "SEVERE"]

    def close(self) -> None:
        self._driver.quit()
