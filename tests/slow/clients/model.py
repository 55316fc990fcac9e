"""The model at the far end: answers any format with a text, or first with one call of the client's own shell tool.

It thinks before it calls, and signs the thought: whoever keeps the conversation has to give SIGNATURE back to it.
The call's command prints PROOF, which stands nowhere in the command: a client that sends PROOF back has run it.
"""

import orjson

from fastproxy import endpoints
from fastproxy.errors import Fault
from fastproxy.formats import BY_NAME
from fastproxy.formats.base import EncoderOptions, FormatName
from fastproxy.ir.events import BlockEnd, Event, Reasoning, Start, Stop, Text, ToolArgs, ToolStart, Usage
from fastproxy.ir.fold import fold
from slow.host import Said
from support.script import JSON, SSE, Seen, chunk, head

PLAIN = "What is the lighthouse's colour? Answer in one sentence."
PLAIN_TEXT = "It is white with one red stripe."
WITH_TOOL = "Run a shell command that proves you are there: TOOLTURN."
COMMAND = "printf proof-%d-lighthouse 42"  # no substitution: Gemini CLI refuses to run it
SIGNATURE = "c2lnbmVkQXRUaGVMaWdodGhvdXNl"
PROOF = b"proof-42-lighthouse"
TOOL_TEXT = "The command has run at the lighthouse."
_TOOL_MARK = b"TOOLTURN"
# The shell tool of each client, under the names it has had, and the arguments it takes.
_TOOLS: dict[str, dict[str, object]] = {
    "Bash": {"command": COMMAND, "description": "Prints a proof"},
    "bash": {"command": COMMAND, "description": "Prints a proof"},
    "run_shell_command": {"command": COMMAND, "description": "Prints a proof"},
    "exec_command": {"cmd": COMMAND},
    "shell_command": {"command": COMMAND},
    "shell": {"command": ["bash", "-lc", COMMAND]},
}
_NOT_FOUND = Said([head(404, [JSON, ("content-length", "2")]) + b"{}"])


def answer(seen: Seen) -> Said:
    """The answer, streamed or whole as it was asked for; 404 for what is no model request."""
    method, target, _ = seen.request_line.split(b" ")
    path, _, query = target.partition(b"?")
    try:
        match = endpoints.find(method, path)
    except Fault:
        return _NOT_FOUND
    if match.endpoint.format is None or match.endpoint.action != "generate":
        return _NOT_FOUND
    format_ = BY_NAME[match.endpoint.format]
    peek = format_.peek(seen.body, match.params)
    events = _events(seen.body, peek.model, format_.name)
    if not peek.stream:
        body = format_.encode_whole(fold(events))
        return Said([head(200, [JSON, ("content-length", str(len(body)))]) + body])
    encoder = format_.encoder(EncoderOptions(array=format_.name == "gemini" and b"alt=sse" not in query))
    pieces = [*map(encoder.encode, events), encoder.close()]
    framed = [chunk(piece) for piece in pieces if piece]
    return Said([head(200, [SSE, ("transfer-encoding", "chunked")]), *framed, b"0\r\n\r\n"])


def _events(body: bytes, model: str, format_: FormatName) -> list[Event]:
    tool = next((name for name in _TOOLS if b'"name":"%b"' % name.encode() in body), None)
    usage = Usage(input_tokens=100, cached_tokens=0, cache_written_tokens=0, output_tokens=10, reasoning_tokens=0)
    start = Start("resp_lighthouse", model, 1_760_000_000)
    if PROOF in body:
        return [start, *_said(TOOL_TEXT), usage, Stop("end")]
    if _TOOL_MARK in body and tool is not None:
        arguments = orjson.dumps(_TOOLS[tool]).decode()
        pieces = [ToolArgs(1, arguments[:9]), ToolArgs(1, arguments[9:])]
        call: list[Event] = [ToolStart(1, "call_lighthouse", tool), *pieces, BlockEnd(1)]
        return [start, *_signed(format_), *call, usage, Stop("tools")]
    return [start, *_said(PLAIN_TEXT), usage, Stop("end")]


def _signed(format_: FormatName) -> list[Event]:
    """Thinking, with its proof where each vendor puts it; Chat has no place for one that all clients keep."""
    if format_ == "openai-chat":
        return [Reasoning(0, "I must look."), BlockEnd(0)]
    if format_ == "gemini":
        return [Reasoning(0, "", SIGNATURE, "call"), BlockEnd(0)]
    return [Reasoning(0, "I must look."), Reasoning(0, "", SIGNATURE), BlockEnd(0)]


def _said(text: str) -> list[Event]:
    half = len(text) // 2
    return [Text(0, text[:half]), Text(0, text[half:]), BlockEnd(0)]
