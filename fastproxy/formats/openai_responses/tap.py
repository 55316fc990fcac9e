"""Where a response tells usage, the model, its end and its errors. Looks only; decodes one small object.

The quotes around a type can't be written by a model (in a string they would be escaped).
"""

import re

from fastproxy.formats.base import TapRules
from fastproxy.formats.openai_responses import usage

TAP = TapRules(
    usage_key=b'"usage"',
    model_key=b'"model"',
    # An incomplete response ended as well as it could: it says why, and it has its usage.
    finished=re.compile(rb'"type"\s*:\s*"response\.(?:completed|incomplete)"'),
    # `"type":"error"` may also stand inside an item; at the front of the data it is the event's own.
    failed=re.compile(rb'"type"\s*:\s*"response\.failed"|event: ?error[\r\n]|data: ?\{\s*"type"\s*:\s*"error"'),
    output=re.compile(rb'"response\.[a-z_.]*(?:delta|done|completed|incomplete)"'),
    usage=usage.decode,
    sequence_key=b'"sequence_number"',
)
