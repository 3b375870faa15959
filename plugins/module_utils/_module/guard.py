# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""While a core runs: what it and its libraries print or log goes through the task's secrets first."""

from __future__ import annotations

import io
import logging
import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._foundation import secrets as secrets_module
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.secrets import Secrets, passwords_in_urls

#: Keys of a result that people read as sentences; a list of sentences too.
_SENTENCES = ("msg", "warnings", "lines")
#: Variables whose URLs may hold a password, as urllib.request.getproxies reads them.
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
#: Variables that are secrets, which libraries read by themselves whatever the options say: azure-identity's
#: EnvironmentCredential and the endpoints of managed identities (azure/identity/_constants.py), azure.azcollection and
#: kubernetes.core.
_SECRET_VARIABLES = (
    "AZURE_CLIENT_SECRET",
    "AZURE_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_PASSWORD",
    "IDENTITY_HEADER",
    "MSI_SECRET",
    "K8S_AUTH_PASSWORD",
    "K8S_AUTH_API_KEY",
)


def environment_secrets() -> Iterator[str]:
    """Yield the secrets of the environment, and the passwords of the proxies there: libraries print the URLs."""
    for name, value in os.environ.items():
        if name in _SECRET_VARIABLES:
            yield value
        elif name.lower() in _PROXIES:
            yield from passwords_in_urls(value)


@contextmanager
def guarded(secrets: Secrets) -> Iterator[io.StringIO]:
    """Let no secret out of libraries: yield what they print, and clean every log record, whichever logger it is of.

    Secrets that are learned inside the block count from then on.
    """
    printed, make = io.StringIO(), logging.getLogRecordFactory()

    def cleaned(*arguments: Any, **keywords: Any) -> logging.LogRecord:
        return _clean_record(make(*arguments, **keywords), secrets)

    logging.setLogRecordFactory(cleaned)
    try:
        with secrets_module.known(secrets), redirect_stdout(printed), redirect_stderr(printed):
            yield printed
    finally:
        logging.setLogRecordFactory(make)


def _clean_record(record: logging.LogRecord, secrets: Secrets) -> logging.LogRecord:
    """Return a record whose message and traceback are texts without secrets."""
    try:
        message = record.getMessage()
    except (TypeError, ValueError):  # the library's own mistake in a format: `logging` would print the arguments
        message = str(record.msg)
    record.msg, record.args = secrets.message(message), None
    if record.exc_info and record.exc_info[0] is not None:
        record.exc_text = secrets.lines("".join(traceback.format_exception(*record.exc_info)).rstrip())
    record.exc_info = None
    if record.stack_info:
        record.stack_info = secrets.lines(record.stack_info)
    return record


def cleaned_result(result: Mapping[str, Any], secrets: Secrets) -> dict[str, Any]:
    """Return what leaves a task: no secret anywhere, sentences on one line each, a traceback with harmless lines."""
    cleaned: dict[str, Any] = dict(secrets.data(dict(result)))
    for key in _SENTENCES:
        if key in result:
            cleaned[key] = _sentences(result[key], secrets)
    if isinstance(result.get("exception"), str):
        cleaned["exception"] = secrets.lines(result["exception"])
    if "deprecations" in result:
        cleaned["deprecations"] = [{**each, "msg": _sentences(each["msg"], secrets)} for each in result["deprecations"]]
    return cleaned


def _sentences(value: Any, secrets: Secrets) -> Any:
    """Return a sentence, or each of a list."""
    if isinstance(value, str):
        return secrets.message(value)
    return [_sentences(each, secrets) for each in value] if isinstance(value, list) else secrets.data(value)
