# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the extension that are no option of their own, and when two texts of a setting mean the same.

Sources, by their short names, as in `options.py`: deploy, cli.
"""

from __future__ import annotations

from ansible_collections.azureml.fleet.plugins.module_utils._domain.extension.options import BY_SETTING

#: Under this many nodes the router cannot have its three replicas (deploy; health check code E40002).
NODES_FOR_HIGH_AVAILABILITY = 3

#: What the chart itself reads beside the documented names (cli).
NODE_PORT = "scoringFe.serviceType.nodePort"
INTERNAL_LOAD_BALANCER = "scoringFe.serviceType.internalLoadBalancer"
SSL_CERTIFICATE = "scoringFe.sslCert"
SSL_KEY = "scoringFe.sslKey"
RELAY_CONNECTION = "relayserver.relayConnectionString"
#: Names, in lower case, of the settings whose value is the cluster's own id.
CLUSTER_ID_SETTINGS = ("clusterid", "cluster_name", "prometheus.prometheusspec.externallabels.cluster_name")


def same_value(name: str, one: str, other: str) -> bool:
    """Tell whether two texts of a setting mean the same: `True` equals `true`, ids ignore letter case."""
    if one == other:
        return True
    ignores_case = (
        {one.lower(), other.lower()} <= {"true", "false"}
        or name.lower() in CLUSTER_ID_SETTINGS
        or (name in BY_SETTING and bool(BY_SETTING[name].choices))
    )
    return ignores_case and one.lower() == other.lower()


def is_on(value: str | None) -> bool:
    """Tell whether a setting's text is true."""
    return str(value or "").strip().lower() == "true"
