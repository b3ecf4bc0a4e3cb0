# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""How many steps may run at once."""

from __future__ import annotations

from atelier.workflow.entities import RequestType


class ParallelismConfiguration:
    """At most so many steps of an execution run at the same time (at least 1)."""

    def __init__(self, max_parallel_execution_steps: int) -> None:
        self.max_parallel_execution_steps = max_parallel_execution_steps

    def to_request(self) -> RequestType:
        """The object of the start request (it is no part of the definition)."""
        return {"MaxParallelExecutionSteps": self.max_parallel_execution_steps}
