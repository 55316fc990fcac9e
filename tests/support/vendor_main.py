"""Vendors in a process: logins whose refresh tokens can be used once, accounts with limits, and all four APIs.

Run as `python vendor_main.py`; each line "open" of its standard input makes a vendor whose port is printed, and
"close PORT" ends that one. Tests order what a vendor does at its /control (see `support.vendor`). Every account
answers with its own name, so that a client sees who served it.
"""

import asyncio
import itertools
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from fastproxy.clock import wall

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.vendor_answers import body, enveloped, events, gemini, refused_by_codex

NAMES = itertools.count(1)
REPORTS = ("/api/oauth/usage", "/backend-api/wham/usage", "/copilot_internal/user", "/v1internal:retrieveUserQuota")
REMEMBERED = 20000


@dataclass
class Account:
    """One subscription. answers: what the next requests get, {} for a good answer; the last one stays if `stuck`.

    quota: {"requests": as many in "seconds", "at_once": as many at a time, "answer": what all others get}; its headers
    and its body may say {reset_at}, {reset_in} and {reset_rfc}.
    """

    name: str
    access: set[str] = field(default_factory=set)
    refresh: str = ""
    answers: list[dict[str, Any]] = field(default_factory=list)
    stuck: bool = False
    report: dict[str, Any] | None = None
    quota: dict[str, Any] = field(default_factory=dict)
    used: int = 0
    began_at: float = 0.0
    at_once: int = 0

    def over(self) -> dict[str, Any] | None:
        """The refusal of a request that is over the quota; None for one that is not, which is then counted."""
        if not self.quota:
            return None
        now, seconds = wall(), self.quota.get("seconds", 3600.0)
        if now >= self.began_at + seconds:
            self.began_at, self.used = float(int(now)), 0
        if self.used >= self.quota.get("requests", REMEMBERED) or self.at_once >= self.quota.get("at_once", REMEMBERED):
            return told_until(self.quota["answer"], self.began_at + seconds, now)
        self.used += 1
        return None


def told_until(answer: dict[str, Any], until_at: float, now: float) -> dict[str, Any]:
    """The answer with its times filled in."""
    told = {"{reset_at}": f"{until_at:.0f}", "{reset_in}": f"{until_at - now:.0f}"}
    told["{reset_rfc}"] = datetime.fromtimestamp(until_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def filled(text: str) -> str:
        for mark, value in told.items():
            text = text.replace(mark, value)
        return text

    headers = {name: filled(value) for name, value in answer.get("headers", {}).items()}
    return {**answer, "headers": headers, "body": filled(answer.get("body", ""))}


@dataclass
class Vendor:
    accounts: dict[str, Account] = field(default_factory=dict)
    seen: list[dict[str, Any]] = field(default_factory=list)
    grants: list[dict[str, Any]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    delay_seconds: float = 0.0
    answer_delay_seconds: float = 0.0
    token_answers: list[dict[str, Any]] = field(default_factory=list)
    held: bool = True
    waiting: int = 0
    lifetime_seconds: float = 3600.0
    keep_old_tokens: bool = False
    device_answer: dict[str, Any] = field(default_factory=dict)

    def login(self, account: Account) -> dict[str, Any]:
        """New tokens; those before count no longer."""
        number = next(NAMES)
        access, refresh = f"at-{account.name}-{number}", f"rt-{account.name}-{number}"
        if not self.keep_old_tokens:
            account.access.clear()
        account.access.add(access)
        account.refresh = refresh
        return {
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": self.lifetime_seconds,
            "token_type": "Bearer",
        }

    def find(self, token: str) -> Account | None:
        return next((one for one in self.accounts.values() if token in one.access), None)


VENDOR: web.AppKey[Vendor] = web.AppKey("vendor", Vendor)


async def token(request: web.Request) -> web.StreamResponse:
    """The token endpoint: `refresh_token` (single use), `authorization_code` ("code-NAME"), devices ("device-NAME").

    token_answers: what the next requests get. One with `delay_seconds` takes that long, one that is `held` waits for
    the test, one with `cut` breaks off without an answer; what else it has is answered instead of a grant.
    """
    vendor = request.app[VENDOR]
    raw = await request.read()
    form = orjson.loads(raw) if raw[:1] == b"{" else dict(await request.post())
    grant = {key: str(value) for key, value in form.items()}
    vendor.grants.append(grant)
    answer = vendor.token_answers.pop(0) if vendor.token_answers else {}
    await asyncio.sleep(answer.get("delay_seconds", 0))
    if answer.get("held"):
        await unheld(vendor)
    if answer.get("cut") and request.transport is not None:
        request.transport.abort()
    if answer.keys() - {"delay_seconds", "held"}:
        return scripted(answer)
    account = next((one for one in vendor.accounts.values() if one.refresh == grant.get("refresh_token")), None)
    if grant.get("grant_type") == "authorization_code":
        account = vendor.accounts.get(grant.get("code", "").removeprefix("code-"))
    if grant.get("device_code"):
        account = vendor.accounts.get(grant["device_code"].removeprefix("device-"))
    if account is None:
        return web.json_response({"error": "invalid_grant", "error_description": "unknown token"}, status=400)
    answer = vendor.login(account)  # the old token is spent from here on, whether or not anybody hears of it
    await asyncio.sleep(vendor.delay_seconds)
    return web.json_response(answer)


async def unheld(vendor: Vendor) -> None:
    """Until the test sets `held` to false: what it sees before can't be the work of this answer."""
    vendor.waiting += 1
    while vendor.held:  # noqa: ASYNC110 - it is set by its name, as all that a test can set
        await asyncio.sleep(0.02)
    vendor.waiting -= 1


async def device(request: web.Request) -> web.StreamResponse:
    """The device endpoint, for the account that was made first."""
    vendor = request.app[VENDOR]
    vendor.grants.append({key: str(value) for key, value in (await request.post()).items()})
    answer = {"device_code": f"device-{next(iter(vendor.accounts))}", "user_code": "WDJB-MJHT", "interval": 1}
    answer |= {"verification_uri": "https://example.com/device", "expires_in": 900}
    return web.json_response(answer | vendor.device_answer)


async def copilot(request: web.Request) -> web.StreamResponse:
    """Copilot's exchange: a login's newest access token, taken for GitHub's, gets one that lives for half an hour."""
    vendor = request.app[VENDOR]
    vendor.grants.append({"authorization": request.headers.get("authorization", "")})
    account = vendor.find(request.headers.get("authorization", "").removeprefix("token "))
    if account is None:
        return web.json_response({"message": "Bad credentials", "status": "401"}, status=401)
    api = f"tid={account.name}-{next(NAMES)}"
    account.access.add(api)
    told = {"token": api, "expires_at": 4102444800, "refresh_in": 1500}
    return web.json_response(told | {"endpoints": {"api": "https://api.individual.githubcopilot.com"}})


async def report(request: web.Request) -> web.StreamResponse:
    """An account's usage report, as it was ordered; {"status", ...} is answered as it stands."""
    vendor = request.app[VENDOR]
    carried = request.headers.get("authorization", "")
    account = vendor.find(carried.removeprefix("Bearer ").removeprefix("token "))
    account = account or next((one for one in vendor.accounts.values() if carried == f"token {one.refresh}"), None)
    headers = [[name.lower(), value] for name, value in request.headers.items()]
    body = (await request.read()).decode()
    name = account.name if account else ""
    vendor.seen.append({"account": name, "path": request.path_qs, "headers": headers, "body": body})
    await asyncio.sleep(vendor.answer_delay_seconds)
    if account is None:
        return web.json_response({"error": "invalid token"}, status=401)
    if account.report is None:
        return web.json_response({}, status=404)
    return scripted(account.report) if "status" in account.report else web.json_response(account.report)


async def serve(request: web.Request) -> web.StreamResponse:
    """Any of the APIs."""
    vendor = request.app[VENDOR]
    raw = await request.read()
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    credential = bearer or request.headers.get("x-api-key", "") or request.headers.get("x-goog-api-key", "")
    account = vendor.find(credential)
    seen = {
        "account": account.name if account else "",
        "path": request.path_qs,
        "digest": sha256(credential.encode()).hexdigest(),
        "headers": [[name.lower(), value] for name, value in request.headers.items()],
        "body": raw.decode(errors="replace"),
    }
    vendor.seen.append(seen)
    del vendor.seen[:-REMEMBERED]
    await asyncio.sleep(vendor.answer_delay_seconds)
    if account is None:
        error = {"type": "error", "error": {"type": "authentication_error", "message": "invalid token"}}
        return web.json_response(error, status=401)
    answer = (account.answers[0] if account.stuck else account.answers.pop(0)) if account.answers else {}
    if answer:
        return await answered(request, account, answer)
    if (refusal := account.over()) is not None:
        return await answered(request, account, refusal)
    account.at_once += 1
    try:
        await asyncio.sleep(account.quota.get("delay_seconds", 0))
        return await good_answer(request, account, raw)
    finally:
        account.at_once -= 1


async def good_answer(request: web.Request, account: Account, raw: bytes) -> web.StreamResponse:
    asked = orjson.loads(raw) if raw else {}
    if request.path.endswith("/codex/responses") and (refusal := refused_by_codex(asked)):
        return web.json_response({"detail": refusal}, status=400)
    if isinstance(asked, dict) and (asked.get("stream") or "streamGenerate" in request.path):
        return await stream(request, account.name)
    return web.json_response(body(request.path, account.name))


async def stream(request: web.Request, name: str) -> web.StreamResponse:
    if "streamGenerate" in request.path and request.query.get("alt") != "sse":
        return web.json_response([enveloped(request.path, gemini(name))])
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    for event in events(request.path, name):
        await response.write(event)
        await asyncio.sleep(0)
    await response.write_eof()
    return response


async def answered(request: web.Request, account: Account, answer: dict[str, Any]) -> web.StreamResponse:
    """What was ordered. One with `pieces`, [seconds to wait, text] each, is sent piece by piece; `cut` breaks it off.

    Who goes away meanwhile is noted in `gone`.
    """
    if "pieces" not in answer:
        return scripted(answer)
    response = web.StreamResponse(status=answer.get("status", 200), headers=answer.get("headers", {}))
    await response.prepare(request)
    for seconds, text in answer["pieces"]:
        until = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < until:
            await asyncio.sleep(min(0.02, seconds))
            if request.transport is None or request.transport.is_closing():
                request.app[VENDOR].gone.append(account.name)
                return response
        await response.write(text.encode())
    if answer.get("cut") and request.transport is not None:
        request.transport.abort()
        return response
    await response.write_eof()
    return response


def scripted(answer: dict[str, Any]) -> web.Response:
    return web.Response(
        status=answer.get("status", 200), headers=answer.get("headers", {}), body=answer.get("body", "").encode()
    )


async def control(request: web.Request) -> web.Response:
    """Orders of the test: {"set": {...}}, {"account": NAME, ...}, {"forget": true}; answers with what was seen."""
    vendor = request.app[VENDOR]
    order = orjson.loads(await request.read() or b"{}")
    for key, value in order.get("set", {}).items():
        setattr(vendor, key, value)
    told: dict[str, Any] = {}
    if name := order.get("account"):
        account = vendor.accounts.setdefault(name, Account(name))
        account.answers = order.get("answers", account.answers)
        account.stuck = order.get("stuck", account.stuck)
        account.report = order.get("report", account.report)
        account.quota = order.get("quota", account.quota)
        if key := order.get("key"):
            account.access.add(key)
        if order.get("login"):
            told["login"] = vendor.login(account)
        if order.get("revoke"):
            account.access.clear()
    if order.get("recall"):
        told |= {"seen": vendor.seen, "grants": vendor.grants, "gone": vendor.gone, "waiting": vendor.waiting}
    if order.get("forget"):
        vendor.seen, vendor.grants, vendor.gone = [], [], []
    return web.json_response(told, dumps=lambda value: orjson.dumps(value).decode())


async def opened() -> web.AppRunner:
    """One more vendor, which knows nothing of the others."""
    app = web.Application(client_max_size=64 << 20)
    app[VENDOR] = Vendor()
    app.router.add_post("/control", control)
    app.router.add_post("/oauth/token", token)
    app.router.add_post("/oauth/device", device)
    app.router.add_get("/copilot_internal/v2/token", copilot)
    for path in REPORTS:
        app.router.add_route("*", path, report)
    app.router.add_route("*", "/{path:.*}", serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner


async def main() -> None:
    runners: dict[str, web.AppRunner] = {}
    closing: list[asyncio.Task[None]] = []  # each waits for those whom it still answers
    while order := (await asyncio.to_thread(sys.stdin.readline)).split():
        if order[0] == "open":
            runner = await opened()
            port = str(runner.addresses[0][1])
            runners[port] = runner
        else:
            port = order[1]
            runner = runners.pop(port)
            runner.app[VENDOR].held = False
            closing.append(asyncio.create_task(runner.cleanup()))
            await asyncio.sleep(0)  # so that nobody new can come
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
