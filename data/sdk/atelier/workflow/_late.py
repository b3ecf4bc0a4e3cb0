# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Addresses that are known only while the pipeline runs, as plain text.

`step.arguments` gives the addresses of a step's outputs, and public pipelines put them into texts
(``"{}/evaluation.json".format(uri)``). An expression could not be put into a text, and a fixed address would be overwritten
by the next execution. So such an address is a text with marks in it, which `Pipeline.definition()` resolves: in the step's own
arguments to a Join with the execution's id, elsewhere to a reference to the step's property, which is also right when the step
took its outputs from an earlier execution.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional

from atelier.workflow.execution_variables import ExecutionVariables
from atelier.workflow.functions import Join
from atelier.workflow.properties import Properties

_PIPELINE = "<atelier:PipelineName>"
_EXECUTION = "<atelier:PipelineExecutionId>"
_ADDRESS = re.compile(f"s3://[^<]*{_PIPELINE}/{_EXECUTION}/(?P<step>[^/]+)(?P<rest>/.*)?", re.DOTALL)


def late_uri(bucket: str, prefix: Optional[str], step_name: str, *parts: str) -> str:
    """The address of something that each execution has anew: s3://BUCKET/[PREFIX/]PIPELINE/EXECUTION/STEP/PARTS."""
    return "s3://" + "/".join([bucket, *([prefix] if prefix else []), _PIPELINE, _EXECUTION, step_name, *parts])


def steps_of(text: str) -> List[str]:
    """The names of the steps whose addresses are in a text."""
    return re.findall(f"{_PIPELINE}/{_EXECUTION}/([^/]+)", text) if "<atelier:" in text else []


def expand(text: str, pipeline_name: str, own_step: str, kinds: Dict[str, str]) -> Any:
    """A text with its marks resolved: the same text if it has none, else a pipeline variable.

    `own_step` is the step in whose arguments the text stands, `kinds` has the type of each step.
    """
    if "<atelier:" not in text:
        return text
    match = _ADDRESS.fullmatch(text) if text.count(_PIPELINE) == 1 else None
    if match and match.group("step") != own_step:
        found = _property(match.group("step"), match.group("rest") or "", kinds)
        if found is not None:
            return found
    text = text.replace(_PIPELINE, pipeline_name)
    parts = ["s3:/", *text[5:].split("/")] if text.startswith("s3://") else text.split("/")
    return Join(on="/", values=[_part(part) for part in parts])


def _property(step: str, rest: str, kinds: Dict[str, str]) -> Any:
    """The property of a step that holds the address, joined with what follows it."""
    if kinds.get(step) == "Processing":
        match = re.fullmatch("/output/(?P<name>[^/]+)(?P<rest>/.*)?", rest, re.DOTALL)
        if match is None:
            return None
        path, rest = f"ProcessingOutputConfig.Outputs['{match.group('name')}'].S3Output.S3Uri", match.group("rest") or ""
    elif kinds.get(step) == "Transform":
        path = "TransformOutput.S3OutputPath"
    else:
        return None
    value = Properties(step, path)
    return Join(on="/", values=[value, *rest[1:].split("/")]) if rest else value


def _part(text: str) -> Any:
    pieces: List[Any] = [piece for piece in re.split(f"({_EXECUTION})", text) if piece]
    pieces = [ExecutionVariables.PIPELINE_EXECUTION_ID if piece == _EXECUTION else piece for piece in pieces]
    if len(pieces) > 1:
        return Join(on="", values=pieces)
    return pieces[0] if pieces else ""
