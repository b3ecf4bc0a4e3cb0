# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The addresses of the service's images.

The images themselves cannot be had outside the service; the runner recognises them by name and runs the step with an
interpreter or program of this machine. So pipelines keep the addresses that they have in the service.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, NamedTuple, Optional

from atelier.workflow.entities import PipelineVariable
from atelier.workflow.parameters import Parameter

LOCAL_PYTHON = "local/python:3"  # stands for the interpreter of this machine


class _Image(NamedTuple):
    repository: str
    accounts: Dict[str, str]
    tag: str
    cpu_only: bool


def retrieve(
    framework: Any,
    region: Any,
    version: Any = None,
    py_version: Any = None,
    instance_type: Any = None,
    accelerator_type: Any = None,
    image_scope: Any = None,
    **others: Any,
) -> str:
    """The address of an image: "xgboost" or "sklearn" of a version, "model-monitor", "clarify".

    A parameter counts with its default value. Raises ValueError for an unknown framework, version, region, Python version
    or instance type.
    """
    framework, region, version, py_version, instance_type = (
        _literal(value) for value in (framework, region, version, py_version, instance_type)
    )
    image = _image(framework, version)
    if image.cpu_only and py_version not in (None, "py3"):
        raise ValueError(f"The image of {framework} {version} has Python “py3” only, not “{py_version}”")
    if image.cpu_only and re.match(r"(ml\.[gp]\d|local_gpu)", instance_type or ""):
        raise ValueError(f"The image of {framework} {version} is made for CPUs, but “{instance_type}” has a GPU")
    account = image.accounts.get(region)
    if account is None:
        raise ValueError(f"There is no image of {framework} in the region “{region}”")
    host = f"{account}.dkr.ecr.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")
    return f"{host}/{image.repository}" + (f":{image.tag}" if image.tag else "")


def _literal(value: Any) -> Any:
    if isinstance(value, Parameter):
        return value.default_value
    if isinstance(value, PipelineVariable):
        raise ValueError("An image's address cannot depend on a value that is known only while the pipeline runs")
    return value


def _image(framework: str, version: Optional[str]) -> _Image:
    if framework == "model-monitor":
        return _Image("sagemaker-model-monitor-analyzer", _MODEL_MONITOR, "", False)
    if framework == "clarify":
        return _Image("sagemaker-clarify-processing", _CLARIFY, "1.0", False)
    if framework == "xgboost" and version in ("1", "latest"):
        return _Image("xgboost", _FIRST_XGBOOST, version, False)
    if framework not in _VERSIONS:
        raise ValueError(
            f"The address of an image for “{framework}” is not known here; known are {_listed(sorted(_VERSIONS))}, "
            "model-monitor and clarify; give image_uri instead"
        )
    versions = _VERSIONS[framework]
    version = version or versions[-1]
    if version not in versions:
        raise ValueError(f"{framework} has no version “{version}”; there are {_listed(versions)}")
    if framework == "sklearn":
        return _Image("sagemaker-scikit-learn", _ALGORITHMS, f"{version}-cpu-py3", True)
    old = version in ("0.90-1", "0.90-2", "1.0-1")
    return _Image("sagemaker-xgboost", _ALGORITHMS, f"{version}-cpu-py3" if old else version, old)


def _listed(names: List[str]) -> str:
    return ", ".join(names)


def _accounts(table: str) -> Dict[str, str]:
    return dict(entry.split("=") for entry in table.split())


_VERSIONS = {
    "sklearn": ["0.20.0", "0.23-1", "1.0-1", "1.2-1", "1.4-2"],
    "xgboost": ["0.90-1", "0.90-2", "1.0-1", "1.2-1", "1.2-2", "1.3-1", "1.5-1", "1.7-1", "3.0-5"],
}

_ALGORITHMS = _accounts(
    """
    af-south-1=510948584623 ap-east-1=651117190479 ap-northeast-1=354813040037 ap-northeast-2=366743142698
    ap-northeast-3=867004704886 ap-south-1=720646828776 ap-south-2=628508329040 ap-southeast-1=121021644041
    ap-southeast-2=783357654285 ap-southeast-3=951798379941 ap-southeast-4=106583098589
    ca-central-1=341280168497 ca-west-1=190319476487 cn-north-1=450853457545 cn-northwest-1=451049120500
    eu-central-1=492215442770 eu-central-2=680994064768 eu-north-1=662702820516 eu-south-1=978288397137
    eu-south-2=104374241257 eu-west-1=141502667606 eu-west-2=764974769150 eu-west-3=659782779980
    il-central-1=898809789911 me-central-1=272398656194 me-south-1=801668240914 sa-east-1=737474898029
    us-east-1=683313688378 us-east-2=257758044811 us-gov-east-1=237065988967 us-gov-west-1=414596584902
    us-west-1=746614075791 us-west-2=246618743249
    """
)

_FIRST_XGBOOST = _accounts(
    """
    af-south-1=455444449433 ap-east-1=286214385809 ap-northeast-1=501404015308 ap-northeast-2=306986355934
    ap-northeast-3=867004704886 ap-south-1=991648021394 ap-south-2=628508329040 ap-southeast-1=475088953585
    ap-southeast-2=544295431143 ap-southeast-3=951798379941 ap-southeast-4=106583098589
    ca-central-1=469771592824 cn-north-1=390948362332 cn-northwest-1=387376663083 eu-central-1=813361260812
    eu-central-2=680994064768 eu-north-1=669576153137 eu-south-1=257386234256 eu-south-2=104374241257
    eu-west-1=685385470294 eu-west-2=644912444149 eu-west-3=749696950732 me-central-1=272398656194
    me-south-1=249704162688 sa-east-1=855470959533 us-east-1=811284229777 us-east-2=825641698319
    us-gov-east-1=237065988967 us-gov-west-1=226302683700 us-west-1=632365934929 us-west-2=433757028032
    """
)

_MODEL_MONITOR = _accounts(
    """
    af-south-1=875698925577 ap-east-1=001633400207 ap-northeast-1=574779866223 ap-northeast-2=709848358524
    ap-northeast-3=990339680094 ap-south-1=126357580389 ap-southeast-1=245545462676 ap-southeast-2=563025443158
    ap-southeast-3=669540362728 ca-central-1=536280801234 cn-north-1=453000072557 cn-northwest-1=453252182341
    eu-central-1=048819808253 eu-central-2=590183933784 eu-north-1=895015795356 eu-south-1=933208885752
    eu-south-2=437450045455 eu-west-1=468650794304 eu-west-2=749857270468 eu-west-3=680080141114
    il-central-1=843974653677 me-central-1=588750061953 me-south-1=607024016150 sa-east-1=539772159869
    us-east-1=156813124566 us-east-2=777275614652 us-west-1=890145073186 us-west-2=159807026194
    """
)

_CLARIFY = _accounts(
    """
    af-south-1=811711786498 ap-east-1=098760798382 ap-northeast-1=377024640650 ap-northeast-2=263625296855
    ap-northeast-3=912233562940 ap-south-1=452307495513 ap-southeast-1=834264404009 ap-southeast-2=007051062584
    ap-southeast-3=705930551576 ca-central-1=675030665977 cn-north-1=122526803553 cn-northwest-1=122578899357
    eu-central-1=017069133835 eu-central-2=730335477804 eu-north-1=763603941244 eu-south-1=638885417683
    eu-west-1=131013547314 eu-west-2=440796970383 eu-west-3=341593696636 me-south-1=835444307964
    sa-east-1=520018980103 us-east-1=205585389593 us-east-2=211330385671 us-gov-west-1=598674086554
    us-west-1=740489534195 us-west-2=306415355426
    """
)
