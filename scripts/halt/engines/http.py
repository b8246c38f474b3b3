"""One request to a server over HTTP, bounded in time and size whatever the server does."""

import asyncio
import ipaddress
import json
import urllib.request
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import httpx

from halt.errors import HaltError

LARGEST = 8 * 2**20  # bytes of a body, packed or unpacked; a reply in words has thousands


class HttpError(HaltError):
    """The environment names a proxy that cannot be used; the message says which kind."""


class ExchangeError(Exception):
    """A try without a whole answer; says why, perhaps in the server's words."""


class Answer(NamedTuple):
    """The answer of a server. headers: of any case. body: unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def client(endpoint: str, headers: Mapping[str, str], connections: int) -> httpx.AsyncClient:
    """A client for one endpoint. HttpError if the environment's proxy cannot be used.

    An endpoint on this machine needs no proxy: the environment is not read for it.
    """
    host = httpx.URL(endpoint).host
    try:
        return httpx.AsyncClient(
            headers={**headers, "Accept-Encoding": "identity"},
            timeout=None,  # see exchange
            trust_env=not _here(host),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        )
    except (ImportError, ValueError, httpx.InvalidURL):  # their texts may hold the proxy's password
        kinds = sorted({url.partition("://")[0] for url in urllib.request.getproxies().values() if "://" in url})
        raise HttpError(
            f"the environment's proxy (ALL_PROXY, HTTPS_PROXY or HTTP_PROXY) cannot be used: found {', '.join(kinds)}, "
            f"expected http or https, or socks5 with the package socksio installed; NO_PROXY={host} goes past it"
        ) from None


async def exchange(
    client: httpx.AsyncClient, method: str, url: str, timeout: float, content: Mapping | None = None
) -> Answer:
    """Ask once. ExchangeError without a connection, or if the answer is not complete after `timeout` seconds or is
    larger than LARGEST."""
    raw = bytearray()
    try:
        async with asyncio.timeout(timeout), client.stream(method, url, json=content) as response:
            async for chunk in response.aiter_raw():
                raw += chunk
                if len(raw) > LARGEST:
                    raise ExchangeError(f"a reply of more than {LARGEST // 2**20} MiB")
    except TimeoutError:
        raise ExchangeError(f"no whole reply within {timeout:g} s") from None
    except httpx.RequestError as error:
        said = f": {error}" if str(error) else ""
        raise ExchangeError(f"{type(error).__name__}{said}") from None
    return Answer(response.status_code, response.headers, _unpacked(bytes(raw), response.headers))


def parsed(body: bytes) -> Any:
    """The JSON in a body, None if there is none. Numbers that are too long become 0."""
    try:
        return json.loads(body, parse_int=lambda digits: int(digits) if len(digits) < 20 else 0)
    except (ValueError, RecursionError):
        return None


def _unpacked(body: bytes, headers: Mapping[str, str]) -> bytes:
    """A body before its Content-Encoding, which nobody asked for."""
    match headers.get("Content-Encoding", "identity").strip().lower():
        case "identity" | "":
            return body
        case "gzip" | "x-gzip" | "deflate":
            unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
            try:
                found = unpacking.decompress(body, LARGEST)
            except zlib.error:
                raise ExchangeError("a body that is not encoded as its header says") from None
            if unpacking.unconsumed_tail:
                raise ExchangeError(f"a reply of more than {LARGEST // 2**20} MiB")
            return found
    raise ExchangeError("a body in an encoding that was not asked for")


def _here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
