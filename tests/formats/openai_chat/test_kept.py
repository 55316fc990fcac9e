"""What a Chat client asks of nobody but its own host."""

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.openai_chat.decode_request import decode_request
from fastproxy.formats.openai_chat.kept import require_portable

ASKED = b'{"model":"m","messages":[{"role":"user","content":"Go on."}]%b}'


@pytest.mark.parametrize("said", [b"", b',"n":null', b',"n":1', b',"store":true,"metadata":{}'])
def test_what_asks_for_one_answer_may_go_anywhere(said: bytes) -> None:
    require_portable(decode_request(ASKED % said, {}))


def test_several_answers_would_each_need_a_stream() -> None:
    with pytest.raises(Fault) as caught:
        require_portable(decode_request(ASKED % b',"n":2', {}))
    assert (caught.value.kind, caught.value.param) == ("bad_request", "n")
