#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Whole processes, this program and its peers in turn on the same work in one run: medians and ratios. Nothing is asserted.

A machine that others use, too, drifts by a factor of two, so times are not worth comparing with another day's: what counts
is the ratio, which is the median of the ratios of runs that followed each other. Every table says the goal beside it."""

import argparse
import functools
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # nothing is left in the source tree

from graphs import Graph, chain, independent, layers, write_definition, write_doit, write_make, write_ninja, write_snakemake
from processes import Measure, become_reaper, measure
import workspaces


class Bench:
    """What all parts share: the programs, a folder that is removed, how often, how much."""

    def __init__(self, build, folder, runs, quick):
        self.atelier = str(pathlib.Path(build).resolve() / "src" / "cli" / "atelier")
        self.folder = pathlib.Path(folder)
        self.runs = runs
        self.quick = quick
        self.environment = {**os.environ, "ATELIER_WORKSPACE": str(self.folder / "unused"), "LC_ALL": "C.UTF-8"}

    def size(self, usual, quick):
        return quick if self.quick else usual

    def measure(self, argv, cwd=None, **options) -> Measure:
        return measure(argv, cwd or self.folder, self.environment, **options)

    def run_atelier(self, definition, *options, expect=0) -> Measure:
        """A run in a fresh workspace, which is gone afterwards."""
        workspace = self.folder / "workspace"
        shutil.rmtree(workspace, ignore_errors=True)
        result = self.measure([self.atelier, "run", str(definition), "--workspace", str(workspace), "-q", *options], expect=expect)
        shutil.rmtree(workspace)
        return result


def in_turn(runs, contestants):
    """name → list of Measure; one of each, then the next round. The first round only warms caches up where there is more."""
    results = {name: [] for name in contestants}
    for _ in range(runs):
        for name, run in contestants.items():
            results[name].append(run())
    return results


def mebibytes(found):
    peak = median([m.peak_bytes for m in found]) / 2**20
    return f"{peak:.0f}" if peak > 0 else "–"


def median(values):
    return statistics.median(values)


def wall(found):
    return median([m.wall_s for m in found])


def ratio(ours, theirs):
    return median([a.wall_s / b.wall_s for a, b in zip(ours, theirs)])


def heading(text, goal):
    print(f"\n{text}\n  goal: {goal}", flush=True)


def table(rows, columns):
    widths = [max(len(str(row[i])) for row in [columns, *rows]) for i in range(len(columns))]
    for row in [columns, *rows]:
        cells = [str(cell).ljust(width) if i == 0 else str(cell).rjust(width) for i, (cell, width) in enumerate(zip(row, widths))]
        print("  " + "  ".join(cells).rstrip(), flush=True)


def further(many, one, n):
    """Seconds that each step after the first takes, pair by pair: the start left out."""
    return [(a.wall_s - b.wall_s) / (n - 1) for a, b in zip(many, one)]


def bench_graph(bench, title, goal, graph: Graph):
    """Each contestant with the graph and with one step, all in turn."""
    n = len(graph)
    definitions = {}
    for size, part in ((n, graph), (1, independent(1))):
        folder = bench.folder / f"graph-{size}"
        folder.mkdir()
        definitions[size] = write_definition(folder / "pipeline.json", part)
        write_ninja(folder / "build.ninja", part)
        write_make(folder / "Makefile", part)

    def ninja(size):
        (bench.folder / f"graph-{size}" / ".ninja_log").unlink(missing_ok=True)
        return bench.measure(["ninja", "-j2", "--quiet"], bench.folder / f"graph-{size}")

    runners = {"atelier": lambda size: bench.run_atelier(definitions[size], "--no-sandbox", "-j", "2")}
    if shutil.which("ninja"):
        runners["ninja -j2"] = ninja
    if shutil.which("make"):
        runners["make -j2"] = lambda size: bench.measure(["make", "-s", "-j2", "all"], bench.folder / f"graph-{size}")
    heading(f"{title}: {n} steps of /bin/true, no sandbox, -j 2, a fresh workspace each run", goal)
    results = in_turn(bench.runs, {(name, size): functools.partial(run, size) for name, run in runners.items() for size in (n, 1)})
    ours = results["atelier", n]
    more = {name: further(results[name, n], results[name, 1], n) for name in runners}
    rows = []
    for name in runners:
        found = results[name, n]
        is_peer = name != "atelier"
        rows.append([name, len(found), f"{wall(found):.3f}", f"{ratio(ours, found):.2f} ×" if is_peer else "",
                     f"{median(more[name]) * 1000:.2f}",
                     f"{median([a / b for a, b in zip(more['atelier'], more[name])]):.2f} ×" if is_peer else "",
                     f"{median([m.cpu_s for m in found]) / n * 1000:.2f}", mebibytes(found)])
    table(rows, ["", "runs", "wall s", "Atelier : it", "ms each further step", "Atelier : it", "cpu s per 1000", "peak MiB"])
    for size in definitions:
        shutil.rmtree(bench.folder / f"graph-{size}")


def bench_engines(bench):
    """Peers that take tens of milliseconds a step: fewer steps, fewer runs; compared by the time a step takes."""
    n_steps = {"atelier": bench.size(1000, 200), "doit -n 2": bench.size(1000, 200), "snakemake --cores 2": bench.size(100, 20)}
    runs = min(bench.runs, 3)
    folder = bench.folder / "engines"
    folder.mkdir()
    definition = write_definition(folder / "pipeline.json", independent(n_steps["atelier"]))
    write_doit(folder / "dodo.py", independent(n_steps["doit -n 2"]))
    write_snakemake(folder / "Snakefile", independent(n_steps["snakemake --cores 2"]))

    def doit():
        for path in folder.glob(".doit.db*"):
            path.unlink()
        return bench.measure(["doit", "-n", "2", "-v", "0", "-f", "dodo.py"], folder)

    def snakemake():
        shutil.rmtree(folder / ".snakemake", ignore_errors=True)
        return bench.measure(["snakemake", "--cores", "2", "--quiet", "all"], folder)

    contestants = {"atelier": lambda: bench.run_atelier(definition, "--no-sandbox", "-j", "2")}
    if shutil.which("doit"):
        contestants["doit -n 2"] = doit
    if shutil.which("snakemake"):
        contestants["snakemake --cores 2"] = snakemake
    heading("Workflow engines, independent steps (fewer runs and steps for the slow ones)", "≤ 1/15 of snakemake's time a step")
    missing = [name for name in ("doit", "snakemake") if not shutil.which(name)]
    if missing:
        print(f"  not installed, left out: {', '.join(missing)}")
    if len(contestants) > 1:
        results = in_turn(runs, contestants)
        per_step = {name: [m.wall_s / n_steps[name] for m in found] for name, found in results.items()}
        table([[name, len(found), n_steps[name], f"{wall(found):.3f}", f"{median(per_step[name]) * 1000:.2f}",
                "" if name == "atelier" else f"{median([a / b for a, b in zip(per_step['atelier'], per_step[name])]):.3f} ×",
                f"{median([m.cpu_s for m in found]) / n_steps[name] * 1000:.2f}", mebibytes(found)] for name, found in results.items()],
              ["", "runs", "steps", "wall s", "ms a step", "Atelier : it", "cpu s per 1000", "peak MiB"])
    shutil.rmtree(folder)


def bench_sandbox(bench):
    n = bench.size(200, 50)
    heading(f"Sandboxed steps: {n} of /bin/true, -j 2, beside bubblewrap with the same arguments", "≤ 1.05 × bare bubblewrap")
    if not shutil.which("bwrap"):
        print("  bubblewrap is not installed: left out")
        return
    folder = bench.folder / "sandbox"
    folder.mkdir()
    arguments = workspaces.record_bubblewrap(bench, folder)
    if arguments is None:
        print("  this system does not allow user namespaces: left out")
        shutil.rmtree(folder)
        return
    definition = write_definition(folder / "pipeline.json", independent(n))
    single = write_definition(folder / "single.json", independent(1))
    bare = folder / "bare.py"
    bare.write_text(workspaces.BARE_LOOP, encoding="utf-8")
    results = in_turn(bench.runs, {
        "atelier": lambda: bench.run_atelier(definition, "-j", "2"),
        "bubblewrap": lambda: bench.measure([sys.executable, "-I", "-S", str(bare), str(n), *arguments, "/bin/true"]),
        "atelier, one": lambda: bench.run_atelier(single, "-j", "2"),
        "bubblewrap, one": lambda: bench.measure([sys.executable, "-I", "-S", str(bare), "1", *arguments, "/bin/true"]),
    })
    more = {name: further(results[name], results[f"{name}, one"], n) for name in ("atelier", "bubblewrap")}
    table([[name, bench.runs, f"{wall(results[name]):.3f}", f"{median(found) * 1000:.2f}",
            "" if name == "atelier" else f"{median([a / b for a, b in zip(more['atelier'], found)]):.2f} ×"]
           for name, found in more.items()],
          ["", "runs", "wall s", "ms each further step", "Atelier : it"])
    shutil.rmtree(folder)


def bench_start(bench):
    n = bench.size(10000, 1000)
    heading(f"Start: --version, and lists in a workspace with {n} executions of two steps", "every page ≤ 1 ms beside the start itself")
    workspace = workspaces.make_many_executions(bench, n)
    options = ["--workspace", str(workspace)]
    rounds = bench.runs * 3
    results = in_turn(rounds, {
        "/bin/true": lambda: bench.measure(["/bin/true"]),
        "atelier --version": lambda: bench.measure([bench.atelier, "--version"]),
        "atelier list": lambda: bench.measure([bench.atelier, "list", *options]),
        "atelier list --status Failed": lambda: bench.measure([bench.atelier, "list", "--status", "Failed", *options]),
        "atelier list pipelines": lambda: bench.measure([bench.atelier, "list", "pipelines", *options]),
        "atelier show NAME": lambda: bench.measure([bench.atelier, "show", "pipeline", *options]),
        "python3 -c pass": lambda: bench.measure([sys.executable, "-I", "-S", "-c", "pass"]),
    })
    table([[name, rounds, f"{wall(found) * 1000:.1f}", mebibytes(found)]
           for name, found in results.items()], ["", "runs", "ms", "peak MiB"])
    shutil.rmtree(workspace)


def bench_validation(bench):
    n = bench.size(10000, 1000)
    heading(f"Validation of a definition with {n} steps in layers, beside Python only reading the JSON", "none set")
    definition = write_definition(bench.folder / "large.json", layers(n // 100, 100))
    load = "import json, sys; json.load(open(sys.argv[1]))"
    results = in_turn(bench.runs, {
        "atelier": lambda: bench.measure([bench.atelier, "validate", "-q", str(definition)]),
        "python3 json.load": lambda: bench.measure([sys.executable, "-I", "-S", "-c", load, str(definition)]),
    })
    size = definition.stat().st_size / 2**20
    table([[name, bench.runs, f"{wall(found) * 1000:.0f}", f"{median([size / m.wall_s for m in found]):.0f}",
            mebibytes(found), "" if name == "atelier" else f"{ratio(results['atelier'], found):.2f} ×"]
           for name, found in results.items()], ["", "runs", "ms", "MiB/s", "peak MiB", "Atelier : it"])
    definition.unlink()


def bench_layout(bench):
    n = bench.size(1000, 200)
    heading(f"Drawing a graph of {n} steps as SVG, whole process", "picture ≤ 0.15 s, refined ≤ 0.3 s for 1,000")
    definition = write_definition(bench.folder / "drawn.json", layers(n // 20, 20))
    dot = bench.folder / "drawn.dot"
    bench.measure([bench.atelier, "graph", str(definition), "-o", str(dot)])
    contestants = {"atelier": lambda: bench.measure([bench.atelier, "graph", "--format", "svg", str(definition)])}
    if shutil.which("dot"):
        contestants["dot -Tsvg"] = lambda: bench.measure(["dot", "-Tsvg", str(dot)])
    results = in_turn(min(bench.runs, 5), contestants)
    table([[name, len(found), f"{wall(found):.2f}", "" if name == "atelier" else f"{ratio(results['atelier'], found):.2f} ×"]
           for name, found in results.items()], ["", "runs", "wall s", "Atelier : it"])
    definition.unlink()
    dot.unlink()


def bench_metrics(bench):
    n = bench.size(1_000_000, 100_000)
    heading(f"Metric points from a child's log to the store: {n} lines, one point each, in one step", "≥ 100,000 points/s")
    found, written = [], []
    for _ in range(min(bench.runs, 5)):
        result = workspaces.run_metrics(bench, n)
        found.append(result)
        written.append(bench.measure(["/bin/sh", "-c", f"{workspaces.metric_command(n)} > {bench.folder}/lines"]))
        (bench.folder / "lines").unlink()
    table([
        ["atelier run, to the end of the step", len(found), f"{wall(found):.2f}", f"{n / wall(found):,.0f}", mebibytes(found)],
        ["the child alone into a file", len(written), f"{wall(written):.2f}", f"{n / wall(written):,.0f}", ""],
    ], ["", "runs", "wall s", "points/s", "peak MiB"])


def bench_resume(bench):
    n = bench.size(10000, 500)
    heading(f"Resume of {n + 1} steps of which half are done", "no more a step than a run from the start")
    first, second = [], []
    for _ in range(min(bench.runs, 3)):
        one, two = workspaces.run_and_resume(bench, n)
        first.append(one)
        second.append(two)
    half = n // 2
    table([
        [f"run: {half} done, 1 fails, {half} wait", len(first), f"{wall(first):.2f}",
         f"{wall(first) / (half + 1) * 1000:.2f}", mebibytes(first), ""],
        [f"resume: {half + 1} to do", len(second), f"{wall(second):.2f}",
         f"{wall(second) / (half + 1) * 1000:.2f}", mebibytes(second), f"{ratio(second, first):.2f} ×"],
    ], ["", "runs", "wall s", "ms a step", "peak MiB", "resume : run"])


GOAL_INDEPENDENT = "≤ 0.75 × ninja (≤ 1.0 × with starts durable before the spawn); ≤ 1.0 s cpu per 1,000; ≤ 40 MiB"

PARTS = {
    "independent": lambda bench: bench_graph(bench, "Independent steps", GOAL_INDEPENDENT, independent(bench.size(10000, 500))),
    "chain": lambda bench: bench_graph(bench, "A chain", "≤ 0.7 × ninja", chain(bench.size(300, 100))),
    "layers": lambda bench: bench_graph(bench, "Ten layers, each step behind two of the layer before", "as the chain",
                                        layers(10, bench.size(100, 20))),
    "engines": bench_engines,
    "sandbox": bench_sandbox,
    "start": bench_start,
    "validation": bench_validation,
    "layout": bench_layout,
    "metrics": bench_metrics,
    "resume": bench_resume,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default="build", help="the build folder (build)")
    parser.add_argument("--runs", type=int, help="paired runs of each part (7; 3 with --quick)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the steps: for trying things out")
    parser.add_argument("--only", action="append", choices=list(PARTS), help="only this part; again for more")
    parser.add_argument("--folder", help="where to work (the folder for temporary files)")
    arguments = parser.parse_args()
    if not pathlib.Path(arguments.build, "src", "cli", "atelier").is_file():
        parser.error(f"there is no program in “{arguments.build}”; build first")
    if arguments.runs is not None and arguments.runs < 1:
        parser.error("--runs wants a number above 0")
    become_reaper()
    folder = tempfile.mkdtemp(prefix="atelier-bench-", dir=arguments.folder)
    bench = Bench(arguments.build, folder, arguments.runs or (3 if arguments.quick else 7), arguments.quick)
    began = time.monotonic()
    try:
        version = subprocess.run([bench.atelier, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        print(f"{version}, {os.cpu_count()} cpus, load {os.getloadavg()[0]:.1f}; medians of {bench.runs} paired runs"
              f"{', quick: small graphs are mostly start' if bench.quick else ''}")
        for name in arguments.only or PARTS:
            PARTS[name](bench)
        print(f"\n{time.monotonic() - began:.0f} s; load now {os.getloadavg()[0]:.1f}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
