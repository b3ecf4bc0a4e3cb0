# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests an endpoint that has just been deployed: is it there, does it answer, are the answers plausible and quick?

The stage's config file says what to send and what to expect. The results go to a JSON file; the exit code is 0 when
all is well and 1 when the endpoint fails a check. Only the standard library is used.
"""

import argparse
import json
import math
import os
import pathlib
import sys
import time
import urllib.error
import urllib.request

TIMEOUT_SECONDS = 30


class Failed(Exception):
    """A check that the endpoint did not pass; the text says which and why."""


def request(url: str, body: bytes = None, content_type: str = "text/csv") -> str:
    """The answer to one request, as text. Raises Failed."""
    headers = {"Content-Type": content_type, "Accept": content_type} if body is not None else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=TIMEOUT_SECONDS) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        raise Failed(f"{url} answered {error.code}: {error.read(500).decode(errors='replace').strip()}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(f"{url} gave no answer: {error}") from error


def numbers(answer: str) -> list:
    """The numbers of an answer, which are separated by line feeds or commas. Raises Failed."""
    try:
        values = [float(text) for text in answer.replace(",", "\n").split()]
    except ValueError as error:
        raise Failed(f"the answer is not made of numbers: {answer[:200]!r}") from error
    if not all(math.isfinite(value) for value in values):
        raise Failed(f"the answer holds something that is not finite: {answer[:200]!r}")
    return values


def check(url: str, expected: dict, folder: pathlib.Path) -> dict:
    """Asks the endpoint and gives what was found. Raises Failed at the first check that it does not pass."""
    request(f"{url}/ping")
    payload = (folder / expected["PayloadFile"]).read_text()
    rows = [line for line in payload.splitlines() if line.strip()]
    content_type = expected.get("ContentType", "text/csv")

    values = numbers(request(f"{url}/invocations", "\n".join(rows).encode(), content_type))
    if len(values) != len(rows):
        raise Failed(f"{len(rows)} rows were sent and {len(values)} predictions came back")
    for value in values:
        if not expected.get("Minimum", -math.inf) <= value <= expected.get("Maximum", math.inf):
            limits = f"{expected.get('Minimum')} and {expected.get('Maximum')}"
            raise Failed(f"the prediction {value} is not between {limits}")

    alone = numbers(request(f"{url}/invocations", rows[0].encode(), content_type))
    if not math.isclose(alone[0], values[0], rel_tol=1e-5, abs_tol=1e-6):
        raise Failed(f"the same row got {values[0]} among others and {alone[0]} alone")

    started = time.monotonic()
    request(f"{url}/invocations", rows[0].encode(), content_type)
    milliseconds = (time.monotonic() - started) * 1000
    if milliseconds > expected.get("MaximumMilliseconds", math.inf):
        raise Failed(f"one request took {milliseconds:.0f} ms; {expected['MaximumMilliseconds']} are allowed")
    return {"predictions": values, "milliseconds": round(milliseconds, 2)}


def main(argv: list = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default=os.environ.get("ATELIER_ENDPOINT_URL"), help="http://127.0.0.1:PORT")
    parser.add_argument("--config", default="staging-config.json", help="the stage's config file")
    parser.add_argument("--output", help="where the results go, as JSON")
    arguments = parser.parse_args(argv)
    if not arguments.url:
        parser.error("give the endpoint's address: --url, or ATELIER_ENDPOINT_URL in the environment")

    config = pathlib.Path(arguments.config).resolve()
    results = {"url": arguments.url, "config": config.name}
    try:
        expected = json.loads(config.read_text())["Test"]
        results.update(passed=True, **check(arguments.url.rstrip("/"), expected, config.parent))
        print(f"{arguments.url}: all checks passed, {results['milliseconds']} ms a request")
    except Failed as reason:
        results.update(passed=False, reason=str(reason))
        print(f"{arguments.url}: {reason}", file=sys.stderr)
    if arguments.output:
        pathlib.Path(arguments.output).write_text(json.dumps(results, indent=2) + "\n")
    return 0 if results["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
