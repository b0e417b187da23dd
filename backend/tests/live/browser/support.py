"""Helpers of the tests in a browser."""

import asyncio
import os
from pathlib import Path

from playwright.async_api import Page


async def save_screenshot(page: Page, name: str) -> None:
    """Save a screenshot in the folder SCREENSHOTS, if that variable is set."""
    if folder := os.environ.get("SCREENSHOTS"):
        await asyncio.to_thread(Path(folder).mkdir, parents=True, exist_ok=True)
        await page.screenshot(path=Path(folder) / name)
