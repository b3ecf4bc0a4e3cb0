# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
import json
import pathlib
import tarfile
import tempfile
import unittest

import numpy as np
import xgboost

from pipelines.abalone import evaluate


class EvaluateTest(unittest.TestCase):
    def test_report(self):
        metrics = evaluate.report(np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 2.0, 3.0, 2.0]))["regression_metrics"]
        self.assertAlmostEqual(metrics["mse"]["value"], 5 / 4)
        self.assertAlmostEqual(metrics["mse"]["standard_deviation"], np.std([-1, 0, 0, 2]))
        self.assertAlmostEqual(metrics["rmse"]["value"], np.sqrt(5 / 4))
        self.assertAlmostEqual(metrics["mae"]["value"], 3 / 4)
        self.assertAlmostEqual(metrics["r2"]["value"], 0.0)

    def test_from_model_archive_to_report(self):
        rng = np.random.default_rng(0)
        features = rng.random((200, 10))
        labels = 3 * features[:, 0] + features[:, 1]
        booster = xgboost.train({"max_depth": 3}, xgboost.DMatrix(features, labels), 20)
        with tempfile.TemporaryDirectory() as name:
            base = pathlib.Path(name)
            for folder in ("model", "test"):
                (base / folder).mkdir()
            booster.save_model(base / "xgboost-model")
            with tarfile.open(base / "model" / "model.tar.gz", "w:gz") as tar:
                tar.add(base / "xgboost-model", "xgboost-model")
            np.savetxt(base / "test" / "test.csv", np.column_stack([labels, features]), delimiter=",")
            evaluate.main(["--base-dir", name])
            written = json.loads((base / "evaluation" / "evaluation.json").read_text())
        mse = written["regression_metrics"]["mse"]["value"]
        expected = np.mean((labels - booster.predict(xgboost.DMatrix(features))) ** 2)
        self.assertAlmostEqual(mse, expected, places=5)
        self.assertLess(mse, np.var(labels) / 10)


if __name__ == "__main__":
    unittest.main()
