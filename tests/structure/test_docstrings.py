"""Docstrings of public functions describe their parameters, and public names have examples."""

import ast
import inspect
from pathlib import Path

import causalstats as cs

ROOT = Path(__file__).resolve().parents[2]
LEAST_DESCRIBED = 0.95  # of public functions with three or more arguments
LEAST_SHOWN = 0.8  # of public names and of the public methods of their classes


def long_signatures() -> dict[str, str]:
    """The docstrings of public functions of three or more arguments, by place and name."""
    docstrings = {}
    for folder in (ROOT / "causalstats", ROOT / "models"):
        for file in folder.rglob("*.py"):
            if any(path.is_symlink() for path in file.parents):
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                    continue
                signature = node.args
                arguments = [
                    *signature.posonlyargs,
                    *signature.args,
                    *signature.kwonlyargs,
                ]
                names = {argument.arg for argument in arguments} - {"self", "cls"}
                docstring = ast.get_docstring(node)
                if docstring and len(names) >= 3:
                    docstrings[f"{file}:{node.lineno} {node.name}"] = docstring
    return docstrings


def public_docstrings() -> dict[str, str]:
    """The docstrings of public names and of the public methods of public classes."""
    docstrings = {}
    for name in cs.__all__:
        value = getattr(cs, name)
        docstrings[name] = inspect.getdoc(value) or ""
        if not inspect.isclass(value):
            continue
        for method, function in vars(value).items():
            function = getattr(function, "__func__", function)
            if inspect.isfunction(function) and not method.startswith("_"):
                docstrings[f"{name}.{method}"] = inspect.getdoc(function) or ""
    return docstrings


def test_parameters_are_described():
    docstrings = long_signatures()
    missing = [name for name, text in docstrings.items() if "Parameters\n" not in text]
    assert len(missing) <= (1 - LEAST_DESCRIBED) * len(docstrings), missing


def test_public_names_have_examples():
    docstrings = public_docstrings()
    missing = [name for name, text in docstrings.items() if ">>>" not in text]
    assert len(missing) <= (1 - LEAST_SHOWN) * len(docstrings), missing
