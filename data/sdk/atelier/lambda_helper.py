# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Functions that LambdaSteps call."""

from __future__ import annotations

from typing import Any, Optional

from atelier.session import Session


class Lambda:
    """A function, by ARN or by name. Code of it (script, zipped_code_dir) is not sent anywhere.

    Raises ValueError when neither ARN nor name is given.
    """

    def __init__(
        self,
        function_arn: Optional[str] = None,
        function_name: Optional[str] = None,
        execution_role_arn: Optional[str] = None,
        zipped_code_dir: Optional[str] = None,
        s3_bucket: Optional[str] = None,
        script: Optional[str] = None,
        handler: Optional[str] = None,
        session: Optional[Session] = None,
        timeout: int = 120,
        memory_size: int = 128,
        runtime: str = "python3.8",
        **others: Any,
    ) -> None:
        if function_arn is None and function_name is None:
            raise ValueError("A Lambda needs function_arn or function_name")
        self.function_arn = function_arn
        self.function_name = function_name
        self.script = script
        self.handler = handler
        self.session = session

    @property
    def arn(self) -> str:
        """The ARN given, or a local one made of the name."""
        return self.function_arn or f"arn:aws:lambda:local:000000000000:function:{self.function_name}"
