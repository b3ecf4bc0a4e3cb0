# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Ranges of hyperparameters for a tuning job."""

from __future__ import annotations

import json
from typing import Any, List, Union

from atelier.utils import to_string
from atelier.workflow.entities import PipelineVariable, RequestType, Str


class ParameterRange:
    """A range of numbers. scaling_type: Auto, Linear, Logarithmic or ReverseLogarithmic."""

    kind = ""

    def __init__(
        self,
        min_value: Union[int, float, PipelineVariable],
        max_value: Union[int, float, PipelineVariable],
        scaling_type: Str = "Auto",
    ) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.scaling_type = scaling_type

    def as_tuning_range(self, name: str) -> RequestType:
        """The range of the hyperparameter `name` as JSON; the numbers are text there."""
        return {
            "Name": name,
            "MinValue": to_string(self.min_value),
            "MaxValue": to_string(self.max_value),
            "ScalingType": self.scaling_type,
        }

    def as_json_range(self, name: str) -> RequestType:
        """The same for a script, which reads values as JSON."""
        return self.as_tuning_range(name)


class ContinuousParameter(ParameterRange):
    """Real numbers of a range."""

    kind = "Continuous"


class IntegerParameter(ParameterRange):
    """Whole numbers of a range."""

    kind = "Integer"


class CategoricalParameter(ParameterRange):
    """One of several values."""

    kind = "Categorical"

    def __init__(self, values: Any) -> None:
        self.values: List[Any] = [to_string(value) for value in (values if isinstance(values, list) else [values])]

    def as_tuning_range(self, name: str) -> RequestType:
        return {"Name": name, "Values": self.values}

    def as_json_range(self, name: str) -> RequestType:
        return {"Name": name, "Values": [json.dumps(value) for value in self.values]}
