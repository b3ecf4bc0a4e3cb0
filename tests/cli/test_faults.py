# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""What goes wrong on a real machine: full disk, read-only or damaged workspace, steps that flood, fork, eat memory or lose their
supervisor. Each gets one sentence, and other steps go on."""

import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from studio import PROGRAM, StudioTest, processing, shell, wait_for  # noqa: E402


def can_mount():
    return subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


class FaultTest(StudioTest):
    def one_sentence(self):
        lines = [line for line in self.err.splitlines() if line.strip()]
        self.assertEqual(len(lines), 1, self.err)
        self.assertTrue(lines[0].startswith("atelier: "), self.err)
        return lines[0]

    def test_log_flood(self):
        file = self.define([shell("Flood", "echo head; yes 0123456789abcdef | head -c 1000000000; echo tail"), shell("Calm", "sleep 0.1; echo calm")])
        self.atelier("run", file, "-j", "2", "--log-limit", "4000000")
        self.assertEqual(set(self.statuses("pipeline").values()), {"Succeeded"})
        log = pathlib.Path(self.atelier("logs", "pipeline", "Flood", "--path").strip())
        text = log.read_bytes()
        self.assertLess(len(text), 5_000_000)
        self.assertLess(log.stat().st_blocks * 512, 6_000_000)
        self.assertTrue(text.startswith(b"head\n"))
        self.assertTrue(text.endswith(b"tail\n"))
        self.assertIn("bytes left out".encode(), text)

    def test_fork_bomb(self):
        file = self.define([shell("Bomb", "bomb() { bomb | bomb & }; bomb; sleep 1000"), shell("Calm", "echo calm")])
        self.atelier("run", file, "-j", "2", "--fail-slow", code=4)
        steps = self.steps("pipeline")
        self.assertEqual((steps["Bomb"]["status"], steps["Calm"]["status"]), ("Failed", "Succeeded"))
        self.assertIn("process", steps["Bomb"]["failure_reason"])

    def test_memory_eater(self):
        eat = "hold = []\nwhile True: hold.append(bytearray(64 << 20))"
        file = self.define([processing("Eater", ["python3", "-c", eat], instance="ml.t3.medium"), shell("Calm", "echo calm")])
        self.atelier("run", file, "--fail-slow", code=4)
        steps = self.steps("pipeline")
        self.assertEqual((steps["Eater"]["status"], steps["Calm"]["status"]), ("Failed", "Succeeded"))
        self.assertRegex(steps["Eater"]["failure_reason"], "[Mm]emory")

    def in_mount_namespace(self, script):
        command = ["unshare", "-rm", "sh", "-c", script, "sh", str(self.workspace), str(PROGRAM)]
        result = subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
        self.out, self.err = result.stdout, result.stderr
        return result.returncode

    @unittest.skipUnless(can_mount(), "this system allows no mount namespaces")
    def test_full_disk(self):
        self.workspace.mkdir()
        big = shell("Big", "head -c 50000000 /dev/zero > /opt/ml/processing/out/big || exit 28",
                    outputs=[("out", "s3://test/out", "/opt/ml/processing/out")])
        file = self.define([big, shell("Calm", "true")])
        code = self.in_mount_namespace(f"mount -t tmpfs -o size=8m tmpfs \"$1\" && \"$2\" run '{file}' --no-sandbox --fail-slow -j 1; echo code $?; "
                                       "\"$2\" show pipeline")
        self.assertEqual(code, 0, self.out + self.err)
        self.assertIn("code 4", self.out, self.err)
        self.assertIn("exit code 28", self.out)
        self.assertRegex(self.out, "✓ +Calm")

    @unittest.skipUnless(can_mount(), "this system allows no mount namespaces")
    def test_disk_full_for_the_database(self):
        self.workspace.mkdir()
        file = self.define([shell(f"S{i}", "true") for i in range(40)])
        code = self.in_mount_namespace(f"mount -t tmpfs -o size=2m tmpfs \"$1\" && \"$2\" list; mkdir -p \"$1\"; head -c 3000000 /dev/zero > \"$1/filler\"; "
                                       f"\"$2\" run '{file}' --no-sandbox; echo code $?; rm \"$1/filler\"; \"$2\" run '{file}' --no-sandbox -q; echo code $?")
        self.assertEqual(code, 0, self.out + self.err)
        self.assertIn("code 1", self.out, self.err)
        self.assertIn("no room left", self.err)
        self.assertTrue(self.out.rstrip().endswith("code 0"), self.out + self.err)

    @unittest.skipUnless(can_mount(), "this system allows no mount namespaces")
    def test_read_only_workspace(self):
        file = self.define([shell("A", "true")])
        self.atelier("run", file)
        code = self.in_mount_namespace("mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\" && \"$2\" list --json; "
                                       f"\"$2\" run '{file}' -q; echo code $?")
        self.assertEqual(code, 0, self.out + self.err)
        self.assertIn("Succeeded", self.out)
        self.assertIn("code 1", self.out)
        self.one_sentence()

    def test_corrupt_and_newer_database(self):
        file = self.define([shell("A", "true")])
        self.atelier("run", file)
        database = self.workspace / "atelier.db"
        with sqlite3.connect(database) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            connection.execute("PRAGMA user_version = 9999")
        connection.close()
        self.atelier("list", code=1)
        self.assertIn("newer", self.one_sentence())
        with sqlite3.connect(database) as connection:
            connection.execute(f"PRAGMA user_version = {version}")
        connection.close()
        self.atelier("list")
        for name in ("atelier.db-wal", "atelier.db-shm"):
            (self.workspace / name).unlink(missing_ok=True)
        database.write_bytes(b"this is no database at all" * 100)
        self.atelier("list", code=1)
        self.one_sentence()
        self.atelier("run", file, code=1)
        self.one_sentence()

    def test_tampered_audit_log(self):
        self.atelier("run", self.define([shell("A", "true")]))
        self.atelier("verify")
        with sqlite3.connect(self.workspace / "atelier.db") as connection:
            for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f'DROP TRIGGER "{trigger}"')
            connection.execute("UPDATE audit_events SET who = 'nobody' WHERE sequence = 1")
        connection.close()
        self.atelier("verify", code=6)

    def test_supervisor_killed(self):
        gate = self.folder / "gate"
        marker = self.folder / "runs"
        file = self.define([shell("Long", f"echo run >> '{marker}'; while [ ! -e '{gate}' ]; do sleep 0.02; done"), shell("Next", "true", depends=["Long"])])
        process = self.start("run", file, "--no-sandbox")
        wait_for(marker.exists, "the step to run")
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    command = (entry / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if b"serve" in command and any(str(self.workspace).encode() in word for word in command):
                    os.kill(int(entry.name), signal.SIGKILL)
        wait_for(lambda: marker.read_text().count("run") == 2, "the step to be run again")
        gate.touch()
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, out + err)
        attempts = self.view("show", "pipeline", "Long")["attempt_list"]
        self.assertEqual([attempt["status"] for attempt in attempts], ["Interrupted", "Succeeded"])


if __name__ == "__main__":
    unittest.main()
