# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Formats of the datasets that quality checks read."""

from atelier.model_monitor.dataset_format import DatasetFormat

__all__ = ["DatasetFormat"]
