"""Where a text comes from, both ways."""

from typing import Any

import pytest
from anthropic.types import CitationsWebSearchResultLocation

from fastproxy.formats.anthropic.citations import decode_citation, encode_citation
from fastproxy.ir.events import Citation


def test_a_web_page_survives_the_way_there_and_back() -> None:
    citation = Citation(2, "https://lamp.example", "Lamps", cited="lit")
    assert decode_citation(encode_citation(citation), 2) == citation


def test_the_sdk_takes_what_we_write() -> None:
    told = encode_citation(Citation(0, "u"))
    assert CitationsWebSearchResultLocation.model_validate(told, strict=True).url == "u"


@pytest.mark.parametrize(
    "told", [None, [], {}, {"type": "page_location"}, {"type": "web_search_result_location", "url": None}]
)
def test_other_places_are_no_citations_of_ours(told: Any) -> None:
    assert decode_citation(told, 0) is None
