r"""What the argument text of a call becomes as the `input` of a `tool_use`, streamed and whole alike.

    one JSON object        itself, byte for byte; {} for none, or null
    not an object at all   {"_invalid_json": the text}: its tool will refuse it, and the model can mend its call
    cut by a limit         what the text tells so far, as the official SDK reads half a one
    an object that breaks  nothing: pieces that were sent can't be taken back, and half a call must not be run

Never makes up a value, never ends one that was not told to its end.
Source: anthropic 2.12.0 `lib/streaming/_messages.py` (jiter's partial mode); what a request's broken call becomes, in
`encode_parts`; read 2026-11-21.
"""

import re

import orjson

from fastproxy.errors import Fault
from fastproxy.formats.arguments import arguments_object

INVALID = "_invalid_json"
_CLOSER = {"{": "}", "[": "]"}
# A whole string, a bracket, a comma; or the quote of a string that never ends.
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],"]', re.DOTALL)
# What may stand behind the last value that is surely whole: the beginning of the next one, and nothing else.
_STRING = r'"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*(?:"|\\(?:u[0-9a-fA-F]{0,3})?)?'
_NUMBER = r"-?(?:(?:0|[1-9]\d*)(?:\.\d*)?(?:[eE][+-]?\d*)?)?"
_BEGUN = rf"(?:{_STRING}|t(?:r(?:ue?)?)?|f(?:a(?:l(?:se?)?)?)?|n(?:u(?:ll?)?)?|{_NUMBER})"
_TAIL = re.compile(rf"\s*,?\s*{_BEGUN}\s*(?::\s*{_BEGUN})?\s*")


def begins_object(arguments: str) -> bool:
    """Whether the text is an object, or would be if it went on; nothing else can be told piece by piece."""
    return arguments.lstrip()[:1] == "{"


def input_json(arguments: str, *, cut: bool) -> bytes | None:
    """The input; None for an object that breaks. cut: something ended the answer before the model did."""
    whole = arguments_object(arguments)
    if whole is not None:
        return whole
    if not begins_object(arguments):
        return orjson.dumps({INVALID: arguments})
    return _told_so_far(arguments.lstrip()) if cut else None


def broken_call(name: str) -> Fault:
    """The failure of an answer with a call that has no input."""
    return Fault("upstream_garbage", f"the arguments of the call of {name!r} are not a JSON object")


def _told_so_far(text: str) -> bytes | None:
    """The beginning of an object, ended behind its last whole value; None where it is not the beginning of one."""
    closers: list[str] = []
    safe = 0  # behind the last value that is surely whole, or the last bracket that opened
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word in _CLOSER:
            closers.append(_CLOSER[word])
            safe = token.end()
        elif word in "}]":
            if not closers or closers.pop() != word:
                return None
            safe = token.end()
            if not closers:
                return arguments_object(text[:safe])
        elif word == ",":
            safe = token.start()
        elif word == '"':
            break
    ends = "".join(reversed(closers))
    told = arguments_object(text + ends)
    if told is not None or _TAIL.fullmatch(text, safe) is None:
        return told
    return arguments_object(text[:safe] + ends)
