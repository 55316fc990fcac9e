"""The floors of docs/architecture.md, enforced: what may import what, how large things may be, what comes with them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "fastproxy"
FLOORS = (
    ("errors", "clock", "secret"),
    ("ir", "framing", "jsonedit"),
    ("formats",),
    ("pipe", "reshaped", "translate", "providers", "routing", "endpoints", "payload", "snapshot"),
    ("accounts", "access", "usage", "storage", "config"),
    ("server", "upstream"),
    (
        "relay",
        "admin",
        "account_reports",
        "credential_check",
        "asked",
        "outgoing",
        "answering",
        "translating",
        "refusal",
        "pump",
        "explain",
        "prelude",
        "sessions",
        "attempts",
    ),
    ("cli", "app", "service", "worker", "current", "supervisor", "renewing", "__main__"),
)
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names}
PURE_FLOORS = 3
IMPURE = {"asyncio", "socket", "os", "aiohttp", "h11"}
ONLY_IN = {"h11": {"server"}, "aiohttp": {"upstream"}, "time": {"clock"}}
MAX_LINES = 400
MAX_STATEMENTS = 40

MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(module: Path) -> str:
    return str(module.relative_to(PACKAGE))


def part_of(module: Path) -> str:
    return module.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(module: Path) -> Iterator[str]:
    """Every module imported, also inside functions, as a dotted name."""
    for node in ast.walk(ast.parse(module.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(module)}:{node.lineno}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.fixture(params=MODULES, ids=name_of)
def module(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def test_imports_point_down(module: Path) -> None:
    if module == PACKAGE / "__init__.py":
        assert list(imports(module)) == []
        return
    assert part_of(module) in FLOOR, "a new part needs a floor"
    floor = FLOOR[part_of(module)]
    ours = {name.split(".")[1] for name in imports(module) if name.startswith("fastproxy.")}
    assert {part for part in ours if FLOOR.get(part, 0) > floor} == set()


def test_the_middle_touches_no_world(module: Path) -> None:
    roots = {name.split(".")[0] for name in imports(module)}
    if FLOOR.get(part_of(module), 0) <= PURE_FLOORS:
        assert roots & IMPURE == set()
    for library, parts in ONLY_IN.items():
        assert library not in roots or part_of(module) in parts


def test_files_are_short_and_say_what_they_are_for(module: Path) -> None:
    source = module.read_text()
    assert source.count("\n") <= MAX_LINES
    assert ast.get_docstring(ast.parse(source))


def test_functions_are_short(module: Path) -> None:
    functions = [
        n for n in ast.walk(ast.parse(module.read_bytes())) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = [f.name for f in functions if sum(isinstance(n, ast.stmt) for n in ast.walk(f)) - 1 > MAX_STATEMENTS]
    assert long == []


def test_every_module_has_its_test(module: Path) -> None:
    if module.name in {"__init__.py", "__main__.py"}:
        pytest.skip("an __init__ holds declarations; __main__ holds one call")
    inside = module.relative_to(PACKAGE)
    assert (ROOT / "tests" / inside.with_name(f"test_{inside.name}")).is_file()
