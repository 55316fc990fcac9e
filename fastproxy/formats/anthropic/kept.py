"""What a request of this format leans on and Anthropic alone has: conversations that it keeps.

Never refuses what the answer can do without: that is left out, by name, where the request is written.
"""

from fastproxy.errors import Fault
from fastproxy.ir.request import Request


def require_portable(request: Request) -> None:
    """Nothing, for a request that says all that it asks.

    A turn of a kept conversation says only what is new. Told so, the vendor's SDK says all of it again.
    Raises: Fault(not_found).
    Source: anthropic 2.12.0, `lib/threads/_thread_state.py` and `types/thread_not_found_error.py`, read 2026-11-21.
    """
    thread = request.extras.get("thread")
    if isinstance(thread, dict) and thread.get("type") == "continue":
        raise Fault("not_found", "this conversation is kept by Anthropic; send all of its messages", param="thread")
