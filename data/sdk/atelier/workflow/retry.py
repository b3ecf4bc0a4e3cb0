# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Retry policies of steps.

A policy is for faults of the machinery; a script that ends with an error is never retried.
"""

from __future__ import annotations

from enum import Enum
from typing import List, Optional, Sequence

from atelier.workflow.entities import Entity, RequestType

DEFAULT_BACKOFF_RATE = 2.0
DEFAULT_INTERVAL_SECONDS = 1
MAX_ATTEMPTS_CAP = 20
MAX_EXPIRE_AFTER_MIN = 14400


class StepExceptionTypeEnum(Enum):
    """Faults that any step can meet."""

    SERVICE_FAULT = "Step.SERVICE_FAULT"
    THROTTLING = "Step.THROTTLING"


class SageMakerJobExceptionTypeEnum(Enum):
    """Faults that steps with a job can meet."""

    INTERNAL_ERROR = "SageMaker.JOB_INTERNAL_ERROR"
    CAPACITY_ERROR = "SageMaker.CAPACITY_ERROR"
    RESOURCE_LIMIT = "SageMaker.RESOURCE_LIMIT"


class RetryPolicy(Entity):
    """When to try again: the first time after interval_seconds, each further one after backoff_rate times as long.

    Either max_attempts (1–20) or expire_after_mins (0–14,400, counted from the step's first start) ends it.
    Raises ValueError for numbers out of range and when both or none of the two are given.
    """

    def __init__(
        self,
        backoff_rate: float = DEFAULT_BACKOFF_RATE,
        interval_seconds: int = DEFAULT_INTERVAL_SECONDS,
        max_attempts: Optional[int] = None,
        expire_after_mins: Optional[int] = None,
    ) -> None:
        if backoff_rate < 0:
            raise ValueError(f"backoff_rate must not be negative, it is {backoff_rate}")
        if interval_seconds < 0:
            raise ValueError(f"interval_seconds must not be negative, it is {interval_seconds}")
        if max_attempts is not None and not 1 <= max_attempts <= MAX_ATTEMPTS_CAP:
            raise ValueError(f"max_attempts must be 1 to {MAX_ATTEMPTS_CAP}, it is {max_attempts}")
        if expire_after_mins is not None and not 0 <= expire_after_mins <= MAX_EXPIRE_AFTER_MIN:
            raise ValueError(f"expire_after_mins must be 0 to {MAX_EXPIRE_AFTER_MIN}, it is {expire_after_mins}")
        self.backoff_rate = backoff_rate
        self.interval_seconds = interval_seconds
        self.max_attempts = max_attempts
        self.expire_after_mins = expire_after_mins

    def to_request(self) -> RequestType:
        if (self.max_attempts is None) == (self.expire_after_mins is None):
            raise ValueError("A retry policy needs either max_attempts or expire_after_mins, and not both")
        request: RequestType = {"BackoffRate": self.backoff_rate, "IntervalSeconds": self.interval_seconds}
        if self.max_attempts is not None:
            request["MaxAttempts"] = self.max_attempts
        if self.expire_after_mins is not None:
            request["ExpireAfterMin"] = self.expire_after_mins
        return request


class StepRetryPolicy(RetryPolicy):
    """A policy for faults that any step can meet."""

    def __init__(
        self,
        exception_types: Sequence[StepExceptionTypeEnum],
        backoff_rate: float = DEFAULT_BACKOFF_RATE,
        interval_seconds: int = DEFAULT_INTERVAL_SECONDS,
        max_attempts: Optional[int] = None,
        expire_after_mins: Optional[int] = None,
    ) -> None:
        super().__init__(backoff_rate, interval_seconds, max_attempts, expire_after_mins)
        for kind in exception_types:
            if not isinstance(kind, StepExceptionTypeEnum):
                raise ValueError(f"{kind!r} is no StepExceptionTypeEnum")
        self.exception_types = list(exception_types)

    def to_request(self) -> RequestType:
        return {**super().to_request(), "ExceptionType": [kind.value for kind in self.exception_types]}


class SageMakerJobStepRetryPolicy(RetryPolicy):
    """A policy for faults that only steps with a job can meet."""

    def __init__(
        self,
        exception_types: Optional[Sequence[SageMakerJobExceptionTypeEnum]] = None,
        failure_reason_types: Optional[Sequence[SageMakerJobExceptionTypeEnum]] = None,
        backoff_rate: float = DEFAULT_BACKOFF_RATE,
        interval_seconds: int = DEFAULT_INTERVAL_SECONDS,
        max_attempts: Optional[int] = None,
        expire_after_mins: Optional[int] = None,
    ) -> None:
        super().__init__(backoff_rate, interval_seconds, max_attempts, expire_after_mins)
        kinds: List[SageMakerJobExceptionTypeEnum] = [*(exception_types or []), *(failure_reason_types or [])]
        if not kinds:
            raise ValueError("A job retry policy needs exception_types or failure_reason_types")
        for kind in kinds:
            if not isinstance(kind, SageMakerJobExceptionTypeEnum):
                raise ValueError(f"{kind!r} is no SageMakerJobExceptionTypeEnum")
        self.exception_type_list = kinds

    def to_request(self) -> RequestType:
        return {**super().to_request(), "ExceptionType": [kind.value for kind in self.exception_type_list]}
