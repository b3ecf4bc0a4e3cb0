# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""FailStep: ends the execution as failed."""

from __future__ import annotations

from typing import Optional

from atelier.workflow.entities import RequestType, Str
from atelier.workflow.properties import Properties
from atelier.workflow.steps import DependsOn, Step, StepTypeEnum


class FailStep(Step):
    """Ends the execution as failed, with a message. Nothing can depend on it."""

    def __init__(
        self,
        name: str,
        error_message: Optional[Str] = None,
        display_name: Optional[str] = None,
        description: Optional[str] = None,
        depends_on: DependsOn = None,
    ) -> None:
        super().__init__(name, display_name, description, StepTypeEnum.FAIL, depends_on)
        self.error_message: Str = "" if error_message is None else error_message

    @property
    def arguments(self) -> RequestType:
        return {"ErrorMessage": self.error_message}

    @property
    def properties(self) -> Properties:
        """Raises RuntimeError: nothing comes after this step."""
        raise RuntimeError(f"The FailStep “{self.name}” ends the pipeline and has no properties")
