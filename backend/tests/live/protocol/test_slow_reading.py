"""Clients that do not read their responses, or read them slowly."""

import time

import pytest

from tests.live.conftest import HTTP, Service, Start
from tests.live.protocol.raw_client import RawClient, connect, request

ASSET = "/docs/assets/redoc.standalone.js"
DOWNLOADS = 12


@pytest.fixture(scope="module")
def impatient(start_for_module: Start) -> Service:
    """A service that waits a second for the reader of a response."""
    return start_for_module(RATE_LIMIT_ENABLED="false", WRITE_TIMEOUT="1")


@pytest.fixture(scope="module")
def asset_size(impatient: Service) -> int:
    """Return the size of the asset without compression."""
    return len(HTTP.get(impatient.url + ASSET, headers={"Accept-Encoding": "identity"}).content)


def download(client: RawClient, *headers: str, times: int = DOWNLOADS) -> None:
    client.send(request("GET", ASSET, *headers) * times)


@pytest.mark.spec("PRO-010")
@pytest.mark.parametrize("headers", [[], ["Connection: close"]], ids=["kept", "closing"])
def test_cuts_off_a_client_that_does_not_read(impatient: Service, asset_size: int, headers: list[str]) -> None:
    with connect(impatient) as client:
        download(client)
        client.send(request("GET", ASSET, *headers))
        time.sleep(2.5)

        assert len(client.read_rest()) < DOWNLOADS * asset_size


@pytest.mark.spec("PRO-010")
def test_cuts_off_a_client_that_stops_to_read(impatient: Service, asset_size: int) -> None:
    with connect(impatient) as client:
        download(client)
        client.read_response()
        time.sleep(2.5)

        assert len(client.read_rest()) < (DOWNLOADS - 1) * asset_size


@pytest.mark.spec("PRO-011")
def test_waits_for_a_client_that_reads_slowly(impatient: Service, asset_size: int) -> None:
    with connect(impatient) as client:
        download(client)
        began = time.monotonic()
        sizes = []
        for _ in range(DOWNLOADS):
            sizes.append(len(client.read_response().body))
            time.sleep(0.25)

    assert time.monotonic() - began > 2.5
    assert sizes == [asset_size] * DOWNLOADS
