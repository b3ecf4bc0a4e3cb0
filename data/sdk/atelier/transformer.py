# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Batch transform: a model's predictions for all objects of an address."""

from __future__ import annotations

from typing import Any, Dict, Optional

from atelier import _store
from atelier.inputs import BatchDataCaptureConfig
from atelier.session import Session
from atelier.utils import Tags, format_tags, without_none
from atelier.workflow._late import late_uri
from atelier.workflow.entities import Int, RequestType, Str
from atelier.workflow.pipeline_context import PipelineSession, _StepArguments, step_arguments


class Transformer:
    """Transforms with the model of a name, usually a ModelStep's ModelName. max_payload is in MB.

    Without output_path each execution has its own: s3://BUCKET/PIPELINE/EXECUTION/STEP.
    """

    JOB_CLASS_NAME = "transform-job"

    def __init__(
        self,
        model_name: Str,
        instance_count: Int,
        instance_type: Str,
        strategy: Optional[Str] = None,
        assemble_with: Optional[Str] = None,
        output_path: Optional[Str] = None,
        output_kms_key: Optional[Str] = None,
        accept: Optional[Str] = None,
        max_concurrent_transforms: Optional[Int] = None,
        max_payload: Optional[Int] = None,
        tags: Optional[Tags] = None,
        env: Optional[Dict[str, Str]] = None,
        base_transform_job_name: Optional[str] = None,
        sagemaker_session: Optional[Session] = None,
        volume_kms_key: Optional[Str] = None,
    ) -> None:
        self.model_name = model_name
        self.instance_count = instance_count
        self.instance_type = instance_type
        self.strategy = strategy
        self.assemble_with = assemble_with
        self.output_path = output_path
        self.output_kms_key = output_kms_key
        self.accept = accept
        self.max_concurrent_transforms = max_concurrent_transforms
        self.max_payload = max_payload
        self.tags = format_tags(tags)
        self.env = env
        self.base_transform_job_name = base_transform_job_name
        self.sagemaker_session = sagemaker_session or PipelineSession()
        self.volume_kms_key = volume_kms_key

    def transform(
        self,
        data: Str,
        data_type: Str = "S3Prefix",
        content_type: Optional[Str] = None,
        compression_type: Optional[Str] = None,
        split_type: Optional[Str] = None,
        job_name: Optional[str] = None,
        input_filter: Optional[Str] = None,
        output_filter: Optional[Str] = None,
        join_source: Optional[Str] = None,
        experiment_config: Optional[Dict[str, str]] = None,
        model_client_config: Optional[Dict[str, Any]] = None,
        batch_data_capture_config: Optional[BatchDataCaptureConfig] = None,
        wait: bool = True,
        logs: bool = True,
    ) -> _StepArguments:
        """The step_args for a TransformStep. `data` is an address or a local path, which is stored."""
        return step_arguments(
            self.sagemaker_session, "transform", "Transformer.transform()",
            lambda step: self._request(
                step, data, data_type, content_type, compression_type, split_type, input_filter, output_filter,
                join_source, model_client_config, batch_data_capture_config, job_name, experiment_config,
            ),
        )

    def _request(
        self,
        step_name: str,
        data: Str,
        data_type: Str = "S3Prefix",
        content_type: Optional[Str] = None,
        compression_type: Optional[Str] = None,
        split_type: Optional[Str] = None,
        input_filter: Optional[Str] = None,
        output_filter: Optional[Str] = None,
        join_source: Optional[Str] = None,
        model_client_config: Optional[Dict[str, Any]] = None,
        batch_data_capture_config: Optional[BatchDataCaptureConfig] = None,
        job_name: Optional[str] = None,
        experiment_config: Optional[Dict[str, str]] = None,
    ) -> RequestType:
        session = self.sagemaker_session
        bucket, prefix = session.default_bucket(), session.default_bucket_prefix
        if isinstance(data, str) and _store.is_local(data):
            data = _store.stage(data, "The data", bucket, prefix, "input")
        experiment = (experiment_config or {}).get("TrialComponentDisplayName")
        return without_none(
            TransformJobName=job_name or self.base_transform_job_name or self.JOB_CLASS_NAME,
            ModelName=self.model_name,
            TransformInput={
                "DataSource": {"S3DataSource": {"S3DataType": data_type, "S3Uri": data}},
                **without_none(ContentType=content_type, CompressionType=compression_type, SplitType=split_type),
            },
            TransformOutput=without_none(
                S3OutputPath=self.output_path or late_uri(bucket, prefix, step_name),
                KmsKeyId=self.output_kms_key,
                AssembleWith=self.assemble_with,
                Accept=self.accept,
            ),
            TransformResources=without_none(
                InstanceCount=self.instance_count,
                InstanceType=self.instance_type,
                VolumeKmsKeyId=self.volume_kms_key,
            ),
            BatchStrategy=self.strategy,
            MaxConcurrentTransforms=self.max_concurrent_transforms,
            MaxPayloadInMB=self.max_payload,
            Environment=self.env,
            Tags=self.tags,
            DataProcessing=without_none(InputFilter=input_filter, OutputFilter=output_filter, JoinSource=join_source)
            or None,
            ExperimentConfig={"TrialComponentDisplayName": experiment} if experiment else None,
            ModelClientConfig=model_client_config or None,
            DataCaptureConfig=batch_data_capture_config._to_request_dict() if batch_data_capture_config else None,
        )
