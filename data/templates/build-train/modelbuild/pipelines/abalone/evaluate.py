# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Measures a model on the test set and writes evaluation.json, which the pipeline's condition reads."""

import argparse
import json
import logging
import pathlib
import tarfile
import tempfile

import numpy as np
import pandas as pd
import xgboost

try:  # what is logged there can be compared between executions; elsewhere the script works without it
    from atelier import log_metrics
except ImportError:
    log_metrics = None

logger = logging.getLogger("evaluate")


def load_model(archive: pathlib.Path) -> xgboost.Booster:
    """The booster in a model.tar.gz, where it is the file xgboost-model."""
    booster = xgboost.Booster()
    with tarfile.open(archive) as tar, tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "xgboost-model")
        path.write_bytes(tar.extractfile("xgboost-model").read())
        booster.load_model(path)
    return booster


def report(labels: np.ndarray, predictions: np.ndarray) -> dict:
    """The metrics of a regression; the standard deviation is that of the errors."""
    errors = labels - predictions
    mse = float(np.mean(errors**2))
    variance = float(np.mean((labels - labels.mean()) ** 2))
    return {
        "regression_metrics": {
            "mse": {"value": mse, "standard_deviation": float(np.std(errors))},
            "rmse": {"value": mse**0.5},
            "mae": {"value": float(np.mean(np.abs(errors)))},
            "r2": {"value": 1 - mse / variance if variance > 0 else 0.0},
        }
    }


def main(argv: list = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base-dir", type=pathlib.Path, default=pathlib.Path("/opt/ml/processing"))
    base = parser.parse_args(argv).base_dir
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    booster = load_model(base / "model" / "model.tar.gz")
    test = pd.read_csv(base / "test" / "test.csv", header=None).to_numpy()
    evaluation = report(test[:, 0], booster.predict(xgboost.DMatrix(test[:, 1:])))

    metrics = {f"test:{name}": metric["value"] for name, metric in evaluation["regression_metrics"].items()}
    for name, value in metrics.items():
        logger.info("%s=%.4f", name, value)
    if log_metrics is not None:
        log_metrics(metrics)
    folder = base / "evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "evaluation.json").write_text(json.dumps(evaluation, indent=2) + "\n")


if __name__ == "__main__":
    main()
