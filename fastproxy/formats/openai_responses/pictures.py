"""Pictures that a model made, as items of their own: `image_generation_call`.

Source: openai 3.54.0, types/responses/response_output_item.py (ImageGenerationCall); read 2026-11-21.
"""

from fastproxy.formats.openai_shared import Object, text_of
from fastproxy.formats.pictures import picture
from fastproxy.ir.events import Picture

CALL = "image_generation_call"
FIELDS = frozenset({"type", "id", "status", "result", "output_format"})  # that other formats have words for


def pictures_in(item: Object) -> tuple[Picture, ...]:
    """The picture of an item; () where it has none, or is of another type."""
    if text_of(item, "type") != CALL:
        return ()
    return picture(f"image/{text_of(item, 'output_format') or 'png'}", item.get("result"))


def picture_item(id_: str, told: Picture) -> Object:
    """The item that is a picture, done."""
    format_ = told.media_type.removeprefix("image/")
    return {"id": id_, "type": CALL, "status": "completed", "output_format": format_, "result": told.base64}
