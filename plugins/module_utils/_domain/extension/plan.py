# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster's extension is to become: options, facts and what exists, compared into one plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ansible_collections.azureml.fleet.plugins.module_utils._domain import names
from ansible_collections.azureml.fleet.plugins.module_utils._domain.change import Change
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.final_settings import (
    LEFT_BY_THE_CLI,
    FinalSettings,
    disruptions,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.options import ExtensionOptions
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.problems import (
    ExtensionSettingsError,
    Problem,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import ExtensionFacts
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states

STAGE = "extension"
#: The train that `az k8s-extension create` chooses for this extension.
DEFAULT_TRAIN = "stable"


@dataclass(frozen=True)
class Release:
    """Which version is wanted; None means 'as it is', or the newest stable one for a new extension."""

    version: str | None = None
    auto_upgrade_minor_version: bool | None = None
    release_train: str | None = None

    @classmethod
    def of(cls, options: ExtensionOptions) -> Release:
        """Return the release that the options ask for; `option_problems` says which options contradict each other."""
        return cls(options.version, options.auto_upgrade_minor_version, options.release_train)


@dataclass(frozen=True)
class ExtensionPlan:
    """What is to be sent, and how the extension will look then."""

    action: Literal["none", "create", "repair", "update"]
    after: ExtensionFacts | None
    settings: dict[str, str] = field(default_factory=dict)
    #: None: the extension's protected settings stay as they are.
    protected: dict[str, str] | None = field(default=None, repr=False)
    version: str | None = None
    auto_upgrade_minor_version: bool | None = None
    release_train: str | None = None
    #: Changes among `settings` that interrupt what runs.
    disruptive: tuple[str, ...] = ()


def plan_extension(
    existing: ExtensionFacts | None,
    wanted: FinalSettings,
    release: Release,
    *,
    extension_id: str,
    name: str,
    resend_protected: bool = False,
) -> ExtensionPlan:
    """Return the plan. An extension whose last operation failed is sent again as a whole, whatever differs.

    Raises ExtensionSettingsError when protected settings would be lost that only Azure knows.
    """
    if existing is None:
        return _creation(wanted, release, extension_id, name)
    settings = wanted.changes(existing["settings"], fill_gaps=states.has_failed(existing["provisioning_state"]))
    if states.has_failed(existing["provisioning_state"]):
        return _repair(existing, wanted, release, settings)
    version = _release_changes(existing, release)
    missing = sorted(wanted.protected.keys() - set(existing["protected_settings"]))
    differs = bool(settings or version or missing)
    protected = None
    if wanted.protected and (missing or resend_protected or differs):
        protected = _protected_to_send(existing, wanted, needed=bool(missing or resend_protected))
    if not differs and protected is None:
        return ExtensionPlan(action="none", after=existing)
    after = _predicted(existing, {**existing["settings"], **settings}, protected, version)
    return ExtensionPlan(
        action="update",
        after=after,
        settings=settings,
        protected=protected,
        disruptive=tuple(disruptions(existing["settings"], settings)),
        **version,
    )


def _creation(wanted: FinalSettings, release: Release, extension_id: str, name: str) -> ExtensionPlan:
    """Return the plan for a new extension."""
    pinned = release.version is not None
    settings = wanted.for_new()
    train = None if pinned else release.release_train or DEFAULT_TRAIN
    after = ExtensionFacts(
        id=extension_id,
        name=name,
        provisioning_state="Succeeded",
        version=release.version,
        pinned_version=release.version,
        release_train=train,
        auto_upgrade_minor_version=not pinned,
        release_namespace=names.EXTENSION_NAMESPACE,
        settings=settings,
        protected_settings=sorted(wanted.protected),
        error=None,
    )
    return ExtensionPlan(
        action="create",
        after=after,
        settings=settings,
        protected=dict(wanted.protected),
        version=release.version,
        auto_upgrade_minor_version=not pinned,
        release_train=train,
    )


def _repair(
    existing: ExtensionFacts, wanted: FinalSettings, release: Release, changes: dict[str, str]
) -> ExtensionPlan:
    """Return the plan that sends a failed extension again, with its own settings and those wanted."""
    protected = _protected_to_send(existing, wanted, needed=True) or {}
    settings = {**existing["settings"], **changes}
    version = _release_changes(existing, release)
    automatic = version.get("auto_upgrade_minor_version", existing["auto_upgrade_minor_version"])
    pinned = version.get("version") or (existing["pinned_version"] if automatic is False else None)
    train = None if pinned else version.get("release_train") or existing["release_train"] or DEFAULT_TRAIN
    return ExtensionPlan(
        action="repair",
        after=_predicted(existing, settings, protected, version),
        settings=settings,
        protected=protected,
        version=pinned,
        auto_upgrade_minor_version=pinned is None,
        release_train=train,
    )


def _release_changes(existing: ExtensionFacts, release: Release) -> dict[str, Any]:
    """Return the fields of a request that change version, automatic upgrades, or release train."""
    changes: dict[str, Any] = {}
    automatic = existing["auto_upgrade_minor_version"]
    if release.version:
        if existing["pinned_version"] != release.version or automatic is not False:
            changes = {"version": release.version, "auto_upgrade_minor_version": False}
        return changes
    if release.auto_upgrade_minor_version and automatic is False:
        changes["auto_upgrade_minor_version"] = True
    train = release.release_train
    if train and train.lower() != (existing["release_train"] or "").lower():
        changes["release_train"] = train
    return changes


def _protected_to_send(existing: ExtensionFacts, wanted: FinalSettings, *, needed: bool) -> dict[str, str] | None:
    """Return the protected settings to send, or None to leave those that are there.

    Sent ones replace all (learn.microsoft.com/azure/aks/deploy-extensions-az-cli), and what is there cannot be read.
    """
    lost = sorted(set(existing["protected_settings"]) - wanted.protected.keys() - LEFT_BY_THE_CLI)
    if not lost:
        return dict(wanted.protected)
    if needed:
        raise ExtensionSettingsError(
            Problem(
                f"Extension {existing['name']} has protected settings that were not given ({', '.join(lost)}); sending "
                "the others would delete them, and Azure does not tell their values. Give them in "
                "O(protected_settings) as well."
            )
        )
    return None


def _predicted(
    existing: ExtensionFacts,
    settings: dict[str, str],
    protected: dict[str, str] | None,
    version: dict[str, Any],
) -> ExtensionFacts:
    """Return the extension as it will be."""
    automatic = version.get("auto_upgrade_minor_version", existing["auto_upgrade_minor_version"])
    pinned = version.get("version") or (existing["pinned_version"] if automatic is False else None)
    return ExtensionFacts(
        id=existing["id"],
        name=existing["name"],
        provisioning_state="Succeeded",
        version=version.get("version") or existing["version"],
        pinned_version=pinned,
        release_train=version.get("release_train") or existing["release_train"],
        auto_upgrade_minor_version=automatic,
        release_namespace=existing["release_namespace"],
        settings=settings,
        protected_settings=existing["protected_settings"] if protected is None else sorted(protected),
        error=None,
    )


def changes_of(existing: ExtensionFacts | None, plan: ExtensionPlan) -> list[Change]:
    """Return the plan as changes; an operation that is in progress is one that is waited for."""
    found: list[Change] = []
    if existing is not None and not states.is_settled(existing["provisioning_state"]):
        before = {"state": existing["provisioning_state"]}
        found.append(
            Change(
                STAGE,
                "wait",
                "extension",
                existing["id"],
                existing["name"],
                before,
                {"state": "Succeeded"},
                "in progress",
            )
        )
    if plan.action == "none" or plan.after is None:
        return found
    after = plan.after
    reasons: dict[str, Literal["missing", "failed", "differs"]] = {"create": "missing", "repair": "failed"}
    found.append(
        Change(
            STAGE,
            plan.action,
            "extension",
            after["id"],
            after["name"],
            shown(existing) if existing else None,
            shown(after, resent=plan.action == "update" and plan.protected is not None),
            reasons.get(plan.action, "differs"),
            disruptive=bool(plan.disruptive),
        )
    )
    return found


def shown(facts: ExtensionFacts | None, *, resent: bool = False) -> dict[str, object]:
    """Return what of an extension can be wanted: the form that is compared, that `--diff` shows, that a change holds.

    `resent`: protected settings are sent again, which no comparison of their names shows.
    """
    if facts is None or states.is_deleting(facts["provisioning_state"]):
        return {}
    found: dict[str, object] = {
        "name": facts["name"],
        "state": facts["provisioning_state"] if states.has_failed(facts["provisioning_state"]) else "installed",
        "version": facts["pinned_version"] or "newest",
        "auto_upgrade_minor_version": facts["auto_upgrade_minor_version"],
        "release_train": (facts["release_train"] or "").lower(),
        "settings": dict(sorted(facts["settings"].items())),
        "protected_settings": facts["protected_settings"],
    }
    return {**found, "protected_values": "sent again"} if resent else found
