"""How a JSON file lays out one login, as data; and the reading and writing that all such files share.

Pure: bytes to values and back. A write changes the values it must and keeps every other byte, because the file belongs
to a tool that may know fields which we don't.
"""

from collections.abc import Mapping, Sequence

import msgspec

from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.sources.tokens import claims_of, rfc3339, token_text, told_at, written_like
from fastproxy.errors import Fault
from fastproxy.jsonedit import put
from fastproxy.secret import Secret

Document = Mapping[str, object]

_DOCUMENT = msgspec.json.Decoder(dict[str, object])


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """Where a file keeps what a login consists of.

    at: the path of the object that holds the tokens; () for the file's own. access, refresh, expires: the names that
    are looked for in it; the first is written where there is none yet. No name for `expires` means that the access
    token is a JWT that tells it. stamp: the file's own key for the time of the last refresh.
    told: fields of a token endpoint's answer that the file has too. outer: fields of the file's own object that are
    part of the login when `at` is deeper.
    """

    at: tuple[str, ...] = ()
    access: tuple[str, ...] = ("access_token",)
    refresh: tuple[str, ...] = ("refresh_token",)
    expires: tuple[str, ...] = ()
    stamp: str = ""
    told: tuple[str, ...] = ()
    outer: tuple[str, ...] = ()


def document_of(body: bytes) -> Document:
    """The file's JSON object. Raises: AccountError."""
    try:
        return _DOCUMENT.decode(body)
    except msgspec.ValidationError:
        raise AccountError("it is not a JSON object") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise AccountError("it is not valid JSON") from None


def inside(document: Document, path: Sequence[str]) -> Document | None:
    """The object at a path of keys; None where there is none."""
    for key in path:
        value = document.get(key)
        if not isinstance(value, dict):
            return None
        document = value
    return document


def login_in(document: Document, layout: Layout) -> Login | None:
    """The login that lies in the file as `layout` says; None where there is none.

    One that has only a refresh token counts: its access token is "". Raises: AccountError.
    """
    holder = inside(document, layout.at)
    if holder is None:
        return None
    access_name, refresh_name = (_name(holder, names) for names in (layout.access, layout.refresh))
    access, refresh = (token_text(holder.get(name), name) for name in (access_name, refresh_name))
    if not access and not refresh:
        return None
    ours = {access_name, refresh_name, *layout.expires}
    outer = {name: document[name] for name in layout.outer if name in document}
    return Login(
        Secret(access),
        Secret(refresh) if refresh else None,
        _expires_at(holder, layout, access),
        told_at(document.get(layout.stamp)) or told_at(claims_of(access).get("iat")),
        outer | {name: value for name, value in holder.items() if name not in ours},
    )


def with_login(body: bytes, login: Login, layout: Layout) -> bytes:
    """`body` with the tokens of `login` in place of the old ones, every other byte kept.

    What the new login doesn't say (no refresh token in the answer, no expiry) stays as it was. Raises: AccountError.
    """
    document = document_of(body)
    holder = inside(document, layout.at) or {}
    new: dict[tuple[str, ...], bytes] = {}
    new[(*layout.at, _name(holder, layout.access))] = msgspec.json.encode(login.access.reveal())
    if login.refresh is not None:
        new[(*layout.at, _name(holder, layout.refresh))] = msgspec.json.encode(login.refresh.reveal())
    if layout.expires and login.expires_at is not None:
        name = _name(holder, layout.expires)
        new[(*layout.at, name)] = written_like(holder.get(name), login.expires_at)
    for name in layout.told:
        value = login.kept.get(name)
        if isinstance(value, str) and holder.get(name) != value:
            new[(*layout.at, name)] = msgspec.json.encode(value)
    if layout.stamp and login.minted_at is not None:
        new[layout.stamp,] = msgspec.json.encode(rfc3339(login.minted_at))
    try:
        for path, value in new.items():
            body = put(body, path, value, replace=True)
    except Fault as fault:
        raise AccountError(f"it can't be edited: {fault.message}") from None
    return body


def _name(holder: Document, names: tuple[str, ...]) -> str:
    return next((name for name in names if holder.get(name)), names[0])


def _expires_at(holder: Document, layout: Layout, access: str) -> float | None:
    if not layout.expires:
        return told_at(claims_of(access).get("exp"))
    return told_at(holder.get(_name(holder, layout.expires)))
