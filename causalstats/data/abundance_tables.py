"""Abundance tables of samples and taxa: frames, BIOM files, and AnnData or objects like it.

Rare taxa are left out or pooled, taxa are summed to a rank of the taxonomy, and metadata are joined
by the name of the sample. All faults of a table stand in one message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from causalstats.core import argument_validation as validation
from causalstats.core.formatting import some_of
from causalstats.data.columns import switch, together
from causalstats.errors import DataError

RANKS = ("kingdom", "phylum", "class", "order", "family", "genus", "species")
_HDF5 = b"\x89HDF\r\n\x1a\n"
_SHOWN = 5
_ABSENT = {"", "na", "nan", "none", "unclassified", "unassigned"}


@dataclass(frozen=True, eq=False, kw_only=True)
class AbundanceTable:
    """Abundances of taxa in samples, with what is known of each.

    Parameters
    ----------
    values : DataFrame
        A row for each sample, a column for each taxon; names are text.
    taxonomy : DataFrame or None
        A row for each taxon, a column for each rank, from the highest.
    metadata : DataFrame or None
        A row for each sample.
    """

    values: pd.DataFrame
    taxonomy: pd.DataFrame | None = None
    metadata: pd.DataFrame | None = None


def read_abundances(table: Any, taxa_in_rows: bool) -> AbundanceTable:
    """Return the table of a frame, of the path of a BIOM file, or of an AnnData.

    Parameters
    ----------
    table : DataFrame, str, Path, or an object with X, obs and var
    taxa_in_rows : bool
        Whether the rows of a frame are taxa, as in exports of phyloseq and QIIME.

    Raises
    ------
    DataError
        If it is none of these, or names of samples or taxa are repeated.
    """
    taxa_in_rows = switch("taxa_in_rows", taxa_in_rows)
    if isinstance(table, (str, Path)):
        read = _read_biom(Path(table))
    elif isinstance(table, pd.DataFrame):
        _refuse_names_in_a_column(table)
        read = AbundanceTable(values=table.T if taxa_in_rows else table)
    elif all(hasattr(table, name) for name in ("X", "obs", "var")):
        read = _from_annotated(table)
    else:
        raise DataError(
            "Expected a pandas frame, the path of a BIOM file, or an AnnData with X, obs and var, "
            f"got {type(table).__name__}."
        )
    values = read.values.copy()
    values.index = values.index.map(str)
    values.columns = values.columns.map(str)
    together(
        partial(_refuse_repeated, "sample", values.index),
        partial(_refuse_repeated, "taxon", values.columns),
        partial(_refuse_text, values),
    )
    return replace(read, values=values.astype(float))


def _refuse_names_in_a_column(frame: pd.DataFrame) -> None:
    """Refuse a frame whose names of taxa or samples are its first column, not its index."""
    if not isinstance(frame.index, pd.RangeIndex) or frame.columns.empty:
        return
    first = frame.iloc[:, 0]
    if len(first) and pd.to_numeric(first, errors="coerce").isna().all():
        raise DataError(
            f"Expected the names of rows in the index, and column {first.name!r} has texts such as "
            f"{first.iloc[0]!r}. Make it the index, `frame.set_index({first.name!r})`, and say "
            "`taxa_in_rows=True` if these are names of taxa."
        )


def _refuse_repeated(kind: str, names: pd.Index) -> None:
    repeated = names[names.duplicated()].unique()
    if len(repeated):
        raise DataError(
            f"Expected each {kind} once, got {_listed(repeated)} more than once. Sum or rename "
            "them first."
        )


def _refuse_text(values: pd.DataFrame) -> None:
    """Refuse cells that are empty or no numbers, naming the first."""
    for name, column in values.items():
        empty = column.index[column.isna()]
        if len(empty):
            raise DataError(
                f"Expected a number in every cell, got none of taxon {name!r} in sample "
                f"{empty[0]!r}. Write 0 where nothing was found, or leave the sample out."
            )
        numbers = pd.to_numeric(column, errors="coerce")
        odd = column.index[numbers.isna() & column.notna()]
        if len(odd):
            raise DataError(
                f"Expected numbers, got {column[odd[0]]!r} of taxon {name!r} in sample "
                f"{odd[0]!r}. Are taxa in rows (`taxa_in_rows=True`), or is a column of the "
                "frame no taxon?"
            )


def _listed(names: Any) -> str:
    return some_of([repr(str(name)) for name in names], _SHOWN)


def _from_annotated(table: Any) -> AbundanceTable:
    """Return the table of an AnnData, or of another object with X, obs and var."""
    matrix = table.X.toarray() if hasattr(table.X, "toarray") else np.asarray(table.X)
    values = pd.DataFrame(matrix, index=table.obs.index, columns=table.var.index)
    taxonomy = None if table.var.columns.empty else pd.DataFrame(table.var)
    return AbundanceTable(
        values=values, taxonomy=taxonomy, metadata=pd.DataFrame(table.obs)
    )


def _read_biom(path: Path) -> AbundanceTable:
    """Return the table of a BIOM file, of format 1 (JSON) or 2 (HDF5)."""
    try:
        if not path.exists():
            raise DataError(f"There is no file {str(path)!r}.")
        with path.open("rb") as file:
            hdf5 = file.read(len(_HDF5)) == _HDF5
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{str(path)!r} cannot be read ({error}).") from error
    try:
        return _read_hdf5(path) if hdf5 else _read_json(path)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{str(path)!r} is no BIOM file of format 1 (JSON) or 2 (HDF5): {error}. Read a "
            f"text first, e.g. `pandas.read_csv({str(path)!r}, sep='\\t', index_col=0)`, with "
            "`taxa_in_rows=True` if its rows are taxa."
        ) from error


def _read_json(path: Path) -> AbundanceTable:
    content = json.loads(path.read_text())
    matrix = np.zeros(content["shape"])
    if content["matrix_type"] == "dense":
        matrix[:] = content["data"]
    elif content["data"]:
        row, column, value = np.array(content["data"], float).T
        matrix[row.astype(int), column.astype(int)] = value
    taxa = [each["id"] for each in content["rows"]]
    samples = [each["id"] for each in content["columns"]]
    lineages = [
        (each.get("metadata") or {}).get("taxonomy") for each in content["rows"]
    ]
    facts = [each.get("metadata") or {} for each in content["columns"]]
    return AbundanceTable(
        values=pd.DataFrame(matrix.T, index=samples, columns=taxa),
        taxonomy=_taxonomy(taxa, lineages),
        metadata=pd.DataFrame(facts, index=samples) if any(facts) else None,
    )


def _read_hdf5(path: Path) -> AbundanceTable:
    import h5py
    from scipy import sparse

    def text(values: Any) -> list[str]:
        return [
            each.decode() if isinstance(each, bytes) else str(each) for each in values
        ]

    with h5py.File(path) as file:
        taxa = text(file["observation/ids"][:])
        samples = text(file["sample/ids"][:])
        group = file["observation/matrix"]
        parts = tuple(group[name][:] for name in ("data", "indices", "indptr"))
        matrix = sparse.csr_matrix(parts, shape=(len(taxa), len(samples))).toarray()
        lineages: list[Any] = [None] * len(taxa)
        if "observation/metadata/taxonomy" in file:
            stored = file["observation/metadata/taxonomy"][:]
            lineages = [text(np.atleast_1d(each)) for each in stored]
        facts = {}
        for name, column in file.get("sample/metadata", {}).items():
            facts[name] = text(column[:]) if column.dtype.kind in "OS" else column[:]
    return AbundanceTable(
        values=pd.DataFrame(matrix.T, index=samples, columns=taxa),
        taxonomy=_taxonomy(taxa, lineages),
        metadata=pd.DataFrame(facts, index=samples) if facts else None,
    )


def _taxonomy(taxa: list[str], lineages: list[Any]) -> pd.DataFrame | None:
    """Return lineages, lists of names or one text parted by semicolons, as ranks."""
    if not any(lineages):
        return None
    rows = []
    for lineage in lineages:
        names = lineage or []
        if isinstance(names, str) or len(names) == 1:
            whole = names if isinstance(names, str) else names[0]
            names = [each.strip() for each in whole.split(";")]
        rows.append([*names, *[""] * len(RANKS)][: len(RANKS)])
    return pd.DataFrame(rows, index=taxa, columns=list(RANKS))


def summed_to_rank(table: AbundanceTable, rank: str) -> AbundanceTable:
    """Return the table with taxa summed that share a lineage down to a rank.

    Taxa that are not classified at the rank are summed by the last rank that they have, as
    "unclassified Lachnospiraceae". Equal names of different lineages carry the name above.

    Parameters
    ----------
    table : AbundanceTable
    rank : str
        A column of the taxonomy, whatever its case.

    Raises
    ------
    DataError
        If there is no taxonomy, no such rank in it, or a taxon is not in it.
    """
    if table.taxonomy is None:
        raise DataError(
            f"`rank={rank!r}` needs a taxonomy: give `taxonomy=`, a frame with a row for each "
            "taxon and a column for each rank."
        )
    taxonomy = table.taxonomy.rename(columns=lambda name: str(name).lower())
    taxonomy.index = taxonomy.index.map(str)
    if rank.lower() not in taxonomy.columns:
        raise DataError(
            f"Expected `rank` as one of {', '.join(taxonomy.columns)}, got {rank!r}."
        )
    lacking = table.values.columns.difference(taxonomy.index)
    if len(lacking):
        raise DataError(f"The taxonomy lacks the taxa {_listed(lacking)}.")
    higher = list(taxonomy.columns)[: list(taxonomy.columns).index(rank.lower()) + 1]
    given = taxonomy.reindex(index=table.values.columns, columns=higher)
    lineages = [tuple(map(_plain, row)) for row in given.to_numpy().tolist()]
    names = _names(sorted(set(lineages)))
    labels = [names[lineage] for lineage in lineages]
    ranks = pd.DataFrame(lineages, index=labels, columns=higher)
    return replace(
        table,
        values=table.values.T.groupby(labels, sort=False).sum().T,
        taxonomy=ranks[~ranks.index.duplicated()],
    )


def _plain(name: Any) -> str:
    """Return a name without the prefix of its rank, such as g__; empty where it says nothing."""
    text = "" if pd.isna(name) else str(name).strip()
    if text[1:3] == "__":
        text = text[3:]
    return "" if text.lower() in _ABSENT else text


def _names(lineages: list[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Return a name of each lineage, unlike all others."""
    names = {}
    for lineage in lineages:
        known = [name for name in lineage if name]
        above = known[-1] if known else ""
        names[lineage] = lineage[-1] or f"unclassified {above}".strip()
    counts = pd.Series(list(names.values())).value_counts()
    for lineage, name in names.items():
        if counts[name] > 1:
            names[lineage] = "; ".join(each for each in (*lineage[:-1], name) if each)
    return names


def without_rare(
    values: pd.DataFrame, min_prevalence: float, min_total: float, other: str | None
) -> pd.DataFrame:
    """Return the table without taxa that are rare, or with these summed as one part.

    Parameters
    ----------
    values : DataFrame
    min_prevalence : float
        The least share of samples that have the taxon.
    min_total : float
        The least sum over all samples.
    other : str or None
        The name of the sum of all others; None leaves them out.
    """
    least = validation.Number(least=0)
    min_prevalence = validation.read(least, min_prevalence, "min_prevalence", DataError)
    min_total = validation.read(least, min_total, "min_total", DataError)
    prevalence = (values > 0).mean()
    kept = (prevalence >= min_prevalence) & (values.sum() >= min_total)
    kept &= values.sum() > 0
    frequent = values.loc[:, kept]
    rest = values.loc[:, ~kept].sum(axis=1)
    if other is None or not rest.any():
        return frequent
    if other in frequent:
        raise DataError(f"A taxon is named {other!r}: give `other` a name of its own.")
    return frequent.assign(**{other: rest})


def with_metadata(
    values: pd.DataFrame, metadata: pd.DataFrame | None, sample_id: str | None
) -> pd.DataFrame:
    """Return the table with the columns of the metadata, joined by the names of samples.

    Parameters
    ----------
    values : DataFrame
    metadata : DataFrame or None
    sample_id : str or None
        The column of the metadata with the names of samples; None for its index.

    Raises
    ------
    DataError
        If a sample is missing from the metadata or in it twice, or a column is named as a taxon.
    """
    if metadata is None:
        return values.reset_index(drop=True)
    _refuse_no_frame("metadata", metadata)
    if sample_id is not None:
        if sample_id not in metadata:
            raise DataError(
                f"Expected `sample_id` as a column of the metadata, got {sample_id!r}; it has "
                f"{_listed(metadata.columns)}."
            )
        metadata = metadata.set_index(sample_id)
    metadata = metadata.set_axis(metadata.index.map(str), axis=0)
    together(
        partial(_refuse_repeated, "sample of the metadata", metadata.index),
        partial(_refuse_absent, values.index, metadata.index),
        partial(_refuse_shared, values.columns, metadata.columns),
    )
    return values.join(metadata.loc[values.index]).reset_index(drop=True)


def _refuse_no_frame(argument: str, given: Any) -> None:
    if not isinstance(given, pd.DataFrame):
        raise DataError(
            f"Expected `{argument}` as a pandas frame, got {validation.shown(given)}."
        )


def _refuse_absent(samples: pd.Index, described: pd.Index) -> None:
    lacking = samples.difference(described)
    if len(lacking):
        raise DataError(
            f"{len(lacking):,} of {len(samples):,} samples are not in the metadata: "
            f"{_listed(lacking)}. Its samples are named {_listed(described)}; name the column with "
            "their names by `sample_id=`."
        )


def _refuse_shared(taxa: pd.Index, columns: pd.Index) -> None:
    shared = taxa.intersection(columns.map(str))
    if len(shared):
        raise DataError(
            f"Columns of the metadata are named as taxa: {_listed(shared)}. Rename them."
        )


def abundance_frame(
    table: Any,
    *,
    taxa_in_rows: bool,
    taxonomy: pd.DataFrame | None,
    rank: str | None,
    metadata: pd.DataFrame | None,
    sample_id: str | None,
    rare: Mapping[str, Any],
) -> tuple[pd.DataFrame, list[str], pd.DataFrame | None]:
    """Return a frame with a row for each sample, the columns that are parts, and their ranks.

    Parameters
    ----------
    table, taxa_in_rows
        As in `read_abundances`.
    taxonomy, rank
        As in `summed_to_rank`.
    metadata, sample_id
        As in `with_metadata`.
    rare : mapping
        The last three arguments of `without_rare`.
    """
    read = read_abundances(table, taxa_in_rows)
    if taxonomy is not None:
        _refuse_no_frame("taxonomy", taxonomy)
        read = replace(read, taxonomy=taxonomy)
    if rank is not None:
        read = summed_to_rank(read, rank)
    values = without_rare(read.values, **rare)
    if metadata is None and sample_id is None:
        metadata = read.metadata
    frame = with_metadata(values, metadata, sample_id)
    return frame, list(values.columns), read.taxonomy


def ranks_of_parts(
    taxonomy: pd.DataFrame | None, parts: list[str], other: str | None
) -> pd.DataFrame:
    """Return the ranks of each part, empty where they are not known.

    Parameters
    ----------
    taxonomy : DataFrame or None
        A row for each taxon, a column for each rank.
    parts : list of str
    other : str or None
        The part that sums rare taxa, which has no ranks.

    Raises
    ------
    DataError
        If there is no taxonomy, or a part is not in it.
    """
    if taxonomy is None:
        raise DataError(
            "`distances='taxonomy'` needs a taxonomy: give `taxonomy=`, a frame with a row for "
            "each taxon and a column for each rank."
        )
    ranks = taxonomy.set_axis(taxonomy.index.map(str), axis=0)
    lacking = pd.Index([part for part in parts if part != other]).difference(
        ranks.index
    )
    if len(lacking):
        raise DataError(f"The taxonomy lacks the taxa {_listed(lacking)}.")
    return ranks.reindex(parts).map(_plain)
