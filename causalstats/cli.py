"""The command line: `causalstats demo | study | calibrate | doctor | report`."""

from __future__ import annotations

import importlib
import json
import platform
from importlib.metadata import version
from pathlib import Path
from pkgutil import iter_modules
from typing import Annotated, Any

import typer

import causalstats
from causalstats.errors import CausalStatsError
from causalstats.inference.fit import LIBRARIES

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Bayesian causal models with their assumptions, checks and sensitivity.",
)

Fast = Annotated[bool, typer.Option("--fast", help="Fewer draws and no sensitivity.")]
Folder = Annotated[Path, typer.Option(help="Where the study's own folder is made.")]


@app.command()
def demo(fast: Fast = False, results: Folder = Path("results")) -> None:
    """Fit a real study, and leave its report; the same as `causalstats study hiv_results`."""
    study("hiv_results", fast, results)


@app.command()
def study(
    name: Annotated[
        str, typer.Argument(help="Its name; all are listed without one.")
    ] = "",
    fast: Fast = False,
    results: Folder = Path("results"),
) -> None:
    """Run a case study. Its report's path is the last line."""
    from rich import print as show

    from causalstats import case_studies

    names = [module.name for module in iter_modules(case_studies.__path__)]
    if not name:
        for each in names:
            question = importlib.import_module(
                f"causalstats.case_studies.{each}"
            ).__doc__
            show(f"[bold]{each}[/bold]  {question}")
        return
    name = name.replace("-", "_")
    if name not in names:
        raise typer.BadParameter(
            f"There is no study {name!r}. There are: {', '.join(names)}."
        )
    module = importlib.import_module(f"causalstats.case_studies.{name}.study")
    show(f"[bold]{str(module.__doc__).splitlines()[0]}[/bold]")
    folder = results / name
    folder.mkdir(parents=True, exist_ok=True)
    try:
        path = module.run(folder, fast)
    except ModuleNotFoundError as error:
        raise typer.BadParameter(
            f"This study's data are in the package {error.name!r}: "
            "pip install 'causalstats[studies]'."
        ) from error
    typer.echo(path)


@app.command()
def doctor() -> None:
    """Versions, devices, and the sampler that would be used, with the reason."""
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False, box=None)
    table.add_row("causalstats", causalstats.__version__)
    table.add_row(
        "python",
        f"{platform.python_version()} on {platform.system()} {platform.machine()}",
    )
    for name in LIBRARIES:
        table.add_row(name, version(name))
    table.add_section()
    for name, value in _devices():
        table.add_row(name, value)
    Console().print(table)


def _devices() -> list[tuple[str, str]]:
    """Return the devices, and the sampler that suits each size of data, as pairs of texts."""
    import os

    import jax

    from causalstats.samplers import BACKENDS, backend_for

    rows = [
        ("cores", str(os.cpu_count())),
        ("JAX devices", ", ".join(str(device) for device in jax.devices())),
    ]
    for size, numbers in (("small data", 1_000), ("large data", 1_000_000)):
        backend = backend_for(numbers)
        rows.append((f"sampler, {size}", f"{backend}: {BACKENDS[backend]}"))
    return rows


@app.command()
def calibrate(
    model: Annotated[
        str, typer.Argument(help="A model of causalstats, e.g. SelectiveLabels.")
    ],
    field: Annotated[
        list[str] | None,
        typer.Option(
            help="A field and its value in JSON, e.g. expertise='[\"x2\"]'; "
            '{"value": .3, "sd": .05} is a Known.'
        ),
    ] = None,
    fits: Annotated[int, typer.Option(help="Data sets.")] = 200,
    seed: int = 1,
    simulate: Annotated[
        list[str] | None,
        typer.Option(
            help="An argument of the simulator and its value in JSON, e.g. people=1000 or "
            "units=200; the model's own sizes without."
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(help="Workers.")] = 1,
    results: Folder = Path("results"),
) -> None:
    """Simulation-based calibration of a model over its prior.

    A run that was killed goes on. The path of the ranks is the last line.
    """
    from causalstats import models

    if model not in models.__all__:
        raise typer.BadParameter(
            f"There is no model {model!r}. There are: {', '.join(models.__all__)}."
        )
    path = results / "calibration" / f"{model}.jsonl"
    try:
        fields = dict(_field(text) for text in field or [])
        calibration = causalstats.calibrate(
            getattr(models, model)(**fields),
            fits=fits,
            seed=seed,
            simulate=dict(_field(text) for text in simulate) if simulate else None,
            path=path,
            jobs=jobs,
        )
    except (CausalStatsError, TypeError) as error:
        raise typer.BadParameter(str(error)) from error
    calibration.plot().savefig(path.with_suffix(".svg"))
    typer.echo(repr(calibration))
    typer.echo(path)


def _field(text: str) -> tuple[str, Any]:
    """Return name and value of `name=JSON`; an object of JSON is a `Known`."""
    name, _, value = text.partition("=")
    try:
        parsed = json.loads(value)
    except json.JSONDecodeError as error:
        raise typer.BadParameter(
            f"Expected name=JSON, e.g. prevalence=0.3, got {text!r}."
        ) from error
    return name, causalstats.Known(**parsed) if isinstance(parsed, dict) else parsed


@app.command()
def report(
    fit: Annotated[Path, typer.Argument(help="A file that Fit.save wrote.")],
    output: Path | None = None,
) -> None:
    """Write the report of a saved fit beside it; the path is the last line.

    The checks refit the model.
    """
    try:
        typer.echo(causalstats.load(fit).report(output or fit.with_suffix(".html")))
    except CausalStatsError as error:
        raise typer.BadParameter(str(error)) from error
