# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the roles and playbooks, by name: every option that is declared with a variable.

docs/variables.md and the roles' interfaces are generated from this table, and `settings.py` validates with it. All
names begin with `aml_`; what is ours and not the user's never does.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.options import ExtensionOptions
from ansible_collections.azureml.fleet.plugins.module_utils._domain.host.options import (
    AzureOptions,
    HostOptions,
    KubernetesOptions,
    NodeOptions,
    RunOptions,
)
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.options import (
    PREFIX,
    Option,
    exclusions,
    options_of,
)

__all__ = ["BY_NAME", "EXCLUDING", "PREFIX", "SECRET_IS_SET", "TOPICS", "VARIABLES"]

#: Heading -> the declaration of its variables, in the order of the documentation.
TOPICS: dict[str, type[Any]] = {
    "The cluster and its attachments": HostOptions,
    "The extension": ExtensionOptions,
    "GPU nodes and instance types": NodeOptions,
    "The run": RunOptions,
    "Credentials for Azure": AzureOptions,
    "Access to the Kubernetes API": KubernetesOptions,
}
BY_NAME: dict[str, Option] = {
    each.variable: each
    for declaration in TOPICS.values()
    for each in options_of(declaration).values()
    if each.variable is not None
}
VARIABLES: tuple[Option, ...] = tuple(BY_NAME.values())
#: Pairs of variables of which only one may be set: what the modules refuse of their options.
EXCLUDING: tuple[tuple[str, str], ...] = tuple(
    (str(options_of(declaration)[one].variable), str(options_of(declaration)[other].variable))
    for declaration in TOPICS.values()
    for one, other in exclusions(declaration)
)
#: What stands in the place of a secret wherever only its presence matters.
SECRET_IS_SET = "(set)"
