"""ARCHITECTURE.md against the folders.

Its tables are complete, and no import goes against the order of the layers.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "causalstats"


def table(heading: str) -> list[list[str]]:
    """The cells of the rows under one heading of ARCHITECTURE.md."""
    section = (
        (ROOT / "ARCHITECTURE.md")
        .read_text()
        .split(f"## {heading}\n")[1]
        .split("\n## ")[0]
    )
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("| `")
    ]
    return [[first.strip("`"), *rest] for first, *rest in rows]


def layer(entry: str) -> str:
    return (
        "causalstats"
        if entry == "__init__.py"
        else entry.removesuffix("/").removesuffix(".py")
    )


LAYERS = [layer(entry) for entry, *_ in table("Layers of `causalstats/`")]
ALLOWED = {
    layer(entry): LAYERS[: LAYERS.index(layer(entry))]
    if allowed == "everything"
    else allowed.split(", ")
    for entry, _, allowed in table("Layers of `causalstats/`")
}


def modules_and_folders(folder: Path) -> list[str]:
    """Entries of a folder: Python files by name, folders that hold any file with a slash."""
    files = [file.name for file in folder.glob("*.py")]
    folders = [
        f"{path.name}/"
        for path in folder.iterdir()
        if path.is_dir()
        and path.name != "__pycache__"
        and any(f.suffix not in ("", ".pyc") for f in path.rglob("*"))
    ]
    return sorted(files + folders)


@pytest.mark.parametrize(
    ("heading", "folder"),
    [("Layers of `causalstats/`", "causalstats"), ("Case studies", "case_studies")],
)
def test_tables_list_what_there_is(heading, folder):
    there = modules_and_folders(ROOT / folder)
    if folder != "causalstats":
        there = [name for name in there if name != "__init__.py"]
    assert sorted(entry for entry, *_ in table(heading)) == there


def test_folders_inside_layers_are_listed():
    there = [
        f"{layer_folder.name}/{name}"
        for layer_folder in [*PACKAGE.iterdir(), ROOT / "models"]
        if layer_folder.is_dir() and not layer_folder.is_symlink()
        for name in modules_and_folders(layer_folder)
        if name.endswith("/")
    ]
    listed = [entry for entry, *_ in table("Folders inside layers")]
    assert sorted(listed) == sorted(there)


def test_tests_mirror_the_layers():
    listed = [entry for entry, *_ in table("Tests")]
    mirrors = {entry for entry in modules_and_folders(PACKAGE) if entry.endswith("/")}
    folders = {
        name for name in modules_and_folders(ROOT / "tests") if name.endswith("/")
    }
    assert folders <= mirrors | set(listed)


def test_layers_are_in_order():
    for name, allowed in ALLOWED.items():
        above = ["nothing", *LAYERS[: LAYERS.index(name)]]
        assert set(allowed) <= set(above), (
            f"{name} may import a layer that stands below it"
        )


def imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports anywhere in a file except those for type checkers only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and ast.unparse(node.test).endswith(
            "TYPE_CHECKING"
        ):
            yield from imports(ast.Module(node.orelse, []))
        else:
            yield from imports(node)


def layers_imported(node: ast.Import | ast.ImportFrom) -> set[str]:
    """The layers an import leads to; `causalstats` itself where it asks for the public names."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        assert node.level == 0, f"line {node.lineno}: a relative import; name the layer"
        names = [f"{node.module}.{alias.name}" for alias in node.names]
    ours = [name.split(".") for name in names if name.split(".")[0] == "causalstats"]
    return {
        parts[1] if len(parts) > 1 and parts[1] in LAYERS else "causalstats"
        for parts in ours
    }


def test_imports_follow_the_order_of_the_layers():
    broken = []
    for file in [
        *PACKAGE.rglob("*.py"),
        *(ROOT / "models").rglob("*.py"),
        *(ROOT / "case_studies").rglob("*.py"),
    ]:
        path = file.relative_to(PACKAGE if file.is_relative_to(PACKAGE) else ROOT)
        home = layer(path.parts[0])
        for node in imports(ast.parse(file.read_text())):
            outside = layers_imported(node) - {home, *ALLOWED.get(home, [])}
            broken += [
                f"{file.relative_to(ROOT)}:{node.lineno}: {home} imports {name}"
                for name in sorted(outside)
            ]
    assert not broken, "\n".join(broken)


def test_the_law_sees_imports_in_functions_and_not_those_for_types():
    tree = ast.parse(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import causalstats.inference.fit\n"
        "def f():\n    from causalstats import plots, Fit\n    import "
        "causalstats.report.html_page as page\n"
    )
    assert set().union(*map(layers_imported, imports(tree))) == {
        "plots",
        "causalstats",
        "report",
    }
