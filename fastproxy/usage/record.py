"""What is written down about one exchange: once, whatever its end. Never a body, a header value or a secret."""

from typing import Annotated, Literal

import msgspec

Tokens = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]  # what a database column holds
Outcome = Literal["ok", "refused", "failed", "cancelled", "incomplete"]


class UsageRecord(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One exchange.

    at: when its head had arrived, epoch seconds. client: id of the client token ("" = none needed).
    format, endpoint: the caller's side ("anthropic", "generate"). provider, account: who served it.
    requested_model: as the client wrote it; model: as the upstream says it served.
    status: HTTP status sent to the client, 0 if none was. outcome: ok; refused (by us, before an upstream was asked);
    failed (upstream error or broken stream); cancelled (client left); incomplete (ended without its end mark).
    first_byte_seconds: from the whole request to the first byte sent back; None if none was. added_seconds: our share.
    Token counts: None = the upstream did not say ("unknown"), which is not 0. input excludes cached and cache-written.
    """

    at: float
    request_id: str
    client: str = ""
    format: str = ""
    endpoint: str = ""
    provider: str = ""
    account: str = ""
    requested_model: str = ""
    model: str = ""
    session: str = ""
    stream: bool = False
    status: int = 0
    outcome: Outcome = "ok"
    error: str = ""
    first_byte_seconds: float | None = None
    duration_seconds: float = 0.0
    added_seconds: float = 0.0
    request_bytes: int = 0
    response_bytes: int = 0
    input_tokens: Tokens | None = None
    cached_tokens: Tokens | None = None
    cache_written_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    reasoning_tokens: Tokens | None = None
