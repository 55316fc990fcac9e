"""`fastproxy version`."""

import fastproxy


def test_the_version_is_the_one_of_the_package(run) -> None:
    assert run("version").out.startswith(f"fastproxy {fastproxy.__version__} (")
    assert run("version", "--json").json()["fastproxy"] == fastproxy.__version__
