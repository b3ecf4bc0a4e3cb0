# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Formats of datasets."""

from __future__ import annotations

from atelier.workflow.entities import RequestType


class DatasetFormat:
    """The formats of a quality check's dataset."""

    @staticmethod
    def csv(header: bool = True, output_columns_position: str = "START") -> RequestType:
        """Comma-separated values; the output columns stand at the START or END."""
        return {"csv": {"header": header, "output_columns_position": output_columns_position}}

    @staticmethod
    def json(lines: bool = True) -> RequestType:
        """JSON, one object a line or whole."""
        return {"json": {"lines": lines}}

    @staticmethod
    def sagemaker_capture_json() -> RequestType:
        """What an endpoint has captured."""
        return {"sagemakerCaptureJson": {}}
