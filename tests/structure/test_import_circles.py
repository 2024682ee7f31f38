"""No import circles between modules, counting the imports inside functions too."""

import ast
from collections.abc import Iterator
from pathlib import Path

import networkx as nx

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {
    "causalstats": ROOT / "causalstats",
    "causalstats.models": ROOT / "models",
    "causalstats.case_studies": ROOT / "case_studies",
}


def module_name(package: str, file: Path) -> str:
    parts = file.relative_to(SOURCES[package]).with_suffix("").parts
    return ".".join([package, *(part for part in parts if part != "__init__")])


def modules() -> dict[str, Path]:
    """Every module by its name; links inside the package are followed once."""
    return {
        module_name(package, file): file
        for package, folder in SOURCES.items()
        for file in folder.rglob("*.py")
        if not any(parent.is_symlink() for parent in file.parents if parent != folder)
    }


def runtime_imports(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports anywhere below a node except those for type checkers only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith(
            "TYPE_CHECKING"
        ):
            yield from runtime_imports(ast.Module(child.orelse, []))
        else:
            yield from runtime_imports(child)


def imported_modules(node: ast.Import | ast.ImportFrom, names: set[str]) -> set[str]:
    """The modules among `names` that an import loads; a submodule before its package."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names} & names
    submodules = {f"{node.module}.{alias.name}" for alias in node.names} & names
    others = len(submodules) < len(node.names)
    return submodules | ({node.module or ""} & names if others else set())


def import_graph(files: dict[str, Path]) -> nx.DiGraph:
    graph = nx.DiGraph()
    for name, file in files.items():
        for node in runtime_imports(ast.parse(file.read_text())):
            for other in imported_modules(node, set(files)) - {name}:
                graph.add_edge(name, other)
    return graph


def test_no_import_circles():
    circles = [
        sorted(component)
        for component in nx.strongly_connected_components(import_graph(modules()))
        if len(component) > 1
    ]
    assert not circles


def test_a_circle_through_a_function_is_seen_and_one_for_types_is_not(tmp_path):
    texts = {
        "a": "def f():\n    from b import g\n",
        "b": "import a\n",
        "c": "import typing\nif typing.TYPE_CHECKING:\n    import d\n",
        "d": "import c\n",
    }
    files = {name: tmp_path / f"{name}.py" for name in texts}
    for name, text in texts.items():
        files[name].write_text(text)
    components = nx.strongly_connected_components(import_graph(files))
    assert [sorted(part) for part in components if len(part) > 1] == [["a", "b"]]
