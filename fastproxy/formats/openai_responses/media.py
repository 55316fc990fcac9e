"""Images, files and sounds as parts of Responses content, both ways. Nothing is fetched, decoded or encoded.

Source: openai 3.54.0, types/responses/response_input_image_param.py, response_input_file_param.py and
types/chat/chat_completion_content_part_input_audio_param.py, 2026-11-21.
"""

from typing import Literal

from fastproxy.formats.openai_shared import Object, cache_of, located, object_of, text_of
from fastproxy.ir.request import Cache, Inline, Link, MediaPart, Plain, Stored

MediaKind = Literal["image", "document", "audio", "video"]

_AUDIO_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg"}
_AUDIO_FORMATS = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3"}
_KINDS: dict[str, MediaKind] = {"image": "image", "audio": "audio", "video": "video"}  # by a media type's first word
LIFETIMES = frozenset({"30m", "12h"})  # Anthropic's are others
# OpenAI demands a name beside a file's data and goes by its ending.
_NAMES = {"application/pdf": "document.pdf", "text/plain": "document.txt"}


def take_image(part: Object) -> MediaPart | None:
    """An `input_image`; None where it holds neither a URL nor a file."""
    detail = text_of(part, "detail") or None
    if file_id := text_of(part, "file_id"):
        return MediaPart("image", "", Stored(file_id), detail=detail, cache=cache_of(part))
    url = _url(part)
    if not url:
        return None
    media_type, source = located(url)
    return MediaPart("image", media_type, source, detail=detail, cache=cache_of(part))


def take_file(part: Object) -> MediaPart | None:
    """An `input_file`; None where it holds no file. Its data may be a data URL or bare base64."""
    name, data = text_of(part, "filename"), text_of(part, "file_data")
    detail, cache = text_of(part, "detail") or None, cache_of(part)
    if file_id := text_of(part, "file_id"):
        return MediaPart("document", "", Stored(file_id), name, detail, cache)
    if data and not data.startswith("data:"):
        return MediaPart("document", "", Inline(data), name, detail, cache)
    url = data or text_of(part, "file_url")
    if not url:
        return None
    media_type, source = located(url)
    kind = _KINDS.get(media_type.partition("/")[0], "document")
    return MediaPart(kind, media_type, source, name, detail, cache)


def take_audio(part: Object) -> MediaPart | None:
    """An `input_audio`; None where it holds no data."""
    told = object_of(part, "input_audio")
    format_, data = text_of(told, "format"), text_of(told, "data")
    return MediaPart("audio", _AUDIO_TYPES.get(format_, f"audio/{format_}"), Inline(data)) if data else None


def media_object(media: MediaPart) -> Object | None:
    """The part; None for what this format has no word for (films, linked sounds). The cache hint is not in it."""
    if media.kind == "image":
        return _image(media)
    if media.kind == "audio":
        return _audio(media)
    return _file(media) if media.kind == "document" else None


def cache_object(cache: Cache) -> Object:
    """A `prompt_cache_breakpoint`."""
    return {"mode": "explicit"} | ({"ttl": cache.ttl} if cache.ttl in LIFETIMES else {})


def _image(media: MediaPart) -> Object | None:
    told: Object = {"type": "input_image", "detail": media.detail or "auto"}
    match media.source:
        case Inline(base64=base64):
            return told | {"image_url": f"data:{media.media_type or 'image/png'};base64,{base64}"}
        case Link(url=url):
            return told | {"image_url": url}
        case Stored(file_id=file_id):
            return told | {"file_id": file_id}
        case Plain():
            return None


def _file(media: MediaPart) -> Object:
    told: Object = {"type": "input_file"} | ({"detail": media.detail} if media.detail else {})
    match media.source:
        case Plain(text=text):
            return {"type": "input_text", "text": f"{media.name}\n\n{text}" if media.name else text}
        case Inline(base64=base64):
            type_ = media.media_type or "application/pdf"
            name = media.name or _NAMES.get(type_, "document")
            return told | {"filename": name, "file_data": f"data:{type_};base64,{base64}"}
        case Link(url=url):
            return told | {"file_url": url}
        case Stored(file_id=file_id):
            return told | {"file_id": file_id}


def _audio(media: MediaPart) -> Object | None:
    format_ = _AUDIO_FORMATS.get(media.media_type)
    if format_ is None or not isinstance(media.source, Inline):
        return None
    return {"type": "input_audio", "input_audio": {"data": media.source.base64, "format": format_}}


def _url(part: Object) -> str:
    """Some clients write the URL as Chat does, in an object of its own."""
    return text_of(object_of(part, "image_url"), "url") or text_of(part, "image_url")
