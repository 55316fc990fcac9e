"""Every path that we answer, and the many that look like one and are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.endpoints import MAX_MODEL_CHARS, PATHS, find
from fastproxy.errors import Fault


@pytest.mark.parametrize(
    ("method", "path", "format_", "action"),
    [
        (b"POST", b"/v1/chat/completions", "openai-chat", "generate"),
        (b"POST", b"/v1/responses", "openai-responses", "generate"),
        (b"POST", b"/v1/responses/compact", "openai-responses", "compact"),
        (b"POST", b"/v1/responses/input_tokens", "openai-responses", "input_tokens"),
        (b"POST", b"/v1/messages", "anthropic", "generate"),
        (b"POST", b"/v1/messages/count_tokens", "anthropic", "count_tokens"),
        (b"POST", b"/api/latest/anthropic/v1/messages", "anthropic", "generate"),
        (b"POST", b"/api/latest/anthropic/v1/messages/count_tokens", "anthropic", "count_tokens"),
        (b"GET", b"/api/latest/anthropic/v1/models", "anthropic", "models"),
        (b"GET", b"/v1/models", None, "models"),
        (b"GET", b"/v1beta/models", "gemini", "models"),
        (b"GET", b"/v1beta1/models", "gemini", "models"),
        (b"HEAD", b"/", None, "root"),
        (b"GET", b"/", None, "root"),
        (b"HEAD", b"/api/hello", None, "hello"),
        (b"GET", b"/healthz", None, "health"),
        (b"GET", b"/health/liveliness", None, "health"),
        (b"GET", b"/health/liveness", None, "health"),
        (b"GET", b"/readyz", None, "ready"),
        (b"GET", b"/health/readiness", None, "ready"),
        (b"GET", b"/metrics", None, "metrics"),
        (b"GET", b"/v1/usage", None, "usage"),
    ],
)
def test_an_exact_path_is_found(method, path, format_, action):
    endpoint, params = find(method, path)
    assert (endpoint.format, endpoint.action, dict(params)) == (format_, action, {})


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1beta1"])
@pytest.mark.parametrize(
    ("verb", "action"),
    [("generateContent", "generate"), ("streamGenerateContent", "generate"), ("countTokens", "count_tokens")],
)
def test_a_gemini_path_tells_version_model_and_verb(version, verb, action):
    endpoint, params = find(b"POST", f"/{version}/models/gemini-3.5-flash:{verb}".encode())
    assert (endpoint.format, endpoint.action) == ("gemini", action)
    assert params == {"version": version, "model": "gemini-3.5-flash", "verb": verb}


@pytest.mark.parametrize(
    ("written", "model"),
    [
        (b"models-x", "models-x"),
        (b"lab/llama-3", "lab/llama-3"),
        (b"lab%2Fllama-3", "lab/llama-3"),
        (b"lab%2fllama-3", "lab/llama-3"),
        (b"llama3:8b", "llama3:8b"),
        (b"llama3%3A8b", "llama3:8b"),
        (b"gpt-5(high)", "gpt-5(high)"),
        (b"claude%5B1m%5D", "claude[1m]"),
        (b"a.b/c.d", "a.b/c.d"),
        (b"x" * MAX_MODEL_CHARS, "x" * MAX_MODEL_CHARS),
    ],
)
def test_a_model_in_a_path_is_decoded_once(written, model):
    assert find(b"POST", b"/v1beta/models/" + written + b":generateContent").params["model"] == model
    assert find(b"GET", b"/v1/models/" + written).params["id"] == model


@pytest.mark.parametrize(
    "written",
    [
        b"..",
        b".",
        b"../x",
        b"x/..",
        b"x/../y",
        b"x/./y",
        b"x..y",
        b"x/",
        b"/x",
        b"x//y",
        b"%2e%2e",
        b"%2e%2e%2fx",
        b"x%2f%2fy",
        b"%2fx",
        b"%252e%252e",
        b"x%25",
        b"x%",
        b"x@evil.example",
        b"x%40evil.example",
        b"x%3Fkey=1",
        b"x%23y",
        b"x%0d%0ay",
        b"x%00",
        b"x%20y",
        b"x y",
        b"x\\y",
        b"x\xe4",
        b"x%C3%A4",
        b"x" * (MAX_MODEL_CHARS + 1),
    ],
)
def test_a_model_that_could_leave_its_place_in_a_url_is_not_found(written):
    for method, path in [
        (b"POST", b"/v1beta/models/" + written + b":generateContent"),
        (b"GET", b"/v1/models/" + written),
        (b"GET", b"/v1beta/models/" + written),
        (b"GET", b"/api/latest/anthropic/v1/models/" + written),
    ]:
        with pytest.raises(Fault) as caught:
            find(method, path)
        assert (caught.value.kind, caught.value.status) == ("not_found", 404)


@pytest.mark.parametrize(
    "path",
    [
        b"",
        b"*",
        b"//",
        b"/v1",
        b"/v1/",
        b"/v1/chat/completions/",
        b"//v1/chat/completions",
        b"/v1//chat/completions",
        b"/v1/./chat/completions",
        b"/v1/../v1/chat/completions",
        b"/V1/chat/completions",
        b"/v1/chat%2Fcompletions",
        b"/v1/models/",
        b"/v1beta/models/",
        b"/v2/models/x:generateContent",
        b"/v1beta/tunedModels/x:generateContent",
        b"/api/latest/anthropic",
        b"/api/latest/anthropic/",
        b"/api/latest/anthropicX/v1/messages",
        b"/api/latest/anthropic@evil.example/v1/messages",
        b"/api/latest/anthropic.evil.example/v1/messages",
        b"/api/latest/anthropic//v1/messages",
        b"/api/latest/anthropic/v1/complete",
        b"http://evil.example/v1/messages",
        b"@evil.example",
    ],
)
def test_what_is_not_a_row_is_not_found(path):
    with pytest.raises(Fault) as caught:
        find(b"POST", path)
    assert (caught.value.kind, caught.value.status) == ("not_found", 404)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        (b"GET", b"/v1/chat/completions", b"POST"),
        (b"GET", b"/v1/responses", b"POST"),
        (b"DELETE", b"/", b"GET, HEAD"),
        (b"POST", b"/v1/models", b"GET"),
        (b"POST", b"/v1/models/gpt-5", b"GET"),
        (b"get", b"/metrics", b"GET"),
        (b"PUT", b"/v1/models/x:generateContent", b"POST, GET"),
        (b"POST", b"/v1beta/models/x:embedContent", b"GET"),
    ],
)
def test_a_known_path_with_another_method_says_which_it_takes(method, path, allow):
    with pytest.raises(Fault) as caught:
        find(method, path)
    assert (caught.value.kind, caught.value.status) == ("bad_request", 405)
    assert caught.value.headers == ((b"allow", allow),)


def test_a_model_with_a_colon_is_not_taken_for_a_verb():
    assert find(b"GET", b"/v1/models/llama3:8b").endpoint.action == "model"
    assert find(b"GET", b"/v1beta/models/llama3:8b").endpoint.action == "model"


def test_no_path_stands_in_two_rows():
    paths = [path for _, path, _ in PATHS]
    assert len(paths) == len(set(paths))


@given(st.sampled_from([b"GET", b"POST", b"HEAD", b"BREW"]), st.binary(max_size=60), st.booleans())
def test_any_path_gives_a_match_or_a_not_found(method, path, prefixed):
    try:
        match = find(method, b"/v1beta/models/" + path if prefixed else path)
    except Fault as fault:
        assert fault.status in (404, 405)  # noqa: PT017 - either way out is fine, a third is not
    else:
        for value in match.params.values():
            assert not set(value) & set("%@?#\\ \r\n\0")
            assert ".." not in value
