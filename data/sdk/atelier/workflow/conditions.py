# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Conditions of a ConditionStep."""

from __future__ import annotations

import abc
from enum import Enum
from typing import List, Optional, Union

from atelier.workflow.entities import Entity, PipelineVariable, PrimitiveType, RequestType

ConditionValueType = Union[PipelineVariable, PrimitiveType]


class ConditionTypeEnum(Enum):
    """The types of conditions."""

    EQ = "Equals"
    GT = "GreaterThan"
    GTE = "GreaterThanOrEqualTo"
    IN = "In"
    LT = "LessThan"
    LTE = "LessThanOrEqualTo"
    NOT = "Not"
    OR = "Or"


class Condition(Entity):
    """A condition; several in one ConditionStep must all be true."""

    def __init__(self, condition_type: ConditionTypeEnum) -> None:
        self.condition_type = condition_type

    @abc.abstractmethod
    def to_request(self) -> RequestType:
        """The condition as JSON."""


class ConditionComparison(Condition):
    """Compares two values, each a literal or a pipeline variable."""

    def __init__(
        self, condition_type: ConditionTypeEnum, left: ConditionValueType, right: ConditionValueType
    ) -> None:
        super().__init__(condition_type)
        self.left = left
        self.right = right

    def to_request(self) -> RequestType:
        return {"Type": self.condition_type.value, "LeftValue": self.left, "RightValue": self.right}


class ConditionEquals(ConditionComparison):
    """left = right"""

    def __init__(self, left: ConditionValueType, right: ConditionValueType) -> None:
        super().__init__(ConditionTypeEnum.EQ, left, right)


class ConditionGreaterThan(ConditionComparison):
    """left > right"""

    def __init__(self, left: ConditionValueType, right: ConditionValueType) -> None:
        super().__init__(ConditionTypeEnum.GT, left, right)


class ConditionGreaterThanOrEqualTo(ConditionComparison):
    """left ≥ right"""

    def __init__(self, left: ConditionValueType, right: ConditionValueType) -> None:
        super().__init__(ConditionTypeEnum.GTE, left, right)


class ConditionLessThan(ConditionComparison):
    """left < right"""

    def __init__(self, left: ConditionValueType, right: ConditionValueType) -> None:
        super().__init__(ConditionTypeEnum.LT, left, right)


class ConditionLessThanOrEqualTo(ConditionComparison):
    """left ≤ right"""

    def __init__(self, left: ConditionValueType, right: ConditionValueType) -> None:
        super().__init__(ConditionTypeEnum.LTE, left, right)


class ConditionIn(Condition):
    """Whether a value is one of several."""

    def __init__(self, value: ConditionValueType, in_values: List[ConditionValueType]) -> None:
        super().__init__(ConditionTypeEnum.IN)
        self.value = value
        self.in_values = in_values

    def to_request(self) -> RequestType:
        return {"Type": self.condition_type.value, "QueryValue": self.value, "Values": self.in_values}


class ConditionNot(Condition):
    """The opposite of another condition."""

    def __init__(self, expression: Condition) -> None:
        super().__init__(ConditionTypeEnum.NOT)
        self.expression = expression

    def to_request(self) -> RequestType:
        return {"Type": self.condition_type.value, "Condition": self.expression.to_request()}


class ConditionOr(Condition):
    """True when one of several conditions is true; false when there is none."""

    def __init__(self, conditions: Optional[List[Condition]] = None) -> None:
        super().__init__(ConditionTypeEnum.OR)
        self.conditions = conditions or []

    def to_request(self) -> RequestType:
        return {
            "Type": self.condition_type.value,
            "Conditions": [condition.to_request() for condition in self.conditions],
        }
