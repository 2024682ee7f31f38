"""The package as users get it.

The contents of the wheel, the requirements of the environment, and the time of the import.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import causalstats.models

ROOT = Path(__file__).resolve().parents[2]
LINKED = ("models", "case_studies")
SOURCES = {"causalstats": ROOT / "causalstats"} | {
    f"causalstats.{name}": ROOT / name for name in LINKED
}


def package_folders() -> dict[str, Path]:
    """Every folder with an `__init__.py`, by the name it is imported under.

    The links stand for the folders they lead to.
    """
    return {
        ".".join([name, *file.parent.relative_to(folder).parts]): file.parent
        for name, folder in SOURCES.items()
        for file in folder.rglob("__init__.py")
        if name != "causalstats" or file.relative_to(folder).parts[0] not in LINKED
    }


def python(code: str, folder: Path, **environment: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a copy so that no old build folder can add to it."""
    copy = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for folder in ("causalstats", *LINKED):
        shutil.copytree(
            ROOT / folder,
            copy / folder,
            symlinks=True,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    build = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        "dist",
    ]
    run = subprocess.run(build, cwd=copy, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return zipfile.ZipFile(next((copy / "dist").glob("*.whl")))


def test_every_folder_is_listed_as_a_package():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"][
        "packages"
    ]
    assert sorted(listed) == sorted(package_folders())


def test_models_are_those_at_the_top_of_the_repository():
    assert Path(causalstats.models.__file__).resolve().parent == ROOT / "models"


def test_wheel_holds_every_file_of_the_packages(wheel):
    here = {
        f"{name.replace('.', '/')}/{file.name}"
        for name, folder in package_folders().items()
        for file in folder.iterdir()
        if file.is_file()
        and (file.suffix not in (".md", ".pyc") or file.name == "llms.md")
    }
    there = {
        name
        for name in wheel.namelist()
        if not name.split("/")[0].endswith(".dist-info")
    }
    assert there == here


def test_wheel_works_elsewhere_and_brings_no_top_level_models(wheel, tmp_path):
    installed = tmp_path / "installed"
    wheel.extractall(installed)
    code = """
import importlib.util, causalstats.models.selective_labels.model as module
print(module.__file__)
print(importlib.util.find_spec("models"), importlib.util.find_spec("case_studies"))
"""
    file, others = python(code, tmp_path, PYTHONPATH=str(installed)).splitlines()
    assert Path(file) == installed / "causalstats/models/selective_labels/model.py"
    assert others == "None None"


@pytest.mark.parametrize("name", ["requirements.lock", "Makefile", ".ci/run"])
def test_no_address_of_a_package_index(name):
    assert not re.findall(
        r"https?:|file:|--(?:extra-)?index|--find-links|--trusted-host|^-[if] ",
        (ROOT / name).read_text(),
        re.MULTILINE,
    )


def test_import_is_quick_and_leaves_the_heavy_packages_alone(tmp_path):
    code = """
import sys, time
start = time.perf_counter()
import causalstats
heavy = {"pymc", "jax", "arviz", "matplotlib", "pandas"}
print(time.perf_counter() - start, *heavy & set(sys.modules))
"""
    runs = [python(code, tmp_path).split() for _ in range(3)]
    assert min(float(seconds) for seconds, *_ in runs) < 0.5
    assert not [heavy for _, *heavy in runs if heavy]
