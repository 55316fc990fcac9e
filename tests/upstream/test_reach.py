"""What `doctor --probe` learns from providers that work and from those that don't."""

import asyncio
import socket
from collections.abc import Iterator
from types import MappingProxyType

import pytest

from fastproxy.providers import echo
from fastproxy.providers.base import Provider
from fastproxy.secret import Secret
from fastproxy.snapshot import Account, Snapshot, Upstream
from fastproxy.upstream import reach as module
from fastproxy.upstream.reach import Reach, reach
from support.model_host import ModelHost, serving


@pytest.fixture
def host() -> Iterator[ModelHost]:
    with serving() as running:
        yield running


def ask(*rows: tuple[Provider, tuple[str, ...]], upstream: Upstream | None = None) -> list[Reach]:
    snapshot = Snapshot(
        upstream=upstream or Upstream(proxy="direct"),
        providers=MappingProxyType({provider.name: provider for provider, _ in rows}),
        accounts=MappingProxyType(
            {
                provider.name: tuple(
                    Account(provider.name, f"{provider.name}:{number}", Secret(key))
                    for number, key in enumerate(keys, 1)
                )
                for provider, keys in rows
            }
        ),
    )
    return asyncio.run(reach(snapshot))


def chat(url: str, name: str = "lab") -> Provider:
    return Provider(name=name, title=name, formats={"openai-chat": url})


def test_a_host_that_lists_models_works(host: ModelHost) -> None:
    (found,) = ask((chat(f"{host.origin}/v1"), ("right",)))
    assert (found.account, found.works, found.says) == ("lab:1", True, "works")
    assert host.paths == ["/v1/models"]


def test_each_account_is_tried_with_its_own_key(host: ModelHost) -> None:
    found = ask((chat(f"{host.origin}/v1"), ("right", "wrong")))
    assert [(each.account, each.works) for each in found] == [("lab:1", True), ("lab:2", False)]


@pytest.mark.parametrize(
    ("path", "works", "says"),
    [
        ("/busy/v1", True, "its limit is reached for now (429)"),
        ("/gone/v1", False, "check base_url (404)"),
        ("/moved/v1", False, "correct base_url (302)"),
        ("/ill/v1", False, "answers with an error (500)"),
    ],
)
def test_each_kind_of_answer_has_its_sentence(host: ModelHost, path: str, works: bool, says: str) -> None:
    (found,) = ask((chat(host.origin + path), ("right",)))
    assert found.works is works
    assert found.says.endswith(says)


def test_a_redirect_is_not_followed_with_the_key(host: ModelHost) -> None:
    ask((chat(f"{host.origin}/moved/v1"), ("right",)))
    assert host.paths == ["/moved/v1/models"]


@pytest.mark.parametrize(
    ("formats", "path"),
    [
        ({"anthropic": ""}, "/v1/models"),
        ({"gemini": ""}, "/v1beta/models"),
        ({"openai-responses": "/v1"}, "/v1/models"),
        ({"openai-chat": "/v1/"}, "/v1/models"),
    ],
)
def test_each_format_is_asked_where_its_list_is(host: ModelHost, formats: dict, path: str) -> None:
    urls = {name: host.origin + suffix for name, suffix in formats.items()}
    ask((Provider(name="a", title="A", formats=urls), ("right",)))
    assert host.paths == [path]


def test_a_port_that_nobody_listens_on_is_named_as_such() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = probe.getsockname()[1]
    (found,) = ask((chat(f"http://127.0.0.1:{free}/v1"), ("right",)))
    assert not found.works
    assert "refused" in found.says.lower()


def test_silence_ends_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (found,) = ask((chat(f"http://127.0.0.1:{silent.getsockname()[1]}/v1"), ("right",)))
    assert not found.works
    assert found.says == "does not answer within 0.2 seconds"
    assert found.seconds < 5


def test_a_certificate_that_can_not_be_verified_is_not_an_unreachable_host(host: ModelHost) -> None:
    (found,) = ask((chat(host.origin.replace("http:", "https:") + "/v1"), ("right",)))
    assert not found.works
    assert "right" not in found.says


def test_what_is_not_http_is_no_valid_answer() -> None:
    import threading

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"SSH-2.0-OpenSSH\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        (found,) = ask((chat(f"http://127.0.0.1:{listener.getsockname()[1]}/v1"), ("right",)))
        thread.join(5)
    assert not found.works
    assert "no valid answer" in found.says


def test_a_dead_proxy_is_blamed_and_its_password_not_shown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = probe.getsockname()[1]
    proxy = f"http://me:hidden-word@127.0.0.1:{free}"
    (found,) = ask((chat("http://198.51.100.1/v1"), ("right",)), upstream=Upstream(proxy=proxy))
    assert found.says == "the proxy before it can't be used"
    assert "hidden-word" not in found.says


def test_providers_without_anything_to_try_are_left_out() -> None:
    forwarding = Provider(name="own", title="Own", formats={"anthropic": "https://example.com"}, auth="client")
    assert ask((forwarding, ()), (echo.PROVIDER, ())) == []


def test_a_keyless_host_is_asked_without_a_credential(host: ModelHost) -> None:
    daemon = Provider(name="local", title="Local", formats={"openai-chat": f"{host.origin}/v1"}, auth="none")
    (found,) = ask((daemon, ()))
    assert (found.account, found.says) == ("local", "refuses the key (401)")
