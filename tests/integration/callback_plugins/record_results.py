# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes each task's result, as Ansible's callbacks see it, as one line of JSON: what the tests judge."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record_results
type: aggregate
short_description: Records results for tests
description: Appends each result to the file that the environment variable FLEET_TEST_RESULTS names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "record_results"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, record: dict[str, Any]) -> None:
        with open(os.environ["FLEET_TEST_RESULTS"], "a", encoding="utf-8") as results:
            results.write(json.dumps(record, default=str) + "\n")

    def _record(self, status: str, result: Any, *, item: bool = False) -> None:
        task = getattr(result, "task", None) or result._task
        host = getattr(result, "host", None) or result._host
        values = getattr(result, "result", None)
        self._write(
            {
                "status": status,
                "item": item,
                "task": task.get_name(),
                "action": task.action,
                "host": host.get_name(),
                "result": values if isinstance(values, dict) else result._result,
            }
        )

    def v2_runner_on_ok(self, result: Any) -> None:
        self._record("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._record("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._record("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._record("unreachable", result)

    def v2_runner_retry(self, result: Any) -> None:
        self._record("retry", result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._record("ok", result, item=True)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._record("failed", result, item=True)

    def v2_runner_item_on_skipped(self, result: Any) -> None:
        self._record("skipped", result, item=True)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        hosts = {host: stats.summarize(host) for host in sorted(stats.processed)}
        self._write({"status": "stats", "hosts": hosts, "custom": stats.custom})
