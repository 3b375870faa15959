# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.conflicts import ATTEMPTS, write_on_current
from ansible_collections.azureml.fleet.plugins.module_utils._kubernetes.errors import KubernetesError

CONFLICT = KubernetesError("changed", status=409, code="Conflict")


def test_write_is_based_on_what_is_there_after_a_conflict() -> None:
    versions = iter([2, 3])

    def write(version: int) -> str:
        if version < 3:
            raise CONFLICT
        return f"wrote on {version}"

    assert write_on_current(1, write, lambda: next(versions), "It") == "wrote on 3"


def test_endless_conflict_is_one_sentence() -> None:
    tries = []

    def write(version: int) -> None:
        tries.append(version)
        raise CONFLICT

    with pytest.raises(KubernetesError, match="It was changed by somebody else each of the 6 times") as caught:
        write_on_current(0, write, lambda: len(tries), "It")
    assert len(tries) == ATTEMPTS
    assert caught.value.conflict


def test_object_that_was_deleted_is_read_again() -> None:
    def write(found: str | None) -> str:
        if found is not None:
            raise KubernetesError("gone", status=404)
        return "created"

    found: str | None = "old"
    gone: str | None = None
    assert write_on_current(found, write, lambda: gone, "It") == "created"


def test_kind_that_is_gone_is_not_tried_again() -> None:
    def write(_unused: str | None) -> str:
        raise KubernetesError("404 page not found", status=404)

    with pytest.raises(KubernetesError, match="404 page not found"):
        write_on_current(None, write, lambda: None, "It")


def test_other_errors_pass_at_once() -> None:
    def write(_unused: int) -> None:
        raise KubernetesError("no", status=403)

    with pytest.raises(KubernetesError, match="no"):
        write_on_current(0, write, lambda: 1, "It")
