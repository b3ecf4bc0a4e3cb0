# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Training jobs: a program, or an algorithm of the image, that reads channels and writes a model."""

from __future__ import annotations

import abc
import json
import logging
import warnings
from typing import Any, Dict, List, Optional, Union

from atelier import _store, image_uris, vpc_utils
from atelier.debugger import DebuggerHookConfig, ProfilerConfig, TensorBoardOutputConfig
from atelier.inputs import FileSystemInput, TrainingInput
from atelier.processing import DEFAULT_INSTANCE_TYPE, refuse_git_config
from atelier.session import DEFAULT_ROLE, Session
from atelier.utils import Tags, base_name_from_image, format_tags, to_string, without_none
from atelier.workflow.entities import Bool, Int, PipelineVariable, RequestType, Str
from atelier.workflow.pipeline_context import PipelineSession, _StepArguments, step_arguments

TrainingInputs = Union[str, PipelineVariable, TrainingInput, FileSystemInput, Dict[str, Any], None]


class EstimatorBase(abc.ABC):
    """What all estimators share. volume_size is in GB; max_run and max_wait are in seconds.

    Spot instances, VPC, keys, debugger and profiler stand in the definition and have no effect on a local run.
    """

    JOB_CLASS_NAME = "training-job"
    image_uri: Optional[Str]

    def __init__(
        self,
        role: Optional[Str] = None,
        instance_count: Optional[Int] = None,
        instance_type: Optional[Str] = None,
        keep_alive_period_in_seconds: Optional[Int] = None,
        volume_size: Int = 30,
        volume_kms_key: Optional[Str] = None,
        max_run: Int = 24 * 60 * 60,
        input_mode: Str = "File",
        output_path: Optional[Str] = None,
        output_kms_key: Optional[Str] = None,
        base_job_name: Optional[str] = None,
        sagemaker_session: Optional[Session] = None,
        tags: Optional[Tags] = None,
        subnets: Optional[List[Str]] = None,
        security_group_ids: Optional[List[Str]] = None,
        model_uri: Optional[str] = None,
        model_channel_name: Str = "model",
        metric_definitions: Optional[List[Dict[str, Str]]] = None,
        encrypt_inter_container_traffic: Optional[Bool] = None,
        use_spot_instances: Bool = False,
        max_wait: Optional[Int] = None,
        checkpoint_s3_uri: Optional[Str] = None,
        checkpoint_local_path: Optional[Str] = None,
        rules: Optional[List[Any]] = None,
        debugger_hook_config: Optional[Union[bool, DebuggerHookConfig]] = None,
        tensorboard_output_config: Optional[TensorBoardOutputConfig] = None,
        enable_sagemaker_metrics: Optional[Bool] = None,
        enable_network_isolation: Optional[Bool] = None,
        profiler_config: Optional[ProfilerConfig] = None,
        disable_profiler: Optional[bool] = None,
        environment: Optional[Dict[str, Str]] = None,
        max_retry_attempts: Optional[Int] = None,
        source_dir: Optional[Str] = None,
        git_config: Optional[Dict[str, str]] = None,
        hyperparameters: Optional[Dict[str, Any]] = None,
        container_log_level: Int = logging.INFO,
        code_location: Optional[str] = None,
        entry_point: Optional[Str] = None,
        dependencies: Optional[List[str]] = None,
        instance_groups: Optional[List[Any]] = None,
        training_repository_access_mode: Optional[Str] = None,
        training_repository_credentials_provider_arn: Optional[Str] = None,
        enable_infra_check: Optional[Bool] = None,
        container_entry_point: Optional[List[str]] = None,
        container_arguments: Optional[List[str]] = None,
        disable_output_compression: bool = False,
        enable_remote_debug: Optional[Bool] = None,
        enable_session_tag_chaining: Optional[Bool] = None,
        training_plan: Optional[Str] = None,
        instance_placement_config: Optional[Dict[str, Any]] = None,
    ) -> None:
        refuse_git_config(git_config)
        if instance_groups:
            raise ValueError("instance_groups is not supported: a local job has one instance")
        if rules:
            warnings.warn("The rules of the debugger and the profiler are left out: they need the service")
        self.role = role or DEFAULT_ROLE
        self.instance_count = 1 if instance_count is None else instance_count
        self.instance_type = instance_type or DEFAULT_INSTANCE_TYPE
        self.keep_alive_period_in_seconds = keep_alive_period_in_seconds
        self.volume_size = volume_size
        self.volume_kms_key = volume_kms_key
        self.max_run = max_run
        self.input_mode = input_mode
        self.output_path = output_path
        self.output_kms_key = output_kms_key
        self.base_job_name = base_job_name
        self.sagemaker_session = sagemaker_session or PipelineSession()
        self.tags = format_tags(tags)
        self.subnets = subnets
        self.security_group_ids = security_group_ids
        self.model_uri = model_uri
        self.model_channel_name = model_channel_name
        self.metric_definitions = metric_definitions
        self.encrypt_inter_container_traffic = encrypt_inter_container_traffic
        self.use_spot_instances = use_spot_instances
        self.max_wait = max_wait
        self.checkpoint_s3_uri = checkpoint_s3_uri
        self.checkpoint_local_path = checkpoint_local_path
        self.debugger_hook_config = debugger_hook_config
        self.tensorboard_output_config = tensorboard_output_config
        self.enable_sagemaker_metrics = enable_sagemaker_metrics
        self._enable_network_isolation = enable_network_isolation
        self.profiler_config = profiler_config
        self.disable_profiler = disable_profiler
        self.environment = environment
        self.max_retry_attempts = max_retry_attempts
        self.source_dir = source_dir
        self.container_log_level = container_log_level
        self.code_location = code_location
        self.entry_point = entry_point
        self.dependencies = dependencies or []
        self.training_repository_access_mode = training_repository_access_mode
        self.training_repository_credentials_provider_arn = training_repository_credentials_provider_arn
        self.enable_infra_check = enable_infra_check
        self.container_entry_point = container_entry_point
        self.container_arguments = container_arguments
        self.disable_output_compression = disable_output_compression
        self._enable_remote_debug = enable_remote_debug
        self._enable_session_tag_chaining = enable_session_tag_chaining
        self.training_plan = training_plan
        self.instance_placement_config = instance_placement_config
        self._hyperparameters: Dict[str, Any] = dict(hyperparameters or {})

    @abc.abstractmethod
    def training_image_uri(self) -> Str:
        """The image's address."""

    @abc.abstractmethod
    def hyperparameters(self) -> Dict[str, Any]:
        """The hyperparameters as they stand in the definition."""

    @abc.abstractmethod
    def set_hyperparameters(self, **kwargs: Any) -> None:
        """Adds hyperparameters."""

    def enable_network_isolation(self) -> Optional[Bool]:
        """Whether the job has no network."""
        return self._enable_network_isolation

    def get_vpc_config(self) -> Optional[Dict[str, Any]]:
        """Subnets and security groups, if both are given."""
        return vpc_utils.to_dict(self.subnets, self.security_group_ids)

    def fit(
        self,
        inputs: TrainingInputs = None,
        wait: bool = True,
        logs: Any = "All",
        job_name: Optional[str] = None,
        experiment_config: Optional[Dict[str, str]] = None,
    ) -> _StepArguments:
        """The step_args for a TrainingStep. `inputs`: an address or TrainingInput (channel “training”), or several by name."""
        return step_arguments(
            self.sagemaker_session, "train", f"{type(self).__name__}.fit()",
            lambda step: self._request(inputs, job_name, experiment_config),
        )

    def _effective_output_path(self) -> Str:
        if self.output_path is not None:
            return self.output_path
        prefix = self.sagemaker_session.default_bucket_prefix
        return f"s3://{self.sagemaker_session.default_bucket()}/" + (f"{prefix}/" if prefix else "")

    def _channels(self, inputs: TrainingInputs) -> Optional[List[RequestType]]:
        named: Dict[str, Any] = dict(inputs) if isinstance(inputs, dict) else {}
        if inputs is not None and not isinstance(inputs, dict):
            named = {"training": inputs}
        if self.model_uri:
            if self.model_channel_name in named:
                raise ValueError(f"The channel “{self.model_channel_name}” is given twice")
            named[str(self.model_channel_name)] = TrainingInput(
                self.model_uri, content_type="application/x-sagemaker-model", input_mode="File"
            )
        channels = [{**self._channel(name, value), "ChannelName": name} for name, value in named.items()]
        return channels if inputs is not None or channels else None

    def _channel(self, name: str, value: Any) -> RequestType:
        if isinstance(value, (str, PipelineVariable)):
            value = TrainingInput(value)
        if not isinstance(value, (TrainingInput, FileSystemInput)):
            raise ValueError(f"The channel “{name}” must be an address, a TrainingInput or a FileSystemInput, not {value!r}")
        config = dict(value.config)
        source = config["DataSource"].get("S3DataSource")
        if source and _store.is_local(source["S3Uri"]):
            session = self.sagemaker_session
            uri = _store.stage(
                source["S3Uri"], f"The input of channel “{name}”", session.default_bucket(),
                session.default_bucket_prefix, "input",
            )
            config["DataSource"] = {"S3DataSource": {**source, "S3Uri": uri}}
        return config

    def _script_hyperparameters(self) -> Dict[str, Any]:
        """The settings by which the training toolkit finds the program; the code is stored."""
        if not (self.source_dir or self.entry_point):
            return {}
        session = self.sagemaker_session
        source, program = self.source_dir, self.entry_point
        if isinstance(source, PipelineVariable) or (source and source.startswith("s3://")):
            archive: Str = source
        else:
            if not isinstance(program, str):
                raise ValueError("With a local source_dir the entry_point must be the program's name in that folder")
            archive, program = _store.stage_source(
                program, source, self.dependencies, session.default_bucket(), session.default_bucket_prefix
            )
        return {
            "sagemaker_submit_directory": archive,
            "sagemaker_program": program,
            "sagemaker_container_log_level": self.container_log_level,
            "sagemaker_region": session.boto_region_name,
        }

    def _all_hyperparameters(self) -> Dict[str, Any]:
        values = {**self.hyperparameters(), **json_encoded(self._script_hyperparameters())}
        return {str(key): to_string(value) for key, value in values.items()}

    def _request(
        self, inputs: TrainingInputs, job_name: Optional[str] = None, experiment_config: Optional[Dict[str, str]] = None
    ) -> RequestType:
        output_path = self._effective_output_path()
        checkpoint = None
        if self.checkpoint_s3_uri:
            checkpoint = without_none(S3Uri=self.checkpoint_s3_uri, LocalPath=self.checkpoint_local_path or None)
        hook = None
        if self.debugger_hook_config is not False:
            config = self.debugger_hook_config
            hook = config if isinstance(config, DebuggerHookConfig) else DebuggerHookConfig()
        profiler = self.profiler_config or ProfilerConfig(disable_profiler=bool(self.disable_profiler))
        experiment = (experiment_config or {}).get("TrialComponentDisplayName")
        return without_none(
            AlgorithmSpecification=self._algorithm(inputs),
            OutputDataConfig=without_none(
                S3OutputPath=output_path,
                KmsKeyId=self.output_kms_key,
                CompressionType="NONE" if self.disable_output_compression else None,
            ),
            TrainingJobName=job_name or self.base_job_name
            or base_name_from_image(self.training_image_uri(), self.JOB_CLASS_NAME),
            StoppingCondition=self._stopping_condition(),
            ResourceConfig=without_none(
                VolumeSizeInGB=self.volume_size,
                VolumeKmsKeyId=self.volume_kms_key,
                KeepAlivePeriodInSeconds=self.keep_alive_period_in_seconds,
                InstanceCount=self.instance_count,
                InstanceType=self.instance_type,
                TrainingPlanArn=self.training_plan,
                InstancePlacementConfig=self.instance_placement_config,
            ),
            RoleArn=self._role_arn(),
            InfraCheckConfig=_flag("EnableInfraCheck", self.enable_infra_check),
            InputDataConfig=self._channels(inputs),
            HyperParameters=self._all_hyperparameters() or None,
            Environment=self.environment,
            Tags=self.tags,
            VpcConfig=self.get_vpc_config(),
            ExperimentConfig={"TrialComponentDisplayName": experiment} if experiment else None,
            EnableNetworkIsolation=self.enable_network_isolation() or None,
            EnableInterContainerTrafficEncryption=self.encrypt_inter_container_traffic or None,
            EnableManagedSpotTraining=self.use_spot_instances or None,
            CheckpointConfig=checkpoint,
            DebugHookConfig=hook._to_request_dict(output_path) if hook else None,
            TensorBoardOutputConfig=(
                self.tensorboard_output_config._to_request_dict() if self.tensorboard_output_config else None
            ),
            ProfilerConfig=profiler._to_request_dict(output_path),
            RemoteDebugConfig=_flag("EnableRemoteDebug", self._enable_remote_debug),
            SessionChainingConfig=_flag("EnableSessionTagChaining", self._enable_session_tag_chaining),
            RetryStrategy=_flag("MaximumRetryAttempts", self.max_retry_attempts),
        )

    def _algorithm(self, inputs: TrainingInputs) -> RequestType:
        image_config = None
        if self.training_repository_access_mode is not None:
            image_config = without_none(
                TrainingRepositoryAccessMode=self.training_repository_access_mode,
                TrainingRepositoryAuthConfig=_flag(
                    "TrainingRepositoryCredentialsProviderArn", self.training_repository_credentials_provider_arn
                ),
            )
        return without_none(
            TrainingInputMode=self._input_mode(inputs),
            TrainingImage=self.training_image_uri(),
            TrainingImageConfig=image_config,
            ContainerEntrypoint=self.container_entry_point,
            ContainerArguments=self.container_arguments,
            MetricDefinitions=self.metric_definitions,
            EnableSageMakerMetricsTimeSeries=self.enable_sagemaker_metrics,
        )

    def _input_mode(self, inputs: TrainingInputs) -> Str:
        if isinstance(inputs, TrainingInput) and "InputMode" in inputs.config:
            mode: Str = inputs.config["InputMode"]
            return mode
        return self.input_mode

    def _stopping_condition(self) -> RequestType:
        return without_none(MaxRuntimeInSeconds=self.max_run, MaxWaitTimeInSeconds=self.max_wait or None)

    def _role_arn(self) -> Str:
        role = self.role
        return role if isinstance(role, PipelineVariable) else self.sagemaker_session.expand_role(role)


class Estimator(EstimatorBase):
    """Trains with any image: an algorithm that is built into it, or a script (entry_point, source_dir).

    The further arguments are EstimatorBase's. Without image_uri a script runs on this machine's Python.
    """

    def __init__(
        self,
        image_uri: Optional[Str] = None,
        role: Optional[Str] = None,
        instance_count: Optional[Int] = None,
        instance_type: Optional[Str] = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(role, instance_count, instance_type, *args, **kwargs)
        if image_uri is None and self.entry_point is None:
            raise ValueError("An Estimator needs image_uri (see image_uris.retrieve), or a script as entry_point")
        self.image_uri = image_uri or image_uris.LOCAL_PYTHON
        given, self._hyperparameters = self._hyperparameters, {}
        self.set_hyperparameters(**given)

    def training_image_uri(self) -> Str:
        return self.image_uri or image_uris.LOCAL_PYTHON

    def set_hyperparameters(self, **kwargs: Any) -> None:
        # A script reads JSON, a built-in algorithm plain text.
        self._hyperparameters.update(json_encoded(kwargs) if self.source_dir else kwargs)

    def hyperparameters(self) -> Dict[str, Any]:
        return self._hyperparameters


class Framework(EstimatorBase):
    """Trains with a script in a framework's image; the further arguments are EstimatorBase's."""

    _framework_name: str = ""

    def __init__(
        self,
        entry_point: Str,
        source_dir: Optional[Str] = None,
        hyperparameters: Optional[Dict[str, Any]] = None,
        *,
        image_uri: Optional[Str] = None,
        framework_version: Optional[str] = None,
        py_version: str = "py3",
        image_uri_region: Optional[str] = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(entry_point=entry_point, source_dir=source_dir, hyperparameters=hyperparameters, **kwargs)
        if isinstance(entry_point, str) and entry_point.startswith("s3://"):
            raise ValueError(f"The entry_point “{entry_point}” must be a local file")
        self.framework_version = framework_version
        self.py_version = py_version
        self.image_uri = image_uri or self._image(
            framework_version, image_uri_region or self.sagemaker_session.boto_region_name, py_version, self.instance_type
        )

    @classmethod
    def _image(cls, version: Optional[str], region: str, py_version: Optional[str], instance_type: Optional[Str]) -> str:
        """The image of a version; without a version this machine's Python."""
        if version is None:
            return image_uris.LOCAL_PYTHON
        kind = None if isinstance(instance_type, PipelineVariable) else instance_type
        return image_uris.retrieve(cls._framework_name, region, version, py_version, kind)

    def training_image_uri(self, region: Optional[str] = None) -> Str:
        return self.image_uri or image_uris.LOCAL_PYTHON

    def set_hyperparameters(self, **kwargs: Any) -> None:
        self._hyperparameters.update(kwargs)

    def hyperparameters(self) -> Dict[str, Any]:
        return json_encoded(self._hyperparameters)


def json_encoded(values: Dict[str, Any]) -> Dict[str, Any]:
    """Hyperparameters as the training toolkit wants them: JSON in text; pipeline variables as text."""
    return {
        str(key): value.to_string() if isinstance(value, PipelineVariable) else json.dumps(value)
        for key, value in values.items()
    }


def _flag(key: str, value: Any) -> Optional[RequestType]:
    return None if value is None else {key: value}
