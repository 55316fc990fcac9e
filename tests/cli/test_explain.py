"""`fastproxy explain`: what a person sees, and what every mistake is answered with."""

import io
import sys

import orjson
import pytest

from fastproxy.cli.explain import SHOWN_BYTES

CLAUDE = {
    "model": "lab/gpt-4.1",
    "max_tokens": 9,
    "stream": True,
    "thinking": {"type": "adaptive"},
    "context_management": {"edits": []},
    "messages": [{"role": "user", "content": "hi"}],
}


@pytest.fixture
def config(tmp_path) -> str:
    path = tmp_path / "config.toml"
    path.write_text("""
[limits]
body_bytes = 100000
[providers.lab]
format = "openai-chat"
base_url = "http://lab.example/v1"
api_key = "sk-very-secret"
fallback = ["other"]
[providers.other]
format = "gemini"
base_url = "http://other.example"
api_key = "sk-very-secret"
""")
    return str(path)


@pytest.fixture
def explain(run, config, tmp_path):
    """Runs explain over a body, at /v1/messages unless told otherwise."""

    def explain(body: object = CLAUDE, *arguments: str, path: str = "/v1/messages"):
        file = tmp_path / "request.json"
        file.write_bytes(body if isinstance(body, bytes) else orjson.dumps(body))
        return run("explain", file, "--config", config, "--path", path, *arguments)

    return explain


def test_a_person_sees_the_way_what_is_dropped_and_the_upstreams_request(explain) -> None:
    ended = explain()
    assert ended.code == 0
    told, call, body = ended.out.split("\n\n")
    assert told.splitlines() == [
        "POST /v1/messages: anthropic, model lab/gpt-4.1, streamed",
        "  to lab/gpt-4.1 (named lab)",
        "  else to other/gpt-4.1",
        "  translated to openai-chat, family gpt-4.1",
        *[line for line in told.splitlines() if line.startswith("  dropped: ")],
    ]
    assert "  dropped: context_management (it can't be said in openai-chat)" in told
    assert call.startswith("POST http://lab.example:80/v1/chat/completions\nhost: lab.example\n")
    assert "authorization: [redacted]" in call
    assert orjson.loads(body)["model"] == "gpt-4.1"
    assert "sk-very-secret" not in ended.out + ended.err


def test_bytes_that_are_passed_on_are_called_so(explain) -> None:
    assert "  passed on as it came\n" in explain(path="/v1/chat/completions").out


def test_for_programs_it_is_one_object_with_everything_whole(explain) -> None:
    long = "x" * 2 * SHOWN_BYTES
    told = explain(CLAUDE | {"messages": [{"role": "user", "content": long}]}, "--json").json()
    assert set(told["dropped"]) >= {"context_management"}
    assert orjson.loads(told["body"])["messages"] == [{"role": "user", "content": long}]
    assert ["authorization", "[redacted]"] in told["headers"]


def test_long_texts_are_shortened_for_a_person_who_is_told_so(explain) -> None:
    texts = ['say "hi" ' * SHOWN_BYTES, "y" * SHOWN_BYTES + "\\", "short"]
    content = [{"type": "text", "text": text} for text in texts]
    ended = explain(CLAUDE | {"messages": [{"role": "user", "content": content}]})
    assert len(ended.out) < 3000
    assert '"short"' in ended.out
    assert "--json" in ended.err
    assert explain().err == ""


def test_a_request_from_standard_input(run, config, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(orjson.dumps(CLAUDE))))
    assert run("explain", "-", "--config", config, "--path", "/v1/messages").code == 0


@pytest.mark.parametrize(
    "path", ["v1/messages", "http://127.0.0.1:8484/v1/messages?beta=true", "/v1/messages", "/v1/messages?beta=true"]
)
def test_the_path_may_be_written_as_people_have_it(explain, path) -> None:
    ended = explain(path=path)
    assert ended.code == 0
    assert ": anthropic, model" in ended.out


def test_gemini_has_model_and_stream_in_the_path(explain) -> None:
    body = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
    ended = explain(body, path="/v1beta/models/lab/gpt-4.1:streamGenerateContent?alt=sse")
    assert "gemini, model lab/gpt-4.1, streamed" in ended.out


@pytest.mark.parametrize(
    ("fields", "format_"),
    [
        ({"messages": []}, "openai-chat"),
        ({"messages": [], "max_tokens": 9, "system": "be brief"}, "anthropic"),
        ({"input": "hi"}, "openai-responses"),
    ],
)
def test_without_a_path_it_is_the_one_that_such_bodies_go_to(run, config, tmp_path, fields, format_) -> None:
    file = tmp_path / "request.json"
    file.write_bytes(orjson.dumps({"model": "lab/m"} | fields))
    assert f": {format_}, model lab/m" in run("explain", file, "--config", config).out


@pytest.mark.parametrize(("body", "code", "says"), [(b'{"contents":[]}', 2, "--path"), (b"\xff", 1, "not UTF-8")])
def test_a_body_that_looks_like_nothing_needs_a_path_or_mending(run, config, tmp_path, body, code, says) -> None:
    file = tmp_path / "request.json"
    file.write_bytes(body)
    ended = run("explain", file, "--config", config)
    assert (ended.code, says in ended.err) == (code, True)


def test_a_header_of_the_client_goes_along_where_bytes_are_passed_on(explain) -> None:
    ended = explain(CLAUDE, "--header", "X-Mine: one", "--header", "authorization: mine", path="/v1/chat/completions")
    assert "X-Mine: one" in ended.out
    assert "mine\n" not in ended.out


@pytest.mark.parametrize("header", ["no colon", "a: b\r\nc: d", ": v", "a b: c", "a: \x00"])
def test_what_is_no_header_is_refused(explain, header) -> None:
    ended = explain(CLAUDE, "--header", header)
    assert (ended.code, ended.out) == (2, "")
    assert "'name: value'" in ended.err


@pytest.mark.parametrize("path", ["/v1/messages?é", "/v1/mess\nages"])
def test_what_no_url_holds_is_refused(explain, path) -> None:
    assert explain(path=path).code == 2


def test_a_path_that_leads_nowhere_is_answered_with_those_that_lead_somewhere(explain) -> None:
    ended = explain(path="/v1/message")
    assert ended.code == 1
    assert "the relay would answer 404" in ended.err
    assert "/v1/chat/completions" in ended.err


def test_a_path_for_get_says_so(explain) -> None:
    assert "405" in explain(path="/v1/models").err


def test_an_unknown_model_is_named_and_model_lists_are_not_asked(explain) -> None:
    ended = explain(CLAUDE | {"model": "lba/gpt-4.1"})
    assert ended.code == 1
    assert "lab/gpt-4.1" in ended.err
    assert "model lists" in ended.err


def test_a_missing_key_is_named(explain) -> None:
    assert "set ANTHROPIC_API_KEY" in explain(CLAUDE | {"model": "claude-opus-5"}).out
    assert "OPENAI_API_KEY" in explain(CLAUDE | {"model": "gpt-5"}).err


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"", "JSON"),
        (b"[1]", "object"),
        (b'{"messages":[]}', "model"),
        (b'{"model":"lab/m","messages":' + b"[" * 40000 + b"]" * 40000 + b"}", "nested too deeply"),
        (b'{"model":"lab/m","messages":"' + b"x" * 100_000 + b'"}', "413"),
    ],
    ids=["binary", "empty", "array", "no model", "deep", "huge"],
)
def test_a_body_that_the_relay_would_refuse_is_refused_in_its_words(explain, body, says) -> None:
    ended = explain(body)
    assert (ended.code, ended.out) == (1, "")
    assert "the relay would answer 4" in ended.err
    assert says in ended.err


def test_odd_bytes_that_are_passed_on_are_shown_as_they_are(explain) -> None:
    body = b'{"model":"gpt-4.1","messages":[{"role":"user","content":"\\ud800"}],"seed":12345678901234567890123}'
    ended = explain(body.replace(b"gpt-4.1", b"lab/gpt-4.1"), path="/v1/chat/completions")
    assert body.decode() in ended.out


def test_names_of_a_strangers_file_can_not_move_the_cursor(explain) -> None:
    ended = explain(CLAUDE | {"\x1b[2J": 1})
    assert "\x1b" not in ended.out
    assert "dropped: \\x1b[2J" in ended.out


@pytest.mark.parametrize("name", ["nothing.json", "."])
def test_a_file_that_can_not_be_read_is_named(run, config, tmp_path, name) -> None:
    ended = run("explain", tmp_path / name, "--config", config)
    assert ended.code == 2
    assert str(tmp_path) in ended.err


def test_an_endless_file_is_not_read_to_its_end(run, config) -> None:
    assert "413" in run("explain", "/dev/zero", "--config", config).err


def test_the_built_in_model_is_told_without_a_configuration(run, tmp_path) -> None:
    file = tmp_path / "request.json"
    file.write_bytes(orjson.dumps({"model": "fastproxy/echo", "messages": []}))
    ended = run("explain", file)
    assert ended.code == 0
    assert ended.out.endswith("nothing is sent\n")
