# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Sessions under which jobs are not started but become steps, and what their calls give."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Optional, Set

from atelier.session import Session
from atelier.utils import base_from_name
from atelier.workflow.entities import RequestType

if TYPE_CHECKING:
    from atelier.model import Model

_keep_job_names: ContextVar[bool] = ContextVar("keep_job_names", default=False)


class _StepArguments:
    """What `processor.run()`, `estimator.fit()` and the like give under a PipelineSession: a job yet to be described.

    `build` makes the request for the step of the given name; it may upload code, always to addresses made of content.
    """

    def __init__(self, caller_name: str, build: Callable[[str], RequestType]) -> None:
        self.caller_name = caller_name
        self.build = build


class _ModelStepArguments(_StepArguments):
    """What `model.create()` and `model.register()` give: the finished request and the models that need repacking."""

    def __init__(self, caller_name: str, request: RequestType, models: "List[Model]", role: str, session: Session) -> None:
        super().__init__(caller_name, lambda step_name: request)
        self.request = request
        self.models = models
        self.role = role
        self.session = session


class PipelineSession(Session):
    """A session whose jobs become steps of a pipeline. Nothing is started."""


class LocalPipelineSession(PipelineSession):
    """The same: in Atelier every pipeline is local."""

    def __init__(
        self,
        boto_session: Any = None,
        default_bucket: Optional[str] = None,
        s3_endpoint_url: Optional[str] = None,
        disable_local_code: bool = False,
        default_bucket_prefix: Optional[str] = None,
    ) -> None:
        super().__init__(
            boto_session=boto_session, default_bucket=default_bucket, default_bucket_prefix=default_bucket_prefix
        )


def step_arguments(
    session: Optional[Session], caller_name: str, call: str, build: Callable[[str], RequestType]
) -> _StepArguments:
    """The step arguments of `call`; RuntimeError under a plain Session, which would have started the job."""
    refuse_plain_session(session, call)
    return _StepArguments(caller_name, build)


def refuse_plain_session(session: Optional[Session], call: str) -> None:
    """RuntimeError when a job was asked for under a Session that is no PipelineSession."""
    if session is not None and not isinstance(session, PipelineSession):
        raise RuntimeError(
            f"{call} starts no job here: give it sagemaker_session=PipelineSession() and its result to a step "
            "as step_args"
        )


def check_step_arguments(step_args: Optional[_StepArguments], callers: Set[str], sentence: str) -> None:
    """TypeError or ValueError with the sentence when step_args come from another call than the step wants."""
    if not isinstance(step_args, _StepArguments):
        raise TypeError(sentence)
    if step_args.caller_name not in callers:
        raise ValueError(sentence)


@contextmanager
def keeping_job_names(keep: bool) -> Iterator[None]:
    """Within it, requests keep the prefix of their job names (PipelineDefinitionConfig.use_custom_job_prefix)."""
    token = _keep_job_names.set(keep)
    try:
        yield
    finally:
        _keep_job_names.reset(token)


def without_job_name(request: RequestType, key: str) -> Dict[str, Any]:
    """A request without its job name, or with the name's prefix only where names are kept."""
    name = request.get(key)
    if not _keep_job_names.get():
        return {k: value for k, value in request.items() if k != key}
    if key in request and not name:
        raise ValueError(f"use_custom_job_prefix needs a name for the job, but {key} is not given")
    return {**request, key: base_from_name(name)} if isinstance(name, str) else request
