"""Faults of the Hugging Face hub in words: what happened, and what to do about it, in one line.

A line never has an address that was asked for, or a header: they can hold a token or a signature.
"""

import errno
import re
from typing import NamedTuple
from urllib.parse import urlsplit

PASSING = (500, 502, 503, 504)  # states of a server that may be over in a second

_SITE = "https://huggingface.co"
_TOKENS = f"{_SITE}/settings/tokens"


class Asked(NamedTuple):
    """One file of a repository."""

    repository: str
    revision: str
    kind: str  # dataset or model
    name: str

    @property
    def page(self) -> str:
        """Where a person looks at the repository."""
        return f"{_SITE}/{'datasets/' if self.kind == 'dataset' else ''}{self.repository}"


def told(fault: BaseException, asked: Asked) -> str:
    """A fault of huggingface_hub in words. What its client wraps counts: the first cause that has words here."""
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    causes = [fault]
    while causes[-1].__cause__ is not None:
        causes.append(causes[-1].__cause__)
    for cause in causes:
        if isinstance(cause, OfflineModeIsEnabled):
            return "HF_HUB_OFFLINE forbids it to ask the hub: unset that variable and start again"
        if isinstance(cause, HfHubHTTPError):
            return _refused(cause, asked)
    if broken := _unreached(causes):
        return broken
    return f"{type(causes[-1]).__name__} in the hub's client: start again, or with HF_HUB_DISABLE_XET=1"


def _refused(fault, asked: Asked) -> str:
    """The answers of the hub that are no file. fault: an HfHubHTTPError."""
    from huggingface_hub import errors, get_token

    status = fault.response.status_code
    if isinstance(fault, errors.GatedRepoError):
        if status == 401 or not get_token():
            return f"gated: accept the license at {asked.page} and `hf auth login`"
        return (
            f"gated, and your account is not let in: accept the license at {asked.page} or wait for the owner's consent"
        )
    if isinstance(fault, errors.RepositoryNotFoundError):
        return f"no such {asked.kind}: look at `repository` and {asked.page}; if it is private, `hf auth login`"
    if isinstance(fault, errors.RevisionNotFoundError):
        return f"no commit {asked.revision}: copy the 40 digits of one from {asked.page}/commits/main"
    if isinstance(fault, errors.RemoteEntryNotFoundError):
        return f"no such file at this commit: look at {asked.page}/tree/{asked.revision}"
    if isinstance(fault, errors.DisabledRepoError):
        return f"the hub has disabled this repository: look at {asked.page}"
    match status:
        case 401:
            return f"the hub does not know your token: make one at {_TOKENS} and `hf auth login`"
        case 403:
            return f"your token may not read it: let it read gated repositories at {_TOKENS}"
        case 429:
            return f"too many requests (429): start again {_later(fault.response)}; `hf auth login` allows more"
        case 404 | 405 | 410:
            return f"{_host()} answers {status}, as no hub does: look at HF_ENDPOINT"
    return f"the hub is in trouble (status {status}): start again later; what is there is kept"


def _later(response) -> str:
    """When the hub takes requests again, if it says so."""
    waits = re.search(r"\bt=(\d{1,6})\b", response.headers.get("RateLimit", ""))
    seconds = waits[1] if waits else response.headers.get("Retry-After", "")
    return f"in {seconds} s" if re.fullmatch(r"\d{1,6}", seconds) else "in five minutes"


def _unreached(causes: list[BaseException]) -> str | None:
    """What a machine or a connection did, from the deepest cause that says it; None if none does."""
    import httpx2

    names = " ".join(f"{type(cause).__name__} {cause}" for cause in causes)
    if re.search(r"gaierror|Name or service not known|name resolution|getaddrinfo|No address associated", names):
        return f"found no address of {_host()}: no internet or no DNS here; fetch where it is (docs/cluster.md)"
    for cause in causes:
        match cause:
            case httpx2.ProxyError():
                return f"the proxy does not let it through to {_host()}: look at HTTPS_PROXY and NO_PROXY"
            case httpx2.ConnectError() | httpx2.ConnectTimeout() if "CERTIFICATE" in str(cause).upper():
                return f"the certificate of {_host()} is not trusted: set SSL_CERT_FILE to that of your site"
            case httpx2.ConnectError() | httpx2.ConnectTimeout():
                return f"no connection to {_host()}: look at the internet, at HTTPS_PROXY and HF_ENDPOINT"
            case httpx2.TimeoutException() | httpx2.NetworkError() | httpx2.RemoteProtocolError():
                return f"the connection to {_host()} broke again and again: start again; files that are whole are kept"
            case httpx2.UnsupportedProtocol() | httpx2.InvalidURL():
                return "HF_ENDPOINT is no address, expected one like https://huggingface.co"
            case OSError(errno=errno.ENOSPC | errno.EDQUOT):
                return "the disk is full: make room and start again; files that are whole are kept"
            case OSError(strerror=str() as reason):
                return f"cannot be written ({reason})"
            case OSError() if "Consistency check" in str(cause):
                return "came with another size than the hub says: start again"
            case OSError() if "X-Repo-Commit" in str(cause) or "ETag" in str(cause):
                return f"{_host()} answers as no hub does: look at HF_ENDPOINT and your proxy"
    return None


def _host() -> str:
    """The hub's host, without what else an address may hold."""
    from huggingface_hub import constants

    return urlsplit(constants.ENDPOINT).hostname or "HF_ENDPOINT"
