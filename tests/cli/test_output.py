"""What a command's words look like in a pipe, which is where programs and tests read them."""

import orjson
import pytest

from fastproxy.cli.output import CommandError, note, say, write_json, write_table


def test_a_cell_is_shown_as_it_is_and_never_read_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(("label",), [("[red]alarm[/red]",), ("[/]",)])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["label", "[red]alarm[/red]", "[/]"]


def test_a_long_line_is_not_folded_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(("a", ">b"), [("x" * 150, "1")])
    assert capsys.readouterr().out.splitlines()[1].startswith("x" * 150)


def test_numbers_are_aligned_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(("model", ">tokens"), [("m", "7"), ("m", "1,000")])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[1].endswith("    7")
    assert len(lines[1]) == len(lines[2])


def test_a_table_without_titles_has_no_head(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(("", ""), [("a", "b")])
    assert capsys.readouterr().out.split() == ["a", "b"]


def test_results_go_to_standard_output_and_remarks_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    say("result")
    note("remark")
    write_json({"é": 1})
    said = capsys.readouterr()
    assert said.err == "remark\n"
    assert said.out.startswith("result\n")
    assert orjson.loads(said.out.removeprefix("result\n")) == {"é": 1}


def test_a_failure_ends_with_one_unless_it_says_otherwise() -> None:
    assert CommandError("x").exit_code == 1
    assert CommandError("x", exit_code=2).exit_code == 2
