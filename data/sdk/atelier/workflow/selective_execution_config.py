# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Running only some steps, with the outputs of an earlier execution for the others."""

from __future__ import annotations

from typing import List, Optional

from atelier.workflow.entities import RequestType


class SelectiveExecutionConfig:
    """Which steps to run. All steps on a path between two selected ones must be selected too.

    The reference is source_pipeline_execution_arn or, without one, the latest execution.
    """

    def __init__(
        self,
        selected_steps: List[str],
        reference_latest_execution: bool = True,
        source_pipeline_execution_arn: Optional[str] = None,
    ) -> None:
        self.selected_steps = selected_steps
        self.reference_latest_execution = reference_latest_execution
        self.source_pipeline_execution_arn = source_pipeline_execution_arn

    def to_request(self) -> RequestType:
        """The object of the start request (it is no part of the definition)."""
        request: RequestType = {}
        if self.source_pipeline_execution_arn is not None:
            request["SourcePipelineExecutionArn"] = self.source_pipeline_execution_arn
        if self.selected_steps is not None:
            request["SelectedSteps"] = [{"StepName": name} for name in self.selected_steps]
        return request
