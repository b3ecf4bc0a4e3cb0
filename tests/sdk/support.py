# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""What the tests of the Python package share."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SDK = Path(__file__).resolve().parents[2] / "data" / "sdk"
sys.path.insert(0, str(SDK))
SHARED = Path(os.environ.get("ATELIER_SOURCE_ROOT", Path(__file__).resolve().parents[2])).parent / "shared"


class SdkTestCase(unittest.TestCase):
    """A test with a folder and an artifact store of its own."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="atelier-sdk-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.store = self.folder / "store"
        self.setenv(
            ATELIER_STORE=str(self.store), ATELIER_BUCKET=None, ATELIER_WORKSPACE=None, ATELIER_TRACKING_FILE=None,
            AWS_REGION=None, AWS_DEFAULT_REGION=None, ATELIER_PROJECT=None,
        )

    def setenv(self, **values):
        """Sets variables (None removes them) until the test ends."""
        for name, value in values.items():
            old = os.environ.get(name)
            self.addCleanup(_set, name, old)
            _set(name, value)

    def write(self, name, text=""):
        """Writes a file below the folder; gives its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def stored(self, uri):
        """The file of an address."""
        self.assertTrue(uri.startswith("s3://"), uri)
        return self.store / uri[5:]

    def run_python(self, *arguments, env=None, cwd=None, python=sys.executable):
        """Runs Python; gives the finished process."""
        environment = {**os.environ, "PYTHONPATH": str(SDK), "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}
        return subprocess.run(
            [python, *map(str, arguments)], env=environment, cwd=cwd or self.folder, capture_output=True, text=True,
            timeout=60, check=False,
        )

    def compile(self, path, *options, **keywords):
        """Compiles a pipeline's file; gives the finished process."""
        return self.run_python("-m", "atelier", "compile", path, *options, **keywords)

    def compiled(self, path, *options, **keywords):
        """Compiles a pipeline's file, which must succeed; gives the object that was printed."""
        done = self.compile(path, *options, **keywords)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)


def _set(name, value):
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def definition(pipeline):
    """A pipeline's definition as an object."""
    return json.loads(pipeline.definition())


def steps_of(parsed):
    """All steps of a definition by name, those in branches included."""
    found = {}

    def add(steps):
        for step in steps:
            found[step["Name"]] = step
            for branch in ("IfSteps", "ElseSteps"):
                add(step["Arguments"].get(branch, []) if step["Type"] == "Condition" else [])

    add(parsed["Steps"])
    return found
