# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Parameters, expressions, conditions, properties, retry policies: their JSON and their refusals."""

import unittest

from support import SdkTestCase, definition

from atelier.workflow import is_pipeline_parameter_string, is_pipeline_variable
from atelier.workflow.condition_step import ConditionStep
from atelier.workflow.condition_step import JsonGet as StepJsonGet
from atelier.workflow.conditions import (
    ConditionEquals, ConditionGreaterThan, ConditionGreaterThanOrEqualTo, ConditionIn, ConditionLessThan,
    ConditionLessThanOrEqualTo, ConditionNot, ConditionOr,
)
from atelier.workflow.execution_variables import ExecutionVariables
from atelier.workflow.fail_step import FailStep
from atelier.workflow.functions import Join, JsonGet
from atelier.workflow.parallelism_config import ParallelismConfiguration
from atelier.workflow.parameters import ParameterBoolean, ParameterFloat, ParameterInteger, ParameterString
from atelier.workflow.pipeline import Pipeline
from atelier.workflow.pipeline_experiment_config import PipelineExperimentConfig, PipelineExperimentConfigProperties
from atelier.workflow.properties import Properties, PropertyFile
from atelier.workflow.retry import (
    SageMakerJobExceptionTypeEnum, SageMakerJobStepRetryPolicy, StepExceptionTypeEnum, StepRetryPolicy,
)
from atelier.workflow.selective_execution_config import SelectiveExecutionConfig


class ParametersTest(unittest.TestCase):
    def test_json(self):
        self.assertEqual(ParameterString("A").to_request(), {"Name": "A", "Type": "String"})
        self.assertEqual(
            ParameterString("A", "x", enum_values=["x", "y"]).to_request(),
            {"Name": "A", "Type": "String", "DefaultValue": "x", "EnumValues": ["x", "y"]},
        )
        self.assertEqual(ParameterInteger("B", 0).to_request(), {"Name": "B", "Type": "Integer", "DefaultValue": 0})
        self.assertEqual(ParameterFloat("C", 6).to_request(), {"Name": "C", "Type": "Float", "DefaultValue": 6})
        self.assertEqual(
            ParameterBoolean("D", False).to_request(), {"Name": "D", "Type": "Boolean", "DefaultValue": False}
        )
        self.assertEqual(ParameterInteger("B").expr, {"Get": "Parameters.B"})

    def test_wrong_defaults(self):
        for make, default in (
            (ParameterString, 5), (ParameterInteger, 1.5), (ParameterInteger, True), (ParameterFloat, "1"),
            (ParameterBoolean, 1),
        ):
            with self.subTest(make=make.__name__), self.assertRaisesRegex(TypeError, "parameter “P”"):
                make("P", default)
        with self.assertRaisesRegex(ValueError, "enum_values"):
            ParameterString("P", "z", enum_values=["x"])

    def test_text_forms(self):
        number, text = ParameterInteger("N"), ParameterString("T")
        self.assertEqual(number.to_string().expr, {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.N"}]}})
        self.assertIs(text.to_string(), text)
        self.assertTrue(is_pipeline_variable(number) and is_pipeline_parameter_string(text))
        self.assertFalse(is_pipeline_variable("x") or is_pipeline_parameter_string(number))

    def test_no_value_before_the_run(self):
        number = ParameterInteger("N", 1)
        for wrong in (
            lambda: f"{number}", lambda: "s3://" + number, lambda: number + "/x", lambda: int(number),
            lambda: float(number), lambda: "{}".format(number), lambda: str(Join(values=[number])),
        ):
            with self.assertRaisesRegex(TypeError, "no value before the pipeline runs|must be str"):
                wrong()
        self.assertIn("Parameters.N", repr(number))


class ExpressionsTest(unittest.TestCase):
    def test_join(self):
        join = Join(on="/", values=["s3:/", ParameterString("B"), Join(on="-", values=["a", 1]), 2.5, True])
        self.assertEqual(
            join.expr,
            {
                "Std:Join": {
                    "On": "/",
                    "Values": [
                        "s3:/", {"Get": "Parameters.B"}, {"Std:Join": {"On": "-", "Values": ["a", 1]}}, 2.5, True,
                    ],
                }
            },
        )
        self.assertEqual(Join().expr, {"Std:Join": {"On": "", "Values": []}})

    def test_json_get(self):
        file = PropertyFile("Report", "evaluation", "evaluation.json")
        expected = {
            "Std:JsonGet": {"PropertyFile": {"Get": "Steps.Eval.PropertyFiles.Report"}, "Path": "a.b"}
        }
        self.assertEqual(JsonGet("Eval", file, "a.b").expr, expected)
        self.assertEqual(JsonGet(step_name="Eval", property_file="Report", json_path="a.b").expr, expected)
        self.assertEqual(StepJsonGet(step=FailStep("Eval"), property_file=file, json_path="a.b").expr, expected)
        uri = Join(on="/", values=["s3:/", "b", "k.json"])
        self.assertEqual(
            JsonGet(s3_uri=uri, json_path="x").expr, {"Std:JsonGet": {"S3Uri": uri.expr, "Path": "x"}}
        )
        with self.assertRaisesRegex(ValueError, "not both"):
            JsonGet("Eval", file, "x", s3_uri=uri)
        with self.assertRaisesRegex(ValueError, "either"):
            JsonGet("Eval", json_path="x")
        with self.assertRaisesRegex(ValueError, "step_name"):
            JsonGet(property_file=file, json_path="x").expr

    def test_execution_variables(self):
        self.assertEqual(ExecutionVariables.PIPELINE_EXECUTION_ID.expr, {"Get": "Execution.PipelineExecutionId"})
        self.assertIs(ExecutionVariables.START_DATETIME.to_string(), ExecutionVariables.START_DATETIME)


class PropertiesTest(unittest.TestCase):
    def get(self, properties):
        return properties.expr["Get"]

    def test_paths(self):
        processing = Properties("P", shape_name="DescribeProcessingJobResponse")
        self.assertEqual(
            self.get(processing.ProcessingOutputConfig.Outputs["my out"].S3Output.S3Uri),
            "Steps.P.ProcessingOutputConfig.Outputs['my out'].S3Output.S3Uri",
        )
        self.assertEqual(self.get(processing.Environment["A"]), "Steps.P.Environment['A']")
        training = Properties("T", shape_name="DescribeTrainingJobResponse")
        self.assertEqual(self.get(training.ModelArtifacts.S3ModelArtifacts), "Steps.T.ModelArtifacts.S3ModelArtifacts")
        self.assertEqual(
            self.get(training.FinalMetricDataList["validation:rmse"].Value),
            "Steps.T.FinalMetricDataList['validation:rmse'].Value",
        )
        self.assertEqual(
            self.get(training.InputDataConfig[0].DataSource.S3DataSource.S3Uri),
            "Steps.T.InputDataConfig[0].DataSource.S3DataSource.S3Uri",
        )
        self.assertEqual(self.get(training.ServerlessJobConfig.Whatever[3].More), "Steps.T.ServerlessJobConfig.Whatever[3].More")
        self.assertEqual(self.get(training), "Steps.T")

    def test_typos_are_refused(self):
        training = Properties("T", shape_name="DescribeTrainingJobResponse")
        with self.assertRaisesRegex(AttributeError, "Step “T” has no property “ModelArtefacts”; did you mean “ModelArtifacts”"):
            training.ModelArtefacts
        with self.assertRaisesRegex(AttributeError, "“ModelArtifacts” of step “T” has no property “Uri”"):
            training.ModelArtifacts.Uri
        with self.assertRaises(AttributeError):
            training.TrainingJobName.More
        with self.assertRaisesRegex(TypeError, "takes no index"):
            training.ModelArtifacts["x"]
        self.assertFalse(hasattr(training, "__wrapped__"))

    def test_outcome(self):
        step = ConditionStep("C")
        self.assertEqual(self.get(step.properties.Outcome), "Steps.C.Outcome")
        with self.assertRaisesRegex(RuntimeError, "“F”"):
            FailStep("F").properties


class ConditionsTest(unittest.TestCase):
    def test_json(self):
        value = ParameterInteger("N")
        for make, kind in (
            (ConditionEquals, "Equals"), (ConditionGreaterThan, "GreaterThan"),
            (ConditionGreaterThanOrEqualTo, "GreaterThanOrEqualTo"), (ConditionLessThan, "LessThan"),
            (ConditionLessThanOrEqualTo, "LessThanOrEqualTo"),
        ):
            self.assertEqual(
                make(left=value, right=5).to_request(), {"Type": kind, "LeftValue": value, "RightValue": 5}
            )
        inside = ConditionIn(value=value, in_values=[1, 2])
        self.assertEqual(inside.to_request(), {"Type": "In", "QueryValue": value, "Values": [1, 2]})
        self.assertEqual(
            ConditionNot(expression=inside).to_request(), {"Type": "Not", "Condition": inside.to_request()}
        )
        self.assertEqual(
            ConditionOr(conditions=[inside, inside]).to_request(),
            {"Type": "Or", "Conditions": [inside.to_request(), inside.to_request()]},
        )
        self.assertEqual(ConditionOr().to_request(), {"Type": "Or", "Conditions": []})

    def test_in_a_definition(self):
        n = ParameterInteger("N", 1)
        step = ConditionStep("C", conditions=[ConditionNot(ConditionIn(n, [n, 2]))], if_steps=[FailStep("F")])
        self.assertEqual(
            definition(Pipeline("P", [n], steps=[step]))["Steps"],
            [
                {
                    "Name": "C",
                    "Type": "Condition",
                    "Arguments": {
                        "Conditions": [
                            {
                                "Type": "Not",
                                "Condition": {
                                    "Type": "In",
                                    "QueryValue": {"Get": "Parameters.N"},
                                    "Values": [{"Get": "Parameters.N"}, 2],
                                },
                            }
                        ],
                        "IfSteps": [{"Name": "F", "Type": "Fail", "Arguments": {"ErrorMessage": ""}}],
                        "ElseSteps": [],
                    },
                }
            ],
        )


class RetryTest(unittest.TestCase):
    def test_json(self):
        self.assertEqual(
            StepRetryPolicy([StepExceptionTypeEnum.THROTTLING], max_attempts=3).to_request(),
            {"BackoffRate": 2.0, "IntervalSeconds": 1, "MaxAttempts": 3, "ExceptionType": ["Step.THROTTLING"]},
        )
        policy = SageMakerJobStepRetryPolicy(
            exception_types=[SageMakerJobExceptionTypeEnum.INTERNAL_ERROR],
            failure_reason_types=[SageMakerJobExceptionTypeEnum.RESOURCE_LIMIT],
            interval_seconds=10, backoff_rate=1.5, expire_after_mins=60,
        )
        self.assertEqual(
            policy.to_request(),
            {
                "BackoffRate": 1.5, "IntervalSeconds": 10, "ExpireAfterMin": 60,
                "ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR", "SageMaker.RESOURCE_LIMIT"],
            },
        )

    def test_refusals(self):
        kinds = [StepExceptionTypeEnum.SERVICE_FAULT]
        with self.assertRaisesRegex(ValueError, "1 to 20"):
            StepRetryPolicy(kinds, max_attempts=21)
        with self.assertRaisesRegex(ValueError, "not both"):
            StepRetryPolicy(kinds).to_request()
        with self.assertRaisesRegex(ValueError, "not both"):
            StepRetryPolicy(kinds, max_attempts=1, expire_after_mins=1).to_request()
        with self.assertRaisesRegex(ValueError, "is no StepExceptionTypeEnum"):
            StepRetryPolicy([SageMakerJobExceptionTypeEnum.CAPACITY_ERROR], max_attempts=1)
        with self.assertRaisesRegex(ValueError, "needs exception_types"):
            SageMakerJobStepRetryPolicy(max_attempts=1)


class ConfigsTest(SdkTestCase):
    def test_experiment(self):
        label = PipelineExperimentConfig("mine", ExecutionVariables.PIPELINE_EXECUTION_ID)
        message = FailStep("F", Join(on="", values=[PipelineExperimentConfigProperties.TRIAL_NAME]))
        parsed = definition(Pipeline("P", pipeline_experiment_config=label, steps=[message]))
        self.assertEqual(
            parsed["PipelineExperimentConfig"],
            {"ExperimentName": "mine", "TrialName": {"Get": "Execution.PipelineExecutionId"}},
        )
        self.assertEqual(
            parsed["Steps"][0]["Arguments"]["ErrorMessage"]["Std:Join"]["Values"],
            [{"Get": "PipelineExperimentConfig.TrialName"}],
        )
        self.assertIsNone(definition(Pipeline("P", pipeline_experiment_config=None))["PipelineExperimentConfig"])

    def test_start_configs(self):
        self.assertEqual(ParallelismConfiguration(3).to_request(), {"MaxParallelExecutionSteps": 3})
        self.assertEqual(
            SelectiveExecutionConfig(["A"], source_pipeline_execution_arn="arn").to_request(),
            {"SourcePipelineExecutionArn": "arn", "SelectedSteps": [{"StepName": "A"}]},
        )


if __name__ == "__main__":
    unittest.main()
