"""Tables of taxa in samples: BIOM files, AnnData, ranks, rare taxa and metadata."""

import json
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import causalstats as cs

COUNTS = np.array([[9, 4, 2, 0, 1], [3, 8, 1, 0, 0], [5, 5, 7, 1, 0], [2, 6, 4, 0, 3]])
SAMPLES = ["s1", "s2", "s3", "s4"]
TAXA = ["otu1", "otu2", "otu3", "otu4", "otu5"]
LINEAGES = [
    [
        "k__Bacteria",
        "p__Firmicutes",
        "c__",
        "o__",
        "f__Lachnospiraceae",
        "g__Blautia",
        "",
    ],
    [
        "k__Bacteria",
        "p__Firmicutes",
        "c__",
        "o__",
        "f__Lachnospiraceae",
        "g__Dorea",
        "",
    ],
    ["k__Bacteria", "p__Firmicutes", "c__", "o__", "f__Lachnospiraceae", "g__", ""],
    [
        "k__Bacteria",
        "p__Firmicutes",
        "c__",
        "o__",
        "f__Lachnospiraceae",
        "g__Dorea",
        "",
    ],
    [
        "k__Bacteria",
        "p__Bacteroidetes",
        "c__",
        "o__",
        "f__Rikenellaceae",
        "g__Alistipes",
        "",
    ],
]
METADATA = pd.DataFrame(
    {"name": ["s4", "s1", "s3", "s2"], "age": [40.0, 10.0, 30.0, 20.0]}
)


@pytest.fixture
def frame():
    return pd.DataFrame(COUNTS, index=SAMPLES, columns=TAXA)


@pytest.fixture
def json_file(tmp_path):
    row, column = np.nonzero(COUNTS.T)
    content = {
        "format": "Biological Observation Matrix 1.0.0",
        "matrix_type": "sparse",
        "shape": [5, 4],
        "data": [
            [int(i), int(j), int(COUNTS[j, i])]
            for i, j in zip(row, column, strict=True)
        ],
        "rows": [
            {"id": name, "metadata": {"taxonomy": lineage}}
            for name, lineage in zip(TAXA, LINEAGES, strict=True)
        ],
        "columns": [
            {"id": name, "metadata": {"age": 10.0 * (k + 1)}}
            for k, name in enumerate(SAMPLES)
        ],
    }
    path = tmp_path / "table.biom"
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def hdf5_file(tmp_path):
    path = tmp_path / "table5.biom"
    matrix = sparse.csr_matrix(COUNTS.T)
    with h5py.File(path, "w") as file:
        file["observation/ids"] = np.array(TAXA, dtype="S")
        file["sample/ids"] = np.array(SAMPLES, dtype="S")
        for name in ("data", "indices", "indptr"):
            file[f"observation/matrix/{name}"] = getattr(matrix, name)
        file["observation/metadata/taxonomy"] = np.array(LINEAGES, dtype="S")
        file["sample/metadata/age"] = np.array([10.0, 20.0, 30.0, 40.0])
    return path


@pytest.mark.parametrize("kind", ["json_file", "hdf5_file"])
def test_a_biom_file_gives_counts_lineages_and_metadata(kind, request):
    data = cs.Composition.from_abundances(
        request.getfixturevalue(kind), rank="genus", covariates="age"
    )
    assert data.parts == (
        "Blautia",
        "Dorea",
        "unclassified Lachnospiraceae",
        "Alistipes",
    )
    np.testing.assert_array_equal(
        data.values,
        np.column_stack([COUNTS[:, 0], COUNTS[:, [1, 3]].sum(1), COUNTS[:, [2, 4]]]),
    )
    assert data.counts and data.design.columns == ("age",)
    np.testing.assert_array_equal(data.source["age"], [10, 20, 30, 40])


def test_annotated_data_are_read_by_their_shape(frame):
    table = SimpleNamespace(
        X=sparse.csr_matrix(COUNTS),
        obs=pd.DataFrame({"age": [1.0, 2.0, 3.0, 5.0]}, index=SAMPLES),
        var=pd.DataFrame(index=TAXA),
    )
    data = cs.Composition.from_abundances(table, covariates="age")
    same = cs.Composition.from_abundances(frame)
    np.testing.assert_array_equal(data.values, same.values)
    assert data.parts == same.parts


def test_taxa_in_rows_sparse_columns_and_numbered_names(frame):
    plain = cs.Composition.from_abundances(frame)
    turned = cs.Composition.from_abundances(frame.T, taxa_in_rows=True)
    numbered = frame.set_axis(range(5), axis=1).astype(pd.SparseDtype(float, 0))
    sparse_data = cs.Composition.from_abundances(numbered)
    np.testing.assert_array_equal(plain.values, turned.values)
    np.testing.assert_array_equal(plain.values, sparse_data.values)
    assert sparse_data.parts == ("0", "1", "2", "3", "4")


def test_rare_taxa_are_left_out_or_summed_as_one_part(frame):
    without = cs.Composition.from_abundances(frame, min_prevalence=0.75)
    pooled = cs.Composition.from_abundances(frame, min_total=10, other="rest")
    assert without.parts == ("otu1", "otu2", "otu3")
    assert pooled.parts == ("otu1", "otu2", "otu3", "rest")
    np.testing.assert_array_equal(pooled.values.sum(1), COUNTS.sum(1))
    with pytest.raises(cs.DataError, match="named 'otu1'"):
        cs.Composition.from_abundances(frame, min_total=10, other="otu1")


def test_metadata_are_joined_by_name_in_any_order(frame):
    data = cs.Composition.from_abundances(
        frame, metadata=METADATA, sample_id="name", covariates="age"
    )
    np.testing.assert_array_equal(data.source["age"], [10, 20, 30, 40])


def test_all_faults_of_a_table_stand_in_one_message(frame):
    broken = frame.astype(object).set_axis(["otu1", "otu1", "c", "d", "e"], axis=1)
    broken = broken.set_axis(["s1", "s1", "s3", "s4"])
    broken.iloc[2, 3] = "many"
    with pytest.raises(cs.DataError) as error:
        cs.Composition.from_abundances(broken)
    message = str(error.value)
    assert "sample once, got 's1'" in message and "taxon once, got 'otu1'" in message
    metadata = METADATA.assign(otu1=1).iloc[[0, 0, 1]]
    with pytest.raises(cs.DataError) as error:
        cs.Composition.from_abundances(frame, metadata=metadata, sample_id="name")
    message = str(error.value)
    for fault in ("'s4' more than once", "2 of 4 samples", "named as taxa: 'otu1'"):
        assert fault in message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rank": "genus"}, "needs a taxonomy"),
        (
            {"rank": "tribe", "taxonomy": pd.DataFrame({"genus": TAXA}, index=TAXA)},
            "`rank` as one of genus, got 'tribe'",
        ),
        (
            {
                "rank": "Genus",
                "taxonomy": pd.DataFrame({"genus": TAXA[1:]}, index=TAXA[1:]),
            },
            "lacks the taxa 'otu1'",
        ),
        ({"metadata": METADATA, "sample_id": "id"}, "`sample_id` as a column"),
    ],
)
def test_what_is_missing_is_named(frame, options, message):
    with pytest.raises(cs.DataError, match=message):
        cs.Composition.from_abundances(frame, **options)


def test_files_that_are_no_tables_are_refused(tmp_path):
    path = tmp_path / "notes.biom"
    path.write_text("{}")
    with pytest.raises(cs.DataError, match="no BIOM file"):
        cs.Composition.from_abundances(path)
    with pytest.raises(cs.DataError, match="There is no file"):
        cs.Composition.from_abundances(tmp_path / "none.biom")
    with pytest.raises(cs.DataError, match="got list"):
        cs.Composition.from_abundances([1, 2])


@pytest.mark.parametrize("options", [{}, {"rank": "genus"}, {"other": "rest"}])
def test_an_empty_cell_is_no_zero(options):
    table = pd.DataFrame(COUNTS * 1.0, index=SAMPLES, columns=TAXA)
    table.iloc[2, 1] = np.nan
    taxonomy = pd.DataFrame({"genus": list("aabcd")}, index=TAXA)
    with pytest.raises(cs.DataError, match="none of taxon 'otu2' in sample 's3'"):
        cs.Composition.from_abundances(table, taxonomy=taxonomy, **options)
