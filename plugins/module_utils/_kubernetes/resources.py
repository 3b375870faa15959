# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of objects that the collection reads and writes, and where the API serves them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.segments import checked_segment


@dataclass(frozen=True)
class Resource:
    """A kind of object: its API group ('' for the core group), version and plural name."""

    group: str
    version: str
    plural: str
    namespaced: bool = True

    @property
    def title(self) -> str:
        """The name that `kubectl` and RBAC error messages use, for example `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """The `apiVersion` of objects of this kind."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, name: str | None = None, namespace: str | None = None) -> str:
        """Return the API path of one object, or of the collection when there is no name.

        Raises InputError for a name or namespace that is no name.
        """
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if namespace is not None and self.namespaced:
            parts += ["namespaces", checked_segment(namespace, "a namespace")]
        parts.append(self.plural)
        if name is not None:
            parts.append(checked_segment(name, f"one of {self.title}"))
        return "/" + "/".join(quote(part, safe="") for part in parts)


CONFIG_MAPS = Resource("", "v1", "configmaps")
DAEMON_SETS = Resource("apps", "v1", "daemonsets")
DEPLOYMENTS = Resource("apps", "v1", "deployments")
INSTANCE_TYPES = Resource("amlarc.azureml.com", "v1alpha1", "instancetypes", namespaced=False)
NAMESPACES = Resource("", "v1", "namespaces", namespaced=False)
NODES = Resource("", "v1", "nodes", namespaced=False)
PODS = Resource("", "v1", "pods")
SECRETS = Resource("", "v1", "secrets")
SERVICES = Resource("", "v1", "services")
STATEFUL_SETS = Resource("apps", "v1", "statefulsets")
ACCESS_REVIEWS = Resource("authorization.k8s.io", "v1", "selfsubjectaccessreviews", namespaced=False)
