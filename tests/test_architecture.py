"""The floors of docs/architecture.md, enforced: what may import what, how large things may be, what comes with them."""

import ast
from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path

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


@cache
def tree_of(module: Path) -> ast.Module:
    return ast.parse(module.read_bytes())


@cache
def imports(module: Path) -> tuple[str, ...]:
    """Every module imported, also inside functions, as a dotted name."""
    names: list[str] = []
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(module)}:{node.lineno}: a relative import"
            names += (f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(names)


def found(look: Callable[[Path], Collection[object]]) -> dict[str, Collection[object]]:
    """What is wrong with which module: one test looks at all of them, since each of them takes no time at all."""
    assert len(MODULES) > 1
    return {name_of(module): wrong for module in MODULES if (wrong := look(module))}


def upward(module: Path) -> set[str]:
    if module == PACKAGE / "__init__.py":
        return set(imports(module))
    if part_of(module) not in FLOOR:
        return {"a new part needs a floor"}
    floor = FLOOR[part_of(module)]
    ours = {name.split(".")[1] for name in imports(module) if name.startswith("fastproxy.")}
    return {part for part in ours if FLOOR.get(part, 0) > floor}


def test_imports_point_down() -> None:
    assert found(upward) == {}


def world(module: Path) -> set[str]:
    roots = {name.split(".")[0] for name in imports(module)}
    impure = roots & IMPURE if FLOOR.get(part_of(module), 0) <= PURE_FLOORS else set()
    return impure | {name for name in roots & ONLY_IN.keys() if part_of(module) not in ONLY_IN[name]}


def test_the_middle_touches_no_world() -> None:
    assert found(world) == {}


def shapeless(module: Path) -> list[str]:
    long = ["too long"] if module.read_text().count("\n") > MAX_LINES else []
    return long + ([] if ast.get_docstring(tree_of(module)) else ["no docstring"])


def test_files_are_short_and_say_what_they_are_for() -> None:
    assert found(shapeless) == {}


def long_functions(module: Path) -> list[str]:
    functions = [n for n in ast.walk(tree_of(module)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [f.name for f in functions if sum(isinstance(n, ast.stmt) for n in ast.walk(f)) - 1 > MAX_STATEMENTS]


def test_functions_are_short() -> None:
    assert found(long_functions) == {}


def untested(module: Path) -> list[str]:
    if module.name in {"__init__.py", "__main__.py"}:
        return []  # an __init__ holds declarations; __main__ holds one call
    inside = module.relative_to(PACKAGE)
    test = ROOT / "tests" / inside.with_name(f"test_{inside.name}")
    return [] if test.is_file() else [str(test.relative_to(ROOT))]


def test_every_module_has_its_test() -> None:
    assert found(untested) == {}
