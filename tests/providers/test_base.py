"""The record itself: frozen, by keyword, with nothing switched on that a row did not ask for."""

import pytest

from fastproxy.providers.base import Provider, Quirks

ROW = Provider(name="lab", title="Lab", formats={"openai-chat": "http://h/v1"})


def test_a_record_can_not_be_changed():
    with pytest.raises(AttributeError):
        ROW.name = "other"


def test_a_record_is_made_by_keyword_only():
    with pytest.raises(TypeError):
        Provider("lab", "Lab", {})


def test_a_plain_row_has_no_quirk_and_claims_no_model():
    assert ROW.quirks == Quirks()
    assert not any(getattr(ROW.quirks, name) for name in Quirks.__struct_fields__)
    assert ROW.models == ROW.exclude == ROW.headers == ROW.fallback == ()
    assert not ROW.local
