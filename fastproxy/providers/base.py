"""Who serves a format: a frozen record of plain data.

Quirks are named fields, never code paths guessed from a URL. A provider adds at most one `shape` function, for what
data can't say.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from fastproxy.formats.base import FormatName
from fastproxy.providers.draft import Shape
from fastproxy.secret import Secret

Auth = Literal["bearer", "x-api-key", "x-goog-api-key", "api-key", "none", "client"]


Strategy = Literal["sticky", "round-robin", "weighted", "priority", "least-used", "quota-aware"]
Exchange = Literal["form", "json", "copilot"]


class OAuth(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's endpoints for logins, and the public client that they know. Local data: never fetched from anywhere.

    secret_variable: the environment variable that may hold client_secret, where the token endpoint insists on one.
    exchange: how the token endpoint is asked: an HTML form, JSON, or Copilot's exchange of a GitHub token, which goes
    to exchange_url. authorize_url: "" where there is no code flow; device_url: "" where there is no device flow;
    device_pkce: whether that flow takes a proof (RFC 7636) too. redirect_ports: of the loopback callback, in order of
    preference, () for any free one. redirect_path: of the callback.
    parameters: what the authorize URL has beside the standard ones. headers: of requests to the token endpoint.
    """

    client_id: str = ""
    client_secret: Secret | None = None
    secret_variable: str = ""
    token_url: str = ""
    exchange: Exchange = "form"
    exchange_url: str = ""
    authorize_url: str = ""
    device_url: str = ""
    device_pkce: bool = False
    scopes: tuple[str, ...] = ()
    redirect_ports: tuple[int, ...] = ()
    redirect_path: str = "/callback"
    redirect_host: str = "localhost"
    parameters: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


class Quirks(msgspec.Struct, frozen=True):
    """What a host does differently. Each is off by default.

    include_usage: ask for usage in Chat streams whose client didn't, and take the extra chunk out again.
    refuses: what it answers with an error although others take it; left out of translated requests. Names are those of
    `translate.hosts`.
    short_call_ids: it takes no ids of calls but `translate.names.SHORT_ID`, whatever the model. Not touched where the
    client speaks its format: those bytes pass as they came.
    cache_key: formats in which a key for the conversation helps its cache of prompts; one is made of the client's own
    name for the conversation, in translated requests that have none.
    answers: what holds an answer to a schema where that is less than the model's row says (see `translate.families`);
    "" for what the row says. refuses_schema_with_tools, refuses_forced_calls: whatever the row says.
    demands_thoughts: it refuses turns that call tools without their thought.
    drops_unfit_thoughts: it can be asked to leave out earlier thoughts that no longer fit what stands before them.
    """

    include_usage: bool = False
    refuses: frozenset[str] = frozenset()
    short_call_ids: bool = False
    cache_key: frozenset[FormatName] = frozenset()
    answers: Literal["", "json"] = ""
    refuses_schema_with_tools: bool = False
    refuses_forced_calls: bool = False
    demands_thoughts: bool = False
    drops_unfit_thoughts: bool = False


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """One host (or one family of addresses) and what it speaks.

    name: as users write it in `provider/model` and `[providers.NAME]`.
    formats: format -> base URL *as that format's SDK takes it* (OpenAI with /v1; Anthropic and Gemini without), in
    order of preference. The client's own format wins where it is here.
    auth: how a credential is carried upstream; "client" forwards the caller's own.
    key_variables: environment variables that may hold the key, first one set wins.
    models: globs of model ids that this provider serves (the family prefixes of the vendor's own).
    exclude: globs of ids it must not be asked for.
    discover: whether its model list can be asked for, at /models below its OpenAI base URL.
    headers: extra request headers the host demands, set unless the client sent them.
    local: a daemon on this machine that needs no key; used when its port answers.
    backend: send everything meant for this provider to that one (translated where formats differ).
    fallback: providers to try when this one can't serve.
    strategy: which account serves a request (accounts.pool).
    oauth: how logins are made and kept fresh; None where there are only keys. own_client: the vendor's own client, by
    the name that `token issue --client` knows: a login that serves "own-client" is used for its requests only.
    login_lists: what lists in headers must hold beside the client's own items where the credential is a login.
    hosts: where an account may say by itself that it is served ("*.example.com" for any below it); () for nowhere.
    shared_models: globs of other vendors' models that this provider serves too: it is asked for them where the vendor's
    own has no account. speaks: (glob of models, formats) where not every model is served in every format; first match.
    facts: what is configured of all accounts that don't say it themselves, as `Account.facts`; fact_variables: (fact,
    environment variables that may hold it, first one set wins). No other fact can be configured.
    shape: what data can't say of a request. envelope: the key under which its answers stand in an object of its own.
    always_streams: it answers with a stream whatever was asked. counts: whether it can be asked for a count of tokens.
    """

    name: str
    title: str
    formats: Mapping[FormatName, str]
    auth: Auth = "bearer"
    key_variables: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    discover: bool = True
    headers: tuple[tuple[str, str], ...] = ()
    quirks: Quirks = Quirks()
    local: bool = False
    backend: str = ""
    fallback: tuple[str, ...] = ()
    strategy: Strategy = "sticky"
    oauth: OAuth | None = None
    own_client: str = ""
    login_lists: tuple[tuple[str, str], ...] = ()
    hosts: tuple[str, ...] = ()
    shared_models: tuple[str, ...] = ()
    speaks: tuple[tuple[str, tuple[FormatName, ...]], ...] = ()
    facts: Mapping[str, str] = {}
    fact_variables: tuple[tuple[str, tuple[str, ...]], ...] = ()
    shape: Shape | None = None
    envelope: str = ""
    always_streams: bool = False
    counts: bool = True
