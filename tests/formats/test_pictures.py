"""What is plainly a picture is one, and nothing else."""

import pytest

from fastproxy.formats.pictures import picture
from fastproxy.ir.events import Picture


@pytest.mark.parametrize("media_type", ["image/png", "image/svg+xml", "image/vnd.x-icon"])
def test_a_picture_is_told_as_it_came(media_type: str) -> None:
    assert picture(media_type, "iVBORw0K") == (Picture(media_type, "iVBORw0K"),)


@pytest.mark.parametrize(
    "media_type",
    ["", "png", "image/", "text/html", "image/png;x", 'image/"', "image/png\r\nx: y", "IMAGE/PNG", None, 1],
)
def test_another_media_type_is_none(media_type: object) -> None:
    assert picture(media_type, "iVBORw0K") == ()


@pytest.mark.parametrize(
    "base64", ["", "iVBO\nRw0K", "iVBOR", "iVBORw=K", "https://x", "data:image/png;base64,iVBO", "i-_O", "é", None, []]
)
def test_what_is_no_base64_is_none(base64: object) -> None:
    assert picture("image/png", base64) == ()
