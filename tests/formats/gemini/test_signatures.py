"""Where generateContent bodies hold signatures."""

import pytest

from fastproxy.formats.gemini.signatures import SIGNATURES


@pytest.mark.parametrize("key", SIGNATURES.keys)
def test_a_thought_goes_with_its_signature_and_what_else_had_one_stays_byte_for_byte(key: str) -> None:
    signature = b'"%b":"s"' % key.encode()
    assert SIGNATURES.bare(b'{"text":"so","thought":true,%b}' % signature, key) is None
    call = b'{"functionCall" : {"name":"f","args":{"n":1.0}}'
    assert SIGNATURES.bare(call + b"," + signature + b"}", key) == call + b"}"
    assert SIGNATURES.bare(b'{"text":"x","thought":false,%b}' % signature, key) == b'{"text":"x","thought":false}'
