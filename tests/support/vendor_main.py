"""A vendor as a process: logins whose refresh tokens can be used once, accounts with limits, and all four APIs.

Run as `python vendor_main.py`; prints its port, and serves until its standard input ends. Tests order what it does at
/control (see `support.vendor`). Every account answers with its own name, so that a client sees who served it.
"""

import asyncio
import itertools
import sys
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson
from aiohttp import web

NAMES = itertools.count(1)
REMEMBERED = 20000

_WHOLE: dict[str, Any] = {
    "/v1/chat/completions": lambda name: {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": name}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    },
    "/v1/messages": lambda name: {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": name}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    },
    "/v1/responses": lambda name: {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "status": "completed",
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "output": [
            {
                "type": "message",
                "id": "msg_1",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": name, "annotations": []}],
            }
        ],
        "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
    },
}


@dataclass
class Account:
    """One subscription. answers: what the next requests get instead of a good answer; the last one stays if `stuck`."""

    name: str
    access: set[str] = field(default_factory=set)
    refresh: str = ""
    answers: list[dict[str, Any]] = field(default_factory=list)
    stuck: bool = False


@dataclass
class Vendor:
    accounts: dict[str, Account] = field(default_factory=dict)
    seen: list[dict[str, Any]] = field(default_factory=list)
    grants: list[dict[str, Any]] = field(default_factory=list)
    delay_seconds: float = 0.0
    answer_delay_seconds: float = 0.0
    token_answers: list[dict[str, Any]] = field(default_factory=list)
    lifetime_seconds: float = 3600.0
    keep_old_tokens: bool = False

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
    """The token endpoint: `refresh_token` (single use) and `authorization_code` ("code-NAME")."""
    vendor = request.app[VENDOR]
    raw = await request.read()
    form = orjson.loads(raw) if raw[:1] == b"{" else dict(await request.post())
    grant = {key: str(value) for key, value in form.items()}
    vendor.grants.append(grant)
    if vendor.token_answers:
        return scripted(vendor.token_answers.pop(0))
    account = next((one for one in vendor.accounts.values() if one.refresh == grant.get("refresh_token")), None)
    if grant.get("grant_type") == "authorization_code":
        account = vendor.accounts.get(grant.get("code", "").removeprefix("code-"))
    if account is None:
        return web.json_response({"error": "invalid_grant", "error_description": "unknown token"}, status=400)
    answer = vendor.login(account)  # the old token is spent from here on, whether or not anybody hears of it
    await asyncio.sleep(vendor.delay_seconds)
    return web.json_response(answer)


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
    if account.answers:
        return scripted(account.answers[0] if account.stuck else account.answers.pop(0))
    asked = orjson.loads(raw) if raw else {}
    if isinstance(asked, dict) and (asked.get("stream") or "streamGenerate" in request.path):
        return await stream(request, account.name)
    return good(request.path, account.name)


def gemini(name: str) -> dict[str, Any]:
    return {
        "candidates": [{"content": {"role": "model", "parts": [{"text": name}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
        "modelVersion": "m",
    }


def good(path: str, name: str) -> web.Response:
    if path.endswith("/models"):
        return web.json_response({"object": "list", "data": [{"id": "m", "object": "model"}]})
    body = next((make(name) for end, make in _WHOLE.items() if path.endswith(end)), None)
    if body is None:
        body = gemini(name)
    return web.json_response(body)


def events(path: str, name: str) -> list[bytes]:
    """A small good stream of the path's format."""
    if path.endswith("/v1/messages"):
        message = {**_WHOLE["/v1/messages"](name), "content": [], "stop_reason": None}
        told: list[dict[str, Any]] = [
            {"type": "message_start", "message": message},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": name}},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
            {"type": "message_stop"},
        ]
        return [b"event: %b\ndata: %b\n\n" % (one["type"].encode(), orjson.dumps(one)) for one in told]
    if path.endswith("/responses"):
        whole = _WHOLE["/v1/responses"](name)
        item = whole["output"][0]
        told = [
            {"type": "response.created", "response": {**whole, "status": "in_progress", "output": []}},
            {"type": "response.output_item.added", "output_index": 0, "item": {**item, "content": []}},
            {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "item_id": "msg_1",
             "delta": name, "logprobs": []},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": whole},
        ]  # fmt: skip
        numbered = [{**one, "sequence_number": number} for number, one in enumerate(told)]
        return [b"event: %b\ndata: %b\n\n" % (one["type"].encode(), orjson.dumps(one)) for one in numbered]
    if path.endswith("/chat/completions"):
        chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        deltas = [({"role": "assistant", "content": ""}, None), ({"content": name}, None), ({}, "stop")]
        chunks = [
            {**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]} for delta, reason in deltas
        ]
        return [b"data: %b\n\n" % orjson.dumps(one) for one in chunks] + [b"data: [DONE]\n\n"]
    return [b"data: %b\r\n\r\n" % orjson.dumps(gemini(name))]


async def stream(request: web.Request, name: str) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    for event in events(request.path, name):
        await response.write(event)
        await asyncio.sleep(0)
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
        if key := order.get("key"):
            account.access.add(key)
        if order.get("login"):
            told["login"] = vendor.login(account)
        if order.get("revoke"):
            account.access.clear()
    told |= {"seen": vendor.seen, "grants": vendor.grants} if order.get("recall") else {}
    if order.get("forget"):
        vendor.seen, vendor.grants = [], []
    return web.json_response(told, dumps=lambda value: orjson.dumps(value).decode())


async def main() -> None:
    app = web.Application(client_max_size=64 << 20)
    app[VENDOR] = Vendor()
    app.router.add_post("/control", control)
    app.router.add_post("/oauth/token", token)
    app.router.add_route("*", "/{path:.*}", serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
