"""What a request of this format leans on and Google alone has: cached content, and several candidates at once.

Never refuses what the answer can do without: that is left out, by name, where the request is written.
"""

from fastproxy.errors import Fault
from fastproxy.ir.request import Request


def require_portable(request: Request) -> None:
    """Nothing, for a request that says all that it asks, and asks for one answer. Raises: Fault(bad_request).

    Source: google-genai 3.4.0 `types.GenerateContentConfig` (cached_content, candidate_count), read 2026-11-21.
    """
    if request.extras.get("cachedContent"):
        raise Fault("bad_request", "the cached content lies with Google; send it in contents", param="cachedContent")
    if request.sampling.candidates > 1:
        raise Fault("bad_request", "only one answer to a request can be translated", param="candidateCount")
