# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""python3 -m atelier compile FILE: prints the definition that a pipeline's file makes."""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from pathlib import Path
from typing import List, Optional

from atelier import _store
from atelier.compiler import CompileError, compile_file


def main(arguments: Optional[List[str]] = None) -> int:
    """Runs the command; gives the exit code: 0, 1 for an error in the pipeline, 2 for one in the command line."""
    parser = argparse.ArgumentParser(prog="python3 -m atelier", description="Tools for pipelines written in Python.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser(
        "compile",
        help="print the definition of a pipeline",
        description="Imports FILE and prints its pipeline as a JSON object with PipelineName, PipelineDefinition and, where "
        "given, PipelineDescription and ParallelismConfiguration. The file has a function get_pipeline(), or a Pipeline as a "
        "module's variable, or calls upsert(), create() or start(). What the file prints goes to standard error.",
    )
    command.add_argument("file", metavar="FILE", help="the Python file")
    command.add_argument("--function", metavar="NAME", help="the function that gives the pipeline (get_pipeline)")
    command.add_argument("--kwargs", metavar="JSON", default="{}", help="an object with arguments for the function")
    command.add_argument("--name", metavar="NAME", help="the pipeline's name: which of several, or what to name it")
    command.add_argument("--output", metavar="OUT", help="write to this file instead of standard output")
    command.add_argument("--traceback", action="store_true", help="show where in the code an error came from")
    options = parser.parse_args(arguments)
    try:
        kwargs = json.loads(options.kwargs)
        if not isinstance(kwargs, dict):
            raise ValueError("it is no object")
    except ValueError as error:
        parser.error(f"--kwargs is not a JSON object: {error}")

    out = _keep_stdout()
    try:
        compiled = compile_file(Path(options.file), options.function, kwargs, options.name)
    except CompileError as error:
        if options.traceback and error.__cause__ is not None:
            traceback.print_exception(type(error.__cause__), error.__cause__, error.__cause__.__traceback__)
        print(error, file=sys.stderr)
        return 1
    text = json.dumps(compiled, indent=2) + "\n"
    try:
        if options.output:
            _store.write(Path(options.output).absolute(), text.encode())
        else:
            with os.fdopen(out, "w") as stream:
                stream.write(text)
    except OSError as error:
        print(f"{options.output or 'standard output'}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _keep_stdout() -> int:
    """Turns standard output into standard error for everybody, and gives a descriptor of the old one."""
    sys.stdout.flush()
    out = os.dup(1)
    os.dup2(2, 1)
    return out


if __name__ == "__main__":
    sys.exit(main())
