# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Leads a step's S3 clients to the door of its execution.

With this folder on PYTHONPATH, S3 clients of boto3, s3fs (aiobotocore) and the aws command go to $AWS_ENDPOINT_URL_S3 and put
the bucket into the path, not into the host name. From botocore 1.31 (boto3 1.28) the variable is honoured without help; older
ones, such as Debian 12's, know neither. A script that names an endpoint or an addressing style itself has its way.

Nothing is imported before the script imports it: a finder waits for three module names, lets the module load as usual, and
wraps one method in it. A fault in here is swallowed, since a step must never fail because of it: its S3 client then goes where
it would have gone. Another sitecustomize further down the path runs as if this one were not there. Options that switch off
PYTHONPATH or site (-E, -I, -S) switch off this too.
"""

import os
import sys

_MODULES = {
    "botocore.args": "ClientArgsCreator",
    "aiobotocore.args": "AioClientArgsCreator",
    "awscli.botocore.args": "ClientArgsCreator",
}


class _Finder:
    """Stands before all other finders, finds nothing itself, but wraps the loaders of the modules it waits for."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name not in _MODULES:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if finder is not cls and find else None
            if spec is not None:
                break
        else:
            return None
        try:
            load = spec.loader.exec_module

            def exec_module(module):
                load(module)
                try:
                    _wrap(getattr(module, _MODULES[name]))
                except Exception:
                    pass

            spec.loader.exec_module = exec_module
        except Exception:
            pass
        return spec


def _wrap(creator):
    """Wraps the method by which a class makes the settings of a client."""
    original = creator.__dict__["get_client_args"]
    names = original.__code__.co_varnames[1 : original.__code__.co_argcount]
    native = hasattr(creator, "_compute_configured_endpoint_url")

    def get_client_args(self, *args, **kwargs):
        try:
            given = dict(zip(names, args), **kwargs)
            _lead(given, native)
            args, kwargs = (), given
        except Exception:
            pass
        return original(self, *args, **kwargs)

    creator.get_client_args = get_client_args


def _lead(given, native):
    """Changes the settings of an S3 client."""
    url = os.environ.get("AWS_ENDPOINT_URL_S3")
    if not url or given["service_model"].service_name != "s3":
        return
    if given["endpoint_url"] is None and not native:
        given["endpoint_url"] = url
    if given["endpoint_url"] not in (None, url):
        return
    config = given["client_config"]
    style = (config.s3 if config is not None else None) or {}
    if "addressing_style" not in style:
        from botocore.config import Config

        kind = Config if config is None else type(config)
        path = kind(s3={**style, "addressing_style": "path"})
        given["client_config"] = path if config is None else config.merge(path)


def _run_next():
    """Runs the next sitecustomize of the path, which this one hides."""
    # Where importlib takes these from; importlib.util would cost a millisecond.
    from _frozen_importlib import module_from_spec
    from _frozen_importlib_external import PathFinder

    here = os.path.dirname(os.path.abspath(__file__))
    path = [folder for folder in sys.path if os.path.abspath(folder or ".") != here]
    spec = PathFinder.find_spec("sitecustomize", path)
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


try:
    sys.meta_path.insert(0, _Finder)
except Exception:
    pass
_run_next()
