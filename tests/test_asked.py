"""One admitted request: what is looked at in its body and head, and what is written down about it."""

from pathlib import Path

import pytest

from fastproxy import endpoints
from fastproxy.access.check import Client, Gate
from fastproxy.access.store import TokenStore
from fastproxy.asked import MODEL_CHARACTERS, Asked, RequestIds, View
from fastproxy.errors import Fault, Header
from fastproxy.framing.http1 import fields_of, request_head
from fastproxy.ir.events import Usage
from fastproxy.sessions import SESSION_CHARACTERS, SESSION_HEADERS
from fastproxy.snapshot import Snapshot

ME = Client(id="tok_1")
BODY = b'{"model":"gpt-x","messages":[],"stream":true}'


@pytest.fixture
def view(tmp_path: Path) -> View:
    return View(Snapshot(), Gate(Snapshot(), TokenStore(tmp_path)))


def asked(
    view: View, *headers: Header, path: bytes = b"/v1/chat/completions", body: bytes = BODY, client: Client = ME
) -> Asked:
    match = endpoints.find(b"POST", path)
    head = request_head(b"POST", path, fields_of(headers))
    one = Asked(view, head, match.endpoint, match.params, client, "req_1")
    one.begin(body)
    return one


def test_the_record_begins_with_what_the_head_tells(view: View):
    record = asked(view).record
    assert (record.request_id, record.client, record.format, record.endpoint) == (
        "req_1",
        "tok_1",
        "openai-chat",
        "generate",
    )
    assert record.request_bytes == len(BODY)
    assert record.at > 1_700_000_000


def test_the_body_tells_model_and_stream(view: View):
    one = asked(view)
    one.look()
    assert (one.peek.model, one.peek.stream) == ("gpt-x", True)
    assert (one.record.requested_model, one.record.stream) == ("gpt-x", True)


def test_the_path_tells_the_model_of_gemini(view: View):
    one = asked(view, path=b"/v1beta/models/gemini-x:streamGenerateContent", body=b'{"contents":[]}')
    one.look()
    assert (one.record.requested_model, one.record.stream) == ("gemini-x", True)


def test_a_body_that_is_no_object_is_a_fault(view: View):
    with pytest.raises(Fault):
        asked(view, body=b"[1,2]").look()


@pytest.mark.parametrize("name", SESSION_HEADERS)
def test_a_session_header_is_the_session(view: View, name: bytes):
    one = asked(view, (name, b"abc"))
    one.look()
    assert one.record.session == "abc"


def test_the_first_session_header_wins_and_an_empty_one_does_not_count(view: View):
    one = asked(view, (b"x-session-id", b"second"), (b"session-id", b"first"), (b"x-claude-code-session-id", b""))
    one.look()
    assert one.record.session == "first"


def test_a_body_may_name_the_session(view: View):
    one = asked(view, path=b"/v1/responses", body=b'{"model":"m","input":"x","prompt_cache_key":"key-1"}')
    one.look()
    assert one.record.session == "key-1"


def test_what_a_client_writes_is_cut_to_a_size(view: View):
    one = asked(view, (b"session-id", b"s" * 1000), body=b'{"model":"%b"}' % (b"m" * 1000))
    one.look()
    assert len(one.record.session) == SESSION_CHARACTERS
    assert len(one.record.requested_model) == MODEL_CHARACTERS


def test_our_share_of_the_time_is_what_was_not_spent_waiting(view: View):
    one = asked(view)
    one.begun -= 2.0
    one.waited_seconds = 1.5
    one.first_byte()
    assert one.record.first_byte_seconds == pytest.approx(2.0, abs=0.2)
    assert one.record.added_seconds == pytest.approx(0.5, abs=0.2)
    assert one.timing().startswith(b"relay;dur=5")
    assert one.timing().endswith(b"upstream;dur=1500.000")


def test_our_share_is_never_negative(view: View):
    one = asked(view)
    one.waited_seconds = 1000.0
    one.first_byte()
    assert one.record.added_seconds == 0.0


def test_a_fault_before_an_upstream_was_asked_is_a_refusal_and_a_failure_after(view: View):
    one = asked(view)
    one.failed(Fault("not_found", "no"))
    record = one.conclude(404, 0)
    assert (record.outcome, record.error, record.status) == ("refused", "not_found", 404)
    one.record.account = "lab"
    one.failed(Fault("timeout", "no"))
    record = one.conclude(504, 12)
    assert (record.outcome, record.error, record.response_bytes) == ("failed", "timeout", 12)


def test_what_the_response_told_is_written_down(view: View):
    one = asked(view)
    one.begun -= 3.0
    one.note(Usage(1, 2, 3, 4, 5), "gpt-x-1")
    record = one.conclude(200, 100)
    assert (record.outcome, record.model, record.error) == ("ok", "gpt-x-1", "")
    tokens = (
        record.input_tokens,
        record.cached_tokens,
        record.cache_written_tokens,
        record.output_tokens,
        record.reasoning_tokens,
    )
    assert tokens == (1, 2, 3, 4, 5)
    assert record.duration_seconds == pytest.approx(3.0, abs=0.2)


def test_what_was_asked_can_be_let_go(view: View):
    one = asked(view, (b"session-id", b"s"))
    one.look()
    one.forget()
    assert one.body == b""
    assert one.head.get(b"session-id") is None
    assert one.conclude(200, 0).session == "s"


# Request ids.


def test_ids_are_unique_also_over_processes():
    one, other = RequestIds(), RequestIds()
    ids = [source.of(None) for source in (one, one, other, other)]
    assert len(set(ids)) == 4
    assert all(id_.startswith("req_") for id_ in ids)


@pytest.mark.parametrize("given", [b"abc", b"A-1.b_c:d", b"x" * 128])
def test_the_callers_own_id_is_kept(given: bytes):
    assert RequestIds().of(request_head(b"GET", b"/", fields_of([(b"x-request-id", given)]))) == given.decode()


@pytest.mark.parametrize("given", [b"", b"x" * 129, b"a b", b"a\xe9", b"<script>"])
def test_what_is_no_id_is_replaced(given: bytes):
    assert RequestIds().of(request_head(b"GET", b"/", fields_of([(b"x-request-id", given)]))).startswith("req_")


def test_callers_are_told_apart_by_their_tokens_and_strangers_by_what_they_bring(tmp_path: Path):
    snapshot = Snapshot()
    view = View(snapshot, Gate(snapshot, TokenStore(tmp_path)))
    known, stranger, other = (
        asked(view, (b"x-api-key", key), client=client)
        for key, client in ((b"a", Client(id="tok_1")), (b"a", Client(foreign=True)), (b"b", Client(foreign=True)))
    )
    assert known.caller() == b"tok_1"
    assert len({known.caller(), stranger.caller(), other.caller()}) == 3
    assert stranger.caller() == asked(view, (b"x-api-key", b"a"), client=Client(foreign=True)).caller()
    assert stranger.caller() != b"a"
