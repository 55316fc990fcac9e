"""Where a Gemini response tells usage, the model, its end and its errors. Looks only; decodes one small object.

Both spellings and both kinds of enum occur: Vertex clients ask for `enum-encoding=int`, where 0 is "unspecified".
A tool's arguments are JSON in the clear here, so one that has a `finishReason` of its own would end a stream early.
"""

import re

from fastproxy.formats.base import TapRules
from fastproxy.formats.gemini import usage

TAP = TapRules(
    usage_key=b'"usageMetadata"',
    model_key=b'"modelVersion"',
    # The literal comes first because `re` searches for that fast; the look back tells which reason it is. The closing
    # quote is asked for because a read may end within the word.
    finished=re.compile(
        rb'eason"(?:(?<="finishReason")|(?<="finish_reason")|(?<="blockReason")|(?<="block_reason"))'
        rb'\s*:\s*(?:"(?!FINISH_REASON_UNSPECIFIED|BLOCKED_REASON_UNSPECIFIED)[A-Z][A-Z_]*"|[1-9])'
    ),
    # An error's details may be longer than the tail that is searched, so their type is a mark as well.
    failed=re.compile(
        rb'(?:data:|[\[,]|\A)\s*\{\s*"error"\s*:\s*\{\s*"(?:code|message|status|details)"\s*:'
        rb'|"@type"\s*:\s*"type\.googleapis\.com/google\.rpc\.'
    ),
    output=re.compile(rb'"parts"\s*:|eason"\s*:'),
    usage=usage.decode,
)
