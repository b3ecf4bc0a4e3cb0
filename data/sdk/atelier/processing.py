# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Processing jobs: a program that reads folders and writes folders."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple
from urllib.parse import urlparse

from atelier import _store
from atelier.dataset_definition.inputs import DatasetDefinition, S3Input
from atelier.image_uris import LOCAL_PYTHON
from atelier.network import NetworkConfig
from atelier.session import DEFAULT_ROLE, Session
from atelier.utils import Tags, base_name_from_image, format_tags, without_none
from atelier.workflow import is_pipeline_variable
from atelier.workflow._late import late_uri
from atelier.workflow.entities import Bool, Int, PipelineVariable, RequestType, Str
from atelier.workflow.pipeline_context import PipelineSession, _StepArguments, step_arguments

DEFAULT_INSTANCE_TYPE = "ml.m5.large"


class ProcessingInput:
    """A folder that a job reads.

    `source` is an s3:// address, a local file or folder (which is stored), or a pipeline variable; `destination` the folder
    of the job in which it stands, below /opt/ml/processing/.
    """

    def __init__(
        self,
        source: Optional[Str] = None,
        destination: Optional[Str] = None,
        input_name: Optional[Str] = None,
        s3_data_type: Str = "S3Prefix",
        s3_input_mode: Str = "File",
        s3_data_distribution_type: Str = "FullyReplicated",
        s3_compression_type: Str = "None",
        s3_input: Optional[S3Input] = None,
        dataset_definition: Optional[DatasetDefinition] = None,
        app_managed: Bool = False,
    ) -> None:
        if s3_input is None and source is not None and destination is not None:
            s3_input = S3Input(
                source, destination, s3_data_type, s3_input_mode, s3_data_distribution_type, s3_compression_type
            )
        self.source = s3_input.s3_uri if s3_input else source
        self.destination = s3_input.local_path if s3_input else destination
        self.input_name = input_name
        self.s3_input = s3_input
        self.dataset_definition = dataset_definition
        self.app_managed = app_managed

    def _request(self, default_name: str, session: Session) -> RequestType:
        request: RequestType = {"InputName": self.input_name or default_name, "AppManaged": self.app_managed}
        if self.s3_input:
            if self.s3_input.s3_compression_type == "Gzip" and self.s3_input.s3_input_mode != "Pipe":
                raise ValueError(f"The input “{request['InputName']}” can be Gzip only when its mode is Pipe")
            request["S3Input"] = self.s3_input._to_request_dict()
            uri = self.s3_input.s3_uri
            if isinstance(uri, str) and _store.is_local(uri):
                request["S3Input"]["S3Uri"] = _store.stage(
                    uri, "The input", session.default_bucket(), session.default_bucket_prefix, "input"
                )
        if self.dataset_definition is not None:
            request["DatasetDefinition"] = self.dataset_definition._to_request_dict()
        return request


@dataclass
class FeatureStoreOutput:
    """A feature group that takes an output."""

    feature_group_name: Optional[str] = None


class ProcessingOutput:
    """A folder that a job writes.

    `source` is the folder of the job, below /opt/ml/processing/; `destination` the address where its contents go. Without
    one each execution has its own: s3://BUCKET/PIPELINE/EXECUTION/STEP/output/NAME.
    """

    def __init__(
        self,
        source: Optional[Str] = None,
        destination: Optional[Str] = None,
        output_name: Optional[Str] = None,
        s3_upload_mode: Str = "EndOfJob",
        app_managed: Bool = False,
        feature_store_output: Optional[FeatureStoreOutput] = None,
    ) -> None:
        self.source = source
        self.destination = destination
        self.output_name = output_name
        self.s3_upload_mode = s3_upload_mode
        self.app_managed = app_managed
        self.feature_store_output = feature_store_output

    def _request(self, default_name: str, step_name: str, session: Session) -> RequestType:
        name = self.output_name or default_name
        request: RequestType = {"OutputName": name, "AppManaged": self.app_managed}
        if self.source is not None:
            uri = self.destination
            if uri is None or (isinstance(uri, str) and not uri.startswith("s3://")):
                uri = late_uri(session.default_bucket(), session.default_bucket_prefix, step_name, "output", str(name))
            request["S3Output"] = {"S3Uri": uri, "LocalPath": self.source, "S3UploadMode": self.s3_upload_mode}
        if self.feature_store_output is not None:
            request["FeatureStoreOutput"] = {"FeatureGroupName": self.feature_store_output.feature_group_name}
        return request


@dataclass
class RunArgs:
    """What get_run_args() gives: the arguments for a ProcessingStep with processor=."""

    code: str
    inputs: Optional[List[ProcessingInput]] = None
    outputs: Optional[List[ProcessingOutput]] = None
    arguments: Optional[List[Str]] = None


class Processor:
    """Runs an image's own program, or `entrypoint` in it.

    Without image_uri the step runs on this machine's Python. volume_size_in_gb is in GB, max_runtime_in_seconds in seconds.
    """

    JOB_CLASS_NAME = "processing-job"

    def __init__(
        self,
        role: Optional[Str] = None,
        image_uri: Optional[Str] = None,
        instance_count: Optional[Int] = None,
        instance_type: Optional[Str] = None,
        entrypoint: Optional[List[Str]] = None,
        volume_size_in_gb: Int = 30,
        volume_kms_key: Optional[Str] = None,
        output_kms_key: Optional[Str] = None,
        max_runtime_in_seconds: Optional[Int] = None,
        base_job_name: Optional[str] = None,
        sagemaker_session: Optional[Session] = None,
        env: Optional[Dict[str, Str]] = None,
        tags: Optional[Tags] = None,
        network_config: Optional[NetworkConfig] = None,
    ) -> None:
        self.role = role or DEFAULT_ROLE
        self.image_uri = image_uri or LOCAL_PYTHON
        self.instance_count = 1 if instance_count is None else instance_count
        self.instance_type = instance_type or DEFAULT_INSTANCE_TYPE
        self.entrypoint = entrypoint
        self.volume_size_in_gb = volume_size_in_gb
        self.volume_kms_key = volume_kms_key
        self.output_kms_key = output_kms_key
        self.max_runtime_in_seconds = max_runtime_in_seconds
        self.base_job_name = base_job_name
        self.sagemaker_session = sagemaker_session or PipelineSession()
        self.env = env
        self.tags = format_tags(tags)
        self.network_config = network_config

    def run(
        self,
        inputs: Optional[List[ProcessingInput]] = None,
        outputs: Optional[List[ProcessingOutput]] = None,
        arguments: Optional[List[Str]] = None,
        wait: bool = True,
        logs: bool = True,
        job_name: Optional[str] = None,
        experiment_config: Optional[Dict[str, str]] = None,
        kms_key: Optional[str] = None,
    ) -> _StepArguments:
        """The step_args for a ProcessingStep; wait and logs mean nothing here."""
        return step_arguments(
            self.sagemaker_session, "process", f"{type(self).__name__}.run()",
            lambda step: self._request(step, inputs, outputs, arguments, None, job_name, experiment_config),
        )

    def _with_code(
        self, inputs: List[ProcessingInput], code: Optional[str]
    ) -> Tuple[List[ProcessingInput], Optional[List[Str]]]:
        """The inputs with the code among them, and the entry point that starts it."""
        return inputs, self.entrypoint

    def _request(
        self,
        step_name: str,
        inputs: Optional[List[ProcessingInput]],
        outputs: Optional[List[ProcessingOutput]],
        arguments: Optional[List[Str]],
        code: Optional[str] = None,
        job_name: Optional[str] = None,
        experiment_config: Optional[Dict[str, str]] = None,
    ) -> RequestType:
        session = self.sagemaker_session
        for thing in inputs or []:
            if not isinstance(thing, ProcessingInput):
                raise TypeError(f"The inputs of step “{step_name}” must be ProcessingInput objects, not {thing!r}")
        for result in outputs or []:
            if not isinstance(result, ProcessingOutput):
                raise TypeError(f"The outputs of step “{step_name}” must be ProcessingOutput objects, not {result!r}")
        all_inputs, entrypoint = self._with_code(list(inputs or []), code)
        input_requests = [item._request(f"input-{i}", session) for i, item in enumerate(all_inputs, 1)]
        output_requests = [item._request(f"output-{i}", step_name, session) for i, item in enumerate(outputs or [], 1)]
        cluster = without_none(
            InstanceType=self.instance_type,
            InstanceCount=self.instance_count,
            VolumeSizeInGB=self.volume_size_in_gb,
            VolumeKmsKeyId=self.volume_kms_key,
        )
        output_config = without_none(Outputs=output_requests, KmsKeyId=self.output_kms_key) if output_requests else None
        stop = None
        if self.max_runtime_in_seconds is not None:
            stop = {"MaxRuntimeInSeconds": self.max_runtime_in_seconds}
        experiment = (experiment_config or {}).get("TrialComponentDisplayName")
        return without_none(
            ProcessingJobName=job_name or self.base_job_name or base_name_from_image(self.image_uri, self.JOB_CLASS_NAME),
            ProcessingResources={"ClusterConfig": cluster},
            AppSpecification=without_none(
                ImageUri=self.image_uri, ContainerArguments=arguments, ContainerEntrypoint=entrypoint
            ),
            RoleArn=self.role if isinstance(self.role, PipelineVariable) else session.expand_role(self.role),
            ProcessingInputs=input_requests or None,
            ProcessingOutputConfig=output_config,
            Environment=self.env,
            NetworkConfig=self.network_config._to_request_dict() if self.network_config is not None else None,
            StoppingCondition=stop,
            Tags=self.tags,
            ExperimentConfig={"TrialComponentDisplayName": experiment} if experiment else None,
        )


class ScriptProcessor(Processor):
    """Runs a script of one's own with `command` (by default python3)."""

    _CODE_FOLDER = "/opt/ml/processing/input"
    _CODE_INPUT = "code"

    def __init__(
        self,
        role: Optional[Str] = None,
        image_uri: Optional[Str] = None,
        command: Optional[List[str]] = None,
        instance_count: Optional[Int] = None,
        instance_type: Optional[Str] = None,
        volume_size_in_gb: Int = 30,
        volume_kms_key: Optional[Str] = None,
        output_kms_key: Optional[Str] = None,
        max_runtime_in_seconds: Optional[Int] = None,
        base_job_name: Optional[str] = None,
        sagemaker_session: Optional[Session] = None,
        env: Optional[Dict[str, Str]] = None,
        tags: Optional[Tags] = None,
        network_config: Optional[NetworkConfig] = None,
    ) -> None:
        super().__init__(
            role, image_uri, instance_count, instance_type, None, volume_size_in_gb, volume_kms_key, output_kms_key,
            max_runtime_in_seconds, base_job_name, sagemaker_session, env, tags, network_config,
        )
        self.command = command or ["python3"]

    def get_run_args(
        self,
        code: str,
        inputs: Optional[List[ProcessingInput]] = None,
        outputs: Optional[List[ProcessingOutput]] = None,
        arguments: Optional[List[Str]] = None,
    ) -> RunArgs:
        """The arguments for a ProcessingStep with processor=."""
        return RunArgs(code, inputs, outputs, arguments)

    def run(  # type: ignore[override]
        self,
        code: str,
        inputs: Optional[List[ProcessingInput]] = None,
        outputs: Optional[List[ProcessingOutput]] = None,
        arguments: Optional[List[Str]] = None,
        wait: bool = True,
        logs: bool = True,
        job_name: Optional[str] = None,
        experiment_config: Optional[Dict[str, str]] = None,
        kms_key: Optional[str] = None,
    ) -> _StepArguments:
        """The step_args for a ProcessingStep that runs `code`, a local file or an s3:// address."""
        return step_arguments(
            self.sagemaker_session, "process", f"{type(self).__name__}.run()",
            lambda step: self._request(step, inputs, outputs, arguments, code, job_name, experiment_config),
        )

    def _with_code(
        self, inputs: List[ProcessingInput], code: Optional[str]
    ) -> Tuple[List[ProcessingInput], Optional[List[Str]]]:
        if code is None:
            raise ValueError(f"{type(self).__name__} needs code, the script that it runs")
        if is_pipeline_variable(code):
            raise ValueError("code must be a local path or an s3:// address, not a pipeline variable")
        session = self.sagemaker_session
        uri = code
        if not code.startswith("s3://"):
            uri = _store.stage(
                code, "The script", session.default_bucket(), session.default_bucket_prefix, "code", file_only=True
            )
        folder = posixpath.join(self._CODE_FOLDER, self._CODE_INPUT)
        script = posixpath.join(folder, posixpath.basename(urlparse(uri).path))
        code_input = ProcessingInput(source=uri, destination=folder, input_name=self._CODE_INPUT)
        return [*inputs, code_input], self._entrypoint(script)

    def _entrypoint(self, script: str) -> List[Str]:
        return [*self.command, script]


class FrameworkProcessor(ScriptProcessor):
    """Runs a script with a source folder, dependencies and requirements.txt in the image of an estimator class."""

    framework_entrypoint_command = ["/bin/bash"]
    _CODE_INPUT = "entrypoint"

    def __init__(
        self,
        estimator_cls: Any,
        framework_version: Optional[str] = None,
        role: Optional[Str] = None,
        instance_count: Optional[Int] = None,
        instance_type: Optional[Str] = None,
        py_version: str = "py3",
        image_uri: Optional[Str] = None,
        command: Optional[List[str]] = None,
        volume_size_in_gb: Int = 30,
        volume_kms_key: Optional[Str] = None,
        output_kms_key: Optional[Str] = None,
        code_location: Optional[str] = None,
        max_runtime_in_seconds: Optional[Int] = None,
        base_job_name: Optional[str] = None,
        sagemaker_session: Optional[Session] = None,
        env: Optional[Dict[str, Str]] = None,
        tags: Optional[Tags] = None,
        network_config: Optional[NetworkConfig] = None,
    ) -> None:
        session = sagemaker_session or PipelineSession()
        if image_uri is None:
            image_uri = estimator_cls._image(framework_version, session.boto_region_name, py_version, instance_type)
        super().__init__(
            role, image_uri, command, instance_count, instance_type, volume_size_in_gb, volume_kms_key, output_kms_key,
            max_runtime_in_seconds, base_job_name or estimator_cls._framework_name, session, env, tags, network_config,
        )
        self.estimator_cls = estimator_cls
        self.framework_version = framework_version
        self.py_version = py_version

    def get_run_args(  # type: ignore[override]
        self,
        code: str,
        source_dir: Optional[str] = None,
        dependencies: Optional[List[str]] = None,
        git_config: Optional[Dict[str, str]] = None,
        inputs: Optional[List[ProcessingInput]] = None,
        outputs: Optional[List[ProcessingOutput]] = None,
        arguments: Optional[List[Str]] = None,
        job_name: Optional[str] = None,
    ) -> RunArgs:
        """The arguments for a ProcessingStep with processor=; the code is stored now."""
        start, inputs = self._packed(code, source_dir, dependencies, git_config, inputs)
        return RunArgs(start, inputs, outputs, arguments)

    def run(  # type: ignore[override]
        self,
        code: str,
        source_dir: Optional[str] = None,
        dependencies: Optional[List[str]] = None,
        git_config: Optional[Dict[str, str]] = None,
        inputs: Optional[List[ProcessingInput]] = None,
        outputs: Optional[List[ProcessingOutput]] = None,
        arguments: Optional[List[Str]] = None,
        wait: bool = True,
        logs: bool = True,
        job_name: Optional[str] = None,
        experiment_config: Optional[Dict[str, str]] = None,
        kms_key: Optional[str] = None,
        codeartifact_repo_arn: Optional[str] = None,
    ) -> _StepArguments:
        """The step_args for a ProcessingStep that runs the program `code` of the folder `source_dir`."""

        def build(step_name: str) -> RequestType:
            start, all_inputs = self._packed(code, source_dir, dependencies, git_config, inputs)
            return self._request(step_name, all_inputs, outputs, arguments, start, job_name, experiment_config)

        return step_arguments(self.sagemaker_session, "process", f"{type(self).__name__}.run()", build)

    def _packed(
        self,
        code: str,
        source_dir: Optional[str],
        dependencies: Optional[List[str]],
        git_config: Optional[Dict[str, str]],
        inputs: Optional[List[ProcessingInput]],
    ) -> Tuple[str, List[ProcessingInput]]:
        """The address of the script that starts the program, and the inputs with the packed code among them."""
        refuse_git_config(git_config)
        if code.startswith("s3://"):
            return code, list(inputs or [])
        bucket, prefix = self.sagemaker_session.default_bucket(), self.sagemaker_session.default_bucket_prefix
        if source_dir and source_dir.startswith("s3://"):
            archive, program = source_dir, code
        else:
            archive, program = _store.stage_source(code, source_dir, dependencies or [], bucket, prefix)
        start = _START.format(command=" ".join(self.command), program=program)
        uri = _store.stage_bytes(start.encode(), "runproc.sh", bucket, prefix, "code")
        payload = ProcessingInput(archive, "/opt/ml/processing/input/code/", input_name="code")
        return uri, [*(inputs or []), payload]

    def _entrypoint(self, script: str) -> List[Str]:
        return [*self.framework_entrypoint_command, script]


def refuse_git_config(git_config: Optional[Dict[str, str]]) -> None:
    """ValueError when code was to be cloned: a definition is made of the code that lies beside it."""
    if git_config:
        raise ValueError("git_config is not supported: clone the repository and give source_dir")


_START = """\
#!/bin/bash
set -e
cd /opt/ml/processing/input/code/
tar -xzf sourcedir.tar.gz
if [[ -f requirements.txt ]]; then
  python3 -m pip install -r requirements.txt
fi
exec {command} {program} "$@"
"""
