# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The tracker: what a step tells of itself while it runs.

Each call appends one line of JSON to $ATELIER_TRACKING_FILE or, where there is a folder /opt/ml, to
/opt/ml/output/atelier/metrics.jsonl. Where there is neither, as for a script run by hand, it prints a line and goes on.

    {"t": "metric", "name": …, "value": number, "step": integer or null, "at_us": …}
    {"t": "param", "name": …, "value": …}
    {"t": "histogram", "name": …, "edges": […], "counts": […], "step": …, "at_us": …}
    {"t": "artifact", "name": …, "path" or "uri": …, "digest": …, "size_bytes": …}

Times (at_us) are microseconds since 1970, UTC. Numbers that JSON has no form for are the texts "nan", "inf" and "-inf". A line
is one write to a file opened for appending, so threads and processes may log at once. Bad arguments raise ValueError or
TypeError; a line that cannot be written (a full disk) never stops the script: the first such fault is told on stderr.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from bisect import bisect_right
from json import dumps
from operator import index
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

__all__ = ["log_artifact", "log_histogram", "log_metric", "log_metrics", "log_param"]

DEFAULT_FILE = "/opt/ml/output/atelier/metrics.jsonl"

_lock = threading.Lock()
_fd: Optional[int] = None  # the open file; -1 when lines are printed; None before the first line
_complained = False
_heads: Dict[str, str] = {}  # name -> beginning of its metric line


def log_metric(name: str, value: Any, step: Optional[int] = None) -> None:
    """Logs one number, such as a loss. `step` is a counter (epoch, batch) along which it is drawn.

    `name` has 1 to 255 characters; `value` is anything that float() takes, NaN and infinity included.
    """
    head = _heads.get(name)
    if head is None:
        head = '{"t":"metric","name":' + _text(_checked(name)) + ',"value":'
        if len(_heads) < 10_000:
            _heads[name] = head
    _emit(f'{head}{_number(name, value)},"step":{_step(name, step)},"at_us":{time.time_ns() // 1000}}}\n')


def log_metrics(metrics: Mapping[str, Any], step: Optional[int] = None) -> None:
    """Logs several numbers of the same step."""
    for name, value in metrics.items():
        log_metric(name, value, step)


def log_param(name: str, value: Any) -> None:
    """Logs a setting: a text, number, boolean or None as it is, anything else as its text."""
    name = _checked(name)
    if isinstance(value, float):
        encoded = _number(name, value)
    elif value is None or isinstance(value, (str, bool, int)):
        encoded = dumps(value)
    else:
        encoded = _text(str(value))
    _emit('{"t":"param","name":' + _text(name) + ',"value":' + encoded + "}\n")


def log_histogram(
    name: str, values: Any, step: Optional[int] = None, bins: Union[int, Sequence[float]] = 30
) -> None:
    """Logs how numbers are distributed.

    `values` is any sequence of numbers, nested ones and arrays of numpy, pandas or torch included; NaN and infinity are left
    out. `bins` is a count of equal bins between the least and the greatest value, or the rising edges themselves (numbers
    outside are left out). Each bin holds its lower edge, the last one its upper edge too.
    """
    name = _checked(name)
    numbers = [number for number in _flat(values) if number - number == 0]
    edges = _edges(name, numbers, bins)
    counts = [0] * (len(edges) - 1)
    low, high, last = edges[0], edges[-1], len(counts) - 1
    for number in numbers:
        if low <= number <= high:
            counts[min(bisect_right(edges, number) - 1, last)] += 1
    _emit(
        '{"t":"histogram","name":' + _text(name) + ',"edges":' + _list(edges) + ',"counts":' + _list(counts)
        + f',"step":{_step(name, step)},"at_us":{time.time_ns() // 1000}}}\n'
    )


def log_artifact(name: str, path: Union[str, "os.PathLike[str]"]) -> None:
    """Logs a file or folder that the step made, with its digest and size, or the address (s3://…) of an object.

    The digest is SHA-256 in hexadecimal; a folder's is that of the lines "DIGEST  RELATIVE/PATH" of its files, sorted by path.
    Raises FileNotFoundError when there is no such file or folder.
    """
    name = _checked(name)
    text = os.fspath(path)
    if "://" in text:
        _emit('{"t":"artifact","name":' + _text(name) + ',"uri":' + _text(text) + ',"digest":null,"size_bytes":null}\n')
        return
    digest, size = _measure(text)
    _emit(
        '{"t":"artifact","name":' + _text(name) + ',"path":' + _text(os.path.abspath(text))
        + f',"digest":"{digest}","size_bytes":{size}}}\n'
    )


def _text(value: str) -> str:
    return dumps(value)


def _checked(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"The name of what is logged must be a text, not {name!r}")
    if not 1 <= len(name) <= 255:
        raise ValueError(f"The name of what is logged must have 1 to 255 characters; “{name[:40]}” has {len(name)}")
    return name


def _number(name: str, value: Any) -> str:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"The value of “{name}” must be a number, not {value!r}") from None
    if number - number == 0:
        return repr(number)
    return '"nan"' if number != number else '"inf"' if number > 0 else '"-inf"'


def _step(name: str, step: Any) -> str:
    if step is None:
        return "null"
    try:
        return str(index(step))
    except TypeError:
        raise TypeError(f"The step of “{name}” must be a whole number, not {step!r}") from None


def _list(numbers: Iterable[float]) -> str:
    return "[" + ",".join(map(repr, numbers)) + "]"


def _flat(values: Any) -> Iterator[float]:
    for convert in ("detach", "cpu", "tolist"):  # torch has all three, numpy and pandas the last
        if hasattr(values, convert):
            values = getattr(values, convert)()
    if isinstance(values, (int, float)):
        yield float(values)
        return
    for value in values:
        if isinstance(value, (int, float)):
            yield float(value)
        elif hasattr(value, "__iter__"):
            yield from _flat(value)
        else:
            yield float(value)


def _edges(name: str, numbers: List[float], bins: Union[int, Sequence[float]]) -> List[float]:
    try:
        count = index(bins)  # type: ignore[arg-type]
    except TypeError:
        edges = list(_flat(bins))
        if len(edges) < 2 or not _rising(edges):
            raise ValueError(f"The bins of “{name}” must be a count, or at least two finite edges that rise") from None
        return edges
    if count < 1:
        raise ValueError(f"The bins of “{name}” must be at least 1, not {count}")
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)
    if low == high:
        spread = max(0.5, abs(low) * 1e-6)
        low, high = max(low - spread, -sys.float_info.max), min(high + spread, sys.float_info.max)
    edges = [low + (high - low) / count * i for i in range(count)] + [high]
    # Numbers between which there is no room for so many edges, or which are too far apart to divide, share one bin.
    return edges if _rising(edges) else [low, high]


def _rising(edges: List[float]) -> bool:
    return all(a < b and b - b == 0 for a, b in zip(edges, edges[1:])) and edges[0] - edges[0] == 0


def _measure(path: str) -> Tuple[str, int]:
    import hashlib

    def digest(file: str) -> str:
        whole = hashlib.sha256()
        with open(file, "rb") as stream:
            for block in iter(lambda: stream.read(1 << 20), b""):
                whole.update(block)
        return whole.hexdigest()

    if not os.path.isdir(path):
        return digest(path), os.path.getsize(path)
    files = [os.path.join(where, file) for where, _, names in os.walk(path) for file in names]
    lines = sorted((os.path.relpath(file, path), file) for file in files if os.path.isfile(file))
    whole = hashlib.sha256("".join(f"{digest(file)}  {relative}\n" for relative, file in lines).encode())
    return whole.hexdigest(), sum(os.path.getsize(file) for _, file in lines)


def _emit(line: str) -> None:
    fd = _fd if _fd is not None else _open()
    if fd < 0:
        print(_readable(line))
        return
    data = line.encode()
    try:
        if os.write(fd, data) != len(data):
            os.write(fd, b"\n")  # ends the torn line, so that it does not spoil the next one
            raise OSError("the disk is full")
    except OSError as error:
        _complain(f"A line could not be written: {error}")


def _open() -> int:
    """Opens the file for appending; -1 when there is none. A child that was forked goes on with its parent's: it may."""
    global _fd
    with _lock:
        if _fd is None:
            path = os.environ.get("ATELIER_TRACKING_FILE")
            try:
                if not path:
                    if not os.path.isdir("/opt/ml"):
                        _fd = -1
                        return _fd
                    path = DEFAULT_FILE
                os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
                _fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            except OSError as error:
                _fd = -1
                if os.environ.get("ATELIER_TRACKING_FILE"):
                    _complain(f"The tracking file “{path}” cannot be written: {error.strerror}")
        return _fd


def _complain(sentence: str) -> None:
    global _complained
    if not _complained:
        _complained = True
        print(f"atelier: {sentence}", file=sys.stderr)


def _readable(line: str) -> str:
    from json import loads

    entry = loads(line)
    step = "" if entry.get("step") is None else f" (step {entry['step']})"
    if entry["t"] == "histogram":
        return f"histogram {entry['name']}: {sum(entry['counts'])} values in {len(entry['counts'])} bins{step}"
    if entry["t"] == "artifact":
        return f"artifact {entry['name']}: {entry.get('path') or entry['uri']}"
    return f"{entry['t']} {entry['name']} = {entry['value']}{step}"


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
