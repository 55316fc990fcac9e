"""What a Gemini client asks of nobody but Google."""

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.gemini.decode_request import decode_request
from fastproxy.formats.gemini.kept import require_portable
from fastproxy.ir.request import Request

PARAMS = {"model": "m", "verb": "generateContent"}


def request(said: bytes) -> Request:
    return decode_request(b'{"contents":[{"role":"user","parts":[{"text":"Go on."}]}]%b}' % said, PARAMS)


@pytest.mark.parametrize(
    "said", [b"", b',"cachedContent":null', b',"cachedContent":""', b',"generationConfig":{"candidateCount":1}']
)
def test_what_says_all_that_it_asks_may_go_anywhere(said: bytes) -> None:
    require_portable(request(said))


@pytest.mark.parametrize(
    ("said", "param"),
    [
        (b',"cachedContent":"cachedContents/1"', "cachedContent"),
        (b',"cached_content":"cachedContents/1"', "cachedContent"),
        (b',"generationConfig":{"candidateCount":2}', "candidateCount"),
    ],
)
def test_what_lies_with_google_and_several_candidates_may_not(said: bytes, param: str) -> None:
    with pytest.raises(Fault) as caught:
        require_portable(request(said))
    assert (caught.value.kind, caught.value.param) == ("bad_request", param)
