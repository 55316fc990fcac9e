"""Azure OpenAI through its v1 API, where a model id is the name of a deployment. Values only.

Every customer has a host of their own, so the row is unusable until the configuration gives
`base_url = "https://RESOURCE.openai.azure.com/openai/v1"`. No `api-version` is needed there.
Source: learn.microsoft.com/azure/foundry/openai (api-version-lifecycle, how-to/prompt-caching), read 2026-11-21.
"""

from fastproxy.providers.base import Provider, Quirks

PROVIDER = Provider(
    name="azure-openai",
    title="Azure OpenAI",
    formats={"openai-chat": "", "openai-responses": ""},
    auth="api-key",
    key_variables=("AZURE_OPENAI_API_KEY",),
    quirks=Quirks(cache_key=frozenset({"openai-chat", "openai-responses"})),
)
