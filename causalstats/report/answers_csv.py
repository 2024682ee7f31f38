"""The answers of a fit as a table of comma-separated values (CSV), for papers and spreadsheets."""

from __future__ import annotations

import pandas as pd

from causalstats.report.contents import Answer, ReportContents

_NUMBERS = ["median", "mean", "sd", "lower", "upper", "ess_bulk", "ess_tail", "r_hat"]
_SHOWN = ["shown_mean", "shown_median", "shown_lower", "shown_upper"]
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def answers_csv(contents: ReportContents) -> str:
    """Return a row for each entry of each answer, with its unit, contrast, kind and warnings.

    Answers that are a number a person are left out, as in the page. Diagnostics of sampling are
    empty where nothing was sampled, `median` where it is the mean that is shown. The columns
    `label`, `shown_...` have entries and numbers as the page shows them. A text that a spreadsheet
    would run as a formula begins with an apostrophe.
    """
    columns = ["answer", "entry", *_NUMBERS, "unit", "contrast", "kind", "warnings"]
    columns += ["label", *_SHOWN, "shown_unit"]
    tables = [_rows(answer) for answer in contents.answers]
    rows = pd.concat(tables)[columns] if tables else pd.DataFrame(columns=columns)
    texts = rows.select_dtypes(exclude="number").columns
    rows[texts] = rows[texts].map(_harmless)
    return rows.to_csv(index=False)


def _rows(answer: Answer) -> pd.DataFrame:
    effect = answer.effect
    shown = answer.table.add_prefix("shown_").reindex(columns=_SHOWN)
    return answer.diagnostics.reindex(columns=_NUMBERS).assign(
        answer=effect.name,
        entry=[str(label) for label in answer.diagnostics.index],
        unit=effect.unit,
        contrast=effect.contrast,
        kind=effect.kind,
        warnings="; ".join(effect.warnings),
        label=[str(label) for label in answer.table.index],
        shown_unit=answer.unit,
        **{name: shown[name].to_numpy() for name in _SHOWN},
    )


def _harmless(text: object) -> object:
    """Return text that no spreadsheet takes for a formula.

    Examples
    --------
    >>> _harmless("=1+1"), _harmless("age")
    ("'=1+1", 'age')
    """
    if isinstance(text, str) and text.startswith(_FORMULA_STARTS):
        return f"'{text}"
    return text
