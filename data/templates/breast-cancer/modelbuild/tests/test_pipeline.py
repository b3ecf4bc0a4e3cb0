# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
import importlib.util
import json
import os
import tempfile
import unittest
from unittest import mock


@unittest.skipUnless(importlib.util.find_spec("atelier"), "the package “atelier” is not on PYTHONPATH")
class PipelineTest(unittest.TestCase):
    def test_definition(self):
        from pipelines.breast_cancer.pipeline import get_pipeline

        with tempfile.TemporaryDirectory() as store, mock.patch.dict(os.environ, ATELIER_STORE=store):
            pipeline = get_pipeline(
                default_bucket="bucket", model_package_group_name="group", pipeline_name="test", base_job_prefix="test"
            )
            steps = {step["Name"]: step for step in json.loads(pipeline.definition())["Steps"]}
        training = steps["TrainBreastCancerModel"]["Arguments"]
        self.assertEqual(training["HyperParameters"]["objective"], "binary:logistic")
        self.assertEqual([channel["ChannelName"] for channel in training["InputDataConfig"]], ["train", "validation"])
        condition = steps["CheckBreastCancerEvaluation"]["Arguments"]
        self.assertEqual(
            [c["LeftValue"]["Std:JsonGet"]["Path"] for c in condition["Conditions"]],
            ["binary_classification_metrics.auc.value", "binary_classification_metrics.accuracy.value"],
        )
        (register,) = condition["IfSteps"]
        self.assertEqual(register["Arguments"]["ModelApprovalStatus"], {"Get": "Parameters.ModelApprovalStatus"})
        (fail,) = condition["ElseSteps"]
        self.assertEqual(fail["Type"], "Fail")


if __name__ == "__main__":
    unittest.main()
