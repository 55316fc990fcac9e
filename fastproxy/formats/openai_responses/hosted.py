"""Which calls of free-text tools a host has run itself: nobody else may run them again, and no result is to follow.

xAI tells the searches of its `x_search` as `custom_tool_call`s, complete and without a result, in the middle of an
answer that goes on. The ids that it gives such calls say so; the client has declared no tool of these names.
Source: streams with x_search as quoted in public notes; the AI SDK's mapping (github.com/vercel/ai/pull/9896); read
2026-11-21.
"""

from fastproxy.formats.openai_shared import Object, text_of

FREE_TEXT_CALL = "custom_tool_call"
_SEARCH_ID = "xs_call_"
_NAMES = frozenset({"x_keyword_search", "x_semantic_search", "x_user_search", "x_thread_fetch", "view_x_video"})


def is_hosted(item: Object) -> bool:
    """Whether the item, a free-text call, is one that its host ran."""
    return text_of(item, "call_id").startswith(_SEARCH_ID) or text_of(item, "name") in _NAMES
