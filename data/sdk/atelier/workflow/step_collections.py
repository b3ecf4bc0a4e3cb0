# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Collections: one object that stands for several steps."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Union

from atelier._register import model_package_request
from atelier.estimator import EstimatorBase
from atelier.inputs import CreateModelInput, TransformInput
from atelier.model import Model, inference_parameters
from atelier.pipeline import PipelineModel
from atelier.transformer import Transformer
from atelier.utils import Tags
from atelier.workflow._repack import RepackModelStep
from atelier.workflow.entities import Int, RequestType, Str
from atelier.workflow.properties import Properties
from atelier.workflow.retry import RetryPolicy
from atelier.workflow.steps import CreateModelStep, DependsOn, RegisterModelStep, Step, TransformStep


class StepCollection:
    """Several steps under one name. To depend on it is to depend on its steps; its properties are those of the last one."""

    def __init__(self, name: str, steps: Optional[List[Step]] = None, depends_on: DependsOn = None) -> None:
        self.name = name
        self.steps: List[Step] = steps or []
        self.depends_on = list(depends_on) if depends_on else None

    def request_dicts(self) -> List[RequestType]:
        """The steps as JSON."""
        return [step.to_request() for step in self.steps]

    @property
    def properties(self) -> Properties:
        """The properties of the last step."""
        return self.steps[-1].properties


class RegisterModel(StepCollection):
    """Adds a version to a model group: NAME-RegisterModel, after NAME-RepackModel where code must be packed first.

    The model is model_data with image_uri or the estimator's image, or a Model or PipelineModel.
    """

    def __init__(
        self,
        name: str,
        content_types: Optional[List[Str]],
        response_types: Optional[List[Str]],
        inference_instances: Optional[List[Str]] = None,
        transform_instances: Optional[List[Str]] = None,
        estimator: Optional[EstimatorBase] = None,
        model_data: Any = None,
        depends_on: DependsOn = None,
        repack_model_step_retry_policies: Optional[Sequence[RetryPolicy]] = None,
        register_model_step_retry_policies: Optional[Sequence[RetryPolicy]] = None,
        model_package_group_name: Optional[Str] = None,
        model_metrics: Any = None,
        approval_status: Optional[Str] = None,
        image_uri: Optional[Str] = None,
        compile_model_family: Optional[str] = None,
        display_name: Optional[str] = None,
        description: Optional[str] = None,
        tags: Optional[Tags] = None,
        model: Optional[Union[Model, PipelineModel]] = None,
        drift_check_baselines: Any = None,
        customer_metadata_properties: Optional[Dict[str, Str]] = None,
        domain: Optional[Str] = None,
        sample_payload_url: Optional[Str] = None,
        task: Optional[Str] = None,
        framework: Optional[Str] = None,
        framework_version: Optional[Str] = None,
        nearest_model_name: Optional[Str] = None,
        data_input_configuration: Optional[Str] = None,
        skip_model_validation: Optional[Str] = None,
        source_uri: Optional[Str] = None,
        model_card: Any = None,
        model_life_cycle: Any = None,
        model_package_registration_type: Optional[Str] = None,
        base_model: Any = None,
        entry_point: Optional[str] = None,
        source_dir: Optional[str] = None,
        dependencies: Optional[List[str]] = None,
        metadata_properties: Any = None,
        **ignored: Any,
    ) -> None:
        super().__init__(name, depends_on=depends_on)
        if compile_model_family is not None:
            raise ValueError("compile_model_family is not supported: compiled models need the service")
        texts: Dict[str, Any] = {"display_name": display_name, "description": description}
        if model is not None:
            models = model.models if isinstance(model, PipelineModel) else [model]
            containers = [one.prepare_container_def() for one in models]
            said = inference_parameters(framework, framework_version, nearest_model_name, data_input_configuration)
            for one, container in zip(models, containers):
                container.update(said)
                if one.is_repack():
                    base = one.name or one._framework_name or name
                    container["ModelDataUrl"] = self._repack(
                        f"{base}-RepackModel", one, container, repack_model_step_retry_policies, texts
                    )
        else:
            if estimator is None and image_uri is None:
                raise ValueError(f"RegisterModel “{name}” needs a model, or model_data with an estimator or image_uri")
            image = image_uri if image_uri is not None else estimator.training_image_uri() if estimator else None
            if entry_point is not None:
                if estimator is None:
                    raise ValueError(f"RegisterModel “{name}” with an entry_point needs an estimator")
                coded = Model(
                    image, model_data, str(estimator.role), sagemaker_session=estimator.sagemaker_session,
                    source_dir=source_dir, entry_point=entry_point, dependencies=dependencies,
                )
                model_data = self._repack(
                    f"{name}-RepackModel", coded, {"ModelDataUrl": model_data}, repack_model_step_retry_policies, texts
                )
            containers = [{"Image": image, **({"ModelDataUrl": model_data} if model_data is not None else {})}]
        request = model_package_request(
            containers,
            content_types=content_types,
            response_types=response_types,
            inference_instances=inference_instances,
            transform_instances=transform_instances,
            model_package_group_name=model_package_group_name,
            model_metrics=model_metrics,
            metadata_properties=metadata_properties,
            approval_status=approval_status,
            description=description,
            tags=tags,
            drift_check_baselines=drift_check_baselines,
            customer_metadata_properties=customer_metadata_properties,
            domain=domain,
            task=task,
            sample_payload_url=sample_payload_url,
            skip_model_validation=skip_model_validation,
            source_uri=source_uri,
            model_package_registration_type=model_package_registration_type,
        )
        register = RegisterModelStep(
            f"{name}-RegisterModel", request, retry_policies=register_model_step_retry_policies, **texts
        )
        if not self.steps:
            register.add_depends_on(depends_on)
        self.steps.append(register)

    def _repack(
        self, name: str, model: Model, container: RequestType, retry_policies: Optional[Sequence[RetryPolicy]],
        texts: Dict[str, Any],
    ) -> Properties:
        assert model.entry_point is not None
        step = RepackModelStep(
            name, model.sagemaker_session, model.role, container["ModelDataUrl"], model.entry_point, model.source_dir,
            model.dependencies, depends_on=self.depends_on, retry_policies=retry_policies,
            output_kms_key=model.model_kms_key, **texts,
        )
        self.steps.append(step)
        return step.properties.ModelArtifacts.S3ModelArtifacts


class EstimatorTransformer(StepCollection):
    """Makes a model of an estimator's image and transforms with it: NAMECreateModelStep, NAMETransformStep."""

    def __init__(
        self,
        name: str,
        estimator: EstimatorBase,
        model_data: Any,
        model_inputs: Optional[CreateModelInput],
        instance_count: Int,
        instance_type: Str,
        transform_inputs: TransformInput,
        description: Optional[str] = None,
        display_name: Optional[str] = None,
        image_uri: Optional[Str] = None,
        predictor_cls: Any = None,
        env: Optional[Dict[str, Str]] = None,
        strategy: Optional[Str] = None,
        assemble_with: Optional[Str] = None,
        output_path: Optional[Str] = None,
        output_kms_key: Optional[Str] = None,
        accept: Optional[Str] = None,
        max_concurrent_transforms: Optional[Int] = None,
        max_payload: Optional[Int] = None,
        tags: Optional[Tags] = None,
        volume_kms_key: Optional[Str] = None,
        depends_on: DependsOn = None,
        repack_model_step_retry_policies: Optional[Sequence[RetryPolicy]] = None,
        model_step_retry_policies: Optional[Sequence[RetryPolicy]] = None,
        transform_step_retry_policies: Optional[Sequence[RetryPolicy]] = None,
    ) -> None:
        super().__init__(name, depends_on=depends_on)
        session = estimator.sagemaker_session
        model = Model(
            image_uri or estimator.training_image_uri(), model_data, str(estimator.role), sagemaker_session=session
        )
        make = CreateModelStep(
            f"{name}CreateModelStep", model=model, inputs=model_inputs, depends_on=depends_on,
            retry_policies=model_step_retry_policies, display_name=display_name, description=description,
        )
        transformer = Transformer(
            make.properties.ModelName, instance_count, instance_type, strategy, assemble_with, output_path,
            output_kms_key, accept, max_concurrent_transforms, max_payload, tags, env, name, session, volume_kms_key,
        )
        transform = TransformStep(
            f"{name}TransformStep", transformer=transformer, inputs=transform_inputs,
            retry_policies=transform_step_retry_policies, display_name=display_name, description=description,
        )
        self.steps = [make, transform]
