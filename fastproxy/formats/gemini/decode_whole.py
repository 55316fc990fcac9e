"""One whole Gemini answer, or a collected array of chunks, as the response that its stream would have told."""

from fastproxy.formats.gemini.decode_stream import GeminiDecoder
from fastproxy.ir.fold import Response, fold


def decode_whole(body: bytes) -> Response:
    """The folded response; one without a finishReason has `failed`, as its stream would.

    Raises: Fault(upstream_garbage) for what is not JSON.
    """
    decoder = GeminiDecoder()
    return fold([*decoder.decode(body), *decoder.close()])
