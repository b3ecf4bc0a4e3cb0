# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The base classes of what stands in a definition: entities, expressions and pipeline variables.

A *pipeline variable* is a value that is known only while the pipeline runs: a parameter, a property of a step, an
execution variable, a Join or JsonGet of those. In the definition it is a small JSON object, its ``expr``.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Dict, List, NoReturn, Union

if TYPE_CHECKING:
    from atelier.workflow.steps import Step

PrimitiveType = Union[str, int, bool, float, None]
RequestType = Dict[str, Any]


class Entity(abc.ABC):
    """Something that is written into the definition as a JSON object."""

    @abc.abstractmethod
    def to_request(self) -> RequestType:
        """The JSON object; it may still hold pipeline variables, which `Pipeline.definition()` resolves."""


class Expression(abc.ABC):
    """Something that is written into the definition as an expression."""

    @property
    @abc.abstractmethod
    def expr(self) -> RequestType:
        """The expression's JSON object."""


class PipelineVariable(Expression):
    """A value that is known only while the pipeline runs.

    It cannot be added, formatted or turned into a number while the definition is made: use `to_string()` or
    `atelier.workflow.functions.Join`. Trying so raises TypeError with a sentence that says this.
    """

    def _refuse(self, what: str) -> NoReturn:
        raise TypeError(
            f"A pipeline variable (here {self.expr}) has no value before the pipeline runs, so it cannot be {what}; "
            "use Join(on=\"\", values=[…]) or .to_string() instead"
        )

    def __add__(self, other: object) -> NoReturn:
        self._refuse("added to something")

    def __radd__(self, other: object) -> NoReturn:
        self._refuse("added to something")

    def __str__(self) -> str:
        self._refuse("put into a text")

    def __int__(self) -> int:
        self._refuse("turned into a number")

    def __float__(self) -> float:
        self._refuse("turned into a number")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.expr!r})"

    def to_string(self) -> "PipelineVariable":
        """The same value as text once the pipeline runs."""
        from atelier.workflow.functions import Join

        return Join(on="", values=[self])

    @property
    @abc.abstractmethod
    def _referenced_steps(self) -> List[Union["Step", str]]:
        """The steps (or their names) that this value comes from."""


Str = Union[str, PipelineVariable]
Int = Union[int, PipelineVariable]
Bool = Union[bool, PipelineVariable]
