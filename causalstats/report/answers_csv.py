"""The answers of a fit as a table of comma-separated values (CSV), for papers and spreadsheets."""

from __future__ import annotations

import pandas as pd

from causalstats.report.contents import ReportContents

_NUMBERS = ["mean", "sd", "lower", "upper", "ess_bulk", "ess_tail", "r_hat"]


def answers_csv(contents: ReportContents) -> str:
    """Return a row for each entry of each answer, with its unit, contrast, kind and warnings.

    Answers that are a number a person are left out, as in the page. Diagnostics of sampling are
    empty where nothing was sampled.
    """
    columns = ["answer", "entry", *_NUMBERS, "unit", "contrast", "kind", "warnings"]
    tables = [
        table.reindex(columns=_NUMBERS).assign(
            answer=effect.name,
            entry=[str(label) for label in table.index],
            unit=effect.unit,
            contrast=effect.contrast,
            kind=effect.kind,
            warnings="; ".join(effect.warnings),
        )
        for effect, table in contents.effects
    ]
    rows = pd.concat(tables)[columns] if tables else pd.DataFrame(columns=columns)
    return rows.to_csv(index=False)
