# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command line share: a workspace in a temporary folder, the real program, small definitions."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

BUILD = pathlib.Path(os.environ.get("ATELIER_BUILD_ROOT", "build")).resolve()
SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = BUILD / "src" / "cli" / "atelier"
SHARED = SOURCE.parent / "shared"


def processing(name, command, *, inputs=(), outputs=(), depends=(), image="local/python:3", instance="local", **keys):
    """A Processing step. inputs: (name, uri, local path); outputs: (name, uri, local path)."""
    step = {
        "Name": name,
        "Type": "Processing",
        "Arguments": {
            "ProcessingResources": {"ClusterConfig": {"InstanceType": instance, "InstanceCount": 1, "VolumeSizeInGB": 1}},
            "AppSpecification": {"ImageUri": image, "ContainerEntrypoint": list(command)},
            "RoleArn": "arn:aws:iam::000000000000:role/test",
            "ProcessingInputs": [
                {"InputName": n, "AppManaged": False,
                 "S3Input": {"S3Uri": u, "LocalPath": p, "S3DataType": "S3Prefix", "S3InputMode": "File"}} for n, u, p in inputs],
            "ProcessingOutputConfig": {"Outputs": [
                {"OutputName": n, "AppManaged": False, "S3Output": {"S3Uri": u, "LocalPath": p, "S3UploadMode": "EndOfJob"}}
                for n, u, p in outputs]},
        },
    }
    if depends:
        step["DependsOn"] = list(depends)
    limit = keys.pop("seconds", None)
    environment = keys.pop("environment", None)
    if limit is not None:
        step["Arguments"]["StoppingCondition"] = {"MaxRuntimeInSeconds": limit}
    if environment is not None:
        step["Arguments"]["Environment"] = environment
    step.update(keys)
    return step


def shell(name, script, **keys):
    return processing(name, ["sh", "-c", script], **keys)


def definition(steps, parameters=()):
    return {"Version": "2020-12-01", "Metadata": {}, "Parameters": list(parameters), "Steps": list(steps)}


def wait_for(test, what, seconds=60):
    """Polls until test() is true; the limit only keeps a broken program from hanging the tests."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = test()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"waited {seconds} s for {what}")


def processes_with(mark):
    """Pids of processes whose command line or environment holds the mark."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        for part in ("cmdline", "environ"):
            try:
                if mark.encode() in (entry / part).read_bytes():
                    found.append(int(entry.name))
                    break
            except OSError:
                pass
    return found


class StudioTest(unittest.TestCase):
    """A test with a workspace of its own."""

    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="atelier-test-"))
        self.workspace = self.folder / "workspace"
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith(("ATELIER_", "AWS_"))}
        self.environment.update(HOME=str(self.folder / "home"), XDG_DATA_HOME=str(self.folder / "data"), LC_ALL="C.UTF-8",
                                ATELIER_WORKSPACE=str(self.workspace), NO_COLOR="1")
        self.addCleanup(self.clean)

    def clean(self):
        left = wait_for(lambda: [] == processes_with(str(self.folder)) or None, "processes of the test to end", 30) is None
        shutil.rmtree(self.folder, ignore_errors=True)
        self.assertFalse(left)

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8")
        return path

    def define(self, steps, parameters=(), name="pipeline.json"):
        return self.write(name, definition(steps, parameters))

    def store(self, uri, content):
        path = self.workspace / "store" / uri.removeprefix("s3://")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return uri

    def stored(self, uri):
        return (self.workspace / "store" / uri.removeprefix("s3://")).read_bytes()

    def start(self, *arguments, **keys):
        return subprocess.Popen([PROGRAM, *map(str, arguments)], env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=keys.pop("stdout", subprocess.PIPE), stderr=keys.pop("stderr", subprocess.PIPE), text=True, **keys)

    def atelier(self, *arguments, code=0, seconds=300, **keys):
        """Runs the program to its end; code: the exit code it must have (None: any)."""
        process = self.start(*arguments, **keys)
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            out, err = process.communicate()
            self.fail(f"atelier {' '.join(map(str, arguments))} did not end within {seconds} s:\n{out}\n{err}")
        if code is not None:
            self.assertEqual(process.returncode, code, f"atelier {' '.join(map(str, arguments))}\n{out}\n{err}")
        self.out, self.err = out, err
        return out

    def view(self, *arguments, **keys):
        return json.loads(self.atelier(*arguments, "--json", **keys))

    def runs(self, *arguments):
        """The executions there are; none while there is no workspace yet."""
        process = self.start("list", "executions", *arguments, "--json")
        out, err = process.communicate(timeout=60)
        self.assertIn(process.returncode, (0, 3), err)
        return json.loads(out) if process.returncode == 0 else []

    def steps(self, execution):
        return {step["name"]: step for step in self.view("show", execution)["steps"]}

    def statuses(self, execution):
        return {name: step["status"] for name, step in self.steps(execution).items()}
