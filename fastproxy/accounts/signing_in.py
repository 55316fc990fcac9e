"""A login made in the browser: an address to open, an answer to wait for, a code to redeem. Source: RFC 8252.

The answer comes by the callback on this machine, or is pasted by a person whose browser is on another one; whichever
is first counts. Nothing is written here, and no token is ever part of a text.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import NamedTuple

from fastproxy.accounts.callback import Answer, Callback, answer_pasted, listening
from fastproxy.accounts.grants import (
    Post,
    Refusal,
    authorize_url,
    code_grant,
    login_of,
    refresh_grant,
    require_secret,
)
from fastproxy.accounts.login import AccountError, Login
from fastproxy.accounts.pkce import new_proof, new_state
from fastproxy.providers.base import OAuth
from fastproxy.secret import Secret

WAIT_SECONDS = 600.0  # for a person at a browser, who may have to find a second factor


class Person(NamedTuple):
    """Who logs in. show: the address to open. paste: waits for a line from them, "" for one that was empty.

    complain: tells them why a line was no answer.
    """

    show: Callable[[str], None]
    paste: Callable[[], Awaitable[str]]
    complain: Callable[[str], None]


async def login_by_code(oauth: OAuth, post: Post, person: Person, now: Callable[[], float]) -> Login:
    """The login, once the person has said yes. now: wall seconds. Raises: AccountError, Fault."""
    require_secret(oauth)
    proof, state = new_proof(), new_state()
    async with AsyncExitStack() as held:
        callback = await _open_callback(oauth, state, person, held)
        port = oauth.redirect_ports[0] if callback is None else callback.port
        redirect = f"http://{oauth.redirect_host}:{port}{oauth.redirect_path}"
        person.show(authorize_url(oauth, proof, redirect, state))
        answer = await _first_answer(callback, person, state)
    if answer.error:
        raise AccountError(f"the login was refused in the browser ({answer.error})")
    asked_at = now()
    login = login_of(await post(code_grant(oauth, answer.code, proof, redirect, state)), oauth, None, asked_at)
    if isinstance(login, Refusal):
        named = f" ({login.code})" if login.code else ""
        why = f"the vendor did not take the code{named}: begin again" if login.definitive else login.cause
        raise AccountError(f"no login: {why}")
    return login


async def exchanged(oauth: OAuth, post: Post, login: Login, now: Callable[[], float]) -> Login:
    """The login with what the vendor's API takes: Copilot's wants a token that is got for the one of GitHub's.

    Raises: AccountError, Fault.
    """
    if oauth.exchange != "copilot":
        return login
    used = Login(Secret(""), login.access)
    asked_at = now()
    found = login_of(await post(refresh_grant(oauth, used)), oauth, used, asked_at)
    if isinstance(found, Refusal):
        raise AccountError(f"GitHub has let you in, and Copilot has not: {found.cause}")
    return found


async def _open_callback(oauth: OAuth, state: str, person: Person, held: AsyncExitStack) -> Callback | None:
    """The server; None where its port is taken, and the answer can still be pasted. Raises: AccountError."""
    try:
        return await held.enter_async_context(listening(oauth.redirect_ports, oauth.redirect_path, state))
    except AccountError as error:
        if not oauth.redirect_ports:
            raise
        person.complain(f"{error}. Or paste the address at which the browser ends.")
        return None


async def _first_answer(callback: Callback | None, person: Person, state: str) -> Answer:
    """Raises: AccountError when nothing came in time."""
    waits = [asyncio.ensure_future(_pasted(person, state))]
    if callback is not None:
        waits.append(asyncio.ensure_future(callback.answer()))
    try:
        done, _ = await asyncio.wait(waits, timeout=WAIT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            raise AccountError(f"no answer came within {WAIT_SECONDS / 60:g} minutes: begin again")
        return done.pop().result()
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def _pasted(person: Person, state: str) -> Answer:
    while True:
        line = await person.paste()
        if line.strip():
            try:
                return answer_pasted(line, state)
            except AccountError as error:
                person.complain(str(error))
