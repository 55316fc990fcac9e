"""Where an Anthropic response tells usage, the model, its end and its errors. Looks only; decodes one small object.

`"message_stop"` closes with a quote that text of a model can't have: there it would be escaped.
"""

import re

from fastproxy.formats.anthropic import usage
from fastproxy.formats.base import TapRules

TAP = TapRules(
    usage_key=b'"usage"',
    model_key=b'"model"',
    # The literal comes first because `re` searches for that fast; the look back makes it a type and not a title.
    finished=re.compile(rb'"message_stop"(?:(?<="type":"message_stop")|(?<="type": "message_stop"))'),
    failed=re.compile(rb'event: ?error[\r\n]|data: ?\{\s*"type"\s*:\s*"error"'),
    output=re.compile(rb'"(?:content_block_(?:delta|stop)|message_(?:delta|stop))"'),
    usage=usage.decode,
)
