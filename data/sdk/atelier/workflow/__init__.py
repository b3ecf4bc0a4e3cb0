# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Pipelines: steps, parameters, conditions and what joins them."""

from __future__ import annotations

from typing import Any

from atelier.workflow.entities import Expression


def is_pipeline_variable(var: object) -> bool:
    """Whether a value is known only while the pipeline runs."""
    return isinstance(var, Expression)


def is_pipeline_parameter_string(var: Any) -> bool:
    """Whether a value is a String parameter."""
    from atelier.workflow.parameters import ParameterString

    return isinstance(var, ParameterString)
