# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Parameters: the values that a person may change at each start of a pipeline."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, List, Optional, Tuple, Union

from atelier.workflow.entities import Entity, PipelineVariable, PrimitiveType, RequestType

if TYPE_CHECKING:
    from atelier.workflow.steps import Step


class ParameterTypeEnum(Enum):
    """The types of parameters."""

    STRING = "String"
    INTEGER = "Integer"
    BOOLEAN = "Boolean"
    FLOAT = "Float"

    @property
    def python_type(self) -> type:
        """The Python type of a value."""
        return {"String": str, "Integer": int, "Boolean": bool, "Float": float}[self.value]


class Parameter(PipelineVariable, Entity):
    """A parameter of any type; usually one makes a ParameterString, -Integer, -Float or -Boolean.

    Without a default value one must be given at each start. Raises TypeError when the default has another type
    (an Integer is a fine Float).
    """

    def __init__(
        self,
        name: str,
        parameter_type: ParameterTypeEnum = ParameterTypeEnum.STRING,
        default_value: PrimitiveType = None,
    ) -> None:
        self.name = name
        self.parameter_type = parameter_type
        self.default_value = default_value
        accepted: Tuple[type, ...] = (parameter_type.python_type,)
        if parameter_type is ParameterTypeEnum.FLOAT:
            accepted = (float, int)
        wrong = default_value is not None and not isinstance(default_value, accepted)
        if isinstance(default_value, bool) and parameter_type is not ParameterTypeEnum.BOOLEAN:
            wrong = True
        if wrong:
            raise TypeError(
                f"The default value {default_value!r} of parameter “{name}” is not of its type {parameter_type.value}"
            )

    def to_request(self) -> RequestType:
        request: RequestType = {"Name": self.name, "Type": self.parameter_type.value}
        if self.default_value is not None:
            request["DefaultValue"] = self.default_value
        return request

    @property
    def expr(self) -> RequestType:
        return {"Get": f"Parameters.{self.name}"}

    @property
    def _referenced_steps(self) -> List[Union["Step", str]]:
        return []


class ParameterString(Parameter):
    """A text. With enum_values only one of those is accepted at start."""

    def __init__(
        self, name: str, default_value: Optional[str] = None, enum_values: Optional[List[str]] = None
    ) -> None:
        super().__init__(name, ParameterTypeEnum.STRING, default_value)
        if enum_values and default_value is not None and default_value not in enum_values:
            raise ValueError(f"The default value “{default_value}” of parameter “{name}” is not among its enum_values")
        self.enum_values = enum_values

    def to_string(self) -> PipelineVariable:
        return self

    def to_request(self) -> RequestType:
        request = super().to_request()
        if self.enum_values:
            request["EnumValues"] = self.enum_values
        return request


class ParameterInteger(Parameter):
    """A whole number."""

    def __init__(self, name: str, default_value: Optional[int] = None) -> None:
        super().__init__(name, ParameterTypeEnum.INTEGER, default_value)


class ParameterFloat(Parameter):
    """A number."""

    def __init__(self, name: str, default_value: Optional[float] = None) -> None:
        super().__init__(name, ParameterTypeEnum.FLOAT, default_value)


class ParameterBoolean(Parameter):
    """True or false."""

    def __init__(self, name: str, default_value: Optional[bool] = None) -> None:
        super().__init__(name, ParameterTypeEnum.BOOLEAN, default_value)
