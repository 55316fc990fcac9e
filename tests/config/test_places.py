"""Places of keys, checked by looking at the text where they are said to be."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.config.places import places
from fastproxy.config.showing import _key, _value

TEXT = '''\
# a comment with [brackets] and "quotes"
top = 1
[server]   # behind a header
  listen = [
    "127.0.0.1:1",  # first
    'x#y',
  ]
"quoted key" = """multi
line = "no key" """
[providers."my.lab"]
literal = \'\'\'
[not.a.header]
\'\'\'
when = 1979-05-27 07:32:00
dotted . inner = { a = 1, "b" = [2, 3] }
[[rows]]
id = 1
[[rows]]
id = 2
[rows.inner]
a = 1
[[rows.inner.list]]
b = 2
[rows.inner.list.c]
last = "\\"]"'''


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("top",), (2, 1)),
        (("server",), (3, 2)),
        (("server", "listen"), (4, 3)),
        (("server", "listen", 0), (5, 5)),
        (("server", "listen", 1), (6, 5)),
        (("server", "quoted key"), (8, 1)),
        (("providers", "my.lab"), (10, 12)),
        (("providers", "my.lab", "literal"), (11, 1)),
        (("providers", "my.lab", "when"), (14, 1)),
        (("providers", "my.lab", "dotted", "inner"), (15, 10)),
        (("providers", "my.lab", "dotted", "inner", "a"), (15, 20)),
        (("providers", "my.lab", "dotted", "inner", "b", 1), (15, 37)),
        (("rows", 0, "id"), (17, 1)),
        (("rows", 0), (16, 3)),
        (("rows", 1), (18, 3)),
        (("rows", 1, "id"), (19, 1)),
        (("rows", 1, "inner"), (20, 2)),
        (("rows", 1, "inner", "a"), (21, 1)),
        (("rows", 1, "inner", "list", 0, "b"), (23, 1)),
        (("rows", 1, "inner", "list", 0, "c", "last"), (25, 1)),
    ],
)
def test_every_key_is_where_it_stands(path, place):
    assert places(TEXT)[path] == place


def test_nothing_is_found_inside_strings_and_comments():
    found = places(TEXT)
    assert ("not",) not in found
    assert ("line",) not in found
    assert ("brackets",) not in found


@pytest.mark.parametrize(
    "text", ["", "\n", "# only\n", "a=1", "a = ''\r\nb = 2\r\n", 'a = """"""\nb = """x""""\n', "a = []\nb = {}"]
)
def test_small_and_odd_documents_are_walked_to_their_end(text):
    assert set(places(text)) == {(key,) for key in tomllib.loads(text)}


KEYS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=8)
VALUES = st.recursive(
    st.integers(-9, 9) | st.booleans() | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


def paths(value, path=()):
    """Every key path and list index of a parsed document."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from paths(item, (*path, key))


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES, max_size=3), max_size=3))
def test_any_document_gives_a_place_for_every_key(tables):
    lines = []
    for name, table in tables.items():
        lines += [f"[{_key(name)}]", *(f"{_key(key)} = {_value(value)}" for key, value in table.items())]
    text = "\n".join(lines)
    assert tomllib.loads(text) == tables
    assert set(places(text)) == set(paths(tables))
