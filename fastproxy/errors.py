"""The one error that travels through the relay, and what each kind of it means.

A `Fault` is made where something goes wrong and encoded in exactly one place (relay and admin, through the
caller's format). Code in between lets it pass: no status codes by hand, no formatted bodies, no exception
class per cause. The set of kinds is closed, so every format can map *every* kind and a test can prove it.

    bad_request       the caller's message can't be understood or can't be served       400
    unauthorized      no credential of ours, or a wrong one                             401
    forbidden         known, but not allowed: host, origin, model                       403
    not_found         no such path or model                                             404
    too_large         a named limit of ours was passed                                  413
    no_credential     the provider has no usable account                                503
    rate_limited      every account is cooling down, or the caller is over a limit      429
    overloaded        we have no room, or are shutting down                             503
    unreachable       the upstream could not be reached or died before answering        502
    timeout           the upstream did not answer in time                               504
    upstream_refused  the upstream refuses *our* credential                             502
    upstream_garbage  the upstream broke its own format                                 502
    client_gone       nobody is listening any more; never encoded                       499
"""

from typing import Literal, get_args

Kind = Literal[
    "bad_request",
    "unauthorized",
    "forbidden",
    "not_found",
    "too_large",
    "no_credential",
    "rate_limited",
    "overloaded",
    "unreachable",
    "timeout",
    "upstream_refused",
    "upstream_garbage",
    "client_gone",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
# What agents act on beyond the status: they shorten the conversation, wait for a new quota, or stop trying.
Reason = Literal["", "context_length", "quota", "content_filter", "model_not_found"]

STATUS: dict[Kind, int] = {
    "bad_request": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "too_large": 413,
    "no_credential": 503,
    "rate_limited": 429,
    "overloaded": 503,
    "unreachable": 502,
    "timeout": 504,
    "upstream_refused": 502,
    "upstream_garbage": 502,
    "client_gone": 499,
}

Header = tuple[bytes, bytes]

LONGEST_WAIT_SECONDS = 2_678_400.0  # a month, as the longest quotas have; a number of 400 digits would be infinite


class Fault(Exception):  # noqa: N818 - the design's noun; it is a value that travels, as much as an error
    """Something that the caller must be told.

    kind: one of KINDS; each format maps it to its own error type.
    message: one sentence for a person; never a secret, a body or a stack trace.
    status: the HTTP status when nothing has been sent yet; default STATUS[kind].
    retry_after_seconds: when trying again may help; becomes the Retry-After header.
    param: the request field at fault, where a format has a slot for it ("model").
    reason: which of the few causes it is that clients act on; each format says it in the words its clients look for.
    headers: extra response headers that the status demands (Allow, WWW-Authenticate, Upgrade).
    """

    def __init__(  # noqa: PLR0913 - a value's fields, all but two by name
        self,
        kind: Kind,
        message: str,
        *,
        status: int | None = None,
        retry_after_seconds: float | None = None,
        param: str | None = None,
        reason: Reason = "",
        headers: tuple[Header, ...] = (),
    ) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.message = message
        self.status = STATUS[kind] if status is None else status
        self.retry_after_seconds = retry_after_seconds
        self.param = param
        self.reason: Reason = reason
        self.headers = headers

    def __repr__(self) -> str:
        return f"Fault({self.kind!r}, {self.message!r}, status={self.status})"


def place_of(error: BaseException) -> str:
    """Type and place of an exception, for the log. Its text may quote a body or a header, so it stays out."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "an unknown place"
    return f"{type(error).__name__} at {where}"
