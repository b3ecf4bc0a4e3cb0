# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The same graph of trivial steps for each contestant. A graph is a list: for each step the numbers of those it waits for."""

import json

Graph = list


def independent(n) -> Graph:
    return [[] for _ in range(n)]


def chain(n) -> Graph:
    return [[i - 1] if i > 0 else [] for i in range(n)]


def layers(n_layers, width) -> Graph:
    """Step i of a layer waits for steps i and i + 1 of the layer before."""
    graph = independent(width)
    for layer in range(1, n_layers):
        below = (layer - 1) * width
        graph += [sorted({below + i, below + (i + 1) % width}) for i in range(width)]
    return graph


def processing(name, command, depends_on=()):
    step = {
        "Name": name,
        "Type": "Processing",
        "Arguments": {
            "AppSpecification": {"ImageUri": "local/python:3", "ContainerEntrypoint": command},
            "ProcessingResources": {"ClusterConfig": {"InstanceType": "local", "InstanceCount": 1, "VolumeSizeInGB": 1}},
            "RoleArn": "arn:aws:iam::111122223333:role/bench",
        },
    }
    if depends_on:
        step["DependsOn"] = list(depends_on)
    return step


def write_steps(path, steps):
    path.write_text(json.dumps({"Version": "2020-12-01", "Steps": steps}), encoding="utf-8")
    return path


def write_definition(path, graph):
    return write_steps(path, [processing(f"s{i}", ["/bin/true"], [f"s{k}" for k in needs]) for i, needs in enumerate(graph)])


def write_ninja(path, graph):
    lines = ["rule true", "  command = /bin/true"]
    lines += [f"build s{i}: true " + " ".join(f"s{k}" for k in needs) for i, needs in enumerate(graph)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_make(path, graph):
    names = " ".join(f"s{i}" for i in range(len(graph)))
    lines = [f".PHONY: all {names}", f"all: {names}"]
    for i, needs in enumerate(graph):
        lines += [f"s{i}: " + " ".join(f"s{k}" for k in needs), "\t/bin/true"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_doit(path, graph):
    path.write_text(f"""GRAPH = {graph!r}

def task_s():
    for i, needs in enumerate(GRAPH):
        yield {{"name": str(i), "actions": [["/bin/true"]], "task_dep": [f"s:{{k}}" for k in needs]}}
""", encoding="utf-8")


def write_snakemake(path, graph):
    """Snakemake wants files: each step touches one, which is more than the others do, and little beside its own cost."""
    lines = ["rule all:", f"    input: expand('done/s{{i}}', i=range({len(graph)}))"]
    for i, needs in enumerate(graph):
        lines += [f"rule s{i}:", *([f"    input: {[f'done/s{k}' for k in needs]!r}"] if needs else []),
                  f"    output: temp(touch('done/s{i}'))", "    shell: '/bin/true'"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
