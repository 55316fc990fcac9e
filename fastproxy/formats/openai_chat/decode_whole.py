"""A `chat.completion` body as the events of its stream, folded. No reading of its own: one message is one delta."""

from fastproxy.errors import Fault
from fastproxy.formats.openai_chat.decode_stream import ChatDecoder
from fastproxy.ir.fold import Response, fold


def decode_whole(body: bytes) -> Response:
    """The response; with `failed` for an error that came with a good status. A body is whole without a finish_reason.

    Raises: Fault(upstream_garbage) for what is not JSON or has no choice.
    """
    decoder = ChatDecoder()
    events = decoder.decode(body) + decoder.release()
    if not events:
        raise Fault("upstream_garbage", "the upstream's answer has no choices")
    return fold(events + decoder.conclude())
