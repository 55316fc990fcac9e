"""Where a report is asked for, with what; and that it is nowhere but where the credential goes anyway."""

import msgspec
import pytest

from fastproxy.accounts.login import Login
from fastproxy.accounts.report_requests import ReportRequest, report_request
from fastproxy.providers import BY_NAME, PROVIDERS
from fastproxy.providers.base import Provider
from fastproxy.secret import Secret
from fastproxy.snapshot import Account

LOGIN = Login(Secret("at-1"), Secret("gho-1"))


def account(provider: str, **facts: str) -> Account:
    return Account(provider, f"{provider}:work", Secret("at-1"), "login", "work", facts=facts)


def asked(provider: Provider, **facts: str) -> ReportRequest:
    request = report_request(provider, account(provider.name, **facts), LOGIN)
    assert request is not None
    return request


def test_anthropics_is_asked_for_with_the_login_and_its_beta():
    request = asked(BY_NAME["anthropic"])
    assert (request.method, request.url) == ("GET", "https://api.anthropic.com/api/oauth/usage")
    assert dict(request.headers)[b"authorization"] == b"Bearer at-1"
    assert dict(request.headers)[b"anthropic-beta"] == b"oauth-2025-04-20"
    assert b"user-agent" not in dict(request.headers)  # nobody is imitated


def test_chatgpts_is_beside_its_backend_and_names_the_workspace():
    request = asked(BY_NAME["codex"], account_id="acc-1")
    assert request.url == "https://chatgpt.com/backend-api/wham/usage"
    assert dict(request.headers)[b"chatgpt-account-id"] == b"acc-1"


def test_copilots_is_asked_for_at_github_with_githubs_token():
    request = asked(BY_NAME["copilot"], base_url="https://api.individual.githubcopilot.com")
    assert request.url == "https://api.github.com/copilot_internal/user"
    assert dict(request.headers)[b"authorization"] == b"token gho-1"
    assert not request.is_whole
    assert report_request(BY_NAME["copilot"], account("copilot"), Login(Secret("at-1"))) is None


def test_code_assists_names_the_project_if_there_is_one():
    request = asked(BY_NAME["gemini-cli"], project="p-1")
    assert (request.method, request.body) == ("POST", b'{"project":"p-1"}')
    assert request.url == "https://cloudcode-pa.googleapis.com/v1internal:retrieveUserQuota"
    assert asked(BY_NAME["gemini-cli"]).body == b"{}"


def test_a_provider_that_is_reached_elsewhere_is_asked_there():
    elsewhere = msgspec.structs.replace(BY_NAME["anthropic"], formats={"anthropic": "http://127.0.0.1:9/x/"})
    assert asked(elsewhere).url == "http://127.0.0.1:9/x/api/oauth/usage"
    other = msgspec.structs.replace(BY_NAME["codex"], formats={"openai-responses": "https://llm.corp.example/v1"})
    assert report_request(other, account("codex"), LOGIN) is None


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda one: one.name)
def test_keys_have_no_report(provider: Provider):
    key = Account(provider.name, f"{provider.name}:key", Secret("sk-1"))
    assert report_request(provider, key, None) is None


def test_a_request_hides_what_it_carries():
    assert "at-1" not in repr(asked(BY_NAME["anthropic"]))
    assert "oauth/usage" in repr(asked(BY_NAME["anthropic"]))
