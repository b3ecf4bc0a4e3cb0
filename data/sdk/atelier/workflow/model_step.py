# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""ModelStep: makes or registers a model."""

from __future__ import annotations

import copy
from typing import Any, Dict, List, Optional, Sequence, Union

from atelier.workflow._repack import RepackModelStep
from atelier.workflow.entities import RequestType
from atelier.workflow.pipeline_context import _ModelStepArguments, check_step_arguments
from atelier.workflow.retry import RetryPolicy, SageMakerJobStepRetryPolicy
from atelier.workflow.step_collections import StepCollection
from atelier.workflow.steps import CreateModelStep, DependsOn, RegisterModelStep

Policies = Optional[Union[Sequence[RetryPolicy], Dict[str, List[RetryPolicy]]]]


class ModelStep(StepCollection):
    """Makes a model (NAME-CreateModel) or adds a version to a group (NAME-RegisterModel).

    step_args are of model.create() or model.register(). Where code must be packed into the artifacts first, a step
    NAME-RepackModel-N goes before. retry_policies: one list for all, or a dict of lists with the keys
    create_model_retry_policies, register_model_retry_policies and repack_model_retry_policies.
    """

    def __init__(
        self,
        name: str,
        step_args: _ModelStepArguments,
        depends_on: DependsOn = None,
        retry_policies: Policies = None,
        display_name: Optional[str] = None,
        description: Optional[str] = None,
        repack_model_step_settings: Optional[Dict[str, Any]] = None,
    ) -> None:
        callers = {"create_model", "create_model_package_from_containers"}
        check_step_arguments(
            step_args, callers, "The step_args of a ModelStep must be of model.create() or model.register()"
        )
        super().__init__(name, depends_on=depends_on)
        self.step_args = step_args
        self.display_name = display_name
        self.description = description
        register = step_args.caller_name != "create_model"
        kind = "register" if register else "create"
        own = _policies(retry_policies, f"{kind}_model_retry_policies")
        if any(isinstance(policy, SageMakerJobStepRetryPolicy) for policy in own):
            raise ValueError("A SageMakerJobStepRetryPolicy does not fit a ModelStep; take a StepRetryPolicy")
        request = copy.copy(step_args.request)
        containers = _containers(request)
        for place, model in enumerate(step_args.models):
            if model.is_repack():
                containers[place]["ModelDataUrl"] = self._add_repack_step(
                    place, step_args, containers[place]["ModelDataUrl"],
                    _policies(retry_policies, "repack_model_retry_policies"), dict(repack_model_step_settings or {}),
                )
        make = RegisterModelStep if register else CreateModelStep
        step = make(
            f"{name}-{'RegisterModel' if register else 'CreateModel'}", step_args=request, retry_policies=own,
            display_name=display_name, description=description,
        )
        if not self.steps:
            step.add_depends_on(depends_on)
        self.steps.append(step)

    def _add_repack_step(
        self, place: int, arguments: _ModelStepArguments, model_data: Any, policies: Sequence[RetryPolicy],
        settings: Dict[str, Any],
    ) -> Any:
        model = arguments.models[place]
        assert model.entry_point is not None
        vpc = model.vpc_config or {}
        options: Dict[str, Any] = {
            "sagemaker_session": arguments.session,
            "role": arguments.role,
            "subnets": vpc.get("Subnets"),
            "security_group_ids": vpc.get("SecurityGroupIds"),
            "output_kms_key": model.model_kms_key,
            **{key: value for key, value in settings.items() if key not in ("entry_point", "source_dir", "dependencies")},
        }
        step = RepackModelStep(
            f"{self.name}-RepackModel-{model.name or place}", model_data=model_data, entry_point=model.entry_point,
            source_dir=model.source_dir, dependencies=model.dependencies, depends_on=self.depends_on,
            retry_policies=policies, description="Packs the serving code into the model", **options,
        )
        self.steps.append(step)
        return step.properties.ModelArtifacts.S3ModelArtifacts


def _policies(given: Policies, key: str) -> Sequence[RetryPolicy]:
    return given.get(key) or [] if isinstance(given, dict) else given or []


def _containers(request: RequestType) -> List[RequestType]:
    """The containers of a request, made the request's own so that they can be changed."""
    if "PrimaryContainer" in request:
        request["PrimaryContainer"] = dict(request["PrimaryContainer"])
        return [request["PrimaryContainer"]]
    if "Containers" in request:
        request["Containers"] = [dict(container) for container in request["Containers"]]
        containers: List[RequestType] = request["Containers"]
        return containers
    specification = dict(request["InferenceSpecification"])
    specification["Containers"] = [dict(container) for container in specification["Containers"]]
    request["InferenceSpecification"] = specification
    containers = specification["Containers"]
    return containers
