"""A function as OpenAI takes it, in Chat and in Responses: what it refuses of the schema of the arguments.

[report] "array schema missing items" (mark3labs/mcphost issue 35, ruvnet/ruflo issue 1294; with `prefixItems` alone
too: AnswerDotAI/fastcore issue 798); what it refuses at the root is in `tool_schema`. One tool's schema refuses the
whole request. Read 2026-11-22.
"""

from fastproxy.formats.tool_schema import CHOICES, fitted
from fastproxy.ir.request import Tool

NO_ARGUMENTS = {"type": "object", "properties": {}}
REFUSED_AT_ROOT = CHOICES | {"enum", "not"}


def callable_tools(tools: tuple[Tool, ...], dropped: list[str]) -> list[Tool]:
    """The tools with schemas that are taken; each the same object where its schema is."""
    return fitted(tools, dropped, refused=REFUSED_AT_ROOT, lists_need_items=True)
