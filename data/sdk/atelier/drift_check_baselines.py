# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Baselines that are registered with a model version, for later checks against drift."""

from __future__ import annotations

from typing import Optional

from atelier.model_metrics import FileSource, MetricsSource, group
from atelier.workflow.entities import RequestType


class DriftCheckBaselines:
    """The baselines of a model: quality, data quality, bias, explainability."""

    def __init__(
        self,
        model_statistics: Optional[MetricsSource] = None,
        model_constraints: Optional[MetricsSource] = None,
        model_data_statistics: Optional[MetricsSource] = None,
        model_data_constraints: Optional[MetricsSource] = None,
        bias_config_file: Optional[FileSource] = None,
        bias_pre_training_constraints: Optional[MetricsSource] = None,
        bias_post_training_constraints: Optional[MetricsSource] = None,
        explainability_constraints: Optional[MetricsSource] = None,
        explainability_config_file: Optional[FileSource] = None,
    ) -> None:
        self.model_statistics = model_statistics
        self.model_constraints = model_constraints
        self.model_data_statistics = model_data_statistics
        self.model_data_constraints = model_data_constraints
        self.bias_config_file = bias_config_file
        self.bias_pre_training_constraints = bias_pre_training_constraints
        self.bias_post_training_constraints = bias_post_training_constraints
        self.explainability_constraints = explainability_constraints
        self.explainability_config_file = explainability_config_file

    def _to_request_dict(self) -> RequestType:
        groups = {
            "ModelQuality": group(Statistics=self.model_statistics, Constraints=self.model_constraints),
            "ModelDataQuality": group(Statistics=self.model_data_statistics, Constraints=self.model_data_constraints),
            "Bias": group(
                ConfigFile=self.bias_config_file,
                PreTrainingConstraints=self.bias_pre_training_constraints,
                PostTrainingConstraints=self.bias_post_training_constraints,
            ),
            "Explainability": group(
                Constraints=self.explainability_constraints, ConfigFile=self.explainability_config_file
            ),
        }
        return {key: value for key, value in groups.items() if value}
