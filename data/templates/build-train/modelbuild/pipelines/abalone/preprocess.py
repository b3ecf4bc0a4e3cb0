# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Turns the abalone table into features and splits it: train, validation and test.

The data comes from the channel /opt/ml/processing/input/data, or with --input-data from an s3:// address. The files
written have no header and the label (rings) first, as the XGBoost algorithm wants them. Columns after the label: the seven
measurements as they are, then sex as F, I, M. Trees need no scaling, so an endpoint can be asked in the table's units.
"""

import argparse
import logging
import pathlib

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

logger = logging.getLogger("preprocess")

LABEL = "rings"
MEASUREMENTS = [
    "length",
    "diameter",
    "height",
    "whole_weight",
    "shucked_weight",
    "viscera_weight",
    "shell_weight",
]
COLUMNS = ["sex", *MEASUREMENTS, LABEL]
FEATURES = [*MEASUREMENTS, "sex_F", "sex_I", "sex_M"]
SEED = 123


def fetch(uri: str, folder: pathlib.Path) -> pathlib.Path:
    """Downloads one object and gives the path of the copy."""
    import boto3  # only needed here

    bucket, _, key = uri.removeprefix("s3://").partition("/")
    path = folder / pathlib.PurePosixPath(key).name
    folder.mkdir(parents=True, exist_ok=True)
    logger.info("Downloading s3://%s/%s", bucket, key)
    boto3.resource("s3").Bucket(bucket).download_file(key, str(path))
    return path


def read_table(path: pathlib.Path) -> pd.DataFrame:
    """The table of a CSV file without a header, or of the only CSV file in a folder."""
    if path.is_dir():
        files = sorted(path.glob("*.csv"))
        if len(files) != 1:
            raise SystemExit(f"{path} should hold one CSV file, but holds {len(files)}")
        path = files[0]
    return pd.read_csv(path, header=None, names=COLUMNS)


def features() -> ColumnTransformer:
    """From the table's columns to FEATURES; gaps get the median, an unknown sex is none of the three."""
    sex = Pipeline(
        [
            ("impute", SimpleImputer(strategy="constant", fill_value="missing")),
            ("encode", OneHotEncoder(categories=[["F", "I", "M"]], handle_unknown="ignore", sparse_output=False)),
        ]
    )
    return ColumnTransformer([("measurements", SimpleImputer(strategy="median"), MEASUREMENTS), ("sex", sex, ["sex"])])


def split(table: pd.DataFrame) -> dict:
    """Train (70 %), validation (15 %) and test (15 %) as arrays with the label first; the same rows each time."""
    train, rest = train_test_split(table, test_size=0.3, random_state=SEED)
    validation, test = train_test_split(rest, test_size=0.5, random_state=SEED)
    transform = features().fit(train)
    parts = {"train": train, "validation": validation, "test": test}
    return {name: np.column_stack([part[LABEL], transform.transform(part)]) for name, part in parts.items()}


def main(argv: list = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--input-data", help="s3:// address of the table; without it the input channel is read")
    parser.add_argument("--base-dir", type=pathlib.Path, default=pathlib.Path("/opt/ml/processing"))
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    source = arguments.base_dir / "input" / "data"
    if arguments.input_data:
        source = fetch(arguments.input_data, arguments.base_dir / "download")
    table = read_table(source)
    logger.info("Read %d rows", len(table))

    for name, part in split(table).items():
        folder = arguments.base_dir / name
        folder.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(part).to_csv(folder / f"{name}.csv", header=False, index=False)
        logger.info("Wrote %d rows for %s", len(part), name)


if __name__ == "__main__":
    main()
