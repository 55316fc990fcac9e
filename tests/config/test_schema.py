"""Sections as records: unknown keys, wrong types and wrong numbers, each with the help it gives."""

import pytest

from fastproxy.config.document import Document
from fastproxy.config.problems import ConfigError
from fastproxy.config.schema import AccessRow, AccountRow, OAuthRow, ProviderRow, blame_unknown_tables, read_section
from fastproxy.snapshot import Accounts, Limits, Server, Storage, Upstream

KINDS = {
    "server": Server,
    "limits": Limits,
    "upstream": Upstream,
    "access": AccessRow,
    "storage": Storage,
    "accounts": Accounts,
}

SECTION_NAMES = "[server], [limits], [upstream], [access], [storage], [accounts], [providers], [aliases], [payload]"
FORMAT_NAMES = "openai-chat, openai-responses, anthropic, gemini"
AUTH_NAMES = "bearer, x-api-key, x-goog-api-key, api-key, none, client"


def problem_of(text: str) -> str:
    """The one problem in a text, with its line and column."""
    document = Document("f", text)
    blame_unknown_tables(document)
    for name, kind in KINDS.items():
        read_section(document, kind, name)
    for name in document.table("providers"):
        read_section(document, ProviderRow, "providers", name)
    with pytest.raises(ConfigError) as caught:
        document.require_sound()
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[server]\nlistn = []", "f:2:1: unknown key 'listn' in [server]; did you mean listen?"),
        ("[server]\nhead_bytes = 1", "f:2:1: unknown key 'head_bytes' in [server]; it belongs in [limits]"),
        ("[storage]\nzzz = 1", "f:2:1: unknown key 'zzz' in [storage]; there are url, shared"),
        ("[sever]", "f:1:2: unknown section or key 'sever'; did you mean [server]?"),
        ("workers = 2", "f:1:1: unknown section or key 'workers'; it belongs in [server]"),
        ("[[webhooks]]", f"f:1:3: unknown section or key 'webhooks'; there are {SECTION_NAMES}"),
        ("[providers.x]\napi_kye = ''", "f:2:1: unknown key 'api_kye' in [providers.x]; did you mean api_key?"),
        ("[providers]\nx = 1", "f:2:1: [providers.x] must be a table"),
        ("[server]\nworkers = '2'", "f:2:1: workers must be a whole number, not text"),
        ("[server]\nworkers = 2.5", "f:2:1: workers must be a whole number, not a number"),
        ("[server]\nworkers = true", "f:2:1: workers must be a whole number, not true or false"),
        ("[server]\nlisten = 'x'", "f:2:1: listen must be a list of texts, not text"),
        ("[limits]\nhead_seconds = 'x'", "f:2:1: head_seconds must be a number, not text"),
        ("[limits]\nhead_seconds = 1979-05-27", "f:2:1: head_seconds must be a number, not a date or time"),
        ("[limits]\nhead_seconds = 0", "f:2:1: head_seconds must be above zero and finite, not 0"),
        ("[limits]\nhead_seconds = inf", "f:2:1: head_seconds must be above zero and finite, not inf"),
        ("[limits]\nhead_seconds = nan", "f:2:1: head_seconds must be above zero and finite, not nan"),
        ("[limits]\nbody_bytes = -1", "f:2:1: body_bytes must be above zero and finite, not -1"),
        ("[access]\nrequire_token = 1", "f:2:1: require_token must be true or false, not a whole number"),
        ("[providers.x]\nauth = 'bearr'", "f:2:1: auth must be one of our names; did you mean bearer?"),
        ("[providers.x]\nformat = 'chat'", f"f:2:1: format must be one of our names; there are {FORMAT_NAMES}"),
        ("[providers.x]\nformats = ['anthropc']", "f:2:1: formats must be one of our names; did you mean anthropic?"),
        ("[providers.x]\nauth = 1", f"f:2:1: auth must be one of {AUTH_NAMES}"),
        ("[providers.x]\nheaders = 1", "f:2:1: headers must be a table of texts, not a whole number"),
        ("[accounts]\npins = 0", "f:2:1: pins must be above zero and finite, not 0"),
        ("[accounts]\nkeys = 'file'", "f:2:1: unknown key 'keys' in [accounts]; did you mean key?"),
        ("[providers.x]\nkey = 'k'", "f:2:1: unknown key 'key' in [providers.x]; did you mean api_key?"),
        ("[providers.x]\nstrategy = 'stiky'", "f:2:1: strategy must be one of our names; did you mean sticky?"),
        ("[providers.x]\naccounts = 'k'", "f:2:1: accounts must be a list of tables, not text"),
        ("[providers.x]\naccounts = ['k']", "f:2:13: [providers.x.accounts] must be a table"),
        (
            "[[providers.x.accounts]]\n[[providers.x.accounts]]\nlable = 'a'",
            "f:3:1: unknown key 'lable' in [providers.x.accounts]; did you mean label?",
        ),
        (
            "[[providers.x.accounts]]\nweight = 0",
            "f:2:1: weight must be above zero and finite, not 0",
        ),
        (
            "[[providers.x.accounts]]\nweight = 1.5",
            "f:2:1: weight must be a whole number, not a number",
        ),
        (
            "[[providers.x.accounts]]\nposition = -1",
            "f:2:1: position must be above zero and finite, not -1",
        ),
        ("[providers.x]\noauth = 1", "f:2:1: [providers.x.oauth] must be a table"),
        (
            "[providers.x.oauth]\ntokn_url = ''",
            "f:2:1: unknown key 'tokn_url' in [providers.x.oauth]; did you mean token_url?",
        ),
        (
            "[providers.x.oauth]\nredirect_ports = ['1']",
            "f:2:1: redirect_ports must be a list of whole numbers, not a list",
        ),
        ("[providers.x]\napi_key = 1", "f:2:1: api_key must be text or a list of texts, not a whole number"),
    ],
)
def test_a_mistake_names_its_place_and_the_way_out(text, problem):
    assert problem_of(text) == problem


def test_a_whole_number_may_stand_for_a_number():
    section = read_section(Document("f", "[limits]\nhead_seconds = 3"), Limits, "limits")
    assert section.head_seconds == 3.0
    assert isinstance(section.head_seconds, float)


def test_tables_within_a_row_are_records_too():
    text = """
[providers.x]
strategy = "weighted"
accounts = [{ api_key = "a", weight = 2 }, { api_key = "b", label = "work", position = 0 }]
[providers.x.oauth]
client_id = "c"
redirect_ports = [1455]
"""
    document = Document("f", text)
    row = read_section(document, ProviderRow, "providers", "x")
    document.require_sound()
    assert row.strategy == "weighted"
    assert row.accounts == (AccountRow("a", weight=2), AccountRow("b", "work"))
    assert row.oauth == OAuthRow(client_id="c", redirect_ports=(1455,))


def test_every_field_of_every_section_is_a_key_of_its_own_type():
    text = "\n".join(["[limits]", *(f"{name} = 7" for name in Limits.__struct_fields__)])
    document = Document("f", text)
    limits = read_section(document, Limits, "limits")
    document.require_sound()
    assert {getattr(limits, name) for name in Limits.__struct_fields__} == {7}
