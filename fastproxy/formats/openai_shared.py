"""What Responses takes from Chat: the one door between the two OpenAI folders. It defines nothing of its own.

Both formats have one error body, one way to count tokens, one notion of a response that ended well, one of the schemas
that tools may have, and the same careful looks into what came; Chat, the older one, holds them. Nothing in openai_chat
may import this module or anything of openai_responses.
"""

from fastproxy.formats.openai_chat.decode_parts import Object, cache_of, located, object_of, text_of
from fastproxy.formats.openai_chat.encode_whole import arguments_of
from fastproxy.formats.openai_chat.faults import decode_fault, encode_fault, failed_of, type_and_code
from fastproxy.formats.openai_chat.parameters import NO_ARGUMENTS, callable_tools
from fastproxy.formats.openai_chat.peek import session_of
from fastproxy.formats.openai_chat.stops import ended, require_good, unfinished
from fastproxy.formats.openai_chat.usage import Names, read, write

__all__ = [
    "NO_ARGUMENTS",
    "Names",
    "Object",
    "arguments_of",
    "cache_of",
    "callable_tools",
    "decode_fault",
    "encode_fault",
    "ended",
    "failed_of",
    "located",
    "object_of",
    "read",
    "require_good",
    "session_of",
    "text_of",
    "type_and_code",
    "unfinished",
    "write",
]
