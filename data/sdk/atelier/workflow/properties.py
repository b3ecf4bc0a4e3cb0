# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Properties of steps: references to what a finished step has, as the service would describe it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Dict, Iterable, List, Optional, Union

from atelier.workflow._shapes import Member, members
from atelier.workflow.entities import Expression, PipelineVariable, RequestType

if TYPE_CHECKING:
    from atelier.workflow.steps import Step


class Properties(PipelineVariable):
    """A reference such as ``step.properties.ModelArtifacts.S3ModelArtifacts``.

    Attributes and indices make longer references: ``.ProcessingOutputConfig.Outputs["train"].S3Output.S3Uri``.
    A name that the step cannot have raises AttributeError at once, with the name that was probably meant.
    """

    def __init__(
        self,
        step_name: str,
        path: Optional[str] = None,
        shape_name: Optional[str] = None,
        shape_names: Optional[List[str]] = None,
        service_name: str = "sagemaker",
        step: Optional["Step"] = None,
        known: Optional[Dict[str, Member]] = None,
    ) -> None:
        """A reference to `path` of a step; without shapes and `known` anything may follow."""
        self.step_name = step_name
        self.path = path
        self._step = step
        self._known = known
        for name in ([shape_name] if shape_name else []) + (shape_names or []):
            self._known = {**(self._known or {}), **members(name)}

    @classmethod
    def named(cls, step: "Step", names: Iterable[str]) -> "Properties":
        """The root of a step that has just these plain values."""
        return cls(step.name, step=step, known={name: Member("value", None) for name in names})

    def _child(self, path: str, member: Member) -> "Properties":
        kind, shape = member
        if kind in ("list", "map"):
            return PropertiesList(self.step_name, path, shape, step=self._step)
        if kind == "structure":
            return Properties(self.step_name, path, shape, step=self._step)
        return Properties(self.step_name, path, step=self._step, known={} if kind == "value" else None)

    def __getattr__(self, name: str) -> "Properties":
        if name.startswith("_"):
            raise AttributeError(name)
        path = f"{self.path}.{name}" if self.path else name
        if self._known is None:
            return Properties(self.step_name, path, step=self._step)
        if name in self._known:
            return self._child(path, self._known[name])
        where = f"“{self.path}” of step “{self.step_name}”" if self.path else f"Step “{self.step_name}”"
        near = difflib.get_close_matches(name, self._known, 1)
        hint = f"; did you mean “{near[0]}”?" if near else ""
        raise AttributeError(f"{where} has no property “{name}”{hint}")

    def __getitem__(self, item: Union[int, str]) -> "Properties":
        if self._known is not None:
            raise TypeError(f"“{self.path or 'properties'}” of step “{self.step_name}” is no list and takes no index")
        return Properties(self.step_name, _indexed(self.path, item), step=self._step)

    @property
    def expr(self) -> RequestType:
        return {"Get": f"Steps.{self.step_name}.{self.path}" if self.path else f"Steps.{self.step_name}"}

    @property
    def _referenced_steps(self) -> List[Union["Step", str]]:
        return [self._step if self._step is not None else self.step_name]


class PropertiesList(Properties):
    """A list or map among the properties: an index is a place, or the name that the element is known by."""

    def __init__(
        self, step_name: str, path: str, shape_name: Optional[str] = None, step: Optional["Step"] = None
    ) -> None:
        super().__init__(step_name, path, step=step, known={})
        self._member = Member("structure" if shape_name else "value", shape_name)

    def __getitem__(self, item: Union[int, str]) -> Properties:
        return self._child(_indexed(self.path, item), self._member)


PropertiesMap = PropertiesList


def _indexed(path: Optional[str], item: Union[int, str]) -> str:
    return f"{path or ''}['{item}']" if isinstance(item, str) else f"{path or ''}[{item}]"


@dataclass(eq=False)
class PropertyFile(Expression):
    """A JSON file that a Processing step writes and that JsonGet reads.

    `output_name` is one of the step's outputs, `path` the file's path relative to that output's folder.
    """

    name: str
    output_name: str
    path: str

    @property
    def expr(self) -> RequestType:
        return {"PropertyFileName": self.name, "OutputName": self.output_name, "FilePath": self.path}
