# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is an extension there already, and can it be brought to what is wanted?"""

from __future__ import annotations

import re

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.final_settings import right_spelling
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.health_report import explained
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.plan import ExtensionPlan
from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.problems import (
    ExtensionSettingsError,
    Problem,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.facts import Facts
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.settings import Settings
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.wanted_extension import (
    drafted_settings,
    planned_extension,
)
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules import _sources as source
from ansible_collections.azureml.fleet.plugins.module_utils._domain.rules._engine import Evidence, rule
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import states

_FIRST_GENERAL_VERSION = (1, 1, 1)


def _state(facts: Facts) -> str:
    """Return the extension's provisioning state in lower case; empty when there is none."""
    return facts["extension"]["provisioning_state"].lower() if facts["extension"] else ""


def _ended_badly(facts: Facts) -> Evidence:
    """Return what is known of an extension whose last operation did not succeed."""
    extension = facts["extension"]
    if extension is None or not states.has_failed(_state(facts)):
        return None
    reason = f": {extension['error']}" if extension["error"] else "."
    report = facts["kubernetes"]["health_report"] if facts["kubernetes"] else None
    return [*explained(report), f"Extension {extension['name']} is {extension['provisioning_state']}{reason}"]


@rule(
    "extension-failed",
    "blocker",
    "An earlier installation of the extension failed",
    remedy="Mend the cause, then set aml_retry_failed_extension: true to submit it again. Delete the extension "
    "(azureml.fleet.aml_extension, state: absent) only when that fails again and nothing is served through it: all "
    "that its release contains goes with it, azureml-fe of v1 included.",
    source=source.TROUBLESHOOT_EXTENSION,
)
def extension_failed(settings: Settings, facts: Facts) -> Evidence:
    """Find a failed extension that the user did not ask to submit again."""
    return None if settings.extension.retry_failed else _ended_badly(facts)


@rule(
    "extension-retried",
    "warning",
    "An earlier installation of the extension failed; it is submitted again",
    remedy="Nothing has to be done when the cause was mended.",
    source=source.TROUBLESHOOT_EXTENSION,
)
def extension_retried(settings: Settings, facts: Facts) -> Evidence:
    """Tell of a failed extension that the user asked to submit again."""
    return _ended_badly(facts) if settings.extension.retry_failed else None


@rule(
    "extension-being-deleted",
    "blocker",
    "The extension is being deleted",
    remedy="Wait until it is gone and run again.",
    source=source.TROUBLESHOOT_EXTENSION,
)
def extension_being_deleted(_settings: Settings, facts: Facts) -> Evidence:
    """Find an extension on its way out: it can neither be updated nor installed."""
    return "Its provisioning state is Deleting." if states.is_deleting(_state(facts)) else None


@rule(
    "extension-busy",
    "warning",
    "An operation on the extension is in progress",
    remedy="Nothing has to be done: the run waits for it and goes on. When it never ends, see the page below.",
    source=source.TROUBLESHOOT_EXTENSION,
)
def extension_busy(_settings: Settings, facts: Facts) -> Evidence:
    """Find an extension that is being installed or updated, for example by a run that was interrupted."""
    busy = (
        facts["extension"] is not None
        and not states.is_settled(_state(facts))
        and not states.is_deleting(_state(facts))
    )
    return (
        f"Its provisioning state is {facts['extension']['provisioning_state']}."
        if busy and facts["extension"]
        else None
    )


@rule(
    "extension-outdated",
    "warning",
    "The installed extension is older than the first version that is generally available",
    remedy="Let it be upgraded: remove aml_extension_version, or name a newer one, with "
    "aml_auto_upgrade_minor_version: true where it is not pinned.",
    source=source.DEPLOY_EXTENSION,
)
def extension_outdated(_settings: Settings, facts: Facts) -> Evidence:
    """Find an extension before 1.1.1, which the documentation gives as the first that is generally available."""
    version = facts["extension"]["version"] if facts["extension"] else None
    numbers = re.match(r"(\d+)\.(\d+)\.(\d+)", str(version or ""))
    if numbers is None or tuple(map(int, numbers.groups())) >= _FIRST_GENERAL_VERSION:
        return None
    return f"Its version is {version}."


@rule(
    "extension-other-name",
    "note",
    "The extension is installed under another name",
    remedy="Nothing has to be done: the one that is there is used. Set aml_extension_name to its name to say so.",
    source=source.DEPLOY_EXTENSION,
)
def extension_other_name(settings: Settings, facts: Facts) -> Evidence:
    """Find an extension whose name is not the wanted one; a cluster can have only one of this type."""
    extension, wanted = facts["extension"], settings.extension.name
    if extension is None or extension["name"].lower() == wanted.lower():
        return None
    return f"It is called {extension['name']}, not {wanted}."


@rule(
    "extension-setting-misspelt",
    "warning",
    "A setting of the extension is spelt so that it has no effect",
    remedy="Use the spelling that the chart reads: keys of settings are case-sensitive.",
    source=source.DEPLOY_EXTENSION,
)
def extension_setting_misspelt(_settings: Settings, facts: Facts) -> Evidence:
    """Find installed settings in the spelling of older pages; wanted ones are refused by `extension-settings-refused`.

    Keys are case-sensitive (https://github.com/MicrosoftDocs/azure-ai-docs/pull/458).
    """
    installed = sorted(facts["extension"]["settings"]) if facts["extension"] else []
    return [f"{name} should be {right}." for name in installed if (right := right_spelling(name)) not in (None, name)]


@rule(
    "extension-settings-refused",
    "blocker",
    "The extension would refuse these settings",
    remedy="Correct the named variables.",
    source=source.DEPLOY_EXTENSION,
)
def extension_settings_refused(settings: Settings, facts: Facts) -> Evidence:
    """Find settings that contradict each other or the documentation, where no other rule says so in its own words."""
    problems = drafted_settings(settings, facts).problems
    if problems:
        return [each.for_variables() for each in problems if each.code == "other"]
    _unused, problems = _planned(settings, facts)
    return [each.for_variables() for each in problems]


@rule(
    "extension-update-disruptive",
    "blocker",
    "Updating the extension would interrupt what it serves",
    remedy="Set aml_allow_disruption: true at a time when an interruption is acceptable, or keep the setting as it is.",
    source=source.DEPLOY_EXTENSION,
)
def extension_update_disruptive(settings: Settings, facts: Facts) -> Evidence:
    """Find changes of a live extension that its endpoints would feel."""
    plan, _unused = _planned(settings, facts)
    if plan is None or not plan.disruptive or settings.extension.allow_disruption:
        return None
    return f"These settings would change: {', '.join(plan.disruptive)}."


def _planned(settings: Settings, facts: Facts) -> tuple[ExtensionPlan | None, tuple[Problem, ...]]:
    """Return the plan for the extension, or why it is refused."""
    try:
        return planned_extension(settings, facts), ()
    except ExtensionSettingsError as error:
        return None, error.problems
