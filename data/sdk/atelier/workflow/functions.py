# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Functions that are evaluated while the pipeline runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, List, Optional, Union

from atelier.workflow.entities import Expression, PipelineVariable, RequestType
from atelier.workflow.properties import PropertyFile

if TYPE_CHECKING:
    from atelier.workflow.steps import Step


@dataclass(eq=False, repr=False)
class Join(PipelineVariable):
    """Values (literals or pipeline variables) turned to text and joined with `on` between them."""

    on: str = ""
    values: List[Any] = field(default_factory=list)

    def to_string(self) -> PipelineVariable:
        return self

    @property
    def expr(self) -> RequestType:
        values = [value.expr if isinstance(value, Expression) else value for value in self.values]
        return {"Std:Join": {"On": self.on, "Values": values}}

    @property
    def _referenced_steps(self) -> List[Union["Step", str]]:
        steps: List[Union["Step", str]] = []
        for value in self.values:
            if isinstance(value, PipelineVariable):
                steps.extend(value._referenced_steps)
        return steps


@dataclass(eq=False, repr=False)
class JsonGet(PipelineVariable):
    """A value out of a JSON file that a step has written.

    The file is either a property file of the Processing step `step_name`, or an object at `s3_uri` (a Join), never
    both. `json_path` is a path such as ``regression_metrics.mse.value`` or ``rows[0]['a b']``.
    Raises ValueError when neither or both are given.
    """

    step_name: Optional[str] = None
    property_file: Optional[Union[PropertyFile, str]] = None
    json_path: Optional[str] = None
    s3_uri: Optional[Join] = None
    step: Optional["Step"] = None

    def __post_init__(self) -> None:
        if bool(self.property_file) == bool(self.s3_uri):
            raise ValueError("JsonGet needs either a property_file or an s3_uri, and not both")
        if self.s3_uri and not isinstance(self.s3_uri, Join):
            raise ValueError("The s3_uri of JsonGet must be a Join")

    @property
    def expr(self) -> RequestType:
        if self.s3_uri:
            return {"Std:JsonGet": {"S3Uri": self.s3_uri.expr, "Path": self.json_path}}
        if not isinstance(self.step_name, str) or not self.step_name:
            raise ValueError("JsonGet with a property_file needs the step_name of the step that writes it")
        file = self.property_file
        name = file.name if isinstance(file, PropertyFile) else file
        return {
            "Std:JsonGet": {
                "PropertyFile": {"Get": f"Steps.{self.step_name}.PropertyFiles.{name}"},
                "Path": self.json_path,
            }
        }

    @property
    def _referenced_steps(self) -> List[Union["Step", str]]:
        if self.step is not None:
            return [self.step]
        return [self.step_name] if self.step_name else []
