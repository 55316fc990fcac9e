"""Hosts that speak other vendors' formats: one row each, no code. Any host that is not here is a row of the user's own.

Values only. Hosts with an Anthropic door take the same key there, as Bearer.
Source, read 2026-11-21: api-docs.deepseek.com/guides/anthropic_api; docs.fireworks.ai/tools-sdks (Anthropic
compatibility); alibabacloud.com/help/en/model-studio (the same); openrouter.ai/docs/api (create-a-message). Keys for
caches: docs.mistral.ai (prompt-caching), docs.x.ai (prompt-caching/maximizing-cache-hits). Hosts whose own pages don't
name prompt_cache_key get none: Groq, Cerebras and others answer 400 or 422 to it (zed-industries/zed 36215).
The other rows are base URL and key variable as commonly documented; they have not been tried with a key.
"""

from fastproxy.providers.base import Provider, Quirks

# Hosts that refuse every field of Chat that they have no use for. Source: their own words in public reports, read
# 2026-11-21 ("property 'reasoning_content' is unsupported": janhq/jan 8136, Kilo-Org/kilocode 10375; "Extra inputs are
# not permitted": charmbracelet/crush 1590, Gitlawb/openclaude 739; Cerebras: hexdocs.pm/req_llm). Of what their
# references don't name either only hints are listed, because leaving those out costs nothing but themselves.
_STRICT = frozenset({"reasoning", "store", "output.verbosity", "prompt_cache_options", "prompt_cache_retention"})
# No schema beside tools: "json mode cannot be combined with tool/function calling" (Groq: vercel/ai 16540), '"tools" is
# incompatible with "response_format"' (Cerebras: BerriAI/litellm 31445).
_GROQ = Quirks(refuses=_STRICT | {"metadata", "cache_key"}, refuses_schema_with_tools=True)
_CEREBRAS = Quirks(
    refuses=_STRICT
    | {"metadata", "cache_key", "tier", "parallel", "presence_penalty", "frequency_penalty", "logit_bias"},
    refuses_schema_with_tools=True,
)
# Its models think unless told otherwise: "Thinking mode does not support this tool_choice" (deepseek-ai/DeepSeek-V3
# 1376, BerriAI/litellm 37470), "The `reasoning_content` in the thinking mode must be passed back to the API."
# (anomalyco/opencode 24722). "This response_format type is unavailable now" for json_schema (ItzCrazyKns/Vane 969).
_DEEPSEEK = Quirks(answers="json", refuses_forced_calls=True, demands_thoughts=True)
# "thinking is enabled but reasoning_content is missing in assistant tool call message" (continuedev/continue 11600); an
# empty one is taken (MoonshotAI/kimi-cli 2446).
_MOONSHOT = Quirks(demands_thoughts=True)
# "Tool choice must be auto" (vectorize-io/hindsight 4246).
_ZAI = Quirks(refuses_forced_calls=True)
# "The tool_choice parameter does not support being set to required or object in thinking mode" (cloudwego/eino 994,
# QwenLM/qwen-code 7659, agentscope-ai/agentscope 1608); its models think unless told otherwise.
_DASHSCOPE = Quirks(refuses_forced_calls=True)
# It knows `random_seed` and no max_completion_tokens, which goes with every word about thinking. Ids of calls: "must be
# a-z, A-Z, 0-9, with a length of 9" (code 3280: nearai/ironclaw 1241, editor-code-assistant/eca 233).
_MISTRAL = Quirks(
    refuses=_STRICT | {"thinking", "seed", "logit_bias", "user", "tier"},
    short_call_ids=True,
    cache_key=frozenset({"openai-chat"}),
)
# On Chat it goes by a header (x-grok-conv-id) instead.
_XAI = Quirks(cache_key=frozenset({"openai-responses"}))

PROVIDERS = (
    Provider(
        name="deepseek",
        title="DeepSeek",
        formats={"openai-chat": "https://api.deepseek.com", "anthropic": "https://api.deepseek.com/anthropic"},
        key_variables=("DEEPSEEK_API_KEY",),
        quirks=_DEEPSEEK,
        models=("deepseek-*",),
    ),
    Provider(
        name="mistral",
        title="Mistral",
        formats={"openai-chat": "https://api.mistral.ai/v1"},
        key_variables=("MISTRAL_API_KEY",),
        quirks=_MISTRAL,
        models=(
            "mistral-*",
            "ministral-*",
            "magistral-*",
            "codestral-*",
            "devstral-*",
            "pixtral-*",
            "voxtral-*",
            "open-mi[sx]tral-*",
        ),
    ),
    Provider(
        name="xai",
        title="xAI",
        formats={"openai-chat": "https://api.x.ai/v1", "openai-responses": "https://api.x.ai/v1"},
        key_variables=("XAI_API_KEY",),
        quirks=_XAI,
        models=("grok-*",),
    ),
    Provider(
        name="moonshot",
        title="Moonshot AI (Kimi)",
        formats={"openai-chat": "https://api.moonshot.ai/v1", "anthropic": "https://api.moonshot.ai/anthropic"},
        key_variables=("MOONSHOT_API_KEY",),
        quirks=_MOONSHOT,
        models=("kimi-*", "moonshot-*"),
    ),
    Provider(
        name="zai",
        title="Z.ai (GLM)",
        formats={"openai-chat": "https://api.z.ai/api/paas/v4", "anthropic": "https://api.z.ai/api/anthropic"},
        key_variables=("ZAI_API_KEY",),
        quirks=_ZAI,
        models=("glm-*",),
    ),
    Provider(
        name="dashscope",
        title="Alibaba Cloud Model Studio (Qwen, DashScope)",
        formats={
            "openai-chat": "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
            "anthropic": "https://dashscope-intl.aliyuncs.com/apps/anthropic",
        },
        key_variables=("DASHSCOPE_API_KEY",),
        quirks=_DASHSCOPE,
        models=("qwen*", "qwq-*", "qvq-*"),
    ),
    # The hosts below serve other people's models under ids of their own: they have no family, and are reached by
    # `provider/model`, by their model list, or by globs in the configuration.
    Provider(
        name="openrouter",
        title="OpenRouter",
        formats={
            "openai-chat": "https://openrouter.ai/api/v1",
            "openai-responses": "https://openrouter.ai/api/v1",
            "anthropic": "https://openrouter.ai/api",
        },
        key_variables=("OPENROUTER_API_KEY",),
    ),
    Provider(
        name="groq",
        title="Groq",
        formats={"openai-chat": "https://api.groq.com/openai/v1", "openai-responses": "https://api.groq.com/openai/v1"},
        key_variables=("GROQ_API_KEY",),
        quirks=_GROQ,
    ),
    Provider(
        name="together",
        title="Together AI",
        formats={"openai-chat": "https://api.together.xyz/v1"},
        key_variables=("TOGETHER_API_KEY",),
    ),
    Provider(
        name="fireworks",
        title="Fireworks AI",
        formats={
            "openai-chat": "https://api.fireworks.ai/inference/v1",
            "openai-responses": "https://api.fireworks.ai/inference/v1",
            "anthropic": "https://api.fireworks.ai/inference",
        },
        key_variables=("FIREWORKS_API_KEY",),
    ),
    Provider(
        name="cerebras",
        title="Cerebras",
        formats={"openai-chat": "https://api.cerebras.ai/v1"},
        key_variables=("CEREBRAS_API_KEY",),
        quirks=_CEREBRAS,
    ),
)
