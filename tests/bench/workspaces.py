# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Work that needs more than a graph: large workspaces, metric logs, resuming, and what bubblewrap is told."""

import pathlib
import random
import shutil
import sqlite3
import string
import subprocess
import time

from graphs import processing, write_steps
from processes import reap_orphans

# Two at a time, by posix_spawn, as the program itself starts them.
BARE_LOOP = """
import os, sys
n, argv = int(sys.argv[1]), sys.argv[2:]
null = os.open(os.devnull, os.O_RDWR)
actions = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in range(3)]
running = 0
for i in range(n + 2):
    if i < n:
        os.posix_spawnp(argv[0], argv, os.environ, file_actions=actions)
        running += 1
    if running == 2 or (i >= n and running > 0):
        if os.wait()[1] != 0:
            sys.exit("bubblewrap failed")
        running -= 1
"""


def find_bubblewrap(folder):
    """The command line of a bubblewrap that works below a folder."""
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")[:-1]
        except OSError:
            continue
        if words and words[0].endswith("bwrap") and "--" in words and any(word.startswith(str(folder)) for word in words):
            return words
    return None


def record_bubblewrap(bench, folder):
    """What the program tells bubblewrap, up to and with “--”, taken from a step that sleeps; its folders stay. None without a
    sandbox."""
    definition = write_steps(folder / "sleep.json", [processing("Sleep", ["/bin/sleep", "60"])])
    workspace = folder / "recorded"
    process = subprocess.Popen([bench.atelier, "run", str(definition), "--workspace", str(workspace), "-q"], env=bench.environment,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    words, until = None, time.monotonic() + 30
    try:
        while words is None and process.poll() is None and time.monotonic() < until:
            if any('"started"' in path.read_text() for path in workspace.glob("runs/*/journal")):
                until = min(until, time.monotonic() + 2)  # it runs: within a sandbox now, or without one
            time.sleep(0.01)
            words = find_bubblewrap(workspace)
        subprocess.run([bench.atelier, "stop", "sleep#1", "--grace", "0", "--workspace", str(workspace), "-q"], env=bench.environment,
                       check=False)
        process.wait(30)
    finally:
        process.kill()
        process.wait()
        reap_orphans()
    if words is None:
        return None
    for word in words:
        if word.startswith(str(workspace)):
            pathlib.Path(word).mkdir(parents=True, exist_ok=True)  # the end of the step took it away
    return words[:words.index("--") + 1]


def make_many_executions(bench, n):
    """A real execution of two steps, and its rows n - 1 times again under other ids."""
    workspace = bench.folder / "many"
    definition = write_steps(bench.folder / "pipeline.json", [processing("A", ["/bin/true"]), processing("B", ["/bin/false"], ["A"])])
    bench.measure([bench.atelier, "run", str(definition), "--workspace", str(workspace), "--no-sandbox", "-q"], expect=4)
    definition.unlink()
    letters = random.Random(1)
    with sqlite3.connect(workspace / "atelier.db") as database:
        database.row_factory = sqlite3.Row
        execution = dict(database.execute("SELECT * FROM executions").fetchone())
        steps = [dict(row) for row in database.execute("SELECT * FROM steps ORDER BY id")]
        last_step = max(step["id"] for step in steps)

        def insert(table_name, row):
            names = ", ".join(f'"{name}"' for name in row)
            database.execute(f"INSERT INTO {table_name} ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))

        for i in range(1, n):
            identity = "".join(letters.choices(string.ascii_lowercase + string.digits, k=12))
            insert("executions", {**execution, "sequence": execution["sequence"] + i, "id": identity, "number": execution["number"] + i,
                                  "status": "Failed" if i % 50 == 0 else "Succeeded", "created_at_us": execution["created_at_us"] + i})
            for step in steps:
                last_step += 1
                insert("steps", {**step, "id": last_step, "execution_id": identity})
    database.close()
    return workspace


def metric_command(n):
    return f"seq -f '[%.0f]\tvalidation-rmse:0.25' 0 {n - 1}"


def run_metrics(bench, n):
    definition = write_steps(bench.folder / "metrics.json", [processing("Tell", ["/bin/sh", "-c", metric_command(n)])])
    workspace = bench.folder / "metrics"
    result = bench.measure([bench.atelier, "run", str(definition), "--workspace", str(workspace), "--no-sandbox", "-q"])
    database = sqlite3.connect(workspace / "atelier.db")
    (stored,) = database.execute("SELECT count(*) FROM metric_points").fetchone()
    database.close()
    shutil.rmtree(workspace)
    definition.unlink()
    if stored != n:
        print(f"  {stored} of {n} points are in the store")
    return result


def run_and_resume(bench, n):
    """Half of the steps stand alone; the others wait for one that fails while a file is missing."""
    gate = bench.folder / "gate"
    steps = [processing("Gate", ["/bin/sh", "-c", f"test -e {gate}"])]
    steps += [processing(f"s{i}", ["/bin/true"], [] if i < n // 2 else ["Gate"]) for i in range(n)]
    definition = write_steps(bench.folder / "resume.json", steps)
    workspace = bench.folder / "resume"
    gate.unlink(missing_ok=True)
    common = ["--workspace", str(workspace), "-q"]
    first = bench.measure([bench.atelier, "run", str(definition), "--no-sandbox", "-j", "2", "--fail-slow", *common], expect=4)
    gate.touch()
    second = bench.measure([bench.atelier, "resume", "resume#1", *common])
    shutil.rmtree(workspace)
    definition.unlink()
    gate.unlink()
    return first, second
