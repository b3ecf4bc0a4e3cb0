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
    def setUp(self):
        folder = tempfile.TemporaryDirectory()  # the code of the steps is stored there
        self.addCleanup(folder.cleanup)
        patch = mock.patch.dict(os.environ, ATELIER_STORE=folder.name)
        patch.start()
        self.addCleanup(patch.stop)

        from pipelines.abalone.pipeline import get_pipeline

        pipeline = get_pipeline(
            default_bucket="bucket", model_package_group_name="group", pipeline_name="test", base_job_prefix="test"
        )
        self.definition = json.loads(pipeline.definition())
        self.steps = {step["Name"]: step for step in self.definition["Steps"]}

    def test_steps(self):
        self.assertEqual(
            {name: step["Type"] for name, step in self.steps.items()},
            {
                "PreprocessAbaloneData": "Processing",
                "TrainAbaloneModel": "Training",
                "EvaluateAbaloneModel": "Processing",
                "CheckMSEAbaloneEvaluation": "Condition",
            },
        )
        for name in ("PreprocessAbaloneData", "TrainAbaloneModel", "EvaluateAbaloneModel"):
            self.assertTrue(self.steps[name]["CacheConfig"]["Enabled"])

    def test_defaults(self):
        defaults = {parameter["Name"]: parameter["DefaultValue"] for parameter in self.definition["Parameters"]}
        self.assertEqual(defaults["ModelApprovalStatus"], "PendingManualApproval")
        self.assertEqual(defaults["MseThreshold"], 6.0)
        self.assertTrue(defaults["InputData"].startswith("s3://bucket/"))

    def test_a_good_model_is_registered_and_another_fails(self):
        arguments = self.steps["CheckMSEAbaloneEvaluation"]["Arguments"]
        self.assertEqual(arguments["Conditions"][0]["Type"], "LessThanOrEqualTo")
        self.assertEqual(
            arguments["Conditions"][0]["LeftValue"]["Std:JsonGet"]["Path"], "regression_metrics.mse.value"
        )
        (register,) = arguments["IfSteps"]
        self.assertEqual(register["Type"], "RegisterModel")
        self.assertEqual(register["Arguments"]["ModelPackageGroupName"], "group")
        (fail,) = arguments["ElseSteps"]
        self.assertEqual(fail["Type"], "Fail")

    def test_training_reads_what_preprocessing_wrote(self):
        channels = self.steps["TrainAbaloneModel"]["Arguments"]["InputDataConfig"]
        self.assertEqual([channel["ChannelName"] for channel in channels], ["train", "validation"])
        for channel in channels:
            uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
            self.assertIn(f"Outputs['{channel['ChannelName']}']", uri["Get"])


if __name__ == "__main__":
    unittest.main()
