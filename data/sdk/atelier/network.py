# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Network settings of a job."""

from __future__ import annotations

from typing import List, Optional

from atelier.utils import without_none
from atelier.workflow.entities import Bool, RequestType, Str


class NetworkConfig:
    """Whether a job has a network, and in the service: which."""

    def __init__(
        self,
        enable_network_isolation: Optional[Bool] = None,
        security_group_ids: Optional[List[Str]] = None,
        subnets: Optional[List[Str]] = None,
        encrypt_inter_container_traffic: Optional[Bool] = None,
    ) -> None:
        self.enable_network_isolation = enable_network_isolation
        self.security_group_ids = security_group_ids
        self.subnets = subnets
        self.encrypt_inter_container_traffic = encrypt_inter_container_traffic

    def _to_request_dict(self) -> RequestType:
        isolated = False if self.enable_network_isolation is None else self.enable_network_isolation
        vpc = without_none(SecurityGroupIds=self.security_group_ids, Subnets=self.subnets)
        return without_none(
            EnableNetworkIsolation=isolated,
            EnableInterContainerTrafficEncryption=self.encrypt_inter_container_traffic,
            VpcConfig=vpc or None,
        )
