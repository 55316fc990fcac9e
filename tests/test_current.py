"""Where the configuration comes from: loaded whole or not at all, and known to have changed."""

from pathlib import Path

import pytest

from fastproxy.config import ConfigError
from fastproxy.current import Source

ONE = '[server]\nlisten = ["127.0.0.1:1111"]\n'
TWO = '[server]\nlisten = ["127.0.0.1:2222"]\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(ONE)
    return file


def test_a_file_is_loaded(path: Path):
    assert Source(path, {}, {}).load().server.listen == ("127.0.0.1:1111",)


def test_no_file_is_the_defaults_until_there_is_one(tmp_path: Path):
    source = Source(None, {}, {"XDG_CONFIG_HOME": str(tmp_path)})
    assert source.load().server.listen == ("127.0.0.1:8484",)
    assert not source.changed()
    (tmp_path / "fastproxy").mkdir()
    (tmp_path / "fastproxy" / "config.toml").write_text(ONE)
    assert source.changed()
    assert source.load().server.listen == ("127.0.0.1:1111",)
    assert not source.changed()


def test_a_key_in_the_environment_makes_a_provider():
    assert "openai" in Source(None, {}, {"OPENAI_API_KEY": "sk-x"}).load().providers


def test_a_rewritten_file_has_changed_until_it_is_loaded(path: Path):
    source = Source(path, {}, {})
    assert not source.changed()
    path.write_text(TWO + "# longer\n")
    assert source.changed()
    assert source.load().server.listen == ("127.0.0.1:2222",)
    assert not source.changed()


def test_a_renamed_file_has_changed_as_careful_editors_do_it(path: Path):
    source = Source(path, {}, {})
    beside = path.with_suffix(".new")
    beside.write_text(TWO)
    beside.replace(path)
    assert source.changed()
    assert source.load().server.listen == ("127.0.0.1:2222",)


def test_a_bad_file_is_an_error_that_names_the_place_and_is_not_tried_again_until_it_changes(path: Path):
    source = Source(path, {}, {})
    path.write_text('[server]\nlisten_on = ["127.0.0.1:1"]\n')
    with pytest.raises(ConfigError) as caught:
        source.load()
    assert "config.toml:2" in str(caught.value)
    assert not source.changed()
    path.write_text(TWO)
    assert source.changed()
