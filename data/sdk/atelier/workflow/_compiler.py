# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Makes the steps of a definition out of a pipeline's steps.

The list of steps that a person gives may leave out steps that others refer to: those are added. Steps of a branch stand in
their ConditionStep only. DependsOn becomes a list of names.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Deque, Dict, Iterable, Iterator, List, Sequence, Set, Tuple, Union

from atelier.workflow._late import expand, steps_of
from atelier.workflow.condition_step import ConditionStep
from atelier.workflow.entities import Expression, PipelineVariable, RequestType
from atelier.workflow.step_collections import StepCollection
from atelier.workflow.steps import Step

AnyStep = Union[Step, StepCollection]


class StepsCompiler:
    """Builds the steps' JSON once. Raises ValueError for double names, and for names that no step has."""

    def __init__(self, steps: Sequence[AnyStep]) -> None:
        self._steps = list(steps)
        self._by_name: Dict[str, AnyStep] = {}
        self._known: Set[int] = set()
        self._queue: Deque[Step] = deque()
        for step in self._steps:
            self._take_name(step)

    def build(self) -> List[RequestType]:
        """The steps in the order given, then those that were only referred to. Pipeline variables are still in them."""
        self._enqueue(self._flat(self._steps))
        requests = []
        while self._queue:
            requests.append(self._request(self._queue.popleft()))
        return requests

    def _take_name(self, step: AnyStep) -> None:
        if not isinstance(step, (Step, StepCollection)):
            raise ValueError(f"A pipeline consists of steps, but {step!r} is none")
        if step.name in self._by_name:
            raise ValueError(
                f"The name “{step.name}” is used for two steps; a step in a branch of a ConditionStep stands only there"
            )
        self._by_name[step.name] = step
        if isinstance(step, ConditionStep):
            for inner in [*step.if_steps, *step.else_steps]:
                self._take_name(inner)
        elif isinstance(step, StepCollection):
            for inner in step.steps:
                self._take_name(inner)

    def _flat(self, steps: Iterable[Union[AnyStep, str]], reader: str = "") -> Iterator[Step]:
        for step in steps:
            if isinstance(step, str):
                if step not in self._by_name:
                    raise ValueError(f"Step “{reader}” refers to the step “{step}”, which is not in the pipeline")
                step = self._by_name[step]
            if isinstance(step, StepCollection):
                yield from step.steps
            elif isinstance(step, Step):
                yield step
            else:
                raise ValueError(f"Step “{reader}” depends on {step!r}, which is no step")

    def _enqueue(self, steps: Iterable[Step]) -> None:
        for step in steps:
            if id(step) in self._known:
                continue
            if self._by_name.setdefault(step.name, step) is not step:
                raise ValueError(f"The name “{step.name}” is used for two steps")
            self._know(step)
            self._queue.append(step)

    def _know(self, step: Step) -> None:
        self._known.add(id(step))
        if isinstance(step, ConditionStep):
            for inner in self._flat([*step.if_steps, *step.else_steps]):
                self._know(inner)

    def _request(self, step: Step) -> RequestType:
        try:
            return self._build(step)
        except Exception as error:
            if not hasattr(error, "atelier_place"):
                error.atelier_place = step.place  # type: ignore[attr-defined]
            raise

    def _build(self, step: Step) -> RequestType:
        if isinstance(step, ConditionStep):
            branches = [[self._request(inner) for inner in self._flat(steps)] for steps in (step.if_steps, step.else_steps)]
            request = step.request_with(*branches)
            used = step.step_only_arguments
        else:
            request = used = step.to_request()
        depends_on = list({inner.name: inner for inner in self._flat(step.depends_on or [], step.name)}.values())
        if depends_on:
            request["DependsOn"] = [inner.name for inner in depends_on]
        # DependsOn holds names by now; the values that the step uses may name further steps.
        values = {key: value for key, value in used.items() if key != "DependsOn"}
        self._enqueue(depends_on)
        self._enqueue(self._flat(_references(values), step.name))
        return request


def _references(value: Any) -> Iterator[Union[Step, str]]:
    """The steps that the pipeline variables in a JSON value come from."""
    if isinstance(value, PipelineVariable):
        yield from value._referenced_steps
    elif isinstance(value, str):
        yield from steps_of(value)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, (list, tuple, set)):
        for inner in value:
            yield from _references(inner)


class Interpolator:
    """Puts expressions in the place of pipeline variables, in the steps of one pipeline."""

    def __init__(self, pipeline_name: str, steps: Sequence[RequestType] = ()) -> None:
        self._pipeline_name = pipeline_name
        self._kinds = dict(_kinds(steps))

    def value(self, value: Any, where: str, own_step: str = "") -> Any:
        """A JSON value with expressions. `where` names the place in errors, `own_step` the step it belongs to.

        Raises TypeError for values that JSON has no form for, ValueError for NaN and infinity.
        """
        if isinstance(value, Expression):
            return self.value(value.expr, where, own_step)
        if isinstance(value, str):
            late = expand(value, self._pipeline_name, own_step, self._kinds)
            return late if isinstance(late, str) else self.value(late, where, own_step)
        if value is None or isinstance(value, (bool, int)):
            return value
        if isinstance(value, float):
            if value - value != 0:
                raise ValueError(f"{where} is {value}, which JSON cannot hold")
            return value
        if isinstance(value, dict):
            if _is_step(value):
                own_step, where = value["Name"], f"Step “{value['Name']}”: "
            return {str(key): self.value(inner, _below(where, key), own_step) for key, inner in value.items()}
        if isinstance(value, (list, tuple, set)):
            return [self.value(inner, f"{where}[{i}]", own_step) for i, inner in enumerate(value)]
        raise TypeError(f"{where} is {value!r}, which cannot stand in a definition")


def _below(where: str, key: object) -> str:
    return f"{where}{key}" if where.endswith(": ") else f"{where}.{key}"


def _is_step(value: RequestType) -> bool:
    return {"Name", "Type", "Arguments"} <= value.keys() and isinstance(value["Name"], str)


def _kinds(steps: Sequence[RequestType]) -> Iterator[Tuple[str, str]]:
    """Name and type of all steps, those in branches included."""
    for step in steps:
        yield step["Name"], step["Type"]
        for branch in ("IfSteps", "ElseSteps"):
            yield from _kinds(step["Arguments"].get(branch, []) if step["Type"] == "Condition" else [])
