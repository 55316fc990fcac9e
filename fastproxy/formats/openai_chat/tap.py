"""Where a Chat response tells usage, the model, its end and its errors. Looks only; decodes one small object.

The quotes around a key can't be written by a model: in a string they would be escaped.
"""

import re

from fastproxy.formats.base import TapRules
from fastproxy.formats.openai_chat import usage

TAP = TapRules(
    usage_key=b'"usage"',
    model_key=b'"model"',
    # Not [DONE]: with it as an alternative the search has no literal to begin with and takes 2.0 us per event instead
    # of 0.3, and some hosts never send it. Those that send it alone are known by `last`.
    # OpenRouter ends a broken answer with finish_reason "error" beside an error object: that is no good end.
    # The closing quote is asked for because a read may end within the word.
    finished=re.compile(rb'"finish_reason"\s*:\s*"(?!error")[^"\\]*"'),
    # Ollama and text-generation-inference tell the error as a string.
    failed=re.compile(rb'"error"\s*:\s*[{"]|event: ?error[\r\n]'),
    output=re.compile(
        rb'"(?:content|reasoning_content|reasoning|refusal)"\s*:\s*(?:"[^"]|\[)|"(?:tool_calls|function_call)"\s*:\s*[\[{]'
        rb'|"(?:finish_reason|text)"\s*:\s*"'
    ),
    usage=usage.decode,
    last=re.compile(rb"(?:\A|[\r\n])data: ?\[DONE\]\s*\Z"),
)
