"""Files as values: what can't be read says where, and problems point at the key or at the source laid over it."""

import pytest

from fastproxy.config.document import MAX_FILE_BYTES, Document, read_document
from fastproxy.config.problems import ConfigError


def test_no_file_is_an_empty_document():
    document = read_document(None)
    assert document.values == {}
    document.require_sound()


def test_a_syntax_error_has_a_line_and_a_column(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text("[server]\nworkers = = 2\n")
    with pytest.raises(ConfigError) as caught:
        read_document(file)
    assert (caught.value.path, caught.value.line, caught.value.column) == (str(file), 2, 11)
    assert str(caught.value).startswith(f"{file}:2:11: Invalid value")


def test_a_file_that_breaks_off_is_blamed_at_its_end():
    with pytest.raises(ConfigError) as caught:
        Document("x", "[server]\nworkers =\n")
    assert (caught.value.line, caught.value.column) == (2, 10)


@pytest.mark.parametrize(
    ("data", "place", "word"),
    [
        (b"a = 1\nb = '\xff'\n", (2, 6), "UTF-8"),
        (b"#" * (MAX_FILE_BYTES + 1), (0, 0), "larger"),
        (b"a = " + b"[" * 100_000, (1, 1), "deeply"),
    ],
)
def test_a_file_that_is_no_sane_text_is_refused(tmp_path, data, place, word):
    file = tmp_path / "config.toml"
    file.write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        read_document(file)
    assert (caught.value.line, caught.value.column) == place
    assert word in caught.value.message


def test_a_missing_file_and_a_directory_are_refused(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(ConfigError) as caught:
            read_document(path)
        assert str(caught.value).startswith(f"{path}: can't be read")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    file = tmp_path / "config.toml"
    file.write_bytes(b"\xef\xbb\xbfa = 1\r\n")
    assert read_document(file).values == {"a": 1}


def test_problems_come_in_the_order_of_the_file_and_all_at_once():
    document = Document("x.toml", "[b]\nkey = 1\n[a]\nkey = 2\n")
    document.blame(("a", "key"), "second")
    document.blame(("b", "key"), "first")
    document.blame(("b", "absent"), "at its table")
    with pytest.raises(ConfigError) as caught:
        document.require_sound()
    assert str(caught.value) == "x.toml:1:2: at its table\nx.toml:2:1: first\nx.toml:4:1: second"
    assert caught.value.message == "at its table"
    assert len(caught.value.problems) == 3


def test_what_is_laid_over_wins_and_takes_the_blame():
    document = Document("x.toml", "[server]\nworkers = 1\n")
    document.lay_over("server", "workers", 0, "command line")
    assert document.table("server") == {"workers": 0}
    document.blame(("server", "workers"), "workers is wrong")
    with pytest.raises(ConfigError, match=r"^command line: workers is wrong$"):
        document.require_sound()


def test_a_value_where_a_table_belongs_is_a_problem():
    document = Document("x.toml", "server = 1\n")
    assert document.table("server") == {}
    with pytest.raises(ConfigError, match=r"^x.toml:1:1: \[server\] must be a table$"):
        document.require_sound()


def test_a_number_of_too_many_digits_is_a_mistake_like_any_other():
    with pytest.raises(ConfigError, match="can't be read"):
        Document("config.toml", "a = 1" + "0" * 5000)
