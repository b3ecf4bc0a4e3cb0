# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes scikit-learn's breast cancer table as train, validation and test set.

The files have no header and the label first, as the XGBoost algorithm wants them: 1 is malignant, 0 benign. The share
of malignant tumours is the same in all three. The features follow in scikit-learn's order, untouched: trees need no
scaling.
"""

import argparse
import logging
import pathlib

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

logger = logging.getLogger("preprocess")

SEED = 123


def load() -> "tuple[np.ndarray, np.ndarray]":
    """Features and labels; scikit-learn codes benign as 1, here malignant is what is looked for."""
    data = load_breast_cancer()
    return data.data, 1 - data.target


def split(features: np.ndarray, labels: np.ndarray, test_fraction: float) -> dict:
    """Train, validation and test as arrays with the label first; validation and test have test_fraction each."""
    table = np.column_stack([labels, features])
    train, rest = train_test_split(table, test_size=2 * test_fraction, random_state=SEED, stratify=labels)
    validation, test = train_test_split(rest, test_size=0.5, random_state=SEED, stratify=rest[:, 0])
    return {"train": train, "validation": validation, "test": test}


def main(argv: list = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base-dir", type=pathlib.Path, default=pathlib.Path("/opt/ml/processing"))
    parser.add_argument("--test-fraction", type=float, default=0.2, help="share of validation, and of test")
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if not 0.05 <= arguments.test_fraction <= 0.4:
        raise SystemExit(f"--test-fraction must be between 0.05 and 0.4; it is {arguments.test_fraction}")

    for name, part in split(*load(), arguments.test_fraction).items():
        folder = arguments.base_dir / name
        folder.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(part).astype({0: int}).to_csv(folder / f"{name}.csv", header=False, index=False)
        logger.info("Wrote %d rows for %s, %d of them malignant", len(part), name, part[:, 0].sum())


if __name__ == "__main__":
    main()
