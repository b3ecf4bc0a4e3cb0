# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""ClarifyCheckStep: checks data or a model for bias, or a model's explanation, against a baseline."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, List, Optional, Union

from atelier import _store
from atelier.clarify import BiasConfig, DataConfig, ModelConfig, ModelPredictedLabelConfig, SHAPConfig
from atelier.processing import ProcessingInput, ProcessingOutput
from atelier.workflow._check_step import CheckStep
from atelier.workflow.check_job_config import CheckJobConfig
from atelier.workflow.entities import Bool, RequestType, Str
from atelier.workflow.steps import CacheConfig, DependsOn, StepTypeEnum


@dataclass
class DataBiasCheckConfig:
    """Checks the data for bias before a training."""

    data_config: DataConfig
    data_bias_config: BiasConfig
    methods: Union[str, List[str]] = "all"
    kms_key: Optional[str] = None

    check_type = "DATA_BIAS"


@dataclass
class ModelBiasCheckConfig:
    """Checks a model's predictions for bias."""

    data_config: DataConfig
    data_bias_config: BiasConfig
    model_config: ModelConfig
    model_predicted_label_config: ModelPredictedLabelConfig
    methods: Union[str, List[str]] = "all"
    kms_key: Optional[str] = None

    check_type = "MODEL_BIAS"


@dataclass
class ModelExplainabilityCheckConfig:
    """Checks which features a model's predictions rest on."""

    data_config: DataConfig
    model_config: ModelConfig
    explainability_config: SHAPConfig
    model_scores: Optional[Union[str, int, ModelPredictedLabelConfig]] = None
    kms_key: Optional[str] = None

    check_type = "MODEL_EXPLAINABILITY"


ClarifyCheckConfig = Union[DataBiasCheckConfig, ModelBiasCheckConfig, ModelExplainabilityCheckConfig]


class ClarifyCheckStep(CheckStep):
    """A check of the kind of its clarify_check_config. The analysis configuration is put into the store."""

    _PROPERTIES = ["CalculatedBaselineConstraints", "BaselineUsedForDriftCheckConstraints"]

    def __init__(
        self,
        name: str,
        clarify_check_config: ClarifyCheckConfig,
        check_job_config: CheckJobConfig,
        skip_check: Bool = False,
        fail_on_violation: Bool = True,
        register_new_baseline: Bool = False,
        model_package_group_name: Optional[Str] = None,
        supplied_baseline_constraints: Optional[Str] = None,
        display_name: Optional[str] = None,
        description: Optional[str] = None,
        cache_config: Optional[CacheConfig] = None,
        depends_on: DependsOn = None,
    ) -> None:
        supplied: RequestType = {"SuppliedBaselineConstraints": supplied_baseline_constraints}
        if not isinstance(clarify_check_config, DataBiasCheckConfig):
            supplied["ModelName"] = clarify_check_config.model_config.get_predictor_config().get("model_name")
        super().__init__(
            name, StepTypeEnum.CLARIFY_CHECK, check_job_config, skip_check, fail_on_violation, register_new_baseline,
            model_package_group_name, supplied, display_name, description, cache_config, depends_on,
        )
        self.clarify_check_config = clarify_check_config

    def _check_type(self) -> str:
        return self.clarify_check_config.check_type

    @property
    def arguments(self) -> RequestType:
        data = self.clarify_check_config.data_config
        session = self.check_job_config.sagemaker_session
        analysis = json.dumps(_analysis_config(self.clarify_check_config), sort_keys=True)
        config = _store.stage_bytes(
            analysis.encode(), "analysis_config.json", session.default_bucket(), session.default_bucket_prefix, "input"
        )
        inputs = [
            ProcessingInput(config, "/opt/ml/processing/input/config", "analysis_config"),
            ProcessingInput(
                data.s3_data_input_path, "/opt/ml/processing/input/data", "dataset",
                s3_compression_type=data.s3_compression_type,
            ),
        ]
        output = ProcessingOutput("/opt/ml/processing/output", data.s3_output_path, "analysis_result")
        return self._arguments(self.check_job_config._processor("clarify", self.check_job_config.env), inputs, output)


def _analysis_config(config: ClarifyCheckConfig) -> RequestType:
    analysis = config.data_config.get_config()
    methods: RequestType
    if isinstance(config, DataBiasCheckConfig):
        analysis.update(config.data_bias_config.get_config())
        methods = {"pre_training_bias": {"methods": config.methods}}
    elif isinstance(config, ModelBiasCheckConfig):
        analysis.update(config.data_bias_config.get_config())
        methods = {"post_training_bias": {"methods": config.methods}}
        _add_predictor(analysis, config.model_config, config.model_predicted_label_config)
    else:
        methods = config.explainability_config.get_explainability_config()
        _add_predictor(analysis, config.model_config, config.model_scores)
    analysis["methods"] = {**methods, "report": {"name": "report", "title": "Analysis Report"}}
    return analysis


def _add_predictor(analysis: RequestType, model: ModelConfig, label: Any) -> None:
    predictor = model.get_predictor_config()
    predictor.pop("model_name", None)  # stands in the step itself, where it may be a pipeline variable
    if isinstance(label, ModelPredictedLabelConfig):
        threshold, parts = label.get_predictor_config()
        predictor.update(parts)
        if threshold is not None:
            analysis["probability_threshold"] = threshold
    elif label is not None:
        predictor["label"] = label
    analysis["predictor"] = predictor
