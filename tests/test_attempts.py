"""One request's search for an answer: who is asked, in which order, and what the client hears in the end."""

from pathlib import Path

import orjson
import pytest

from fastproxy.secret import Secret
from fastproxy.snapshot import Account, Accounts, Limits, Snapshot
from support.hosts import Host, Visit
from support.loops import in_loop
from support.relay_parts import Parts, ask, body_of, provider, relay, snapshot, status_of

CHAT = "/v1/chat/completions"
BODY = b'{"model":"gpt-x","messages":[{"role":"user","content":"hi"}]}'
STREAM_BODY = b'{"model":"gpt-x","messages":[{"role":"user","content":"hi"}],"stream":true}'
GOOD = b'{"id":"1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}'
LIMIT = (
    b'{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}'
)
SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
CUT = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n400\r\n"
ROLE = b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n'
WORD = b'data: {"choices":[{"delta":{"content":"hello"}}]}\n\n'
FINISH = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
FAILED = b'data: {"error":{"message":"You exceeded your current quota","type":"insufficient_quota"}}\n\n'


def plain(status: int, body: bytes, *lines: bytes) -> bytes:
    head = b"".join(line + b"\r\n" for line in (b"content-type: application/json", *lines))
    return b"HTTP/1.1 %d X\r\n%bcontent-length: %d\r\n\r\n%b" % (status, head, len(body), body)


def configured(origin: str, *names: str, **fields: object) -> Snapshot:
    """One provider with a key for each name."""
    one = provider("lab", origin)
    keys = tuple(Account("lab", f"lab:{name}", Secret(f"key-{name}"), label=name) for name in names)
    return snapshot([one], accounts={"lab": keys}, **fields)


class Answers:
    """A host that answers each key in its own way. asked: the keys in the order in which they came."""

    def __init__(self, **answers: bytes) -> None:
        self.answers = {f"key-{name}".encode(): answer for name, answer in answers.items()}
        self.asked: list[str] = []

    async def play(self, visit: Visit) -> None:
        while True:
            request = await visit.request()
            key = next(key for key in self.answers if b"Bearer " + key in request)
            self.asked.append(key.decode().removeprefix("key-"))
            await visit.send(self.answers[key])
            if not self.answers[key].endswith(b"}"):
                visit.close()
                return


async def answered(parts: Parts, body: bytes = BODY, *headers: str, mark: bytes = b"}") -> bytes:
    client = parts.connect()
    client.says(ask(CHAT, body, *headers))
    answer = await client.sees(mark)
    client.leaves()
    return answer


@in_loop
async def test_every_account_is_asked_once_at_most_and_then_the_last_refusal_is_told_as_it_came(tmp_path: Path):
    host_answers = Answers(a=plain(429, LIMIT), b=plain(429, LIMIT), c=plain(402, b'{"error":{"message":"no"}}'))
    async with Host(host_answers.play) as host, relay(tmp_path, configured(host.origin, "a", "b", "c")) as parts:
        answer = await answered(parts)
        assert sorted(host_answers.asked) == ["a", "b", "c"]
        last = {"a": 429, "b": 429, "c": 402}[host_answers.asked[-1]]
        assert status_of(answer) == last
        keeper = parts.door.attempts.keeper
        assert [standing.in_flight for standing in keeper.pool.standing(0.0)] == [0, 0, 0]
    [record] = parts.records
    assert record.account == f"lab:{host_answers.asked[-1]}"


@in_loop
async def test_a_client_that_should_wait_is_not_told_that_a_key_is_wrong(tmp_path: Path):
    wrong = plain(401, b'{"error":{"message":"no","code":"invalid_api_key"}}')
    host_answers = Answers(a=plain(429, LIMIT), b=plain(429, LIMIT), c=wrong)
    async with Host(host_answers.play) as host, relay(tmp_path, configured(host.origin, "a", "b", "c")) as parts:
        for session in "123456":
            parts.door.attempts.keeper.pool.reset(None, 0.0)
            assert status_of(await answered(parts, BODY, f"x-session-id: {session}")) == 429
    assert "c" in host_answers.asked[2::3]  # as the last one
    host_answers = Answers(a=wrong, b=wrong)
    async with Host(host_answers.play) as host, relay(tmp_path, configured(host.origin, "a", "b")) as parts:
        assert status_of(await answered(parts)) == 401, "what all of them say is told"


@in_loop
async def test_a_client_waits_no_longer_than_until_the_first_account_is_back(tmp_path: Path):
    soon, late = (plain(429, LIMIT, b"retry-after: %d" % seconds) for seconds in (20, 3600))
    host_answers = Answers(a=soon, b=late)
    async with Host(host_answers.play) as host, relay(tmp_path, configured(host.origin, "a", "b")) as parts:
        for session in "123456":
            parts.door.attempts.keeper.pool.reset(None, 0.0)
            answer = await answered(parts, BODY, f"x-session-id: {session}")
            assert status_of(answer) == 429
            assert b"\r\nretry-after: 20\r\n" in answer
    assert {"a", "b"} == set(host_answers.asked[1::2])  # each was the last one


@in_loop
async def test_a_request_that_is_refused_for_itself_ends_no_rest_and_moves_no_conversation(tmp_path: Path):
    host_answers = Answers(a=plain(400, b'{"error":{"message":"max_tokens is too large"}}'), b=plain(429, LIMIT))
    async with Host(host_answers.play) as host, relay(tmp_path, configured(host.origin, "a", "b")) as parts:
        pool = parts.door.attempts.keeper.pool
        for session in "123456":
            assert status_of(await answered(parts, BODY, f"x-session-id: {session}")) == 400
            assert pool.last_of("lab", session) == ""
        assert host_answers.asked.count("b") == 1


@in_loop
async def test_two_accounts_with_one_key_are_one_to_the_vendor(tmp_path: Path):
    host_answers = Answers(a=plain(401, b'{"error":{"message":"no"}}'))
    async with Host(host_answers.play) as host:
        twins = tuple(Account("lab", f"lab:{name}", Secret("key-a"), label=name) for name in "ab")
        async with relay(tmp_path, snapshot([provider("lab", host.origin)], accounts={"lab": twins})) as parts:
            assert status_of(await answered(parts)) == 401
    assert host_answers.asked == ["a"]


@in_loop
async def test_the_only_key_is_asked_whatever_it_said_before_and_the_client_hears_how_long(tmp_path: Path):
    body = b'{"error":{"message":"Rate limit reached. Please try again in 7.5s","type":"requests"}}'
    host_answers = Answers(a=plain(429, body))
    async with Host(host_answers.play) as host, relay(tmp_path, configured(host.origin, "a")) as parts:
        for _ in range(2):
            answer = await answered(parts)
            assert status_of(answer) == 429
            assert body_of(answer) == body
            assert b"\r\nretry-after: 8\r\n" in answer
    assert host_answers.asked == ["a", "a"]


@in_loop
async def test_a_client_of_another_format_hears_how_long_too(tmp_path: Path):
    words = b"Too many requests per minute. Please try again in 40s."
    refusal = plain(429, b'{"type":"error","error":{"type":"rate_limit_error","message":"%b"}}' % words)
    host_answers = Answers(a=refusal, b=refusal)
    async with Host(host_answers.play) as host:
        one = provider("lab", host.origin, formats={"anthropic": host.origin})
        keys = tuple(Account("lab", f"lab:{name}", Secret(f"key-{name}"), label=name) for name in "ab")
        async with relay(tmp_path, snapshot([one], accounts={"lab": keys})) as parts:
            answer = await answered(parts)
            assert status_of(answer) == 429
            assert b"\r\nretry-after: 40\r\n" in answer
            assert words in answer


@in_loop
async def test_attempts_are_counted_and_end(tmp_path: Path):
    names = [chr(97 + number) for number in range(9)]
    host_answers = Answers(**{name: plain(500, b'{"error":{"message":"no"}}') for name in names})
    async with (
        Host(host_answers.play) as host,
        relay(tmp_path, configured(host.origin, *names, keeping=Accounts(attempts=4))) as parts,
    ):
        assert status_of(await answered(parts)) == 500
    assert len(host_answers.asked) == 4


@in_loop
async def test_a_stream_that_fails_before_its_first_word_is_another_accounts_to_give(tmp_path: Path):
    host_answers = Answers(a=SSE + ROLE + FAILED, b=SSE + ROLE + WORD + FINISH)
    async with Host(host_answers.play) as host, relay(tmp_path, configured(host.origin, "a", "b")) as parts:
        for session in "12345678":
            answer = await answered(parts, STREAM_BODY, f"x-session-id: {session}", mark=b"[DONE]")
            assert status_of(answer) == 200
            assert b"quota" not in answer
            assert answer.count(b"assistant") == 1
    assert host_answers.asked.count("a") == 1  # it rests from then on


@in_loop
@pytest.mark.parametrize(
    ("cut", "body"), [(b"", BODY), (b"HTTP/1.1 429 X\r\ncontent-length: 9\r\n\r\n{", BODY), (CUT + ROLE, STREAM_BODY)]
)
async def test_an_answer_that_breaks_off_before_its_first_word_is_another_accounts_to_give(
    tmp_path: Path, cut: bytes, body: bytes
):
    good = SSE + ROLE + WORD + FINISH if body is STREAM_BODY else plain(200, GOOD)
    host_answers = Answers(a=cut, b=good)
    async with Host(host_answers.play) as host, relay(tmp_path, configured(host.origin, "a", "b")) as parts:
        for session in "123456":
            assert status_of(await answered(parts, body, f"x-session-id: {session}")) == 200
    assert "a" in host_answers.asked
    host_answers = Answers(a=cut, b=cut)
    async with Host(host_answers.play) as host, relay(tmp_path, configured(host.origin, "a", "b")) as parts:
        assert status_of(await answered(parts, body)) in (429, 502)
    assert sorted(set(host_answers.asked)) == ["a", "b"]


@in_loop
async def test_a_stream_that_fails_after_its_first_word_is_told_as_it_is(tmp_path: Path):
    host_answers = Answers(a=SSE + ROLE + WORD + FAILED, b=SSE + ROLE + WORD + FAILED)
    async with Host(host_answers.play) as host, relay(tmp_path, configured(host.origin, "a", "b")) as parts:
        answer = await answered(parts, STREAM_BODY, mark=b"insufficient_quota")
        assert b"hello" in answer
    assert len(host_answers.asked) == 1


@in_loop
async def test_a_client_that_waits_for_the_first_word_hears_that_we_are_there(tmp_path: Path):
    async def play(visit: Visit) -> None:
        await visit.request()
        await visit.send(SSE + ROLE)  # and then it thinks

    async with (
        Host(play) as host,
        relay(tmp_path, configured(host.origin, "a", "b", limits=Limits(ping_seconds=0.01))) as parts,
    ):
        client = parts.connect()
        client.says(ask(CHAT, STREAM_BODY))
        for now in range(100, 400):
            parts.sweep.run(float(now))
            if b"assistant" in (answer := await _glimpse(client)):
                break
        assert b"assistant" in answer
        client.leaves()


async def _glimpse(client: object) -> bytes:
    from support.loops import turns

    await turns(5)
    return client.transport.written  # type: ignore[attr-defined,no-any-return]


@in_loop
async def test_thoughts_that_the_vendor_can_not_read_are_taken_out_and_it_is_asked_again(tmp_path: Path):
    refusal = plain(400, b'{"error":{"message":"The encrypted content gAAA could not be verified."}}')
    bodies: list[bytes] = []

    async def play(visit: Visit) -> None:
        for answer in (refusal, plain(200, GOOD)):
            bodies.append((await visit.request()).partition(b"\r\n\r\n")[2])
            await visit.send(answer)

    item = {"type": "reasoning", "summary": [], "encrypted_content": "gAAA"}
    body = orjson.dumps({"model": "gpt-x", "input": [{"role": "user", "content": "hi"}, item]})
    async with Host(play) as host, relay(tmp_path, configured(host.origin, "a")) as parts:
        client = parts.connect()
        client.says(ask("/v1/responses", body))
        answer = await client.sees(b"completion_tokens")
        client.leaves()
        assert status_of(answer) == 200
        assert b"x-fastproxy-dropped: thinking.signature" in answer
    assert bodies[0] == body
    assert b"encrypted_content" not in bodies[1]


@in_loop
@pytest.mark.parametrize("names", ["a", "ab"])
async def test_a_limit_that_a_stream_tells_before_anything_else_says_how_long(tmp_path: Path, names: str):
    event = {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down. Please try again in 7s."}}
    host_answers = Answers(**{name: SSE + b"event: error\ndata: %b\n\n" % orjson.dumps(event) for name in names})
    async with Host(host_answers.play) as host:
        one = provider("lab", host.origin, formats={"anthropic": host.origin})
        keys = tuple(Account("lab", f"lab:{name}", Secret(f"key-{name}"), label=name) for name in names)
        async with relay(tmp_path, snapshot([one], accounts={"lab": keys})) as parts:
            answer = await answered(parts, STREAM_BODY)
            assert status_of(answer) == 429
            assert b"\r\nretry-after: 7\r\n" in answer
    assert len(host_answers.asked) == len(names)


@in_loop
@pytest.mark.parametrize("path", [CHAT, "/v1/messages"])
async def test_our_credential_is_in_no_header_and_no_word_of_an_answer(tmp_path: Path, path: str):
    error = b'{"error":{"message":"bad key-abcdefgh","code":401}}'
    headers = (b'WWW-Authenticate: Bearer realm="key-abcdefgh"', b"x-echo: key-abcdefgh", b"x-request-id: key-abcdefgh")
    host_answers = Answers(abcdefgh=plain(401, error, *headers))
    async with Host(host_answers.play) as host, relay(tmp_path, configured(host.origin, "abcdefgh")) as parts:
        for answer in (plain(401, error, *headers), SSE + b"data: " + error + b"\n\n", plain(200, error, *headers)):
            host_answers.answers[b"key-abcdefgh"] = answer
            for body in (BODY, STREAM_BODY):
                client = parts.connect()
                client.says(ask(path, body, "connection: close"))
                told = await client.sees(b"no mark: until the end")
                client.leaves()
                assert b"bad [redacted" in told
                assert b"abcdefgh" not in told
                assert b"www-authenticate" not in told.lower()
    assert "key-abcdefgh" not in repr(parts.records)
