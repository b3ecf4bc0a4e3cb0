# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Subnets and security groups."""

from __future__ import annotations

from typing import Any, Dict, List, Optional


def to_dict(subnets: Optional[List[Any]], security_group_ids: Optional[List[Any]]) -> Optional[Dict[str, List[Any]]]:
    """The VpcConfig, or None when none is given. Raises ValueError when only one of the two is given."""
    if (subnets is None) != (security_group_ids is None):
        raise ValueError("A VPC needs both subnets and security_group_ids")
    if subnets is None or security_group_ids is None:
        return None
    return {"Subnets": subnets, "SecurityGroupIds": security_group_ids}
