"""Whole Gemini responses."""

import orjson
import pytest

from fastproxy.errors import Fault
from fastproxy.formats.gemini.encode_whole import encode_whole
from fastproxy.ir.events import Citation, Failed, Start, Stop, Usage
from fastproxy.ir.fold import Block, OpaqueBlock, ReasoningBlock, RefusalBlock, Response, TextBlock, ToolCall
from support.sdks import gemini_body

START = Start("r1", "lab-1", 1_760_000_000)


def response(*blocks: Block, stop: Stop | None = None, failed: Failed | None = None) -> Response:
    return Response(START, blocks, stop, Usage(9, 1, None, 5, 2), failed)


def test_every_kind_of_block_in_order() -> None:
    body = encode_whole(
        response(
            ReasoningBlock("so", "c2ln"),
            OpaqueBlock("gemini", "part", b'{"executableCode":{"code":"1"}}'),
            OpaqueBlock("anthropic", "content_block", b"{}"),
            TextBlock("Yes."),
            TextBlock(""),
            ToolCall("a", "f", '{"n": 1.0}'),
            stop=Stop("tools"),
        )
    )
    assert orjson.loads(body) == {
        "candidates": [
            {
                "content": {
                    "parts": [
                        {"text": "so", "thought": True, "thoughtSignature": "c2ln"},
                        {"executableCode": {"code": "1"}},
                        {"text": "Yes."},
                        {"functionCall": {"id": "a", "name": "f", "args": {"n": 1.0}}},
                    ],
                    "role": "model",
                },
                "finishReason": "STOP",
                "index": 0,
            }
        ],
        "usageMetadata": {
            "promptTokenCount": 10,
            "cachedContentTokenCount": 1,
            "candidatesTokenCount": 3,
            "thoughtsTokenCount": 2,
            "totalTokenCount": 15,
        },
        "modelVersion": "lab-1",
        "responseId": "r1",
    }
    assert b'"args":{"n": 1.0}' in body
    assert gemini_body(body).text == "Yes."


def test_a_call_that_can_not_be_run_is_left_out_and_told() -> None:
    cut = ToolCall("a", "f", '{"cut": "o')
    told = [
        orjson.loads(encode_whole(response(cut, stop=Stop(reason))))["candidates"][0] for reason in ("tools", "length")
    ]
    assert [candidate["content"]["parts"] for candidate in told] == [[], []]
    assert [candidate["finishReason"] for candidate in told] == ["MALFORMED_FUNCTION_CALL", "MAX_TOKENS"]


@pytest.mark.parametrize(
    ("broken", "kind"),
    [(response(TextBlock("half")), "upstream_garbage"), (response(failed=Failed("timeout", "late")), "timeout")],
)
def test_what_did_not_end_is_a_fault_and_never_a_response(broken: Response, kind: str) -> None:
    with pytest.raises(Fault) as raised:
        encode_whole(broken)
    assert raised.value.kind == kind


def test_signatures_sources_and_refusals_stand_where_the_stream_puts_them() -> None:
    body = orjson.loads(
        encode_whole(
            response(
                TextBlock("Ä 30 m", (Citation(0, "https://a.test", "A", 2, 6),)),
                ReasoningBlock("", "dGV4dA==", "text"),
                ReasoningBlock("", "Y2FsbA==", "call"),
                ToolCall("a", "f", "{}"),
                RefusalBlock("No."),
                stop=Stop("refusal"),
            )
        )
    )
    (candidate,) = body["candidates"]
    assert candidate["content"]["parts"] == [
        {"text": "Ä 30 m"},
        {"text": "", "thoughtSignature": "dGV4dA=="},
        {"functionCall": {"id": "a", "name": "f", "args": {}}, "thoughtSignature": "Y2FsbA=="},
        {"text": "No."},
    ]
    assert candidate["groundingMetadata"]["groundingSupports"] == [
        {"segment": {"startIndex": 3, "endIndex": 7, "text": "30 m"}, "groundingChunkIndices": [0]}
    ]
