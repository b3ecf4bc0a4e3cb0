# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Steps beyond the classic pipeline: their JSON, what they store, what they refuse."""

import gzip
import io
import json
import subprocess
import tarfile
import unittest

from support import SdkTestCase, definition, steps_of

from atelier import image_uris
from atelier.clarify import BiasConfig, DataConfig, ModelConfig, ModelPredictedLabelConfig, SHAPConfig
from atelier.debugger import DebuggerHookConfig, ProfilerConfig
from atelier.estimator import Estimator
from atelier.inputs import TrainingInput, TransformInput
from atelier.lambda_helper import Lambda
from atelier.model import Model
from atelier.model_monitor.dataset_format import DatasetFormat
from atelier.network import NetworkConfig
from atelier.pipeline import PipelineModel
from atelier.processing import FrameworkProcessor, ProcessingInput, ProcessingOutput, Processor, ScriptProcessor
from atelier.session import Session
from atelier.sklearn import SKLearn, SKLearnModel, SKLearnProcessor
from atelier.transformer import Transformer
from atelier.tuner import CategoricalParameter, ContinuousParameter, HyperparameterTuner, IntegerParameter
from atelier.workflow.callback_step import CallbackOutput, CallbackOutputTypeEnum, CallbackStep
from atelier.workflow.check_job_config import CheckJobConfig
from atelier.workflow.clarify_check_step import (
    ClarifyCheckStep, DataBiasCheckConfig, ModelBiasCheckConfig, ModelExplainabilityCheckConfig,
)
from atelier.workflow.condition_step import ConditionStep
from atelier.workflow.emr_step import EMRStep, EMRStepConfig
from atelier.workflow.fail_step import FailStep
from atelier.workflow.functions import Join
from atelier.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum, LambdaStep
from atelier.workflow.model_step import ModelStep
from atelier.workflow.parameters import ParameterBoolean, ParameterInteger, ParameterString
from atelier.workflow.pipeline import Pipeline
from atelier.workflow.pipeline_context import LocalPipelineSession, PipelineSession
from atelier.workflow.pipeline_definition_config import PipelineDefinitionConfig
from atelier.workflow.quality_check_step import DataQualityCheckConfig, ModelQualityCheckConfig, QualityCheckStep
from atelier.workflow.retry import StepExceptionTypeEnum, StepRetryPolicy
from atelier.workflow.step_collections import EstimatorTransformer, RegisterModel
from atelier.workflow.steps import CacheConfig, ProcessingStep, TrainingStep, TransformStep, TuningStep
from atelier.xgboost import XGBoost, XGBoostModel, XGBoostProcessor


class StepsTestCase(SdkTestCase):
    def one(self, *steps, **options):
        """The JSON of the last of the steps, in a pipeline of them."""
        return definition(Pipeline("P", steps=list(steps), **options))["Steps"][-1]

    def arguments(self, *steps, **options):
        return self.one(*steps, **options)["Arguments"]


class ProcessingTest(StepsTestCase):
    def test_without_image(self):
        code = str(self.write("run.py"))
        for processor in (
            ScriptProcessor(), SKLearnProcessor(), ScriptProcessor(command=["python3"]),
        ):
            arguments = self.arguments(ProcessingStep("S", step_args=processor.run(code=code)))
            self.assertEqual(arguments["AppSpecification"]["ImageUri"], "local/python:3")
            self.assertEqual(
                arguments["AppSpecification"]["ContainerEntrypoint"],
                ["python3", "/opt/ml/processing/input/code/run.py"],
            )
            self.assertEqual(arguments["RoleArn"], "arn:aws:iam::000000000000:role/atelier")
            self.assertEqual(arguments["ProcessingResources"]["ClusterConfig"]["InstanceCount"], 1)

    def test_all_settings(self):
        count = ParameterInteger("N", 2)
        processor = Processor(
            role="Mine", image_uri="img", instance_count=count, instance_type="ml.c5.large", entrypoint=["/run"],
            volume_size_in_gb=5, volume_kms_key="vk", output_kms_key="ok", max_runtime_in_seconds=60, env={"A": "b"},
            tags={"k": "v"}, network_config=NetworkConfig(enable_network_isolation=True, subnets=["s"]),
        )
        step = ProcessingStep(
            "S",
            step_args=processor.run(
                inputs=[ProcessingInput("s3://b/k", "/opt/ml/processing/in", app_managed=True)],
                outputs=[ProcessingOutput("/opt/ml/processing/out", "s3://b/out", s3_upload_mode="Continuous")],
                arguments=["--n", count.to_string()],
            ),
            cache_config=CacheConfig(enable_caching=True, expire_after="P30D"),
            retry_policies=[StepRetryPolicy([StepExceptionTypeEnum.SERVICE_FAULT], max_attempts=2)],
            display_name="Shown", description="Said",
        )
        self.assertEqual(
            self.one(step),
            {
                "Name": "S",
                "Type": "Processing",
                "Arguments": {
                    "ProcessingResources": {
                        "ClusterConfig": {
                            "InstanceType": "ml.c5.large", "InstanceCount": {"Get": "Parameters.N"},
                            "VolumeSizeInGB": 5, "VolumeKmsKeyId": "vk",
                        }
                    },
                    "AppSpecification": {
                        "ImageUri": "img",
                        "ContainerArguments": [
                            "--n", {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.N"}]}}
                        ],
                        "ContainerEntrypoint": ["/run"],
                    },
                    "RoleArn": "arn:aws:iam::000000000000:role/Mine",
                    "ProcessingInputs": [
                        {
                            "InputName": "input-1",
                            "AppManaged": True,
                            "S3Input": {
                                "S3Uri": "s3://b/k", "LocalPath": "/opt/ml/processing/in", "S3DataType": "S3Prefix",
                                "S3InputMode": "File", "S3DataDistributionType": "FullyReplicated",
                                "S3CompressionType": "None",
                            },
                        }
                    ],
                    "ProcessingOutputConfig": {
                        "Outputs": [
                            {
                                "OutputName": "output-1",
                                "AppManaged": False,
                                "S3Output": {
                                    "S3Uri": "s3://b/out", "LocalPath": "/opt/ml/processing/out",
                                    "S3UploadMode": "Continuous",
                                },
                            }
                        ],
                        "KmsKeyId": "ok",
                    },
                    "Environment": {"A": "b"},
                    "NetworkConfig": {"EnableNetworkIsolation": True, "VpcConfig": {"Subnets": ["s"]}},
                    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
                    "Tags": [{"Key": "k", "Value": "v"}],
                },
                "DisplayName": "Shown",
                "Description": "Said",
                "RetryPolicies": [
                    {"BackoffRate": 2.0, "IntervalSeconds": 1, "MaxAttempts": 2, "ExceptionType": ["Step.SERVICE_FAULT"]}
                ],
                "CacheConfig": {"Enabled": True, "ExpireAfter": "P30D"},
            },
        )

    def test_local_inputs_are_stored(self):
        self.write("data/a.csv", "1")
        self.write("data/sub/b.csv", "2")
        self.write("data/__pycache__/x.pyc", "junk")
        file = self.write("one.csv", "3")
        inputs = [
            ProcessingInput(str(self.folder / "data"), "/opt/ml/processing/d"),
            ProcessingInput(f"file://{file}", "/opt/ml/processing/f"),
        ]
        step = ProcessingStep("S", step_args=Processor(image_uri="i").run(inputs=inputs))
        folder, single = [item["S3Input"]["S3Uri"] for item in self.arguments(step)["ProcessingInputs"]]
        self.assertRegex(folder, "^s3://atelier/input/[0-9a-f]{64}$")
        self.assertEqual(self.stored(folder + "/sub/b.csv").read_text(), "2")
        self.assertFalse(self.stored(folder + "/__pycache__").exists())
        self.assertRegex(single, "^s3://atelier/input/[0-9a-f]{64}/one.csv$")
        self.assertEqual(self.stored(single).read_text(), "3")

    def test_bucket_prefix_and_store_folders(self):
        self.setenv(ATELIER_STORE=None, ATELIER_WORKSPACE=str(self.folder / "ws"), ATELIER_BUCKET="mine")
        session = PipelineSession(default_bucket_prefix="team/a")
        code = str(self.write("run.py"))
        step = ProcessingStep(
            "S",
            step_args=ScriptProcessor(sagemaker_session=session).run(
                code=code, outputs=[ProcessingOutput("/opt/ml/processing/o", output_name="o")]
            ),
        )
        arguments = self.arguments(step)
        uri = arguments["ProcessingInputs"][0]["S3Input"]["S3Uri"]
        self.assertRegex(uri, "^s3://mine/team/a/code/[0-9a-f]{64}/run.py$")
        self.assertTrue((self.folder / "ws" / "store" / uri[5:]).is_file())
        self.assertEqual(
            arguments["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]["Std:Join"]["Values"],
            ["s3:/", "mine", "team", "a", "P", {"Get": "Execution.PipelineExecutionId"}, "S", "output", "o"],
        )

    def test_framework_processor(self):
        self.write("src/main.py", "import helper")
        self.write("src/helper.py")
        self.write("lib/extra.py")
        processor = FrameworkProcessor(SKLearn, "1.2-1", command=["python3", "-u"])
        step = ProcessingStep(
            "S",
            step_args=processor.run(
                code="main.py", source_dir=str(self.folder / "src"), dependencies=[str(self.folder / "lib")],
                arguments=["x"],
            ),
        )
        arguments = self.arguments(step)
        self.assertEqual(
            arguments["AppSpecification"],
            {
                "ImageUri": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
                "ContainerArguments": ["x"],
                "ContainerEntrypoint": ["/bin/bash", "/opt/ml/processing/input/entrypoint/runproc.sh"],
            },
        )
        inputs = {item["InputName"]: item["S3Input"] for item in arguments["ProcessingInputs"]}
        self.assertEqual(inputs["code"]["LocalPath"], "/opt/ml/processing/input/code/")
        self.assertEqual(inputs["entrypoint"]["LocalPath"], "/opt/ml/processing/input/entrypoint")
        with tarfile.open(self.stored(inputs["code"]["S3Uri"])) as archive:
            self.assertEqual(archive.getnames(), ["helper.py", "lib/extra.py", "main.py"])
        start = self.stored(inputs["entrypoint"]["S3Uri"]).read_text()
        self.assertIn('exec python3 -u main.py "$@"', start)
        self.assertEqual(subprocess.run(["bash", "-n"], input=start, text=True, check=False).returncode, 0)
        old = processor.get_run_args("main.py", source_dir=str(self.folder / "src"), dependencies=[str(self.folder / "lib")])
        other = ProcessingStep(
            "S", processor=processor, code=old.code, inputs=old.inputs, job_arguments=["x"]
        )
        self.assertEqual(self.arguments(other), arguments)
        local = XGBoostProcessor().run(code="main.py", source_dir=str(self.folder / "src"))
        self.assertEqual(self.arguments(ProcessingStep("S", step_args=local))["AppSpecification"]["ImageUri"], "local/python:3")

    def test_refusals(self):
        with self.assertRaisesRegex(ValueError, "The script “nowhere.py” does not exist"):
            self.one(ProcessingStep("S", step_args=ScriptProcessor().run(code="nowhere.py")))
        with self.assertRaisesRegex(ValueError, "is a folder, but must be a file"):
            self.one(ProcessingStep("S", step_args=ScriptProcessor().run(code=str(self.folder))))
        with self.assertRaisesRegex(TypeError, "must be ProcessingInput objects"):
            self.one(ProcessingStep("S", step_args=Processor(image_uri="i").run(inputs=["s3://b/k"])))
        with self.assertRaisesRegex(ValueError, "Gzip"):
            bad = ProcessingInput("s3://b/k", "/opt/ml/processing/i", s3_compression_type="Gzip")
            self.one(ProcessingStep("S", step_args=Processor(image_uri="i").run(inputs=[bad])))
        with self.assertRaisesRegex(ValueError, "either step_args or processor"):
            ProcessingStep("S")
        with self.assertRaisesRegex(ValueError, "must be of processor.run"):
            ProcessingStep("S", step_args=Estimator("img").fit())
        with self.assertRaisesRegex(TypeError, "must be of processor.run"):
            ProcessingStep("S", step_args={"a": 1})
        with self.assertRaisesRegex(RuntimeError, "starts no job here"):
            Processor(image_uri="i", sagemaker_session=Session()).run()
        with self.assertRaisesRegex(ValueError, "“../../etc/x”|local path"):
            self.one(ProcessingStep("S", step_args=ScriptProcessor().run(code="http://example.invalid/x.py")))


class TrainingTest(StepsTestCase):
    def test_script_mode(self):
        self.write("src/train.py")
        estimator = XGBoost(
            "train.py", "1.7-1", source_dir=str(self.folder / "src"), instance_type="ml.m5.large", instance_count=1,
            hyperparameters={"depth": 5, "name": "x", "n": ParameterInteger("N"), "flag": True},
            metric_definitions=[{"Name": "rmse", "Regex": "rmse=(.*)"}], environment={"A": "b"}, max_run=100,
            use_spot_instances=True, max_wait=200, checkpoint_s3_uri="s3://b/c", output_path="s3://b/out",
            debugger_hook_config=False, disable_profiler=True, tags=[{"Key": "k", "Value": "v"}], max_retry_attempts=2,
        )
        estimator.set_hyperparameters(eta=0.1)
        arguments = self.arguments(TrainingStep("T", step_args=estimator.fit({"train": "s3://b/train"})))
        directory = json.loads(arguments["HyperParameters"].pop("sagemaker_submit_directory"))
        with tarfile.open(self.stored(directory)) as archive:
            self.assertEqual(archive.getnames(), ["train.py"])
        self.assertEqual(
            arguments,
            {
                "AlgorithmSpecification": {
                    "TrainingInputMode": "File",
                    "TrainingImage": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
                    "MetricDefinitions": [{"Name": "rmse", "Regex": "rmse=(.*)"}],
                },
                "OutputDataConfig": {"S3OutputPath": "s3://b/out"},
                "StoppingCondition": {"MaxRuntimeInSeconds": 100, "MaxWaitTimeInSeconds": 200},
                "ResourceConfig": {"VolumeSizeInGB": 30, "InstanceCount": 1, "InstanceType": "ml.m5.large"},
                "RoleArn": "arn:aws:iam::000000000000:role/atelier",
                "InputDataConfig": [
                    {
                        "DataSource": {
                            "S3DataSource": {
                                "S3DataType": "S3Prefix", "S3Uri": "s3://b/train",
                                "S3DataDistributionType": "FullyReplicated",
                            }
                        },
                        "ChannelName": "train",
                    }
                ],
                "HyperParameters": {
                    "depth": "5",
                    "name": '"x"',
                    "n": {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.N"}]}},
                    "flag": "true",
                    "eta": "0.1",
                    "sagemaker_program": '"train.py"',
                    "sagemaker_container_log_level": "20",
                    "sagemaker_region": '"us-east-1"',
                },
                "Environment": {"A": "b"},
                "Tags": [{"Key": "k", "Value": "v"}],
                "EnableManagedSpotTraining": True,
                "CheckpointConfig": {"S3Uri": "s3://b/c"},
                "ProfilerConfig": {"DisableProfiler": True},
                "RetryStrategy": {"MaximumRetryAttempts": 2},
            },
        )

    def test_sources_are_packed_alike(self):
        self.write("a/src/train.py", "x")
        self.write("b/src/train.py", "x")
        (self.folder / "b/src/train.py").touch()

        def packed(folder):
            estimator = SKLearn("train.py", source_dir=str(self.folder / folder / "src"))
            arguments = self.arguments(TrainingStep("T", estimator=estimator))
            return json.loads(arguments["HyperParameters"]["sagemaker_submit_directory"])

        self.assertEqual(packed("a"), packed("b"))
        data = self.stored(packed("a")).read_bytes()
        self.assertEqual(data[4:8], bytes(4), "the time in the gzip header")
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as archive:
            self.assertEqual([(m.mtime, m.uid, m.uname) for m in archive], [(0, 0, "")])

    def test_script_without_folder(self):
        script = self.write("alone.py")
        self.write("other.py")
        arguments = self.arguments(TrainingStep("T", estimator=Estimator(entry_point=str(script))))
        self.assertEqual(arguments["AlgorithmSpecification"]["TrainingImage"], "local/python:3")
        self.assertEqual(arguments["OutputDataConfig"]["S3OutputPath"], "s3://atelier/")
        with tarfile.open(self.stored(json.loads(arguments["HyperParameters"]["sagemaker_submit_directory"]))) as archive:
            self.assertEqual(archive.getnames(), ["alone.py"])

    def test_channels(self):
        local = self.write("train.csv", "1,2")
        estimator = Estimator(
            "img", debugger_hook_config=DebuggerHookConfig(s3_output_path="s3://b/d"),
            profiler_config=ProfilerConfig(system_monitor_interval_millis=500), model_uri="s3://b/model.tar.gz",
        )
        data = TrainingInput(str(local), content_type="text/csv", distribution="ShardedByS3Key", input_mode="FastFile")
        arguments = self.arguments(TrainingStep("T", estimator=estimator, inputs=data))
        self.assertEqual(arguments["AlgorithmSpecification"]["TrainingInputMode"], "FastFile")
        first, model = arguments["InputDataConfig"]
        self.assertEqual(first["ChannelName"], "training")
        uri = first["DataSource"]["S3DataSource"]["S3Uri"]
        self.assertEqual(self.stored(uri).read_text(), "1,2")
        self.assertEqual(data.config["DataSource"]["S3DataSource"]["S3Uri"], str(local), "the input stays as it was")
        self.assertEqual(model["ChannelName"], "model")
        self.assertEqual(arguments["DebugHookConfig"], {"S3OutputPath": "s3://b/d", "CollectionConfigurations": []})
        self.assertEqual(
            arguments["ProfilerConfig"],
            {"S3OutputPath": "s3://atelier/", "DisableProfiler": False, "ProfilingIntervalInMilliseconds": 500},
        )
        self.assertNotIn("HyperParameters", arguments)

    def test_refusals(self):
        with self.assertRaisesRegex(ValueError, "needs image_uri"):
            Estimator()
        with self.assertRaisesRegex(ValueError, "git_config"):
            Estimator("img", git_config={"repo": "x"})
        with self.assertRaisesRegex(ValueError, "one instance"):
            SKLearn("t.py", instance_count=2)
        self.write("src/other.py")
        with self.assertRaisesRegex(ValueError, "The program “train.py” is not in the source folder"):
            self.one(TrainingStep("T", estimator=SKLearn("train.py", source_dir=str(self.folder / "src"))))
        with self.assertRaisesRegex(ValueError, "both subnets and security_group_ids"):
            self.one(TrainingStep("T", estimator=Estimator("img", subnets=["s"])))
        with self.assertRaisesRegex(ValueError, "The channel “train” must be"):
            self.one(TrainingStep("T", estimator=Estimator("img"), inputs={"train": 5}))
        with self.assertRaisesRegex(TypeError, "unexpected keyword argument 'instance_tpye'"):
            Estimator("img", instance_tpye="x")


class TuningTest(StepsTestCase):
    def tuner(self):
        estimator = Estimator("img", instance_type="ml.m5.xlarge", output_path="s3://b/o")
        estimator.set_hyperparameters(objective="binary:logistic", num_round=100, eta=1)
        return HyperparameterTuner(
            estimator, "validation:auc",
            {
                "eta": ContinuousParameter(0, 1),
                "depth": IntegerParameter(1, ParameterInteger("Max"), scaling_type="Logarithmic"),
                "kind": CategoricalParameter(["a", "b"]),
            },
            max_jobs=4, max_parallel_jobs=2, strategy="Random", random_seed=7,
        )

    def test_json(self):
        step = TuningStep("T", step_args=self.tuner().fit({"train": "s3://b/t"}))
        arguments = self.arguments(step)
        self.assertEqual(
            arguments["HyperParameterTuningJobConfig"],
            {
                "Strategy": "Random",
                "ResourceLimits": {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2},
                "TrainingJobEarlyStoppingType": "Off",
                "RandomSeed": 7,
                "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:auc"},
                "ParameterRanges": {
                    "ContinuousParameterRanges": [
                        {"Name": "eta", "MinValue": "0", "MaxValue": "1", "ScalingType": "Auto"}
                    ],
                    "CategoricalParameterRanges": [{"Name": "kind", "Values": ["a", "b"]}],
                    "IntegerParameterRanges": [
                        {
                            "Name": "depth", "MinValue": "1",
                            "MaxValue": {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.Max"}]}},
                            "ScalingType": "Logarithmic",
                        }
                    ],
                },
            },
        )
        job = arguments["TrainingJobDefinition"]
        self.assertEqual(job["StaticHyperParameters"], {"objective": "binary:logistic", "num_round": "100"})
        self.assertEqual(
            job["HyperParameterTuningResourceConfig"],
            {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30},
        )
        self.assertEqual(job["AlgorithmSpecification"], {"TrainingInputMode": "File", "TrainingImage": "img"})
        self.assertEqual(job["InputDataConfig"][0]["ChannelName"], "train")
        self.assertEqual(self.arguments(TuningStep("T", tuner=self.tuner(), inputs={"train": "s3://b/t"})), arguments)

    def test_best_model(self):
        step = TuningStep("T", tuner=self.tuner())
        self.assertEqual(
            step.get_top_model_s3_uri(0, "b", "o").expr["Std:Join"]["Values"],
            ["s3:/", "b", "o", {"Get": "Steps.T.TrainingJobSummaries[0].TrainingJobName"}, "output/model.tar.gz"],
        )
        self.assertEqual(
            step.properties.BestTrainingJob.TrainingJobName.expr, {"Get": "Steps.T.BestTrainingJob.TrainingJobName"}
        )

    def test_scripts_and_several_estimators(self):
        script = str(self.write("train.py"))
        estimators = {"two": SKLearn(script, "1.2-1"), "one": Estimator("img")}
        tuner = HyperparameterTuner.create(
            estimators, {"one": "m", "two": "m"},
            {"one": {"x": IntegerParameter(1, 2)}, "two": {"k": CategoricalParameter(["a"])}},
            metric_definitions_dict={"two": [{"Name": "m", "Regex": "m=(.*)"}]}, objective_type="Minimize",
        )
        arguments = self.arguments(TuningStep("T", step_args=tuner.fit({"one": "s3://b/1", "two": {"c": "s3://b/2"}})))
        self.assertNotIn("ParameterRanges", arguments["HyperParameterTuningJobConfig"])
        first, second = arguments["TrainingJobDefinitions"]
        self.assertEqual((first["DefinitionName"], second["DefinitionName"]), ("one", "two"))
        self.assertEqual(first["InputDataConfig"][0]["ChannelName"], "training")
        self.assertEqual(second["TuningObjective"], {"Type": "Minimize", "MetricName": "m"})
        self.assertEqual(second["HyperParameterRanges"]["CategoricalParameterRanges"], [{"Name": "k", "Values": ['"a"']}])
        self.assertEqual(second["StaticHyperParameters"]["sagemaker_estimator_module"], '"sagemaker.sklearn.estimator"')
        self.assertEqual(second["StaticHyperParameters"]["sagemaker_program"], '"train.py"')
        with self.assertRaisesRegex(ValueError, "the same names"):
            HyperparameterTuner.create(estimators, {"one": "m"}, {"one": {}})
        with self.assertRaisesRegex(ValueError, "needs hyperparameter_ranges"):
            HyperparameterTuner(estimators["one"], "m", {})


class ModelTest(StepsTestCase):
    def test_create_and_transform(self):
        session = PipelineSession()
        model = Model(
            "img", "s3://b/model.tar.gz", env={"A": "b"}, sagemaker_session=session, enable_network_isolation=True,
            vpc_config={"Subnets": ["s"], "SecurityGroupIds": ["g"]},
        )
        create = ModelStep("M", step_args=model.create(), depends_on=["X"])
        transformer = Transformer(
            create.properties.ModelName, 1, "ml.m5.large", strategy="MultiRecord", assemble_with="Line", accept="text/csv",
            max_payload=5,
        )
        transform = TransformStep(
            "T",
            step_args=transformer.transform(
                "s3://b/in", content_type="text/csv", split_type="Line", input_filter="$[1:]", join_source="Input"
            ),
        )
        first, made, transformed = definition(Pipeline("P", steps=[FailStep("X"), create, transform]))["Steps"]
        self.assertEqual(
            made,
            {
                "Name": "M-CreateModel",
                "Type": "Model",
                "Arguments": {
                    "ExecutionRoleArn": "arn:aws:iam::000000000000:role/atelier",
                    "PrimaryContainer": {
                        "Image": "img", "Environment": {"A": "b"}, "ModelDataUrl": "s3://b/model.tar.gz",
                    },
                    "VpcConfig": {"Subnets": ["s"], "SecurityGroupIds": ["g"]},
                    "EnableNetworkIsolation": True,
                },
                "DependsOn": ["X"],
            },
        )
        self.assertEqual(
            transformed["Arguments"],
            {
                "ModelName": {"Get": "Steps.M-CreateModel.ModelName"},
                "TransformInput": {
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in"}},
                    "ContentType": "text/csv",
                    "SplitType": "Line",
                },
                "TransformOutput": {
                    "S3OutputPath": {
                        "Std:Join": {
                            "On": "/",
                            "Values": ["s3:/", "atelier", "P", {"Get": "Execution.PipelineExecutionId"}, "T"],
                        }
                    },
                    "AssembleWith": "Line",
                    "Accept": "text/csv",
                },
                "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m5.large"},
                "BatchStrategy": "MultiRecord",
                "MaxPayloadInMB": 5,
                "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input"},
            },
        )

    def test_transform_output_elsewhere(self):
        transform = TransformStep("T", step_args=Transformer("m", 1, "ml.m5.large").transform("s3://b/in"))
        uri = transform.arguments["TransformOutput"]["S3OutputPath"]
        fail = FailStep("F", error_message=f"{uri}/in.csv.out")
        self.assertEqual(
            self.arguments(transform, fail)["ErrorMessage"],
            {"Std:Join": {"On": "/", "Values": [{"Get": "Steps.T.TransformOutput.S3OutputPath"}, "in.csv.out"]}},
        )

    def test_code_beside_the_model(self):
        script = self.write("inference.py")
        for model in (
            SKLearnModel("s3://b/m.tar.gz", entry_point=str(script), framework_version="1.2-1", model_server_workers=2),
            Model("img", "s3://b/m.tar.gz", entry_point=str(script)),
        ):
            container = self.arguments(ModelStep("M", step_args=model.create()))["PrimaryContainer"]
            environment = container["Environment"]
            self.assertEqual(environment["SAGEMAKER_PROGRAM"], "inference.py")
            self.assertTrue(self.stored(environment["SAGEMAKER_SUBMIT_DIRECTORY"]).is_file())
            self.assertEqual(container["ModelDataUrl"], "s3://b/m.tar.gz")

    def test_repack(self):
        self.write("src/inference.py", "I")
        self.write("src/util.py", "U")
        self.write("lib/dep.py", "D")
        train = TrainingStep("Train", estimator=Estimator("img"))
        model = Model(
            "img", train.properties.ModelArtifacts.S3ModelArtifacts, entry_point="inference.py",
            source_dir=str(self.folder / "src"), dependencies=[str(self.folder / "lib")],
        )
        register = ModelStep("R", step_args=model.register(model_package_group_name="G"), depends_on=[train])
        parsed = definition(Pipeline("P", steps=[train, register]))
        _, repack, registered = parsed["Steps"]
        self.assertEqual((repack["Name"], repack["Type"]), ("R-RepackModel-0", "Training"))
        self.assertEqual(repack["DependsOn"], ["Train"])
        self.assertNotIn("DependsOn", registered)
        container = registered["Arguments"]["InferenceSpecification"]["Containers"][0]
        self.assertEqual(
            container["ModelDataUrl"], {"Get": "Steps.R-RepackModel-0.ModelArtifacts.S3ModelArtifacts"}
        )
        self.assertEqual(container["Environment"]["SAGEMAKER_SUBMIT_DIRECTORY"], "/opt/ml/model/code")
        parameters = repack["Arguments"]["HyperParameters"]
        self.assertEqual(parameters["inference_script"], '"inference.py"')
        self.assertEqual(parameters["sagemaker_program"], '"_repack_model.py"')
        self.assertEqual(
            parameters["model_archive"]["Std:Join"]["Values"],
            [{"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}],
        )
        self.repack(json.loads(parameters["sagemaker_submit_directory"]))

    def repack(self, source):
        """Runs the program that packs, the way the training toolkit does."""
        code, channel, target = (self.folder / name for name in ("code", "channel", "target"))
        for folder in (code, channel):
            folder.mkdir()
        with tarfile.open(self.stored(source)) as archive:
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(code)
        model = self.write("xgboost-model", "M")
        with tarfile.open(channel / "model.tar.gz", "w:gz") as archive:
            archive.add(model, "xgboost-model")
        done = self.run_python(
            code / "_repack_model.py", "--inference_script", "inference.py", "--model_archive",
            "s3://b/job/output/model.tar.gz", "--source_dir", "src", "--dependencies", "lib",
            env={"SM_CHANNEL_TRAINING": str(channel), "SM_MODEL_DIR": str(target)},
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        found = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
        self.assertEqual(found, {"xgboost-model", "code/inference.py", "code/util.py", "code/lib/lib/dep.py"})

    def test_register(self):
        model = XGBoostModel("s3://b/m.tar.gz", framework_version="1.7-1")
        step = ModelStep("R", step_args=model.register(["text/csv"], ["text/csv"], customer_metadata_properties={"a": "b"}))
        arguments = self.arguments(step)
        self.assertEqual(
            arguments,
            {
                "ModelPackageGroupName": "ModelPackage",
                "CustomerMetadataProperties": {"a": "b"},
                "InferenceSpecification": {
                    "Containers": [
                        {
                            "Image": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
                            "Environment": {},
                            "ModelDataUrl": "s3://b/m.tar.gz",
                            "Framework": "XGBOOST",
                        }
                    ],
                    "SupportedContentTypes": ["text/csv"],
                    "SupportedResponseMIMETypes": ["text/csv"],
                },
                "ModelApprovalStatus": "PendingManualApproval",
                "SkipModelValidation": "None",
            },
        )

    def test_old_style_register(self):
        estimator = Estimator("img")
        step = RegisterModel(
            "R", ["text/csv"], ["text/csv"], ["ml.t2.medium"], ["ml.m5.large"], estimator, "s3://b/m.tar.gz",
            model_package_group_name="G", approval_status=ParameterString("Status"),
        )
        registered = self.one(step)
        self.assertEqual(registered["Name"], "R-RegisterModel")
        self.assertEqual(
            registered["Arguments"]["InferenceSpecification"]["Containers"],
            [{"Image": "img", "ModelDataUrl": "s3://b/m.tar.gz"}],
        )
        self.assertEqual(registered["Arguments"]["ModelApprovalStatus"], {"Get": "Parameters.Status"})
        script = str(self.write("inference.py"))
        steps = definition(
            Pipeline("P", steps=[RegisterModel(
                "R", ["c"], ["c"], estimator=estimator, model_data="s3://b/m.tar.gz", model_package_group_name="G",
                entry_point=script,
            )])
        )["Steps"]
        self.assertEqual([step["Name"] for step in steps], ["R-RepackModel", "R-RegisterModel"])

    def test_several_containers(self):
        models = [Model("a", "s3://b/a.tar.gz"), Model("b", "s3://b/b.tar.gz")]
        pipeline_model = PipelineModel(models)
        create = self.arguments(ModelStep("M", step_args=pipeline_model.create("ml.m5.large")))
        self.assertEqual([container["Image"] for container in create["Containers"]], ["a", "b"])
        register = self.arguments(
            ModelStep("M", step_args=pipeline_model.register(["c"], ["c"], model_package_group_name="G"))
        )
        self.assertEqual(len(register["InferenceSpecification"]["Containers"]), 2)

    def test_estimator_transformer(self):
        steps = EstimatorTransformer(
            "E", Estimator("img"), "s3://b/m.tar.gz", None, 1, "ml.m5.large", TransformInput("s3://b/in")
        )
        parsed = definition(Pipeline("P", steps=[steps]))["Steps"]
        self.assertEqual([step["Name"] for step in parsed], ["ECreateModelStep", "ETransformStep"])
        self.assertEqual(parsed[1]["Arguments"]["ModelName"], {"Get": "Steps.ECreateModelStep.ModelName"})

    def test_refusals(self):
        with self.assertRaisesRegex(RuntimeError, r"Model.create\(\) starts no job here"):
            Model("img", sagemaker_session=Session()).create()
        with self.assertRaisesRegex(TypeError, "must be of model.create"):
            ModelStep("M", step_args=None)
        with self.assertRaisesRegex(ValueError, "needs inference_instances"):
            Model("img").register(model_package_name="N")
        with self.assertRaisesRegex(ValueError, "needs a model"):
            RegisterModel("R", ["c"], ["c"])


class OtherStepsTest(StepsTestCase):
    def test_lambda(self):
        count = LambdaOutput("count", LambdaOutputTypeEnum.Integer)
        step = LambdaStep(
            "L", Lambda(function_arn="arn:aws:lambda:x:1:function:f"), inputs={"a": ParameterString("A"), "b": 1},
            outputs=[count, LambdaOutput("text")],
        )
        fail = FailStep("F", Join(on=" ", values=[count, step.properties.Outputs["text"]]))
        parsed = steps_of(definition(Pipeline("P", steps=[fail])))
        self.assertEqual(
            parsed["L"],
            {
                "Name": "L",
                "Type": "Lambda",
                "Arguments": {"a": {"Get": "Parameters.A"}, "b": 1},
                "FunctionArn": "arn:aws:lambda:x:1:function:f",
                "OutputParameters": [
                    {"OutputName": "count", "OutputType": "Integer"}, {"OutputName": "text", "OutputType": "String"},
                ],
            },
        )
        self.assertEqual(
            parsed["F"]["Arguments"]["ErrorMessage"]["Std:Join"]["Values"],
            [{"Get": "Steps.L.OutputParameters['count']"}, {"Get": "Steps.L.OutputParameters['text']"}],
        )
        self.assertEqual(Lambda(function_name="g").arn, "arn:aws:lambda:local:000000000000:function:g")
        with self.assertRaisesRegex(ValueError, "function_arn or function_name"):
            Lambda()

    def test_callback(self):
        step = CallbackStep(
            "C", "https://queue", {"x": "y"}, [CallbackOutput("out", CallbackOutputTypeEnum.Float)], depends_on=[FailStep("F")]
        )
        parsed = steps_of(definition(Pipeline("P", steps=[step])))["C"]
        self.assertEqual(parsed["SqsQueueUrl"], "https://queue")
        self.assertEqual(parsed["OutputParameters"], [{"OutputName": "out", "OutputType": "Float"}])
        self.assertEqual(parsed["DependsOn"], ["F"])

    def test_quality_checks(self):
        job = CheckJobConfig(role="R", instance_type="ml.c5.xlarge", volume_size_in_gb=120)
        skip = ParameterBoolean("Skip", False)
        data = self.one(QualityCheckStep(
            "D", DataQualityCheckConfig(
                baseline_dataset="s3://b/train", dataset_format=DatasetFormat.csv(header=False), output_s3_uri="s3://b/out",
            ), job, skip_check=skip, model_package_group_name="G",
        ))
        self.assertEqual(
            {key: data[key] for key in data if key not in ("Name", "Arguments")},
            {
                "Type": "QualityCheck", "CheckType": "DATA_QUALITY", "ModelPackageGroupName": "G",
                "SkipCheck": {"Get": "Parameters.Skip"}, "FailOnViolation": True, "RegisterNewBaseline": False,
                "SuppliedBaselineStatistics": None, "SuppliedBaselineConstraints": None,
            },
        )
        self.assertEqual(
            data["Arguments"]["AppSpecification"]["ImageUri"],
            "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer",
        )
        self.assertEqual(
            data["Arguments"]["Environment"],
            {
                "output_path": "/opt/ml/processing/output",
                "publish_cloudwatch_metrics": "Disabled",
                "dataset_format": '{"csv": {"header": false, "output_columns_position": "START"}}',
                "dataset_source": "/opt/ml/processing/input/baseline_dataset_input",
            },
        )
        model = self.one(QualityCheckStep(
            "M", ModelQualityCheckConfig("s3://b/p", DatasetFormat.json(), problem_type="Regression", inference_attribute="_c0"),
            job, supplied_baseline_statistics="s3://b/s",
        ))
        self.assertEqual(model["CheckType"], "MODEL_QUALITY")
        self.assertEqual(model["Arguments"]["Environment"]["problem_type"], "Regression")
        self.assertEqual(model["SuppliedBaselineStatistics"], "s3://b/s")
        step = QualityCheckStep("Q", DataQualityCheckConfig("s3://b/d", {}), job)
        self.assertEqual(
            step.properties.CalculatedBaselineStatistics.expr, {"Get": "Steps.Q.CalculatedBaselineStatistics"}
        )

    def test_clarify_checks(self):
        job = CheckJobConfig(role="R")
        data = DataConfig("s3://b/d", "s3://b/out", label="y", headers=["y", "x"])
        bias = BiasConfig([1], "x", [0])
        predicted = ModelPredictedLabelConfig(label="y", probability_threshold=0.5)
        name = ParameterString("Model")
        model = ModelConfig(name, 1, "ml.m5.large", accept_type="text/csv")

        def check(config):
            step = self.one(ClarifyCheckStep("C", config, job))
            uri = step["Arguments"]["ProcessingInputs"][0]["S3Input"]["S3Uri"]
            return step, json.loads(self.stored(uri).read_text())

        step, analysis = check(DataBiasCheckConfig(data, bias))
        self.assertEqual((step["CheckType"], "ModelName" in step), ("DATA_BIAS", False))
        self.assertEqual(analysis["methods"]["pre_training_bias"], {"methods": "all"})
        self.assertEqual(analysis["facet"], [{"name_or_index": "x", "value_or_threshold": [0]}])
        step, analysis = check(ModelBiasCheckConfig(data, bias, model, predicted))
        self.assertEqual((step["CheckType"], step["ModelName"]), ("MODEL_BIAS", {"Get": "Parameters.Model"}))
        self.assertEqual(analysis["probability_threshold"], 0.5)
        self.assertNotIn("model_name", analysis["predictor"])
        step, analysis = check(ModelExplainabilityCheckConfig(data, model, SHAPConfig(seed=1), model_scores=0))
        self.assertEqual(step["CheckType"], "MODEL_EXPLAINABILITY")
        self.assertEqual(analysis["methods"]["shap"]["seed"], 1)
        self.assertEqual(analysis["predictor"]["label"], 0)

    def test_emr(self):
        config = EMRStepConfig("command-runner.jar", args=["spark-submit", "x.py"])
        step = self.one(EMRStep("E", None, None, "j-1", config))
        self.assertEqual(
            step["Arguments"],
            {
                "StepConfig": {"HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["spark-submit", "x.py"]}},
                "ClusterId": "j-1",
            },
        )
        with self.assertRaisesRegex(ValueError, "either cluster_id or cluster_config"):
            EMRStep("E", None, None, None, config)


class CompilerTest(StepsTestCase):
    def processing(self, name, **options):
        return ProcessingStep(name, step_args=Processor(image_uri="i").run(), **options)

    def test_steps_that_are_referred_to_are_added(self):
        first = TrainingStep("First", estimator=Estimator("img"))
        second = self.processing("Second", depends_on=[first])
        used = TrainingStep("Used", estimator=Estimator("img"))
        third = FailStep("Third", used.properties.TrainingJobName)
        cond = ConditionStep("C", if_steps=[second], else_steps=[third])
        parsed = definition(Pipeline("P", steps=[cond]))
        self.assertEqual([step["Name"] for step in parsed["Steps"]], ["C", "First", "Used"])
        self.assertEqual(steps_of(parsed)["Second"]["DependsOn"], ["First"])

    def test_depends_on(self):
        model = Model("img", "s3://b/m.tar.gz")
        collection = ModelStep("M", step_args=model.create())
        last = self.processing("L", depends_on=["M", "A"])
        last.add_depends_on([self.processing("B")])
        steps = [self.processing("A"), collection, last]
        parsed = steps_of(definition(Pipeline("P", steps=steps)))
        self.assertEqual(parsed["L"]["DependsOn"], ["M-CreateModel", "A", "B"])
        self.assertIn("B", parsed)

    def test_nested_conditions(self):
        inner = ConditionStep("Inner", if_steps=[self.processing("Deep")])
        outer = ConditionStep("Outer", else_steps=[inner], depends_on=[self.processing("A")])
        parsed = definition(Pipeline("P", steps=[outer]))
        self.assertEqual([step["Name"] for step in parsed["Steps"]], ["Outer", "A"])
        self.assertEqual(parsed["Steps"][0]["DependsOn"], ["A"])
        nested = parsed["Steps"][0]["Arguments"]["ElseSteps"][0]
        self.assertEqual(nested["Arguments"]["IfSteps"][0]["Name"], "Deep")

    def test_refusals(self):
        for steps, sentence in (
            ([self.processing("A"), self.processing("A")], "“A” is used for two steps"),
            ([self.processing("A", depends_on=["Z"])], "Step “A” refers to the step “Z”, which is not in the pipeline"),
            ([self.processing("A", depends_on=[self.processing("A")])], "“A” is used for two steps"),
            (["A"], "is none"),
            ([FailStep("F", {"a": object()})], "Step “F”: Arguments.ErrorMessage.a is <object"),
            ([FailStep("F", float("nan"))], "which JSON cannot hold"),
        ):
            with self.subTest(sentence), self.assertRaisesRegex((ValueError, TypeError), sentence):
                definition(Pipeline("P", steps=steps))
        step = self.processing("A")
        with self.assertRaisesRegex(ValueError, "stands only there"):
            definition(Pipeline("P", steps=[step, ConditionStep("C", if_steps=[step])]))
        with self.assertRaisesRegex(ValueError, "needs a name"):
            Pipeline().definition()

    def test_job_prefixes(self):
        processor = Processor(image_uri="i", base_job_name="mine")
        config = PipelineDefinitionConfig(use_custom_job_prefix=True)
        step = ProcessingStep("S", step_args=processor.run())
        self.assertEqual(self.arguments(step, pipeline_definition_config=config)["ProcessingJobName"], "mine")
        self.assertNotIn("ProcessingJobName", self.arguments(step))

    def test_nothing_is_sent(self):
        pipeline = Pipeline("P", steps=[FailStep("F")], sagemaker_session=LocalPipelineSession())
        for call in (pipeline.create, pipeline.update, pipeline.upsert, pipeline.start, pipeline.describe):
            with self.subTest(call.__name__), self.assertRaisesRegex(RuntimeError, "no service to go to"):
                call()


class ImageUrisTest(unittest.TestCase):
    def test_addresses(self):
        for arguments, expected in (
            (("xgboost", "us-west-2", "1.0-1", "py3"), "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3"),
            (("xgboost", "us-east-1", "1.5-1"), "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.5-1"),
            (("xgboost", "eu-west-1", "latest"), "685385470294.dkr.ecr.eu-west-1.amazonaws.com/xgboost:latest"),
            (("sklearn", "eu-central-1", "0.23-1"), "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-scikit-learn:0.23-1-cpu-py3"),
            (("sklearn", "cn-north-1", "1.2-1"), "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-scikit-learn:1.2-1-cpu-py3"),
            (("clarify", "us-west-2"), "306415355426.dkr.ecr.us-west-2.amazonaws.com/sagemaker-clarify-processing:1.0"),
        ):
            self.assertEqual(image_uris.retrieve(*arguments), expected)
        kind = ParameterString("Kind", "ml.m5.large")
        self.assertIn("1.7-1", image_uris.retrieve("xgboost", "us-east-1", version="1.7-1", instance_type=kind))

    def test_refusals(self):
        for arguments, sentence in (
            (("pytorch", "us-east-1"), "“pytorch” is not known here"),
            (("sklearn", "us-east-1", "9"), "no version “9”"),
            (("sklearn", "mars-1", "1.2-1"), "region “mars-1”"),
            (("sklearn", "us-east-1", "1.2-1", "py2"), "py3"),
            (("sklearn", "us-east-1", "1.2-1", "py3", "ml.p3.2xlarge"), "has a GPU"),
            (("sklearn", Join(), "1.2-1"), "only while the pipeline runs"),
        ):
            with self.subTest(arguments), self.assertRaisesRegex(ValueError, sentence):
                image_uris.retrieve(*arguments)


if __name__ == "__main__":
    unittest.main()
