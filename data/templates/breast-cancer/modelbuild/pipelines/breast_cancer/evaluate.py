# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Measures a classifier on the test set and writes evaluation.json, which the pipeline's condition reads."""

import argparse
import json
import logging
import pathlib
import tarfile
import tempfile

import numpy as np
import pandas as pd
import xgboost
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support, roc_auc_score

try:  # what is logged there can be compared between executions; elsewhere the script works without it
    from atelier import log_histogram, log_metrics
except ImportError:
    log_histogram = log_metrics = None

logger = logging.getLogger("evaluate")

DECISION = 0.5  # a probability from which a tumour counts as malignant


def load_model(archive: pathlib.Path) -> xgboost.Booster:
    """The booster in a model.tar.gz, where it is the file xgboost-model."""
    booster = xgboost.Booster()
    with tarfile.open(archive) as tar, tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "xgboost-model")
        path.write_bytes(tar.extractfile("xgboost-model").read())
        booster.load_model(path)
    return booster


def report(labels: np.ndarray, probabilities: np.ndarray) -> dict:
    """The metrics of a binary classification; in the confusion matrix actual classes hold predicted ones."""
    predicted = (probabilities >= DECISION).astype(int)
    matrix = confusion_matrix(labels, predicted, labels=[0, 1])
    precision, recall, f1, _ = precision_recall_fscore_support(labels, predicted, average="binary", zero_division=0)
    return {
        "binary_classification_metrics": {
            "accuracy": {"value": float(np.mean(labels == predicted))},
            "auc": {"value": float(roc_auc_score(labels, probabilities))},
            "precision": {"value": float(precision)},
            "recall": {"value": float(recall)},
            "f1": {"value": float(f1)},
            "confusion_matrix": {
                str(actual): {str(guess): int(matrix[actual, guess]) for guess in (0, 1)} for actual in (0, 1)
            },
        }
    }


def main(argv: list = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base-dir", type=pathlib.Path, default=pathlib.Path("/opt/ml/processing"))
    base = parser.parse_args(argv).base_dir
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    booster = load_model(base / "model" / "model.tar.gz")
    test = pd.read_csv(base / "test" / "test.csv", header=None).to_numpy()
    labels = test[:, 0].astype(int)
    probabilities = booster.predict(xgboost.DMatrix(test[:, 1:]))
    evaluation = report(labels, probabilities)

    found = evaluation["binary_classification_metrics"]
    metrics = {f"test:{name}": metric["value"] for name, metric in found.items() if "value" in metric}
    for name, value in metrics.items():
        logger.info("%s=%.4f", name, value)
    matrix = found["confusion_matrix"]
    logger.info("missed tumours: %d, false alarms: %d", matrix["1"]["0"], matrix["0"]["1"])
    if log_metrics is not None:
        log_metrics(metrics)
        log_histogram("test:probability", probabilities)
    folder = base / "evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "evaluation.json").write_text(json.dumps(evaluation, indent=2) + "\n")


if __name__ == "__main__":
    main()
