# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of an extension: what is sent for what difference, and what is never lost."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.final_settings import FinalSettings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.plan import (
    ExtensionPlan,
    Release,
    plan_extension,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.problems import ExtensionSettingsError
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ExtensionFacts


def extension(**changes: Any) -> ExtensionFacts:
    facts = ExtensionFacts(
        id="/e",
        name="azureml",
        provisioning_state="Succeeded",
        version="1.1.84",
        pinned_version=None,
        release_train="Stable",
        auto_upgrade_minor_version=True,
        release_namespace="azureml",
        settings={"enableTraining": "True", "custom": "kept"},
        protected_settings=[],
        error=None,
    )
    facts.update(changes)  # type: ignore[typeddict-item]  # tests name the keys
    return facts


def plan(
    existing: ExtensionFacts | None,
    wanted: dict[str, str] | None = None,
    protected: dict[str, str] | None = None,
    release: Release | None = None,
    *,
    resend: bool = False,
) -> ExtensionPlan:
    final = FinalSettings(
        wanted=wanted or {"enableTraining": "true"}, derived={}, at_creation={}, protected=protected or {}
    )
    return plan_extension(
        existing, final, release or Release(), extension_id="/e", name="azureml", resend_protected=resend
    )


def test_a_new_extension_gets_everything_and_automatic_upgrades() -> None:
    made = plan(None, protected={"a": "b"})
    assert (made.action, made.protected) == ("create", {"a": "b"})
    assert (made.version, made.auto_upgrade_minor_version, made.release_train) == (None, True, "stable")
    assert made.after is not None
    assert made.after["protected_settings"] == ["a"]


def test_a_new_extension_of_a_version_stays_at_it() -> None:
    made = plan(None, release=Release(version="1.1.80"))
    assert (made.version, made.auto_upgrade_minor_version, made.release_train) == ("1.1.80", False, None)


def test_equal_is_not_changed() -> None:
    existing = extension()
    made = plan(existing, release=Release(None, True, "STABLE"))
    assert (made.action, made.after) == ("none", existing)


def test_an_update_sends_nothing_about_version_and_train_of_a_pinned_extension() -> None:
    existing = extension(pinned_version="1.1.80", auto_upgrade_minor_version=False, release_train=None)
    made = plan(existing, {"enableTraining": "True", "installVolcano": "False"})
    assert made.action == "update"
    assert (made.version, made.auto_upgrade_minor_version, made.release_train) == (None, None, None)
    assert made.settings == {"installVolcano": "False"}
    assert made.protected is None, "absent, or Azure would delete what is there"
    assert made.after is not None
    assert made.after["settings"]["custom"] == "kept"
    assert made.after["pinned_version"] == "1.1.80"


@pytest.mark.parametrize(
    ("existing", "release", "sent"),
    [
        ({}, Release(version="1.1.80"), ("1.1.80", False, None)),
        (
            {"pinned_version": "1.1.80", "auto_upgrade_minor_version": False},
            Release(version="1.1.81"),
            ("1.1.81", False, None),
        ),
        ({"pinned_version": "1.1.80", "auto_upgrade_minor_version": False}, Release(None, True), (None, True, None)),
        ({}, Release(release_train="preview"), (None, None, "preview")),
    ],
)
def test_a_change_of_version_or_train_is_sent_alone(
    existing: dict[str, Any], release: Release, sent: tuple[Any, ...]
) -> None:
    made = plan(extension(**existing), release=release)
    assert made.action == "update"
    assert (made.version, made.auto_upgrade_minor_version, made.release_train) == sent
    assert made.settings == {}


def test_an_extension_that_is_pinned_already_is_not_changed() -> None:
    existing = extension(pinned_version="1.1.80", auto_upgrade_minor_version=False)
    assert plan(existing, release=Release(version="1.1.80")).action == "none"


@pytest.mark.parametrize(
    ("there", "given", "resend", "wanted", "expected"),
    [
        ([], {"a": "1"}, False, None, {"a": "1"}),  # a new name must be sent
        (["a"], {"a": "1"}, False, None, None),  # a value cannot be compared: kept
        (["a"], {"a": "1"}, True, None, {"a": "1"}),  # the user says that it changed
        (["a"], {"a": "1"}, False, {"x": "y"}, {"a": "1"}),  # sent along with something else
        (["a", "b"], {"a": "1"}, False, {"x": "y"}, None),  # would delete b, and need not be
    ],
)
def test_protected_settings_are_sent_when_they_must_or_may(
    there: list[str],
    given: dict[str, str],
    *,
    resend: bool,
    wanted: dict[str, str] | None,
    expected: dict[str, str] | None,
) -> None:
    made = plan(extension(protected_settings=there), wanted, given, resend=resend)
    assert made.protected == expected
    assert made.action == ("none" if expected is None and wanted is None else "update")


@pytest.mark.parametrize("resend", [False, True])
def test_a_protected_setting_that_only_azure_knows_is_never_deleted(*, resend: bool) -> None:
    given = {"a": "1"} if resend else {"new": "1"}
    with pytest.raises(ExtensionSettingsError, match="b"):
        plan(extension(protected_settings=["a", "b"]), None, given, resend=resend)


@pytest.mark.parametrize("state", ["Failed", "Canceled"])
def test_a_failed_extension_is_sent_again_with_its_own_settings(state: str) -> None:
    made = plan(extension(provisioning_state=state, pinned_version="1.1.80", auto_upgrade_minor_version=False))
    assert made.action == "repair"
    assert made.settings == {"enableTraining": "True", "custom": "kept"}
    assert (made.version, made.auto_upgrade_minor_version, made.release_train) == ("1.1.80", False, None)
    assert made.after is not None
    assert made.after["provisioning_state"] == "Succeeded"


def test_secrets_do_not_show_in_a_plan() -> None:
    assert "top secret" not in repr(plan(None, protected={"a": "top secret"}))


def test_paths_that_the_cli_left_in_protected_settings_do_not_count_as_lost() -> None:
    names = ["scoringFe.sslCert", "scoringFe.sslKey", "sslCertPemFile", "sslKeyPemFile"]
    certificate = {"scoringFe.sslCert": "new", "scoringFe.sslKey": "new"}
    renewed = plan(extension(protected_settings=names), protected=certificate, resend=True)
    assert (renewed.action, renewed.protected) == ("update", certificate)
    repaired = plan(extension(protected_settings=names, provisioning_state="Failed"), protected=certificate)
    assert (repaired.action, repaired.protected) == ("repair", certificate)
