# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Models: an image and the artifacts of a training, to be made or registered by a ModelStep."""

from __future__ import annotations

import logging
import posixpath
from typing import Any, Dict, List, Optional, Union

from atelier import _store
from atelier._register import model_package_request
from atelier.drift_check_baselines import DriftCheckBaselines
from atelier.image_uris import LOCAL_PYTHON, retrieve
from atelier.metadata_properties import MetadataProperties
from atelier.model_metrics import ModelMetrics
from atelier.processing import DEFAULT_INSTANCE_TYPE, refuse_git_config
from atelier.session import DEFAULT_ROLE, Session
from atelier.transformer import Transformer
from atelier.utils import Tags, base_name_from_image, format_tags, to_string, without_none
from atelier.workflow.entities import Bool, Int, PipelineVariable, RequestType, Str
from atelier.workflow.pipeline_context import PipelineSession, _ModelStepArguments, refuse_plain_session


class Model:
    """A model to be served.

    `model_data` is the address of a model.tar.gz (an s3:// address, a local file, which is stored, or a property of the
    training step), or a ModelDataSource as dict. With entry_point and source_dir the ModelStep first packs that code into
    the artifacts; with entry_point alone the code stands beside them.
    """

    _framework_name: Optional[str] = None

    def __init__(
        self,
        image_uri: Optional[Str] = None,
        model_data: Optional[Union[Str, Dict[str, Any]]] = None,
        role: Optional[str] = None,
        predictor_cls: Any = None,
        env: Optional[Dict[str, Str]] = None,
        name: Optional[str] = None,
        vpc_config: Optional[Dict[str, List[Str]]] = None,
        sagemaker_session: Optional[Session] = None,
        enable_network_isolation: Optional[Bool] = None,
        model_kms_key: Optional[str] = None,
        image_config: Optional[Dict[str, Str]] = None,
        source_dir: Optional[str] = None,
        code_location: Optional[str] = None,
        entry_point: Optional[str] = None,
        container_log_level: Int = logging.INFO,
        dependencies: Optional[List[str]] = None,
        git_config: Optional[Dict[str, str]] = None,
    ) -> None:
        refuse_git_config(git_config)
        self.image_uri = image_uri
        self.model_data = model_data
        self.role = role or DEFAULT_ROLE
        self.predictor_cls = predictor_cls
        self.env: Dict[str, Str] = dict(env or {})
        self.name = name
        self.vpc_config = vpc_config
        self.sagemaker_session = sagemaker_session or PipelineSession()
        self._enable_network_isolation = enable_network_isolation
        self.model_kms_key = model_kms_key
        self.image_config = image_config
        self.source_dir = source_dir
        self.code_location = code_location
        self.entry_point = entry_point
        self.container_log_level = container_log_level
        self.dependencies = dependencies or []

    def enable_network_isolation(self) -> Bool:
        """Whether the model is served without network."""
        return self._enable_network_isolation or False

    def is_repack(self) -> bool:
        """Whether the code has to be packed into the artifacts before the model can be made."""
        if self.model_data is None or self.entry_point is None:
            return False
        return self.source_dir is not None or self.enable_network_isolation() is True

    def create(
        self,
        instance_type: Optional[str] = None,
        accelerator_type: Optional[str] = None,
        serverless_inference_config: Any = None,
        tags: Optional[Tags] = None,
        accept_eula: Optional[bool] = None,
        model_reference_arn: Optional[str] = None,
    ) -> _ModelStepArguments:
        """The step_args for a ModelStep that makes the model."""
        refuse_plain_session(self.sagemaker_session, f"{type(self).__name__}.create()")
        request = self._create_request(instance_type, tags)
        return _ModelStepArguments("create_model", request, [self], self.role, self.sagemaker_session)

    def register(
        self,
        content_types: Optional[List[Str]] = None,
        response_types: Optional[List[Str]] = None,
        inference_instances: Optional[List[Str]] = None,
        transform_instances: Optional[List[Str]] = None,
        model_package_name: Optional[Str] = None,
        model_package_group_name: Optional[Str] = None,
        image_uri: Optional[Str] = None,
        model_metrics: Optional[ModelMetrics] = None,
        metadata_properties: Optional[MetadataProperties] = None,
        marketplace_cert: bool = False,
        approval_status: Optional[Str] = None,
        description: Optional[str] = None,
        drift_check_baselines: Optional[DriftCheckBaselines] = None,
        customer_metadata_properties: Optional[Dict[str, Str]] = None,
        validation_specification: Optional[Any] = None,
        domain: Optional[Str] = None,
        task: Optional[Str] = None,
        sample_payload_url: Optional[Str] = None,
        framework: Optional[Str] = None,
        framework_version: Optional[Str] = None,
        nearest_model_name: Optional[Str] = None,
        data_input_configuration: Optional[Str] = None,
        skip_model_validation: Optional[Str] = None,
        source_uri: Optional[Str] = None,
        model_card: Any = None,
        model_life_cycle: Any = None,
        accept_eula: Optional[bool] = None,
        model_type: Any = None,
        model_package_registration_type: Optional[Str] = None,
        base_model: Any = None,
    ) -> _ModelStepArguments:
        """The step_args for a ModelStep that adds a version to a model group.

        approval_status is PendingManualApproval unless given. Without names the group has the image's name.
        """
        refuse_plain_session(self.sagemaker_session, f"{type(self).__name__}.register()")
        if image_uri is not None:
            self.image_uri = image_uri
        if model_package_group_name is None and model_package_name is None:
            model_package_group_name = base_name_from_image(self.image_uri, "ModelPackage")
        if framework is None and self._framework_name:
            framework = self._framework_name.upper()
        container = self.prepare_container_def()
        container.update(
            inference_parameters(framework, framework_version, nearest_model_name, data_input_configuration)
        )
        request = model_package_request(
            [container],
            content_types=content_types,
            response_types=response_types,
            inference_instances=inference_instances,
            transform_instances=transform_instances,
            model_package_name=model_package_name,
            model_package_group_name=model_package_group_name,
            model_metrics=model_metrics,
            metadata_properties=metadata_properties,
            approval_status=approval_status,
            description=description,
            drift_check_baselines=drift_check_baselines,
            customer_metadata_properties=customer_metadata_properties,
            validation_specification=validation_specification,
            domain=domain,
            task=task,
            sample_payload_url=sample_payload_url,
            skip_model_validation=skip_model_validation,
            source_uri=source_uri,
            model_package_registration_type=model_package_registration_type,
        )
        return _ModelStepArguments(
            "create_model_package_from_containers", request, [self], self.role, self.sagemaker_session
        )

    def transformer(
        self,
        instance_count: Int,
        instance_type: Str,
        strategy: Optional[Str] = None,
        assemble_with: Optional[Str] = None,
        output_path: Optional[Str] = None,
        output_kms_key: Optional[Str] = None,
        accept: Optional[Str] = None,
        env: Optional[Dict[str, Str]] = None,
        max_concurrent_transforms: Optional[Int] = None,
        max_payload: Optional[Int] = None,
        tags: Optional[Tags] = None,
        volume_kms_key: Optional[Str] = None,
    ) -> Transformer:
        """A batch transform with this model, which must have a name (usually one takes a ModelStep's ModelName instead)."""
        if not self.name:
            raise ValueError("A model needs a name to be transformed with; or give a Transformer the ModelStep's ModelName")
        return Transformer(
            self.name, instance_count, instance_type, strategy, assemble_with, output_path, output_kms_key, accept,
            max_concurrent_transforms, max_payload, tags, env, self.name, self.sagemaker_session, volume_kms_key,
        )

    def serving_image_uri(self, region_name: str, instance_type: Optional[str] = None) -> Str:
        """The image's address."""
        return self.image_uri or LOCAL_PYTHON

    def prepare_container_def(
        self, instance_type: Optional[str] = None, accelerator_type: Optional[str] = None, **others: Any
    ) -> RequestType:
        """The container of the model as JSON; the code is stored, unless it is to be packed into the artifacts."""
        image = self.image_uri or self.serving_image_uri(self.sagemaker_session.boto_region_name, instance_type)
        return without_none(
            Image=image,
            Environment={**self.env, **self._script_environment()},
            ModelDataSource=self.model_data if isinstance(self.model_data, dict) else None,
            ModelDataUrl=self._model_data_url(),
            ImageConfig=self.image_config or None,
        )

    def _model_data_url(self) -> Optional[Str]:
        data = self.model_data
        if isinstance(data, dict):
            return None
        if isinstance(data, str) and _store.is_local(data):
            session = self.sagemaker_session
            return _store.stage(data, "The model", session.default_bucket(), session.default_bucket_prefix, "input")
        return data

    def _script_environment(self) -> Dict[str, Any]:
        if not (self.source_dir or self.dependencies or self.entry_point):
            return {}
        if self.entry_point is None:
            raise ValueError("A model with source_dir or dependencies needs an entry_point")
        session = self.sagemaker_session
        if self.is_repack():
            folder, program = "/opt/ml/model/code", posixpath.basename(self.entry_point)
        elif self.source_dir and self.source_dir.startswith("s3://"):
            folder, program = self.source_dir, self.entry_point
        else:
            folder, program = _store.stage_source(
                self.entry_point, self.source_dir, self.dependencies, session.default_bucket(),
                session.default_bucket_prefix,
            )
        return {
            "SAGEMAKER_PROGRAM": program,
            "SAGEMAKER_SUBMIT_DIRECTORY": folder,
            "SAGEMAKER_CONTAINER_LOG_LEVEL": to_string(self.container_log_level),
            "SAGEMAKER_REGION": session.boto_region_name,
        }

    def _create_request(self, instance_type: Optional[str] = None, tags: Optional[Tags] = None) -> RequestType:
        container = self.prepare_container_def(instance_type)
        return create_model_request(
            self.name, self.role, container, self.vpc_config, self.enable_network_isolation(), tags, self.sagemaker_session
        )


class FrameworkModel(Model):
    """A model that a framework's image serves with a script of one's own."""

    def __init__(
        self,
        model_data: Union[Str, Dict[str, Any]],
        role: Optional[str] = None,
        entry_point: Optional[str] = None,
        framework_version: Optional[str] = None,
        py_version: str = "py3",
        image_uri: Optional[Str] = None,
        model_server_workers: Optional[Int] = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(image_uri, model_data, role, entry_point=entry_point, **kwargs)
        self.framework_version = framework_version
        self.py_version = py_version
        self.model_server_workers = model_server_workers

    def is_repack(self) -> bool:
        return self.entry_point is not None and self.enable_network_isolation() is True

    def serving_image_uri(self, region_name: str, instance_type: Optional[str] = None) -> Str:
        if self.framework_version is None or self._framework_name is None:
            return LOCAL_PYTHON
        return retrieve(
            self._framework_name, region_name, self.framework_version, self.py_version, instance_type,
            image_scope="inference",
        )

    def _script_environment(self) -> Dict[str, Any]:
        environment = super()._script_environment()
        if self.model_server_workers:
            environment["SAGEMAKER_MODEL_SERVER_WORKERS"] = to_string(self.model_server_workers)
        return environment


def create_model_request(
    name: Optional[str],
    role: str,
    containers: Union[RequestType, List[RequestType]],
    vpc_config: Optional[Dict[str, Any]],
    enable_network_isolation: Any,
    tags: Optional[Tags],
    session: Session,
) -> RequestType:
    """The request that makes a model of one container or of several in a row."""
    return without_none(
        ModelName=name,
        ExecutionRoleArn=role if isinstance(role, PipelineVariable) else session.expand_role(role),
        Containers=containers if isinstance(containers, list) else None,
        PrimaryContainer=None if isinstance(containers, list) else containers,
        Tags=format_tags(tags) or None,
        VpcConfig=vpc_config or None,
        EnableNetworkIsolation=enable_network_isolation or None,
    )


def inference_parameters(
    framework: Optional[Str],
    framework_version: Optional[Str],
    nearest_model_name: Optional[Str],
    data_input_configuration: Optional[Str],
) -> RequestType:
    """What a registered container says of its framework."""
    return without_none(
        Framework=framework,
        FrameworkVersion=framework_version,
        NearestModelName=nearest_model_name,
        ModelInput={"DataInputConfig": data_input_configuration} if data_input_configuration is not None else None,
    )


__all__ = ["DEFAULT_INSTANCE_TYPE", "FrameworkModel", "Model"]
