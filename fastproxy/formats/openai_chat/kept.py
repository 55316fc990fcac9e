"""What a Chat request leans on and its own host alone has: several answers at once. It refers to nothing stored.

Never refuses what the answer can do without: that is left out, by name, where the request is written.
"""

from fastproxy.errors import Fault
from fastproxy.ir.request import Request


def require_portable(request: Request) -> None:
    """Nothing, for a request that asks for one answer: each would need a stream of its own. Raises: Fault(bad_request).

    Source: openai 3.54.0, types/chat/completion_create_params.py (n), read 2026-11-21.
    """
    if request.sampling.candidates > 1:
        raise Fault("bad_request", "only one answer to a request can be translated", param="n")
