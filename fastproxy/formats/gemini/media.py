"""Images, documents, sounds and films of a Gemini request, both ways. Bytes stay the base64 text that came.

The relay never fetches a link. A file of Google's own storage is `Stored`: no other host can read it.
Source: google-genai 3.4.0 `types.Blob`, `types.FileData` (`display_name` is refused by the Gemini API); 2026-11-21.
"""

import base64
from typing import Any, Literal

from fastproxy.errors import Fault
from fastproxy.formats import pictures
from fastproxy.formats.body import Raws
from fastproxy.formats.gemini import fields
from fastproxy.formats.media_types import media_type_of
from fastproxy.ir.events import Picture
from fastproxy.ir.request import Inline, Link, MediaPart, Plain, Stored

Kind = Literal["image", "document", "audio", "video"]

_KINDS: dict[str, Kind] = {"image": "image", "audio": "audio", "video": "video"}
_GOOGLES = ("gs://", "files/", "https://generativelanguage.googleapis.com/")
_FILMS = ("https://www.youtube.com/", "https://youtube.com/", "https://youtu.be/")
# Gemini needs a type. How the names of files end.
_ENDINGS = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
            "pdf": "application/pdf", "txt": "text/plain", "mp4": "video/mp4", "mp3": "audio/mp3",
            "wav": "audio/wav"}  # fmt: skip
_DEFAULTS = {"image": "image/jpeg", "document": "application/pdf", "audio": "audio/wav", "video": "video/mp4"}


def media_part(part: Raws) -> MediaPart | None:
    """What the inlineData or the fileData of a part is; None for a part that has neither."""
    if "inlineData" in part:
        blob = fields.inner(part, "inlineData")
        media_type = fields.text(blob, "mimeType")
        source = Inline(fields.text(blob, "data"))
        return MediaPart(_kind(media_type, ""), media_type, source, fields.text(blob, "displayName"))
    if "fileData" in part:
        file = fields.inner(part, "fileData")
        media_type, uri = fields.text(file, "mimeType"), fields.text(file, "fileUri")
        place = Stored(uri) if uri.startswith(_GOOGLES) else Link(uri)
        return MediaPart(_kind(media_type, uri), media_type, place, fields.text(file, "displayName"))
    return None


def pictures_in(part: dict[str, Any]) -> tuple[Picture, ...]:
    """The picture that is a part of an answer; () for another part. What a model only drew to think is none."""
    blob = part.get("inlineData")
    if not isinstance(blob, dict) or part.get("thought"):
        return ()
    return pictures.picture(blob.get("mimeType"), blob.get("data"))


def picture(told: Picture) -> dict[str, Any]:
    """The part that is a picture."""
    return {"inlineData": {"mimeType": told.media_type, "data": told.base64}}


def written(part: MediaPart, format_: str) -> dict[str, Any]:
    """The part as Gemini takes it. format_: of the request it came in.

    Raises: Fault(bad_request) for a file that only another upstream knows.
    """
    source = part.source
    if isinstance(source, Inline):
        return {"inlineData": {"mimeType": _media_type(part, source.base64), "data": source.base64}}
    if isinstance(source, Plain):
        data = base64.b64encode(source.text.encode()).decode()
        return {"inlineData": {"mimeType": part.media_type or "text/plain", "data": data}}
    if isinstance(source, Link):
        return {"fileData": {"mimeType": _media_type(part, source.url), "fileUri": source.url}}
    if format_ != "gemini":
        raise Fault("bad_request", f"the file {source.file_id!r} was uploaded elsewhere: Gemini can't read it")
    file = {"fileUri": source.file_id}
    return {"fileData": {"mimeType": part.media_type, **file} if part.media_type else file}


def _kind(media_type: str, uri: str) -> Kind:
    if uri.startswith(_FILMS):
        return "video"
    media_type = media_type or _ENDINGS.get(uri.partition("?")[0].rpartition(".")[2].lower(), "")
    return _KINDS.get(media_type.partition("/")[0], "document")


def _media_type(part: MediaPart, told: str) -> str:
    """The part's own type, or one that its first bytes or the end of its name give away. told: base64 or URL."""
    if part.media_type:
        return part.media_type
    is_link = isinstance(part.source, Link)
    names = (part.name, told.partition("?")[0] if is_link else "")
    by_ending = (_ENDINGS.get(name.rpartition(".")[2].lower(), "") for name in names)
    by_beginning = "" if is_link else media_type_of(told)
    return next((found for found in (by_beginning, *by_ending) if found), _DEFAULTS[part.kind])
