# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The breast cancer pipeline: preprocess, train, evaluate, and register the model when it is good enough.

    PreprocessBreastCancerData → TrainBreastCancerModel → EvaluateBreastCancerModel → CheckBreastCancerEvaluation
        auc ≥ AucThreshold and accuracy ≥ AccuracyThreshold: RegisterBreastCancerModel
        else:                                                BreastCancerModelTooInaccurate
"""

import os

from atelier import image_uris
from atelier.estimator import Estimator
from atelier.inputs import TrainingInput
from atelier.model import Model
from atelier.model_metrics import MetricsSource, ModelMetrics
from atelier.processing import ProcessingInput, ProcessingOutput, ScriptProcessor
from atelier.sklearn.processing import SKLearnProcessor
from atelier.workflow.condition_step import ConditionStep
from atelier.workflow.conditions import ConditionGreaterThanOrEqualTo
from atelier.workflow.fail_step import FailStep
from atelier.workflow.functions import Join, JsonGet
from atelier.workflow.model_step import ModelStep
from atelier.workflow.parameters import ParameterFloat, ParameterInteger, ParameterString
from atelier.workflow.pipeline import Pipeline
from atelier.workflow.pipeline_context import PipelineSession
from atelier.workflow.properties import PropertyFile
from atelier.workflow.steps import CacheConfig, ProcessingStep, TrainingStep

BASE_DIR = os.path.dirname(os.path.realpath(__file__))


def get_pipeline(
    region="us-east-1",
    role=None,
    default_bucket=None,
    model_package_group_name="@@project_name@@",
    pipeline_name="@@project_name@@-train",
    base_job_prefix="@@project_name@@",
):
    """The pipeline as an object.

    Args:
        region: whose image addresses the steps name
        role: what the steps run as; none is needed here
        default_bucket: where code and outputs are kept
        model_package_group_name: the model group that gets the versions
        pipeline_name: its name in lists
        base_job_prefix: the beginning of the names of jobs and outputs
    """
    session = PipelineSession(default_bucket=default_bucket)
    bucket = session.default_bucket()
    cache = CacheConfig(enable_caching=True, expire_after="30d")

    # What a person may change at each start.
    instance_type = ParameterString(name="InstanceType", default_value="ml.m5.large")
    model_approval_status = ParameterString(
        name="ModelApprovalStatus",
        default_value="PendingManualApproval",
        enum_values=["PendingManualApproval", "Approved", "Rejected"],
    )
    test_fraction = ParameterFloat(name="TestFraction", default_value=0.2)
    max_depth = ParameterInteger(name="MaxDepth", default_value=3)
    eta = ParameterFloat(name="Eta", default_value=0.1)
    num_round = ParameterInteger(name="NumRound", default_value=100)
    auc_threshold = ParameterFloat(name="AucThreshold", default_value=0.97)
    accuracy_threshold = ParameterFloat(name="AccuracyThreshold", default_value=0.9)

    # Preprocess: scikit-learn's own table, split in three.
    sklearn_processor = SKLearnProcessor(
        framework_version="1.2-1",
        instance_type=instance_type,
        instance_count=1,
        base_job_name=f"{base_job_prefix}-preprocess",
        sagemaker_session=session,
        role=role,
    )
    step_process = ProcessingStep(
        name="PreprocessBreastCancerData",
        step_args=sklearn_processor.run(
            outputs=[
                ProcessingOutput(output_name="train", source="/opt/ml/processing/train"),
                ProcessingOutput(output_name="validation", source="/opt/ml/processing/validation"),
                ProcessingOutput(output_name="test", source="/opt/ml/processing/test"),
            ],
            code=os.path.join(BASE_DIR, "preprocess.py"),
            arguments=["--test-fraction", test_fraction.to_string()],
        ),
        cache_config=cache,
    )
    split = step_process.properties.ProcessingOutputConfig.Outputs

    # Train: the built-in XGBoost algorithm.
    image_uri = image_uris.retrieve(framework="xgboost", region=region, version="1.7-1")
    estimator = Estimator(
        image_uri=image_uri,
        instance_type=instance_type,
        instance_count=1,
        output_path=f"s3://{bucket}/{base_job_prefix}/train",
        base_job_name=f"{base_job_prefix}-train",
        sagemaker_session=session,
        role=role,
    )
    estimator.set_hyperparameters(
        objective="binary:logistic",
        eval_metric="logloss,auc",
        num_round=num_round,
        max_depth=max_depth,
        eta=eta,
        subsample=0.8,
        colsample_bytree=0.8,
        seed=123,
    )
    step_train = TrainingStep(
        name="TrainBreastCancerModel",
        step_args=estimator.fit(
            inputs={
                "train": TrainingInput(s3_data=split["train"].S3Output.S3Uri, content_type="text/csv"),
                "validation": TrainingInput(s3_data=split["validation"].S3Output.S3Uri, content_type="text/csv"),
            }
        ),
        cache_config=cache,
    )
    model_data = step_train.properties.ModelArtifacts.S3ModelArtifacts

    # Evaluate: metrics on rows that the training has not seen.
    script_eval = ScriptProcessor(
        image_uri=image_uri,
        command=["python3"],
        instance_type=instance_type,
        instance_count=1,
        base_job_name=f"{base_job_prefix}-evaluate",
        sagemaker_session=session,
        role=role,
    )
    evaluation_report = PropertyFile(name="EvaluationReport", output_name="evaluation", path="evaluation.json")
    step_eval = ProcessingStep(
        name="EvaluateBreastCancerModel",
        step_args=script_eval.run(
            inputs=[
                ProcessingInput(source=model_data, destination="/opt/ml/processing/model", input_name="model"),
                ProcessingInput(
                    source=split["test"].S3Output.S3Uri, destination="/opt/ml/processing/test", input_name="test"
                ),
            ],
            outputs=[ProcessingOutput(output_name="evaluation", source="/opt/ml/processing/evaluation")],
            code=os.path.join(BASE_DIR, "evaluate.py"),
        ),
        property_files=[evaluation_report],
        cache_config=cache,
    )
    evaluation = step_eval.properties.ProcessingOutputConfig.Outputs["evaluation"].S3Output.S3Uri

    # Register: a new version in the model group, with its metrics.
    model = Model(image_uri=image_uri, model_data=model_data, sagemaker_session=session, role=role)
    step_register = ModelStep(
        name="RegisterBreastCancerModel",
        step_args=model.register(
            content_types=["text/csv"],
            response_types=["text/csv"],
            inference_instances=["ml.t2.medium", "ml.m5.large"],
            transform_instances=["ml.m5.large"],
            model_package_group_name=model_package_group_name,
            approval_status=model_approval_status,
            model_metrics=ModelMetrics(
                model_statistics=MetricsSource(
                    s3_uri=Join(on="/", values=[evaluation, "evaluation.json"]), content_type="application/json"
                )
            ),
        ),
    )
    step_fail = FailStep(
        name="BreastCancerModelTooInaccurate",
        error_message=Join(
            on=" ",
            values=["On the test set AUC is below", auc_threshold, "or accuracy below", accuracy_threshold],
        ),
    )

    def metric(name):
        return JsonGet(
            step_name=step_eval.name,
            property_file=evaluation_report,
            json_path=f"binary_classification_metrics.{name}.value",
        )

    step_condition = ConditionStep(
        name="CheckBreastCancerEvaluation",
        conditions=[
            ConditionGreaterThanOrEqualTo(left=metric("auc"), right=auc_threshold),
            ConditionGreaterThanOrEqualTo(left=metric("accuracy"), right=accuracy_threshold),
        ],
        if_steps=[step_register],
        else_steps=[step_fail],
    )

    return Pipeline(
        name=pipeline_name,
        parameters=[
            instance_type,
            model_approval_status,
            test_fraction,
            max_depth,
            eta,
            num_round,
            auc_threshold,
            accuracy_threshold,
        ],
        steps=[step_process, step_train, step_eval, step_condition],
        sagemaker_session=session,
    )
