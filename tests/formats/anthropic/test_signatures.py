"""Where Messages bodies hold signatures."""

from fastproxy.formats.anthropic.decode_request import decode_request
from fastproxy.formats.anthropic.signatures import SIGNATURES
from fastproxy.ir.request import ReasoningPart


def test_a_withheld_thought_reads_as_one() -> None:
    assert SIGNATURES.withheld is not None
    block = SIGNATURES.withheld('s/"g')
    body = b'{"model":"m","messages":[{"role":"assistant","content":[%b]}]}' % block
    (message,) = decode_request(body, {}).messages
    assert message.parts == (ReasoningPart("", 's/"g', "redacted"),)


def test_a_thought_is_nothing_without_its_signature() -> None:
    assert SIGNATURES.bare(b'{"type":"thinking","thinking":"so","signature":"s"}', "signature") is None
