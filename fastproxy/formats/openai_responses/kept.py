"""What a request of this format leans on and its own host alone has: stored turns, items and prompts, secret summaries.

Never refuses what the answer can do without: that is left out, by name, where the request is written.
"""

from collections.abc import Mapping

from fastproxy.errors import Fault
from fastproxy.formats.openai_shared import text_of
from fastproxy.ir.request import OpaquePart, Request

# Each with what to do instead. Without them something else would be asked, or answered to nobody.
_FIELDS: Mapping[str, str] = {
    "previous_response_id": "the turns before this one lie with another host; send them all",
    "conversation": "the turns before this one lie with another host; send them all",
    "prompt": "the prompt lies with another host; send what it says",
    "background": "an answer is kept for nobody here; ask for it at once",
}
_ITEMS: Mapping[str, str] = {
    "item_reference": "an item_reference names what lies with another host; send the item itself",
    "compaction": "only its own host can read a compaction; send the turns themselves",
}


def require_portable(request: Request) -> None:
    """Nothing, for a request that says all that it asks. Raises: Fault(bad_request).

    Source: openai 3.54.0, types/responses/response_create_params.py, response_input_item_param.py, read 2026-11-21.
    """
    for field, advice in _FIELDS.items():
        if request.extras.get(field):
            raise Fault("bad_request", advice, param=field)
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, OpaquePart) and (advice := _ITEMS.get(text_of(part.data, "type"), "")):
                raise Fault("bad_request", advice, param="input")
