# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""run-notebook.py NOTEBOOK: checks the form of a notebook (nbformat 4.5, nothing run yet) and runs its code cells."""

import json
import re
import sys

notebook = json.load(open(sys.argv[1], encoding="utf-8"))
assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
assert notebook["metadata"]["kernelspec"]["name"] == "python3"
assert set(notebook) == {"cells", "metadata", "nbformat", "nbformat_minor"}
ids = [cell["id"] for cell in notebook["cells"]]
assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[a-zA-Z0-9-_]{1,64}", name) for name in ids)

names = {"__name__": "__main__"}
n_run = 0
for cell in notebook["cells"]:
    keys = {"cell_type", "id", "metadata", "source"}
    if cell["cell_type"] == "code":
        keys |= {"execution_count", "outputs"}
        assert cell["execution_count"] is None and cell["outputs"] == []
    else:
        assert cell["cell_type"] == "markdown"
    assert set(cell) == keys, set(cell) ^ keys
    source = "".join(cell["source"])
    if cell["cell_type"] == "code":
        exec(compile(source, f"cell {cell['id']}", "exec"), names)
        n_run += 1
print(f"ran {n_run} cells")
