"""References to secrets, against real files and a given environment."""

import os

import pytest

from fastproxy.config.secrets import MAX_SECRET_BYTES, References, Unresolved


@pytest.fixture
def references(tmp_path):
    (tmp_path / "key").write_text("from-file\n")
    (tmp_path / "crlf").write_bytes(b"from-windows\r\n")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "two").write_text("one\ntwo\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "big").write_text("x" * (MAX_SECRET_BYTES + 1))
    os.mkfifo(tmp_path / "pipe")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "lab").write_text("from-systemd")
    environ = {"KEY": "from-env", "EMPTY": "", "ODD": "a\r\nx: y", "CREDENTIALS_DIRECTORY": str(credentials)}
    return References(tmp_path, environ)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("env:KEY", "from-env"),
        ("file:key", "from-file"),
        ("file:./key", "from-file"),
        ("file:crlf", "from-windows"),
        ("cred:lab", "from-systemd"),
        ("sk-plain", "sk-plain"),
        ("sk:with:colons", "sk:with:colons"),
    ],
)
def test_a_reference_is_followed_and_other_text_stands_for_itself(references, text, value):
    assert references.follow(text) == value


def test_an_absolute_path_is_taken_as_it_is(references, tmp_path):
    assert references.follow(f"file:{tmp_path / 'key'}") == "from-file"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("env:NONE", "NONE is not set"),
        ("env:EMPTY", "EMPTY is not set"),
        ("env:ODD", "ODD has characters that can't stand in a header"),
        ("file:none", "there is no file none"),
        ("file:.", "there is no file ."),
        ("file:pipe", "there is no file pipe"),
        ("file:empty", "the file empty is empty"),
        ("file:two", "the file two has characters that can't stand in a header"),
        ("file:binary", "binary is not text"),
        ("file:big", f"big is larger than {MAX_SECRET_BYTES} bytes"),
        ("cred:none", "there is no file credential none"),
        ("cred:../key", "'../key' is not the name of a credential"),
        ("cred:..", "'..' is not the name of a credential"),
        ("", "the value is empty"),
        ("ke\u00fd", "the value has characters that can't stand in a header"),
    ],
)
def test_a_reference_that_leads_nowhere_says_so_without_a_secret(references, text, sentence):
    with pytest.raises(Unresolved) as caught:
        references.follow(text)
    assert str(caught.value) == sentence


def test_a_credential_needs_the_directory_of_systemd(tmp_path):
    with pytest.raises(Unresolved, match="CREDENTIALS_DIRECTORY is not set"):
        References(tmp_path, {}).follow("cred:lab")
