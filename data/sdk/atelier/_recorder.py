# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Where upsert() and start() go while a pipeline is compiled: they are recorded, not sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional


class Finished(BaseException):
    """Ends a script that waits for an execution: all that matters has been recorded."""


@dataclass
class Recorded:
    """A pipeline as it was when it was to be sent."""

    name: str
    definition: str
    description: Optional[str] = None
    parallelism: Optional[Dict[str, Any]] = None


@dataclass
class Recorder:
    """What has been recorded; a pipeline that is sent again replaces itself."""

    pipelines: Dict[str, Recorded] = field(default_factory=dict)

    def names(self) -> List[str]:
        """The names of the pipelines, in order."""
        return list(self.pipelines)


active: Optional[Recorder] = None


def recorder(call: str) -> Recorder:
    """The recorder. RuntimeError when nothing is being compiled, since there is nobody to send the pipeline to."""
    if active is None:
        raise RuntimeError(
            f"{call} has no service to go to; compile the file with “python3 -m atelier compile FILE”, "
            "or run it with “atelier run FILE”"
        )
    return active
