# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the program at random moments of a run: after a resume each step's effect is there exactly once."""

import collections
import os
import random
import signal
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from studio import StudioTest, shell, wait_for  # noqa: E402

KILLS = int(os.environ.get("ATELIER_TEST_KILLS", "100"))


class KillTest(StudioTest):
    def twelve_steps(self, effects):
        """Three rows of four, each step behind two of the row before; an effect is a line in a file, at the step's end."""
        steps = []
        for row in range(3):
            for column in range(4):
                name = f"S{row}{column}"
                depends = [f"S{row - 1}{column}", f"S{row - 1}{(column + 1) % 4}"] if row else []
                steps.append(shell(name, f"sleep 0.0{2 + column}; echo {name} >> '{effects}'", depends=depends,
                                   outputs=[("out", f"s3://kill/{name}", "/opt/ml/processing/out")]))
        steps.append({"Name": "Made", "Type": "Model", "DependsOn": ["S20", "S21", "S22", "S23"],
                      "Arguments": {"ExecutionRoleArn": "x", "PrimaryContainer": {"Image": "local/python:3"}}})
        return steps

    def test_killed_at_random_moments(self):
        chance = random.Random(20260131)
        kills = rounds = 0
        while kills < KILLS:
            rounds += 1
            effects = self.folder / f"effects-{rounds}"
            file = self.define(self.twelve_steps(effects))
            name = f"round {rounds}."
            process = self.start("run", file, "--no-sandbox", "-j", "4", "--name", name)
            found = None
            for _ in range(200):
                delay = chance.uniform(0.0, 0.35)
                try:
                    process.wait(timeout=delay)
                except Exception:  # still running: the moment has come
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    kills += 1
                process.stdout.close()
                process.stderr.close()
                known = self.runs("--text", name)
                if not known:  # killed before it was recorded: nothing may have run
                    self.assertFalse(effects.exists())
                    process = self.start("run", file, "--no-sandbox", "-j", "4", "--name", name)
                    continue
                self.assertEqual(len(known), 1)
                found = known[0]
                if found["status"] == "Succeeded":
                    break
                self.assertIn(found["status"], ("Executing",), found)
                process = self.start("resume", found["id"])
            statuses = self.statuses(found["id"])
            self.assertEqual(set(statuses.values()), {"Succeeded"}, statuses)
            counts = collections.Counter(effects.read_text().split())
            self.assertEqual(counts, {f"S{row}{column}": 1 for row in range(3) for column in range(4)})
        self.assertEqual(self.view("verify")["problems"], [])

    def test_running_step_is_taken_over(self):
        gate, effects = self.folder / "gate", self.folder / "effects"
        file = self.define([shell("Long", f"echo begun >> '{effects}'; while [ ! -e '{gate}' ]; do sleep 0.02; done; echo ended >> '{effects}'"),
                            shell("After", f"echo after >> '{effects}'", depends=["Long"])])
        process = self.start("run", file, "--no-sandbox")
        wait_for(effects.exists, "the step to begin")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        execution = self.runs()[0]["id"]
        process = self.start("resume", execution)
        wait_for(lambda: any(attempt["pid"] > 0 for attempt in self.view("show", execution, "Long")["attempt_list"]), "the step to be followed again")
        gate.touch()
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, out + err)
        self.assertEqual(effects.read_text().split(), ["begun", "ended", "after"])
        self.assertEqual(self.steps(execution)["Long"]["attempts"], 1)

    def test_two_owners_are_refused(self):
        gate = self.folder / "gate"
        file = self.define([shell("Long", f"while [ ! -e '{gate}' ]; do sleep 0.02; done")])
        process = self.start("run", file, "--no-sandbox")
        wait_for(self.runs, "the run to be recorded")
        execution = self.runs()[0]["id"]
        self.atelier("resume", execution, code=1)
        self.assertIn("another program", self.err)
        gate.touch()
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)


if __name__ == "__main__":
    unittest.main()
