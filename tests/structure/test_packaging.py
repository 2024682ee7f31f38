"""The package as users get it.

The contents of the wheel, the requirements of the environment, and the time of the import.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
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


def files() -> list[str]:
    """The files of the repository, by their path in it; links are no files."""
    if not (ROOT / ".git").exists():
        pytest.skip("This is no clone.")
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    run = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True)
    there = [name for name in run.stdout.splitlines() if (ROOT / name).is_file()]
    return sorted(name for name in there if not (ROOT / name).is_symlink())


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone on a system without links: each is a file with the path that it leads to."""
    clone = tmp_path_factory.mktemp("clone")
    for name in files():
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, clone / name)
    for name in LINKED:
        (clone / "causalstats" / name).write_text(f"../{name}")
    return clone


@pytest.fixture(scope="module")
def built(clone: Path) -> Path:
    """The folder of the sdist, and of the wheel that was built from it."""
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", "dist"]
    run = subprocess.run(build, cwd=clone, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return clone / "dist"


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(next(built.glob("*.whl")))


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


def test_sdist_holds_every_file_of_the_repository(built):
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        there = {name.partition("/")[2] for name in sdist.getnames()}
    assert not set(files()) - there


def test_a_clone_without_links_is_installed_as_a_link_to_its_folder(clone, tmp_path):
    """What `pip install --editable .` does, with models/ and case_studies/ in their places."""
    code = (
        "from setuptools.build_meta import build_editable; build_editable('editable')"
    )
    (clone / "editable").mkdir()
    python(code, clone)
    installed = tmp_path / "site-packages"
    wheel = next((clone / "editable").glob("*.whl"))
    zipfile.ZipFile(wheel).extractall(installed)
    code = f"""
import site, sys
site.addsitedir({str(installed)!r})
sys.path.append({sysconfig.get_path("purelib")!r})
import causalstats.cli, causalstats.models.heckman.model, causalstats.case_studies.kidney_stones
print(causalstats.__file__)
print(causalstats.models.heckman.model.__file__)
print(causalstats.case_studies.kidney_stones.__file__)
"""
    bare = [sys.executable, "-ES", "-c", code]  # nothing but what is added above
    run = subprocess.run(bare, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert [Path(line) for line in run.stdout.splitlines()] == [
        clone / "causalstats" / "__init__.py",
        clone / "models" / "heckman" / "model.py",
        clone / "case_studies" / "kidney_stones" / "__init__.py",
    ]


def test_links_of_the_readme_lead_to_files():
    links = re.findall(r"\]\(([^)#]+)", (ROOT / "README.md").read_text())
    local = [link for link in links if "://" not in link]
    assert local and all((ROOT / link).exists() for link in local)


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
