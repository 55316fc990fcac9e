"""Where the file is, and when it counts as changed, with real files."""

import os
from pathlib import Path

from fastproxy.config.finding import fingerprint, locate


def test_a_given_path_wins_over_the_environment_and_that_over_the_default(tmp_path):
    default = tmp_path / "fastproxy" / "config.toml"
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert locate(None, environ) is None
    default.parent.mkdir()
    default.touch()
    assert locate(None, environ) == default
    assert locate(None, environ | {"FASTPROXY_CONFIG": "/named.toml"}) == Path("/named.toml")
    assert locate(Path("/flag.toml"), environ | {"FASTPROXY_CONFIG": "/named.toml"}) == Path("/flag.toml")


def test_the_default_is_below_the_home_directory(tmp_path):
    file = tmp_path / ".config" / "fastproxy" / "config.toml"
    file.parent.mkdir(parents=True)
    file.touch()
    assert locate(None, {"HOME": str(tmp_path)}) == file
    assert locate(None, {"HOME": ""}) is None


def test_an_untouched_file_keeps_its_fingerprint_and_an_absent_one_has_none(tmp_path):
    file = tmp_path / "config.toml"
    assert fingerprint(None) == ()
    assert fingerprint(file) == (None,)
    file.write_text("a = 1")
    assert fingerprint(file) == fingerprint(file) != (None,)


def test_writing_replacing_and_removing_all_count_as_a_change(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text("a = 1")
    seen = [fingerprint(file)]
    file.write_text("a = 12")
    seen.append(fingerprint(file))
    times = file.stat()
    other = tmp_path / "other"
    other.write_text("a = 34")
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(file)  # same size, same time: as some editors and deployers leave it
    seen.append(fingerprint(file))
    file.unlink()
    seen.append(fingerprint(file))
    assert len(set(seen)) == 4


def test_a_referred_file_counts_even_while_the_configuration_is_broken(tmp_path):
    file, key = tmp_path / "config.toml", tmp_path / "key"
    file.write_text(f"[providers.a]\napi_key = \"file:key\"\n[providers.b]\napi_key = 'file:{tmp_path}/b'\nbroken = [")
    before = fingerprint(file)
    assert before[1:] == (None, None)
    key.write_text("k")
    assert fingerprint(file) != before
    assert fingerprint(file)[2] is None


def test_an_odd_reference_is_no_error(tmp_path):
    file = tmp_path / "config.toml"
    file.write_bytes(b'a = "file:\xff\x00"')
    assert fingerprint(file)[1:] == (None,)
