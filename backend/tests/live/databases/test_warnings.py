"""Warnings in the log of a service that starts."""

import asyncio

import pytest

from tests.live.conftest import Start
from tests.support import SECRET, MakeDatabase


@pytest.mark.spec("OPS-025")
def test_misspelt_setting_is_logged_at_the_start(start: Start) -> None:
    service = start(CORS_ORIGIN="https://app.example.com", JWT_SECRET=SECRET)

    assert "CORS_ORIGIN is not a setting of this service; did you mean CORS_ORIGINS?" in service.read_log()
    assert "JWT_SECRET is not a setting of this service; did you mean JWT_SECRET_KEY?" in service.read_log()
    assert SECRET not in service.read_log()


@pytest.mark.spec("OPS-016")
async def test_option_that_asks_for_unsupported_protection_is_logged_at_the_start(
    start: Start, make_database: MakeDatabase
) -> None:
    url = await make_database()
    options = f"{'&' if '?' in url else '?'}channel_binding=require"

    service = await asyncio.to_thread(start, DATABASE_URL=url + options, JWT_SECRET_KEY=SECRET)

    assert "the option channel_binding, which this service does not support" in service.read_log()
