# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The request that adds a version to a model group."""

from __future__ import annotations

from typing import Any, List, Optional

from atelier.utils import Tags, format_tags, without_none
from atelier.workflow.entities import RequestType


def model_package_request(
    containers: List[RequestType],
    *,
    content_types: Optional[List[Any]] = None,
    response_types: Optional[List[Any]] = None,
    inference_instances: Optional[List[Any]] = None,
    transform_instances: Optional[List[Any]] = None,
    model_package_name: Optional[Any] = None,
    model_package_group_name: Optional[Any] = None,
    model_metrics: Any = None,
    metadata_properties: Any = None,
    approval_status: Optional[Any] = None,
    description: Optional[str] = None,
    tags: Optional[Tags] = None,
    drift_check_baselines: Any = None,
    customer_metadata_properties: Optional[Any] = None,
    validation_specification: Optional[Any] = None,
    domain: Optional[Any] = None,
    task: Optional[Any] = None,
    sample_payload_url: Optional[Any] = None,
    skip_model_validation: Optional[Any] = None,
    source_uri: Optional[Any] = None,
    model_package_registration_type: Optional[Any] = None,
) -> RequestType:
    """The request as JSON. Raises ValueError when both a package's and a group's name are given, or neither."""
    if (model_package_name is None) == (model_package_group_name is None):
        raise ValueError("A model is registered either in a group (model_package_group_name) or by model_package_name")
    if model_package_name is not None and not (inference_instances and transform_instances):
        raise ValueError("A model registered by model_package_name needs inference_instances and transform_instances")
    return without_none(
        ModelPackageName=model_package_name,
        ModelPackageGroupName=model_package_group_name,
        ModelPackageDescription=description,
        Tags=format_tags(tags),
        ModelMetrics=_part(model_metrics),
        DriftCheckBaselines=_part(drift_check_baselines),
        MetadataProperties=_part(metadata_properties),
        CustomerMetadataProperties=customer_metadata_properties,
        ValidationSpecification=validation_specification or None,
        Domain=domain,
        SamplePayloadUrl=sample_payload_url,
        Task=task,
        SourceUri=source_uri,
        InferenceSpecification=without_none(
            Containers=containers,
            SupportedContentTypes=content_types,
            SupportedResponseMIMETypes=response_types,
            SupportedRealtimeInferenceInstanceTypes=inference_instances,
            SupportedTransformInstanceTypes=transform_instances,
        ),
        ModelApprovalStatus="PendingManualApproval" if approval_status is None else approval_status,
        SkipModelValidation="None" if skip_model_validation is None else skip_model_validation,
        ModelPackageRegistrationType=model_package_registration_type,
    )


def _part(source: Any) -> Optional[RequestType]:
    return (source._to_request_dict() or None) if source is not None else None
