"""A request that has been admitted and looked at, for tests of what comes after: no connection, no relay."""

from pathlib import Path

from fastproxy import endpoints
from fastproxy.access.check import Client, Gate
from fastproxy.access.store import TokenStore
from fastproxy.asked import Asked, View
from fastproxy.formats.base import FormatName
from fastproxy.framing.http1 import RequestHead, fields_of, request_head
from fastproxy.providers.base import Provider
from fastproxy.routing import Route
from fastproxy.secret import Secret
from fastproxy.snapshot import Account, Snapshot

KEY = "sk-lab-key"
ACCOUNT = Account("lab", "lab:key", Secret(KEY))
NO_RULES = Snapshot()

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
MESSAGES = "/v1/messages"
GEMINI = "/v1beta/models/m:generateContent"


def head_of(target: str, *headers: tuple[str, str], method: bytes = b"POST") -> RequestHead:
    return request_head(
        method, target.encode(), fields_of([(name.encode(), value.encode()) for name, value in headers])
    )


def view_of(directory: Path, snapshot: Snapshot = NO_RULES) -> View:
    return View(snapshot, Gate(snapshot, TokenStore(directory)))


def asked(directory: Path, target: str, body: bytes, *headers: tuple[str, str], snapshot: Snapshot = NO_RULES) -> Asked:
    """`body`, asked at `target` by a client with a token of ours."""
    head = head_of(target, *headers)
    match = endpoints.find(head.method, head.path)
    one = Asked(view_of(directory, snapshot), head, match.endpoint, match.params, Client(id="tok_1"), "req_ours")
    one.begin(body)
    one.look()
    return one


def lab(*formats: FormatName, **fields: object) -> Provider:
    """A host that speaks these formats."""
    urls: dict[FormatName, str] = {
        "openai-chat": "http://lab:1/v1",
        "openai-responses": "http://lab:1/v1",
        "anthropic": "http://lab:1",
        "gemini": "http://lab:1",
    }
    return Provider(**({"name": "lab", "title": "Lab", "formats": {name: urls[name] for name in formats}} | fields))


def route_to(format_: FormatName, model: str = "m", **fields: object) -> Route:
    """The route to a host that speaks nothing but `format_`."""
    return Route(lab(format_, **fields), format_, model, "named lab")
