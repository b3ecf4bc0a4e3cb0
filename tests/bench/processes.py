# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""One process with all that it leaves behind, measured: wall-clock, cpu, memory.

The supervisor of an execution is meant to outlive its starter, so it is nobody's child when the starter ends. This process
makes itself the reaper of such orphans and waits for them: their cpu counts, and the next run does not overlap with them."""

import ctypes
import os
import pathlib
import re
import select
import subprocess
import tempfile
import time
from typing import NamedTuple

PR_SET_CHILD_SUBREAPER = 36
ORPHANS_S = 30
SAMPLE_S = (0.001, 0.025) # between two looks at the memory: at first, and when it has run for a while


class Measure(NamedTuple):
    wall_s: float      # of the program itself
    cpu_s: float       # of all processes
    peak_bytes: int    # of the program and its helpers (atelier-…), not of the steps


def become_reaper():
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


def cpu_of(usage):
    return usage.ru_utime + usage.ru_stime


def reap_orphans():
    """Waits for what the program has left; after a while it is an error, since the next run would be measured wrong."""
    cpu, until = 0.0, time.monotonic() + ORPHANS_S
    while True:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return cpu
        if pid != 0:
            cpu += cpu_of(usage)
        elif time.monotonic() > until:
            raise RuntimeError(f"processes are left {ORPHANS_S} s after the end of their program")
        else:
            time.sleep(0.002)


def read_peaks(pid, peaks):
    """Notes the most memory that a process and its children of our own name have had until now. The kernel's account of a process that
    was waited for would not do: it counts what this Python had when it started the process."""
    try:
        pids = [pid]
        for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
            pids += children.read_text().split()
        for member in pids:
            status = pathlib.Path(f"/proc/{member}/status").read_text()
            if member == pid or status.startswith("Name:\tatelier-"):
                found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.M)
                if found:
                    peaks[member] = int(found[1]) * 1024
    except OSError:
        pass  # it has just ended


def measure(argv, cwd, environment, expect=0):
    """Runs @argv to its end. An exit code other than @expect is an error that shows what the program said."""
    devnull = os.open(os.devnull, os.O_RDWR)
    peaks = {}
    with tempfile.TemporaryFile() as errors:
        began = time.monotonic()
        process = subprocess.Popen(argv, cwd=cwd, env=environment, stdin=devnull, stdout=devnull, stderr=errors)
        ended = os.pidfd_open(process.pid)
        try:
            while not select.select([ended], [], [], SAMPLE_S[time.monotonic() > began + 0.05])[0]:
                read_peaks(process.pid, peaks)
        except BaseException:
            process.kill()
            raise
        wall = time.monotonic() - began
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu = cpu_of(usage) + reap_orphans()
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    os.close(ended)
    os.close(devnull)
    if process.returncode != expect:
        raise RuntimeError(f"{' '.join(map(str, argv))[:300]} ended with {process.returncode}: {said[-2000:]}")
    return Measure(wall, cpu, sum(peaks.values()))
