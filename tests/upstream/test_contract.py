"""What upstream/pool.py takes from aiohttp below its documented surface. Fails loudly when a new version changes it."""

import asyncio
import inspect
import tomllib
from importlib.metadata import version
from pathlib import Path

import aiohttp
from aiohttp import ClientRequest, TCPConnector
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from packaging.specifiers import SpecifierSet
from yarl import URL

from support.hosts import Host, scripted
from support.loops import in_both_loops, turns

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
NO_TIMEOUT = aiohttp.ClientTimeout(total=None)


def connector_request(origin: str) -> ClientRequest:
    return ClientRequest("GET", URL(origin), loop=asyncio.get_running_loop(), proxy=None, proxy_auth=None)


def test_the_pinned_range_is_narrow_and_is_what_runs_here():
    wanted = next(
        one for one in tomllib.loads(PROJECT.read_text())["project"]["dependencies"] if one.startswith("aiohttp")
    )
    pinned = SpecifierSet(wanted.removeprefix("aiohttp"))
    assert version("aiohttp") in pinned
    assert "3.15.0" not in pinned


def test_connect_takes_a_request_traces_and_a_timeout():
    assert list(inspect.signature(TCPConnector.connect).parameters) == ["self", "req", "traces", "timeout"]


def test_connections_are_made_in_a_method_that_the_pool_can_wrap():
    parameters = inspect.signature(TCPConnector._create_connection).parameters
    assert list(parameters) == ["self", "req", "traces", "timeout"]


@in_both_loops
async def test_a_connection_has_what_an_exchange_needs():
    connector = TCPConnector()
    async with Host(scripted(OK)) as host:
        connection = await connector.connect(connector_request(host.origin), [], NO_TIMEOUT)
        assert isinstance(connection, Connection)
        assert isinstance(connection.protocol, ResponseHandler)
        assert connection.transport is connection.protocol.transport
        assert connection.protocol.should_close is False
        connection.close()
        await connector.close()


@in_both_loops
async def test_requests_to_one_origin_share_connections_and_others_do_not():
    connector = TCPConnector()
    async with Host(scripted(OK)) as host, Host(scripted(OK)) as other:
        first = await connector.connect(connector_request(host.origin), [], NO_TIMEOUT)
        protocol = first.protocol
        first.release()
        foreign = await connector.connect(connector_request(other.origin), [], NO_TIMEOUT)
        assert foreign.protocol is not protocol
        again = await connector.connect(connector_request(host.origin), [], NO_TIMEOUT)
        assert again.protocol is protocol
        again.close()
        foreign.close()
        await connector.close()


@in_both_loops
async def test_a_connection_that_carried_a_foreign_protocol_comes_back_usable():
    """What Exchange does: its own protocol on the transport, then the handler again, then release."""
    connector = TCPConnector()
    async with Host(scripted(OK)) as host:
        connection = await connector.connect(connector_request(host.origin), [], NO_TIMEOUT)
        handler, transport = connection.protocol, connection.transport
        assert handler is not None
        assert transport is not None
        transport.set_protocol(asyncio.Protocol())
        transport.set_protocol(handler)
        connection.release()
        again = await connector.connect(connector_request(host.origin), [], NO_TIMEOUT)
        assert again.protocol is handler
        assert not handler.should_close
        again.close()
        await connector.close()


@in_both_loops
async def test_bytes_on_an_idle_handler_make_it_say_should_close():
    connector = TCPConnector()
    async with Host(scripted(OK)) as host:
        connection = await connector.connect(connector_request(host.origin), [], NO_TIMEOUT)
        handler = connection.protocol
        assert handler is not None
        connection.release()
        handler.data_received(b"HTTP/1.1 200 OK\r\n")
        assert handler.should_close
        await connector.close()


@in_both_loops
async def test_a_closed_connection_is_no_longer_lent_out():
    connector = TCPConnector()
    async with Host(scripted(OK)) as host:
        connection = await connector.connect(connector_request(host.origin), [], NO_TIMEOUT)
        assert connector._acquired
        connection.close()
        await turns()
        assert not connector._acquired
        await connector.close()
