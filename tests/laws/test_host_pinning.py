"""Whatever a client writes into a path, a model, a query or a header: host and prefix are the configured ones."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastproxy import endpoints
from fastproxy.errors import Fault
from fastproxy.formats import BY_NAME, FORMATS
from fastproxy.formats.base import Action, Format, FormatName
from fastproxy.framing.http1 import RequestHead, fields_of, request_head
from fastproxy.providers import PROVIDERS
from fastproxy.providers.base import Provider
from fastproxy.providers.draft import Draft
from fastproxy.providers.shape import base_url_of, compose, path_of, query_of, shape
from fastproxy.routing import is_model_id

BASES = {
    "https://api.lab.test/v1": ("https://api.lab.test:443", b"api.lab.test", b"/v1"),
    "http://127.0.0.1:8000": ("http://127.0.0.1:8000", b"127.0.0.1:8000", b""),
    "https://[2001:db8::1]:8443/a/b": ("https://[2001:db8::1]:8443", b"[2001:db8::1]:8443", b"/a/b"),
}
LAB = Provider(name="lab", title="Lab", formats={})
ACTIONS = [(format_, action) for format_ in FORMATS for action in format_.paths]
HOSTILE = [
    "@evil.test",
    "//evil.test",
    "/..",
    "%2e%2e",
    "?x",
    "#",
    "\r\nhost: evil.test",
    "\0",
    ":443",
    "\\",
    " HTTP/1.1",
    "evil.test/",
]
MODELS = st.text(max_size=30) | st.lists(st.sampled_from([*HOSTILE, "gemini", "-", "."]), max_size=4).map("".join)
PATH_BYTES = st.binary(max_size=30) | st.lists(
    st.sampled_from([*(text.encode() for text in HOSTILE), b"gemini-x", b"models/", b"v1beta/"]), max_size=5
).map(b"".join)
QUERIES = st.from_regex(rb"[\x21-\x22\x24-\x7e]{0,20}", fullmatch=True)
VALUES = st.from_regex(rb"[\x21-\x7e]{0,20}", fullmatch=True)
NAMES = st.sampled_from(
    [b"host", b"Host", b":authority", b"x-forwarded-host", b"forwarded", b"x-http-host", b"x", b"connection"]
)


def assert_pinned(base_url: str, head: RequestHead, path: str) -> None:
    origin, host, prefix = BASES[base_url]
    draft = Draft(
        format="openai-chat",
        action="generate",
        model="m",
        stream=False,
        path=path,
        body=b"{}",
        query=query_of(head.query),
    )
    call = shape(head, draft, LAB, base_url, [])
    lines = call.lines.split(b"\r\n")
    assert call.origin == origin
    assert lines[0] == b"host: " + host
    assert sum(line.lower().startswith(b"host:") for line in lines) == 1
    assert call.target.startswith(prefix + path.encode())
    assert not set(call.target) & set(b" \r\n\0#")


@pytest.mark.parametrize("base_url", BASES)
@pytest.mark.parametrize(
    ("format_", "action"), ACTIONS, ids=[f"{format_.name}-{action}" for format_, action in ACTIONS]
)
@settings(max_examples=25, deadline=None)
@given(model=MODELS, query=QUERIES, headers=st.lists(st.tuples(NAMES, VALUES), max_size=4))
def test_no_model_query_or_header_moves_the_request(
    base_url: str, format_: Format, action: Action, model: str, query: bytes, headers: list[tuple[bytes, bytes]]
):
    path = path_of(format_, action, model, {"version": "v1beta", "verb": "generateContent"})
    segments = path.split("/")
    assert len(segments) == len(
        path_of(format_, action, "m", {"version": "v1beta", "verb": "generateContent"}).split("/")
    )
    assert "?" not in path
    lowered = [(name.lower(), value) for name, value in headers]
    assert_pinned(base_url, request_head(b"POST", b"/any?" + query, fields_of(lowered)), path)


FACTS = st.dictionaries(
    st.sampled_from(["base_url", "account_id", "project", "plan"]),
    st.text(max_size=40)
    | st.lists(
        st.sampled_from([
            *HOSTILE, "https://", "http://", "portal.qwen.ai", "api.githubcopilot.com", ".githubcopilot.com",
        ]),
        max_size=5,
    ).map("".join),
)  # fmt: skip
SHAPED = [(row, format_) for row in PROVIDERS if row.oauth is not None for format_ in row.formats]


def allowed(provider: Provider, host: str) -> bool:
    """Whether the record itself names the host, said without the code under test."""
    own = {urlsplit(url).hostname for url in provider.formats.values()}
    suffixes = tuple(name[1:] for name in provider.hosts if name.startswith("*."))
    return host in own or host in provider.hosts or (bool(suffixes) and host.endswith(suffixes))


@pytest.mark.parametrize(("provider", "format_"), SHAPED, ids=[f"{row.name}-{name}" for row, name in SHAPED])
@settings(max_examples=150, deadline=None)
@given(facts=FACTS, model=MODELS, stream=st.booleans())
def test_no_fact_of_an_account_and_no_model_leads_to_a_host_that_the_record_does_not_allow(
    provider: Provider, format_: FormatName, facts: dict[str, str], model: str, *, stream: bool
):
    path = path_of(BY_NAME[format_], "generate", model, {"version": "v1", "verb": "generateContent"})
    draft = Draft(format=format_, action="generate", model=model, stream=stream, path=path, body=b"{}")
    if provider.shape is not None:
        draft = provider.shape(draft, facts)
    base_url = base_url_of(provider, format_, facts)
    passed = shape(request_head(b"POST", b"/x", fields_of([])), draft, provider, base_url, [])
    for call in (passed, compose(provider, base_url, draft, ())):
        url = urlsplit(call.origin)
        lines = call.lines.split(b"\r\n")
        assert (url.scheme, url.port) == ("https", 443)
        assert allowed(provider, url.hostname or "")
        assert lines[0] == b"host: " + (url.hostname or "").encode()
        assert sum(line.lower().startswith(b"host:") for line in lines) == 1
        assert not set(call.target) & set(b" \r\n\0#")


@pytest.mark.parametrize("prefix", [b"/v1beta/models/", b"/v1/models/", b"/", b""])
@pytest.mark.parametrize("verb", [b":generateContent", b":streamGenerateContent", b":countTokens", b""])
@settings(max_examples=60, deadline=None)
@given(middle=PATH_BYTES)
def test_a_path_is_one_of_ours_or_nothing_is_sent(prefix: bytes, verb: bytes, middle: bytes):
    head = request_head(b"POST", prefix + middle + verb, fields_of([]))
    try:
        match = endpoints.find(b"POST", head.path)
    except Fault:
        return
    format_name, action = match.endpoint.format, match.endpoint.action
    assert format_name is not None
    model = match.params.get("model", "m")
    if not is_model_id(model):  # routing refuses it
        return
    path = path_of(BY_NAME[format_name], action, model, match.params)  # type: ignore[arg-type]
    for base_url in BASES:
        assert_pinned(base_url, request_head(b"POST", head.path, fields_of([])), path)
        assert ".." not in path
