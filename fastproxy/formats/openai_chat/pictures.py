"""Pictures that a model made, in the `images` of a message: OpenRouter's way, which other hosts of such models follow.

Source: OpenRouter's guide to image generation, read 2026-11-21; OpenAI's own models tell none in Chat.
"""

from collections.abc import Iterable
from itertools import chain
from typing import Any

from fastproxy.formats.openai_chat.decode_parts import Object, located, object_of, text_of
from fastproxy.formats.pictures import picture
from fastproxy.ir.events import Picture
from fastproxy.ir.request import Inline, MediaPart


def media_of(images: Iterable[Object]) -> list[MediaPart]:
    """The pictures of a list, with their bytes or where those are."""
    urls = (text_of(object_of(image, "image_url"), "url") for image in images)
    return [MediaPart("image", *located(url)) for url in urls if url]


def pictures_of(images: Iterable[Object]) -> tuple[Picture, ...]:
    """Those that come with their bytes."""
    told = ((part.media_type or "image/png", part.source) for part in media_of(images))
    found = (picture(type_, source.base64) for type_, source in told if isinstance(source, Inline))
    return tuple(chain.from_iterable(found))


def image(told: Picture) -> dict[str, Any]:
    """The entry of `images` for a picture."""
    return {"type": "image_url", "image_url": {"url": f"data:{told.media_type};base64,{told.base64}"}}
