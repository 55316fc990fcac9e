"""The vendors' own Python clients, pointed at an address as their documentation says, strict where they can be."""

from collections.abc import Iterator
from contextlib import contextmanager

import anthropic
import openai
from google import genai
from google.genai import types

from support.no_tls import NOBODY
from support.relay import TOKEN

TIMEOUT_SECONDS = 20.0


@contextmanager
def openai_client(origin: str, script: str = "", *, strict: bool = True) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=f"{origin}/v1",
        api_key=TOKEN,
        max_retries=0,
        timeout=TIMEOUT_SECONDS,
        default_headers={"x-lab": script},
        http_client=openai.DefaultHttpxClient(verify=NOBODY),
        _strict_response_validation=strict,
    ) as client:
        yield client


@contextmanager
def anthropic_client(origin: str, script: str = "", *, strict: bool = True) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(
        base_url=origin,
        api_key=TOKEN,
        max_retries=0,
        timeout=TIMEOUT_SECONDS,
        default_headers={"x-lab": script},
        http_client=anthropic.DefaultHttpxClient(verify=NOBODY),
        _strict_response_validation=strict,
    ) as client:
        yield client


@contextmanager
def genai_client(origin: str, script: str = "") -> Iterator[genai.Client]:
    options = types.HttpOptions(
        base_url=origin,
        headers={"x-lab": script},
        timeout=int(TIMEOUT_SECONDS * 1000),
        client_args={"verify": NOBODY},
        async_client_args={"verify": NOBODY, "ssl": NOBODY},
    )
    with genai.Client(api_key=TOKEN, http_options=options) as client:
        yield client
