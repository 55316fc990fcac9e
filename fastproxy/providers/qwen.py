"""Qwen's portal, which Qwen Code's logins are for. Values only: nothing here may look at a request.

Not Alibaba Cloud's Model Studio, whose keys are for another host (`dashscope` in compatible.py); a login says itself
which host serves it. Source, read 2026-11-21: the seeds of this project; apmantza/pi-free 46 and 51 (tokens of
chat.qwen.ai are valid at the portal alone).
"""

from fastproxy.providers.base import Provider, Quirks
from fastproxy.providers.oauth import QWEN

PROVIDER = Provider(
    name="qwen",
    title="Qwen (portal)",
    formats={"openai-chat": "https://portal.qwen.ai/v1"},
    shared_models=("qwen*", "coder-model", "vision-model"),
    discover=False,
    oauth=QWEN,
    quirks=Quirks(refuses_forced_calls=True),  # as at DashScope
    own_client="qwen-code",
    hosts=("portal.qwen.ai", "dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com", "dashscope-us.aliyuncs.com"),
)
