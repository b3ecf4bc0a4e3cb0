# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The classic pipeline, in the two styles that public code has, against a definition that the SageMaker SDK made."""

import copy
import json
import re
import unittest

from support import SHARED, SdkTestCase, definition, steps_of

from atelier import image_uris
from atelier.estimator import Estimator
from atelier.inputs import CreateModelInput, TrainingInput, TransformInput
from atelier.model import Model
from atelier.model_metrics import MetricsSource, ModelMetrics
from atelier.processing import ProcessingInput, ProcessingOutput, ScriptProcessor
from atelier.sklearn.processing import SKLearnProcessor
from atelier.transformer import Transformer
from atelier.workflow.condition_step import ConditionStep
from atelier.workflow.conditions import ConditionLessThanOrEqualTo
from atelier.workflow.fail_step import FailStep
from atelier.workflow.functions import Join, JsonGet
from atelier.workflow.model_step import ModelStep
from atelier.workflow.parameters import ParameterFloat, ParameterInteger, ParameterString
from atelier.workflow.pipeline import Pipeline
from atelier.workflow.pipeline_context import PipelineSession
from atelier.workflow.properties import PropertyFile
from atelier.workflow.step_collections import RegisterModel
from atelier.workflow.steps import CreateModelStep, ProcessingStep, TrainingStep, TransformStep

REGION = "us-west-2"
BUCKET = "sagemaker-us-west-2-000000000000"
ROLE = "arn:aws:iam::000000000000:role/SageMakerRole"


class Region:
    region_name = REGION


class AbaloneTest(SdkTestCase):
    def setUp(self):
        super().setUp()
        self.session = PipelineSession(boto_session=Region(), default_bucket=BUCKET)
        self.preprocess = str(self.write("code/preprocessing.py", "print('preprocess')"))
        self.evaluate = str(self.write("code/evaluation.py", "print('evaluate')"))

    def parts(self):
        """What both styles share: parameters, processors, estimator."""
        self.count = ParameterInteger(name="ProcessingInstanceCount", default_value=1)
        self.kind = ParameterString(name="TrainingInstanceType", default_value="ml.m5.xlarge")
        self.status = ParameterString(name="ModelApprovalStatus", default_value="PendingManualApproval")
        self.data = ParameterString(name="InputData", default_value=f"s3://{BUCKET}/abalone/abalone-dataset.csv")
        self.batch = ParameterString(name="BatchData", default_value=f"s3://{BUCKET}/abalone/abalone-dataset-batch")
        self.limit = ParameterFloat(name="MseThreshold", default_value=6.0)
        self.parameters = [self.count, self.kind, self.status, self.data, self.batch, self.limit]
        self.image = image_uris.retrieve(
            framework="xgboost", region=REGION, version="1.0-1", py_version="py3", instance_type="ml.m5.xlarge"
        )
        common = {"role": ROLE, "sagemaker_session": self.session}
        self.sklearn = SKLearnProcessor(
            framework_version="0.23-1", instance_type="ml.m5.xlarge", instance_count=self.count,
            base_job_name="sklearn-abalone-process", **common,
        )
        self.xgboost = Estimator(
            image_uri=self.image, instance_type=self.kind, instance_count=1,
            output_path=f"s3://{BUCKET}/AbaloneTrain", **common,
        )
        self.xgboost.set_hyperparameters(
            objective="reg:linear", num_round=50, max_depth=5, eta=0.2, gamma=4, min_child_weight=6, subsample=0.7
        )
        self.script = ScriptProcessor(
            image_uri=self.image, command=["python3"], instance_type="ml.m5.xlarge", instance_count=1,
            base_job_name="script-abalone-eval", **common,
        )
        self.report = PropertyFile(name="EvaluationReport", output_name="evaluation", path="evaluation.json")
        self.process_io = {
            "inputs": [ProcessingInput(source=self.data, destination="/opt/ml/processing/input")],
            "outputs": [
                ProcessingOutput(output_name=name, source=f"/opt/ml/processing/{name}")
                for name in ("train", "validation", "test")
            ],
        }

    def channels(self, process):
        outputs = process.properties.ProcessingOutputConfig.Outputs
        return {
            name: TrainingInput(s3_data=outputs[name].S3Output.S3Uri, content_type="text/csv")
            for name in ("train", "validation")
        }

    def evaluation_io(self, process, train):
        outputs = process.properties.ProcessingOutputConfig.Outputs
        return {
            "inputs": [
                ProcessingInput(train.properties.ModelArtifacts.S3ModelArtifacts, "/opt/ml/processing/model"),
                ProcessingInput(outputs["test"].S3Output.S3Uri, "/opt/ml/processing/test"),
            ],
            "outputs": [ProcessingOutput(output_name="evaluation", source="/opt/ml/processing/evaluation")],
        }

    def metrics(self, evaluate):
        uri = evaluate.arguments["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
        return ModelMetrics(
            model_statistics=MetricsSource(s3_uri="{}/evaluation.json".format(uri), content_type="application/json")
        )

    def condition(self, evaluate, if_steps):
        return ConditionStep(
            name="AbaloneMSECond",
            conditions=[
                ConditionLessThanOrEqualTo(
                    left=JsonGet(evaluate.name, self.report, "regression_metrics.mse.value"), right=self.limit
                )
            ],
            if_steps=if_steps,
            else_steps=[
                FailStep(
                    "AbaloneMSEFail",
                    Join(on=" ", values=["Execution failed due to MSE >", self.limit]),
                )
            ],
        )

    def registration(self, evaluate):
        return {
            "content_types": ["text/csv"],
            "response_types": ["text/csv"],
            "inference_instances": ["ml.t2.medium", "ml.m5.xlarge"],
            "transform_instances": ["ml.m5.xlarge"],
            "model_package_group_name": "AbaloneModelPackageGroupName",
            "approval_status": self.status,
            "model_metrics": self.metrics(evaluate),
        }

    def new_style(self):
        self.parts()
        process = ProcessingStep(
            name="AbaloneProcess", step_args=self.sklearn.run(code=self.preprocess, **self.process_io)
        )
        train = TrainingStep(name="AbaloneTrain", step_args=self.xgboost.fit(inputs=self.channels(process)))
        evaluate = ProcessingStep(
            name="AbaloneEval",
            step_args=self.script.run(code=self.evaluate, **self.evaluation_io(process, train)),
            property_files=[self.report],
        )
        model = Model(
            image_uri=self.image, model_data=train.properties.ModelArtifacts.S3ModelArtifacts,
            sagemaker_session=self.session, role=ROLE,
        )
        create = ModelStep(name="AbaloneCreateModel", step_args=model.create(instance_type="ml.m5.large"))
        register = ModelStep(name="AbaloneRegisterModel", step_args=model.register(**self.registration(evaluate)))
        transformer = Transformer(
            model_name=create.properties.ModelName, instance_type="ml.m5.xlarge", instance_count=1,
            output_path=f"s3://{BUCKET}/AbaloneTransform", sagemaker_session=self.session,
        )
        transform = TransformStep(name="AbaloneTransform", step_args=transformer.transform(data=self.batch))
        cond = self.condition(evaluate, [register, create, transform])
        return Pipeline("AbalonePipeline", self.parameters, steps=[process, train, evaluate, cond])

    def old_style(self):
        self.parts()
        process = ProcessingStep(
            name="AbaloneProcess", processor=self.sklearn, code=self.preprocess, **self.process_io
        )
        train = TrainingStep(name="AbaloneTrain", estimator=self.xgboost, inputs=self.channels(process))
        evaluate = ProcessingStep(
            name="AbaloneEval", processor=self.script, code=self.evaluate, property_files=[self.report],
            **self.evaluation_io(process, train),
        )
        artifacts = train.properties.ModelArtifacts.S3ModelArtifacts
        model = Model(image_uri=self.image, model_data=artifacts, sagemaker_session=self.session, role=ROLE)
        register = RegisterModel(name="AbaloneRegisterModel", model=model, **self.registration(evaluate))
        create = CreateModelStep(
            name="AbaloneCreateModel-CreateModel", model=model, inputs=CreateModelInput(instance_type="ml.m5.large")
        )
        transform = TransformStep(
            name="AbaloneTransform",
            transformer=Transformer(
                create.properties.ModelName, 1, "ml.m5.xlarge", output_path=f"s3://{BUCKET}/AbaloneTransform"
            ),
            inputs=TransformInput(data=self.batch),
        )
        cond = self.condition(evaluate, [register, create, transform])
        return Pipeline("AbalonePipeline", self.parameters, steps=[process, train, evaluate, cond])

    def test_both_styles_are_equal(self):
        self.assertEqual(definition(self.new_style()), definition(self.old_style()))

    def test_definition_is_deterministic(self):
        self.assertEqual(self.new_style().definition(), self.new_style().definition())

    def test_against_the_sdk(self):
        path = SHARED / "definitions" / "16-examples-abalone-output.json"
        if not path.is_file():
            self.skipTest(f"{path} is not there")
        expected = json.loads(path.read_text())
        actual = definition(self.new_style())
        # What newer versions of the SDK write otherwise than the one that made the file.
        train = steps_of(expected)["AbaloneTrain"]["Arguments"]
        del train["ProfilerRuleConfigurations"]
        train["ProfilerConfig"]["DisableProfiler"] = False
        train["DebugHookConfig"] = {"S3OutputPath": f"s3://{BUCKET}/AbaloneTrain", "CollectionConfigurations": []}
        steps_of(expected)["AbaloneRegisterModel-RegisterModel"]["Arguments"]["SkipModelValidation"] = "None"
        self.assertEqual(self.without_uris(actual), self.without_uris(expected))

    def without_uris(self, parsed):
        """A definition whose addresses of code, own outputs and metrics say only what they are of."""
        parsed = copy.deepcopy(parsed)
        for step in steps_of(parsed).values():
            arguments = step["Arguments"]
            for item in arguments.get("ProcessingInputs", []):
                if item["InputName"] == "code":
                    item["S3Input"]["S3Uri"] = re.sub(".*/", "", item["S3Input"]["S3Uri"])
            for item in arguments.get("ProcessingOutputConfig", {}).get("Outputs", []):
                item["S3Output"]["S3Uri"] = "an output"
            if "ModelMetrics" in arguments:
                arguments["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"] = "a file"
        return parsed

    def test_outputs_are_of_the_execution(self):
        steps = steps_of(definition(self.new_style()))
        outputs = steps["AbaloneProcess"]["Arguments"]["ProcessingOutputConfig"]["Outputs"]
        self.assertEqual(
            outputs[1]["S3Output"]["S3Uri"],
            {
                "Std:Join": {
                    "On": "/",
                    "Values": [
                        "s3:/", BUCKET, "AbalonePipeline", {"Get": "Execution.PipelineExecutionId"}, "AbaloneProcess",
                        "output", "validation",
                    ],
                }
            },
        )

    def test_metrics_follow_the_step(self):
        # A step that takes its outputs from an earlier execution has them there: the reference must go through the property.
        register = steps_of(definition(self.new_style()))["AbaloneRegisterModel-RegisterModel"]["Arguments"]
        uri = "Steps.AbaloneEval.ProcessingOutputConfig.Outputs['evaluation'].S3Output.S3Uri"
        self.assertEqual(
            register["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"],
            {"Std:Join": {"On": "/", "Values": [{"Get": uri}, "evaluation.json"]}},
        )

    def test_addresses_in_texts(self):
        self.parts()
        process = ProcessingStep(name="A", step_args=self.sklearn.run(code=self.preprocess, **self.process_io))
        train, _, test = [
            output["S3Output"]["S3Uri"] for output in process.arguments["ProcessingOutputConfig"]["Outputs"]
        ]
        identity = {"Get": "Execution.PipelineExecutionId"}
        for text, expected in (
            (train, {"Get": "Steps.A.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"}),
            (
                f"{train},{test}",
                {
                    "Std:Join": {
                        "On": "/",
                        "Values": ["s3:/", BUCKET, "P", identity, "A", "output", "train,s3:", "", BUCKET, "P", identity,
                                   "A", "output", "test"],
                    }
                },
            ),
            (
                f"--in={train}",
                {"Std:Join": {"On": "/", "Values": ["--in=s3:", "", BUCKET, "P", identity, "A", "output", "train"]}},
            ),
        ):
            steps = definition(Pipeline("P", steps=[FailStep("F", text), process]))["Steps"]
            self.assertEqual(steps[0]["Arguments"]["ErrorMessage"], expected)
        with self.assertRaisesRegex(ValueError, "Step “F” refers to the step “A”, which is not in the pipeline"):
            definition(Pipeline("P", steps=[FailStep("F", train)]))

    def test_code_is_stored_by_content(self):
        def code(parsed):
            inputs = steps_of(parsed)["AbaloneProcess"]["Arguments"]["ProcessingInputs"]
            return [item["S3Input"]["S3Uri"] for item in inputs if item["InputName"] == "code"][0]

        first = code(definition(self.new_style()))
        self.assertRegex(first, f"^s3://{BUCKET}/code/[0-9a-f]{{64}}/preprocessing.py$")
        self.assertEqual(self.stored(first).read_text(), "print('preprocess')")
        self.write("code/preprocessing.py", "print('changed')")
        second = code(definition(self.new_style()))
        self.assertNotEqual(first, second)
        self.assertEqual(self.stored(first).read_text(), "print('preprocess')")
        self.assertEqual(self.stored(second).read_text(), "print('changed')")
        self.assertEqual([path for path in self.store.rglob("*") if path.name.startswith(".")], [])


if __name__ == "__main__":
    unittest.main()
