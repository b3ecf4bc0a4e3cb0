# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
import json
import pathlib
import tarfile
import tempfile
import unittest

import numpy as np
import pandas as pd
import xgboost

from pipelines.breast_cancer import evaluate, preprocess


class PreprocessTest(unittest.TestCase):
    def test_malignant_is_one(self):
        features, labels = preprocess.load()
        self.assertEqual(features.shape, (569, 30))
        self.assertEqual(int(labels.sum()), 212)

    def test_each_row_once_and_classes_in_proportion(self):
        features, labels = preprocess.load()
        parts = preprocess.split(features, labels, 0.2)
        self.assertEqual(sum(len(part) for part in parts.values()), 569)
        for part in parts.values():
            self.assertAlmostEqual(part[:, 0].mean(), labels.mean(), delta=0.01)
        rows = {tuple(row) for part in parts.values() for row in part}
        self.assertEqual(rows, {tuple(row) for row in np.column_stack([labels, features])})

    def test_a_wrong_fraction_is_refused(self):
        with self.assertRaisesRegex(SystemExit, "between"):
            preprocess.main(["--test-fraction", "0.9"])


class ReportTest(unittest.TestCase):
    def test_report(self):
        labels = np.array([0, 0, 0, 1, 1])
        metrics = evaluate.report(labels, np.array([0.1, 0.2, 0.6, 0.4, 0.9]))["binary_classification_metrics"]
        self.assertAlmostEqual(metrics["accuracy"]["value"], 3 / 5)
        self.assertAlmostEqual(metrics["auc"]["value"], 5 / 6)
        self.assertAlmostEqual(metrics["precision"]["value"], 1 / 2)
        self.assertAlmostEqual(metrics["recall"]["value"], 1 / 2)
        self.assertEqual(metrics["confusion_matrix"], {"0": {"0": 2, "1": 1}, "1": {"0": 1, "1": 1}})


class WholeWayTest(unittest.TestCase):
    """Preprocess, train with the pipeline's settings, evaluate: the model is one that the pipeline registers."""

    def test_model_is_good_enough(self):
        with tempfile.TemporaryDirectory() as name:
            base = pathlib.Path(name)
            preprocess.main(["--base-dir", name])
            train = pd.read_csv(base / "train" / "train.csv", header=None)
            settings = {"objective": "binary:logistic", "max_depth": 3, "eta": 0.1, "subsample": 0.8, "seed": 123}
            booster = xgboost.train(settings, xgboost.DMatrix(train.iloc[:, 1:].to_numpy(), train[0]), 100)
            booster.save_model(base / "xgboost-model")
            (base / "model").mkdir()
            with tarfile.open(base / "model" / "model.tar.gz", "w:gz") as tar:
                tar.add(base / "xgboost-model", "xgboost-model")
            evaluate.main(["--base-dir", name])
            metrics = json.loads((base / "evaluation" / "evaluation.json").read_text())["binary_classification_metrics"]
        self.assertGreaterEqual(metrics["auc"]["value"], 0.97)
        self.assertGreaterEqual(metrics["accuracy"]["value"], 0.9)


if __name__ == "__main__":
    unittest.main()
