# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The step that packs serving code into the artifacts of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from atelier import _store
from atelier.inputs import TrainingInput
from atelier.session import Session
from atelier.sklearn.estimator import SKLearn
from atelier.workflow.entities import Str
from atelier.workflow.retry import RetryPolicy
from atelier.workflow.steps import DependsOn, TrainingStep

_PROGRAM = "_repack_model.py"


class _Repacker(SKLearn):
    """A training job whose code is the serving code and the program that packs it."""

    def _script_hyperparameters(self) -> Dict[str, Any]:
        session = self.sagemaker_session
        inference, source = self._hyperparameters["inference_script"], self.source_dir
        assert isinstance(source, str) or source is None
        archive, _ = _store.stage_source(
            inference, source, self.dependencies, session.default_bucket(), session.default_bucket_prefix,
            extra={_PROGRAM: Path(__file__).with_name(_PROGRAM)},
        )
        return {
            "sagemaker_submit_directory": archive,
            "sagemaker_program": _PROGRAM,
            "sagemaker_container_log_level": self.container_log_level,
            "sagemaker_region": session.boto_region_name,
        }

    def hyperparameters(self) -> Dict[str, Any]:
        script = Path(self._hyperparameters["inference_script"]).name
        values = super().hyperparameters()
        return {**values, "inference_script": f'"{script}"'}


class RepackModelStep(TrainingStep):
    """Packs a script (with its source folder and dependencies) into model artifacts, as code/ and code/lib/."""

    def __init__(
        self,
        name: str,
        sagemaker_session: Session,
        role: str,
        model_data: Any,
        entry_point: str,
        source_dir: Optional[str] = None,
        dependencies: Optional[List[str]] = None,
        display_name: Optional[str] = None,
        description: Optional[str] = None,
        depends_on: DependsOn = None,
        retry_policies: Optional[Sequence[RetryPolicy]] = None,
        subnets: Optional[List[Str]] = None,
        security_group_ids: Optional[List[Str]] = None,
        framework_version: str = "1.2-1",
        instance_type: str = "ml.m5.large",
        **estimator_options: Any,
    ) -> None:
        repacker = _Repacker(
            entry_point=_PROGRAM,
            framework_version=framework_version,
            instance_type=instance_type,
            source_dir=source_dir,
            dependencies=dependencies,
            sagemaker_session=sagemaker_session,
            role=role,
            hyperparameters={
                "inference_script": entry_point,
                "model_archive": model_data,
                "dependencies": " ".join(Path(path).name for path in dependencies) if dependencies else None,
                "source_dir": source_dir,
            },
            subnets=subnets,
            security_group_ids=security_group_ids,
            disable_profiler=True,
            **estimator_options,
        )
        super().__init__(
            name, estimator=repacker, inputs=TrainingInput(model_data), display_name=display_name,
            description=description, depends_on=depends_on, retry_policies=retry_policies,
        )
