# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Makes a definition of a pipeline's Python file.

The file is imported as the module that it is in its package, with `sagemaker` meaning `atelier`. Then the pipeline is, in this
order: what the function gives, the Pipeline among the module's variables, the one that the file sent by upsert(), create() or
start(). If there is none, the file is run again as a script, for those that do all under ``if __name__ == "__main__"``.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import os
import runpy
import sys
import traceback
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

from atelier import _alias, _recorder, _store
from atelier.session import DEFAULT_ROLE, default_region
from atelier.workflow.pipeline import Pipeline
from atelier.workflow.pipeline_context import PipelineSession

_HERE = str(Path(__file__).resolve().parent)


class CompileError(Exception):
    """One sentence: FILE:LINE: what is wrong. The error behind it, if any, is its __cause__."""


def compile_file(
    path: Path, function: Optional[str] = None, kwargs: Optional[Dict[str, Any]] = None, name: Optional[str] = None
) -> Dict[str, Any]:
    """The pipeline of a file as an object with PipelineName, PipelineDefinition (an object) and, where the file gives them,
    PipelineDescription and ParallelismConfiguration.

    `function` names the function to call, by default get_pipeline if the file has it; `kwargs` are arguments for it. `name`
    chooses one of several pipelines, or names the one there is. Raises CompileError.
    """
    path = path.absolute()
    if not path.is_file():
        raise CompileError(f"{path}: There is no such file")
    _alias.install()
    root, module_name = _module_of(path)
    # A module of a package finds what is below the package's root, a script what is beside it.
    sys.path.insert(0, str(root))
    sys.path.append(str(path.parent))
    sys.dont_write_bytecode = True  # leaves no caches in a working tree
    _store.search_folders[:] = list(dict.fromkeys([path.parent, root]))
    recorder = _recorder.active = _recorder.Recorder()
    try:
        found = _find(path, root, module_name, function, kwargs or {}, name)
        if found is not None:
            recorded = recorder.pipelines.get(found.name)
            found.name = name or found.name
            result = _recorder.Recorded(found.name, found.definition())
            if recorded is not None:
                result.description, result.parallelism = recorded.description, recorded.parallelism
        else:
            result = _chosen(path, recorder, name)
        return _as_object(result)
    except CompileError:
        raise
    except (Exception, SystemExit) as error:
        raise CompileError(_sentence(error, path, root)) from error
    finally:
        _recorder.active = None


def _as_object(result: _recorder.Recorded) -> Dict[str, Any]:
    compiled: Dict[str, Any] = {"PipelineName": result.name, "PipelineDefinition": json.loads(result.definition)}
    if result.description:
        compiled["PipelineDescription"] = result.description
    if result.parallelism:
        compiled["ParallelismConfiguration"] = result.parallelism
    return compiled


def _module_of(path: Path) -> Tuple[Path, str]:
    """The folder that must be on the path for the file's package to be found, and the module's full name."""
    folder, parts = path.parent, [path.stem]
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        parts.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(parts)


def _find(
    path: Path, root: Path, module_name: str, function: Optional[str], kwargs: Dict[str, Any], name: Optional[str]
) -> Optional[Pipeline]:
    """The pipeline that the function gives or that a variable holds; None when the file only sends pipelines."""
    variables = _run(lambda: dict(vars(_import(path, module_name))))
    callee: Any = variables.get(function or "get_pipeline")
    if callable(callee):
        values = _arguments(path, callee, kwargs, name, root)
        pipeline = _run(lambda: {"pipeline": callee(**values)}).get("pipeline")
        if isinstance(pipeline, Pipeline):
            return pipeline
        assert _recorder.active is not None
        if not _recorder.active.pipelines:
            raise CompileError(f"{_place(callee, path)}: {callee.__name__}() gave no Pipeline but {pipeline!r}")
        return None
    if function:
        raise CompileError(f"{path}: There is no function “{function}”")
    if kwargs:
        raise CompileError(f"{path}: There is no function get_pipeline() that could take the arguments given")
    held = _held(path, variables, name)
    assert _recorder.active is not None
    if held is not None or _recorder.active.pipelines:
        return held
    variables = _run(lambda: runpy.run_path(str(path), run_name="__main__"))
    return _held(path, variables, name) if not _recorder.active.pipelines else None


def _run(work: Callable[[], Dict[str, Any]]) -> Dict[str, Any]:
    """Does work of the file; a script that ends itself, or that waits for an execution, has done its work."""
    try:
        return work()
    except _recorder.Finished:
        return {}
    except SystemExit as end:
        if end.code in (None, 0):
            return {}
        raise


def _import(path: Path, module_name: str) -> Any:
    if "." in module_name:
        return importlib.import_module(module_name)
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise CompileError(f"{path}: This is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(module_name, module)  # never in place of a module that is loaded, such as json
    spec.loader.exec_module(module)
    return module


def _held(path: Path, variables: Dict[str, Any], name: Optional[str]) -> Optional[Pipeline]:
    """The Pipeline among the variables; with a name, the one of that name."""
    pipelines: List[Pipeline] = []
    for value in variables.values():
        if isinstance(value, Pipeline) and value not in pipelines:
            pipelines.append(value)
    if name is not None and any(pipeline.name == name for pipeline in pipelines):
        return next(pipeline for pipeline in pipelines if pipeline.name == name)
    if len(pipelines) > 1:
        raise CompileError(f"{path}: There are several pipelines ({_list(p.name for p in pipelines)}); choose one with --name")
    return pipelines[0] if pipelines else None


def _chosen(path: Path, recorder: _recorder.Recorder, name: Optional[str]) -> _recorder.Recorded:
    """The pipeline that was sent; with a name, the one of that name."""
    names = recorder.names()
    if not names:
        raise CompileError(
            f"{path}: There is no pipeline: no function get_pipeline(), no Pipeline in a variable, no call of upsert()"
        )
    if name is not None:
        if name not in recorder.pipelines:
            raise CompileError(f"{path}: There is no pipeline “{name}”, only {_list(names)}")
        return recorder.pipelines[name]
    if len(names) > 1:
        raise CompileError(f"{path}: There are several pipelines ({_list(names)}); choose one with --name")
    return recorder.pipelines[names[0]]


def _arguments(
    path: Path, function: Callable[..., Any], kwargs: Dict[str, Any], name: Optional[str], root: Path
) -> Dict[str, Any]:
    """The arguments for the function: those given, else local values where it has no default (or None), else its defaults."""
    parameters = inspect.signature(function).parameters
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    for key in kwargs:
        if key not in parameters and not takes_all:
            raise CompileError(f"{_place(function, path)}: {function.__name__}() takes no argument “{key}”")
    values = dict(kwargs)
    if name is not None and ("pipeline_name" in parameters or takes_all):
        values.setdefault("pipeline_name", name)
    local = _local_values(path, root)
    for key, parameter in parameters.items():
        if key in values or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        if parameter.default in (None, parameter.empty) and key in local:
            values[key] = local[key]()
        elif parameter.default is parameter.empty:
            raise CompileError(
                f"{_place(function, path)}: {function.__name__}() needs the argument “{key}”; give it with --kwargs"
            )
    return values


def _local_values(path: Path, root: Path) -> Dict[str, Callable[[], Any]]:
    """Values for the arguments that get_pipeline() functions usually have."""
    project = os.environ.get("ATELIER_PROJECT") or root.name or "project"
    prefix = path.parent.name if path.stem == "pipeline" and path.parent != root else path.stem
    return {
        "region": default_region,
        "role": lambda: DEFAULT_ROLE,
        "role_arn": lambda: DEFAULT_ROLE,
        "default_bucket": _store.default_bucket,
        "bucket": _store.default_bucket,
        "sagemaker_session": PipelineSession,
        "pipeline_session": PipelineSession,
        "pipeline_name": lambda: prefix,
        "base_job_prefix": lambda: prefix,
        "model_package_group_name": lambda: f"{prefix}-models",
        "sagemaker_project_name": lambda: project,
        "sagemaker_project_id": lambda: project,
        "sagemaker_project_arn": lambda: f"arn:aws:sagemaker:local:000000000000:project/{project}",
    }


def _place(function: Callable[..., Any], path: Path) -> str:
    code = getattr(function, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else str(path)


def _list(names: Any) -> str:
    return ", ".join(f"“{name}”" for name in names)


def _sentence(error: BaseException, path: Path, root: Path) -> str:
    """FILE:LINE: what is wrong, on one line.

    The line is where the step was made that the error is of, else the deepest one of the person's own code.
    """
    file, line = str(path), None
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == str(path) or _is_own(frame.filename, root):
            file, line = frame.filename, frame.lineno
    file, line = getattr(error, "atelier_place", (file, line))
    if isinstance(error, SyntaxError) and error.filename:
        file, line = error.filename, error.lineno
        text = f"{type(error).__name__}: {error.msg}"
    elif isinstance(error, SystemExit):
        text = f"The script ended itself with {error.code!r}"
    elif isinstance(error, (ValueError, TypeError, AttributeError, RuntimeError)) and _is_ours(error):
        text = str(error)
    else:
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"{file}:{line}: {' '.join(text.split())}" if line else f"{file}: {' '.join(text.split())}"


def _is_own(filename: str, root: Path) -> bool:
    """Whether a file is the person's own: below the pipeline's root, and neither this package's nor an installed one."""
    installed = filename.startswith(_HERE) or "-packages" in filename
    return filename.startswith(f"{root}{os.sep}") and not installed


def _is_ours(error: BaseException) -> bool:
    """Whether the error was raised by this package, whose texts are sentences."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and frames[-1].filename.startswith(_HERE)
