# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Which experiment and trial an execution belongs to: labels of the run."""

from __future__ import annotations

from typing import Union

from atelier.workflow.entities import Entity, Expression, RequestType


class PipelineExperimentConfig(Entity):
    """The names of experiment and trial, each a text or an expression."""

    def __init__(self, experiment_name: Union[str, Expression], trial_name: Union[str, Expression]) -> None:
        self.experiment_name = experiment_name
        self.trial_name = trial_name

    def to_request(self) -> RequestType:
        return {"ExperimentName": self.experiment_name, "TrialName": self.trial_name}


class PipelineExperimentConfigProperty(Expression):
    """A reference to the resolved name of the experiment or trial."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def expr(self) -> RequestType:
        return {"Get": f"PipelineExperimentConfig.{self.name}"}


class PipelineExperimentConfigProperties:
    """The two references there are."""

    EXPERIMENT_NAME = PipelineExperimentConfigProperty("ExperimentName")
    TRIAL_NAME = PipelineExperimentConfigProperty("TrialName")
