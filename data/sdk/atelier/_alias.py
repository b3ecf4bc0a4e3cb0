# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Makes ``import sagemaker`` mean ``import atelier``, so that pipelines written for the SageMaker SDK run unchanged.

`sagemaker.X.Y` and `atelier.X.Y` are then the same module. Where boto3 is not installed, `import boto3` gives a stand-in whose
Session has a region and whose clients cannot be called: all that pipelines need of it.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from types import ModuleType
from typing import Any, Optional, Sequence

_ALIAS = "sagemaker"
_PACKAGE = "atelier"


class _Alias(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds sagemaker and everything in it."""

    def find_spec(
        self, fullname: str, path: Optional[Sequence[str]] = None, target: Optional[ModuleType] = None
    ) -> Optional[importlib.machinery.ModuleSpec]:
        if fullname != _ALIAS and not fullname.startswith(f"{_ALIAS}."):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        real = _PACKAGE + spec.name[len(_ALIAS) :]
        try:
            module = importlib.import_module(real)
        except ModuleNotFoundError as error:
            if error.name and (real + ".").startswith(error.name + "."):
                sentence = f"“{spec.name}” is not part of what Atelier has of the SageMaker SDK"
                raise ModuleNotFoundError(sentence, name=spec.name) from None
            raise
        self._own_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has just put the alias's spec into the module, which is loaded already.
        module.__spec__ = self._own_spec


class _NoBoto3(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands at the very end of the search: comes into play only where boto3 is not installed."""

    def find_spec(
        self, fullname: str, path: Optional[Sequence[str]] = None, target: Optional[ModuleType] = None
    ) -> Optional[importlib.machinery.ModuleSpec]:
        return importlib.machinery.ModuleSpec(fullname, self) if fullname == "boto3" else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        from atelier.session import LocalBotoSession

        def client(service_name: str, region_name: Optional[str] = None, **options: object) -> Any:
            return LocalBotoSession(region_name).client(service_name)

        module.__dict__.update(Session=LocalBotoSession, client=client, resource=client)


def install() -> None:
    """Installs both, once. A SageMaker SDK that is imported already stays what it is."""
    if any(isinstance(finder, _Alias) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, _Alias())
    sys.meta_path.append(_NoBoto3())
