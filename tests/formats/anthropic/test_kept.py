"""What an Anthropic client asks of nobody but Anthropic."""

import pytest

from fastproxy.errors import Fault
from fastproxy.formats.anthropic.decode_request import decode_request
from fastproxy.formats.anthropic.kept import require_portable

ASKED = b'{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Go on."}]%b}'


@pytest.mark.parametrize("said", [b"", b',"thread":null', b',"thread":{"type":"create"}', b',"container":"c_1"'])
def test_what_says_all_that_it_asks_may_go_anywhere(said: bytes) -> None:
    require_portable(decode_request(ASKED % said, {}))


def test_a_later_turn_of_a_kept_conversation_says_only_what_is_new() -> None:
    """The vendor's SDK says the whole of it again when it hears that the thread is not found."""
    thread = b',"thread":{"type":"continue","previous_message_id":"msg_1"}'
    with pytest.raises(Fault) as caught:
        require_portable(decode_request(ASKED % thread, {}))
    assert (caught.value.kind, caught.value.status, caught.value.param) == ("not_found", 404, "thread")
