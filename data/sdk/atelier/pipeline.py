# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Models in a row: the output of one container is the input of the next."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from atelier._register import model_package_request
from atelier.drift_check_baselines import DriftCheckBaselines
from atelier.metadata_properties import MetadataProperties
from atelier.model import Model, create_model_request, inference_parameters
from atelier.model_metrics import ModelMetrics
from atelier.session import DEFAULT_ROLE, Session
from atelier.workflow.entities import Bool, RequestType, Str
from atelier.workflow.pipeline_context import PipelineSession, _ModelStepArguments, refuse_plain_session


class PipelineModel:
    """A model of several containers."""

    def __init__(
        self,
        models: List[Model],
        role: Optional[str] = None,
        predictor_cls: Any = None,
        name: Optional[str] = None,
        vpc_config: Optional[Dict[str, List[Str]]] = None,
        sagemaker_session: Optional[Session] = None,
        enable_network_isolation: Optional[Bool] = None,
    ) -> None:
        self.models = models
        self.role = role or DEFAULT_ROLE
        self.predictor_cls = predictor_cls
        self.name = name
        self.vpc_config = vpc_config
        self.sagemaker_session = sagemaker_session or PipelineSession()
        self.enable_network_isolation = enable_network_isolation

    def pipeline_container_def(self, instance_type: Optional[str] = None) -> List[RequestType]:
        """The containers as JSON."""
        return [model.prepare_container_def(instance_type) for model in self.models]

    def create(self, instance_type: Optional[str] = None) -> _ModelStepArguments:
        """The step_args for a ModelStep that makes the model."""
        refuse_plain_session(self.sagemaker_session, "PipelineModel.create()")
        return _ModelStepArguments(
            "create_model", self._create_request(instance_type), self.models, self.role, self.sagemaker_session
        )

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
        model_package_registration_type: Optional[Str] = None,
        base_model: Any = None,
    ) -> _ModelStepArguments:
        """The step_args for a ModelStep that adds a version to a model group."""
        refuse_plain_session(self.sagemaker_session, "PipelineModel.register()")
        containers = self.pipeline_container_def()
        said = inference_parameters(framework, framework_version, nearest_model_name, data_input_configuration)
        for container in containers:
            container.update(said)
        request = model_package_request(
            containers,
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
            domain=domain,
            task=task,
            sample_payload_url=sample_payload_url,
            skip_model_validation=skip_model_validation,
            source_uri=source_uri,
            model_package_registration_type=model_package_registration_type,
        )
        return _ModelStepArguments(
            "create_model_package_from_containers", request, self.models, self.role, self.sagemaker_session
        )

    def _create_request(self, instance_type: Optional[str] = None) -> RequestType:
        return create_model_request(
            self.name, self.role, self.pipeline_container_def(instance_type), self.vpc_config,
            self.enable_network_isolation, None, self.sagemaker_session,
        )
