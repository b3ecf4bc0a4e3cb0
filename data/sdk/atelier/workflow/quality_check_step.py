# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""QualityCheckStep: checks data, or a model's predictions, against a baseline."""

from __future__ import annotations

import json
import posixpath
from dataclasses import dataclass
from typing import Dict, List, Optional

from atelier.processing import ProcessingInput, ProcessingOutput
from atelier.utils import without_none
from atelier.workflow._check_step import CheckStep
from atelier.workflow.check_job_config import CheckJobConfig
from atelier.workflow.entities import Bool, RequestType, Str
from atelier.workflow.steps import CacheConfig, DependsOn, StepTypeEnum

_INPUT = "/opt/ml/processing/input"


@dataclass
class QualityCheckConfig:
    """The dataset (an s3:// address, a local path or a pipeline variable), its DatasetFormat, and where results go."""

    baseline_dataset: Str
    dataset_format: RequestType
    output_s3_uri: Optional[Str] = None
    post_analytics_processor_script: Optional[str] = None


@dataclass
class DataQualityCheckConfig(QualityCheckConfig):
    """Checks the data itself."""

    record_preprocessor_script: Optional[str] = None


@dataclass
class ModelQualityCheckConfig(QualityCheckConfig):
    """Checks predictions. problem_type: Regression, BinaryClassification or MulticlassClassification."""

    problem_type: Optional[Str] = None
    inference_attribute: Optional[Str] = None
    probability_attribute: Optional[Str] = None
    ground_truth_attribute: Optional[Str] = None
    probability_threshold_attribute: Optional[Str] = None


class QualityCheckStep(CheckStep):
    """A check of the kind of its quality_check_config."""

    _PROPERTIES = [
        "CalculatedBaselineConstraints", "CalculatedBaselineStatistics", "BaselineUsedForDriftCheckStatistics",
        "BaselineUsedForDriftCheckConstraints",
    ]

    def __init__(
        self,
        name: str,
        quality_check_config: QualityCheckConfig,
        check_job_config: CheckJobConfig,
        skip_check: Bool = False,
        fail_on_violation: Bool = True,
        register_new_baseline: Bool = False,
        model_package_group_name: Optional[Str] = None,
        supplied_baseline_statistics: Optional[Str] = None,
        supplied_baseline_constraints: Optional[Str] = None,
        display_name: Optional[str] = None,
        description: Optional[str] = None,
        cache_config: Optional[CacheConfig] = None,
        depends_on: DependsOn = None,
    ) -> None:
        if not isinstance(quality_check_config, (DataQualityCheckConfig, ModelQualityCheckConfig)):
            raise TypeError(f"“{name}” needs a DataQualityCheckConfig or a ModelQualityCheckConfig")
        supplied = {
            "SuppliedBaselineStatistics": supplied_baseline_statistics,
            "SuppliedBaselineConstraints": supplied_baseline_constraints,
        }
        super().__init__(
            name, StepTypeEnum.QUALITY_CHECK, check_job_config, skip_check, fail_on_violation, register_new_baseline,
            model_package_group_name, supplied, display_name, description, cache_config, depends_on,
        )
        self.quality_check_config = quality_check_config

    def _check_type(self) -> str:
        return "DATA_QUALITY" if isinstance(self.quality_check_config, DataQualityCheckConfig) else "MODEL_QUALITY"

    @property
    def arguments(self) -> RequestType:
        config = self.quality_check_config
        dataset = f"{_INPUT}/baseline_dataset_input"
        inputs = [ProcessingInput(config.baseline_dataset, dataset, "baseline_dataset_input")]
        post = _script(inputs, config.post_analytics_processor_script, "post_analytics_processor_script_input")
        record = None
        if isinstance(config, DataQualityCheckConfig):
            record = _script(inputs, config.record_preprocessor_script, "record_preprocessor_script_input")
        env: Dict[str, Str] = {
            **(self.check_job_config.env or {}),
            **without_none(
                output_path="/opt/ml/processing/output",
                publish_cloudwatch_metrics="Disabled",
                dataset_format=json.dumps(config.dataset_format),
                record_preprocessor_script=record,
                post_analytics_processor_script=post,
                dataset_source=dataset,
            ),
        }
        if isinstance(config, ModelQualityCheckConfig):
            env.update(
                without_none(
                    analysis_type="MODEL_QUALITY",
                    problem_type=config.problem_type,
                    inference_attribute=config.inference_attribute,
                    probability_attribute=config.probability_attribute,
                    ground_truth_attribute=config.ground_truth_attribute,
                    probability_threshold_attribute=config.probability_threshold_attribute,
                )
            )
        output = ProcessingOutput("/opt/ml/processing/output", config.output_s3_uri, "quality_check_output")
        return self._arguments(self.check_job_config._processor("model-monitor", env), inputs, output)


def _script(inputs: List[ProcessingInput], script: Optional[str], name: str) -> Optional[str]:
    """Adds a script to the inputs; gives its path in the job."""
    if script is None:
        return None
    inputs.append(ProcessingInput(script, f"{_INPUT}/{name}", name))
    return f"{_INPUT}/{name}/{posixpath.basename(script)}"
