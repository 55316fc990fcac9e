"""How a configuration error reads."""

from fastproxy.config.problems import ConfigError, Problem


def test_the_first_problem_is_in_fields_and_all_are_in_the_text():
    error = ConfigError("a.toml", 3, 7, "first", others=(Problem("command line", 0, 0, "second"),))
    assert (error.path, error.line, error.column, error.message) == ("a.toml", 3, 7, "first")
    assert str(error) == "a.toml:3:7: first\ncommand line: second"
