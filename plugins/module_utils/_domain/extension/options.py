# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of the extension, declared once: module, role variable, documentation and setting derive from it.

A new option is a field here, then `python -m scripts.generate`.

Sources, by their short names:
- deploy: learn.microsoft.com/azure/machine-learning/how-to-deploy-kubernetes-extension
- upgrade: github.com/Azure/AML-Kubernetes docs/attach-compute-on-aks-v1-cluster.md
- cli: `az k8s-extension create`, partner extension Microsoft.AzureML.Kubernetes (Azure/azure-cli-extensions)
- api: learn.microsoft.com/rest/api/kubernetesconfiguration/extensions
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.azureml.fleet.plugins.module_utils._domain import names
from ansible_collections.azureml.fleet.plugins.module_utils._foundation import checks
from ansible_collections.azureml.fleet.plugins.module_utils._foundation.options import (
    Option,
    exclusions,
    option,
    options_of,
)

SERVICE_TYPES = ("ClusterIP", "LoadBalancer", "NodePort")
#: Settings of the extension beside the documented ones, which the chart itself reads (cli).
SSL_SECRET = "scoringFe.sslSecret"
NODE_SELECTOR = "nodeSelector."


@dataclass(frozen=True)
class ExtensionOptions:
    """What a user wants of the extension; None means 'as it is', or the chart's default for a new extension."""

    name: str = option(
        "str",
        "Name of the extension on the cluster.",
        details=("An extension of this type that has another name is taken over as it is.",),
        default=names.DEFAULT_EXTENSION_NAME,
        variable="aml_extension_name",
        source="deploy",
    )
    enable_training: bool | None = option(
        "bool",
        "Run training jobs and batch scoring on the cluster.",
        details=("A new extension needs this, O(enable_inference), or both.",),
        default=True,
        unset_in_modules=True,
        setting="enableTraining",
        setting_default="False",
        disruption="when_switched_off",
        source="deploy",
    )
    enable_inference: bool | None = option(
        "bool",
        "Serve online endpoints from the cluster. Needs a router service type and a decision about TLS.",
        details=(
            "TLS is a certificate with its key, or O(ssl_secret), and O(ssl_cname); plain HTTP is "
            "O(allow_insecure_connections=true).",
        ),
        default=False,
        unset_in_modules=True,
        setting="enableInference",
        setting_default="False",
        disruption="when_switched_off",
        source="deploy",
    )
    inference_router_service_type: str | None = option(
        "str",
        "How the router for inference is exposed. ClusterIP gives a scoring URI that is not reachable from outside.",
        choices=SERVICE_TYPES,
        setting="inferenceRouterServiceType",
        router_only=True,
        disruption="while_serving",
        source="deploy",
    )
    internal_load_balancer_provider: str | None = option(
        "str",
        "`azure` gives the router an internal load balancer in the cluster's virtual network.",
        details=("Only for AKS.",),
        needs=("inference_router_service_type=LoadBalancer",),
        choices=("azure",),
        setting="internalLoadBalancerProvider",
        router_only=True,
        disruption="while_serving",
        source="deploy",
    )
    allow_insecure_connections: bool | None = option(
        "bool",
        "Serve plain HTTP. Choose this only on purpose.",
        setting="allowInsecureConnections",
        setting_default="False",
        disruption="while_serving",
        source="deploy",
    )
    ssl_secret: str | None = option(
        "str",
        "Name of a Secret in namespace `azureml` that holds the router's `cert.pem` and `key.pem`.",
        setting=SSL_SECRET,
        router_only=True,
        disruption="while_serving",
        not_secret=True,
        excludes=("ssl_certificate", "ssl_certificate_file"),
        needs=("ssl_cname",),
        source="deploy; scoringFe.sslSecret: cli",
    )
    ssl_cname: str | None = option(
        "str",
        "DNS name under which the router is called; the certificate must cover it.",
        setting="sslCname",
        router_only=True,
        disruption="while_serving",
        source="deploy",
    )
    ssl_certificate: str | None = option(
        "str",
        "The router's certificate chain as text (PEM), instead of a file.",
        secret=True,
        router_only=True,
        excludes=("ssl_certificate_file",),
        needs=("ssl_key|ssl_key_file", "ssl_cname"),
        source="deploy; scoringFe.sslCert: cli",
    )
    ssl_key: str | None = option(
        "str",
        "The certificate's unencrypted key as text (PEM), instead of a file.",
        secret=True,
        router_only=True,
        excludes=("ssl_key_file",),
        needs=("ssl_certificate|ssl_certificate_file",),
        source="deploy; scoringFe.sslKey: cli",
    )
    ssl_certificate_file: str | None = option(
        "path",
        "Path on the controller of the router's certificate chain (PEM).",
        details=("Its text is sent, never its path.",),
        router_only=True,
        needs=("ssl_key|ssl_key_file", "ssl_cname"),
        source="deploy",
    )
    ssl_key_file: str | None = option(
        "path",
        "Path on the controller of the certificate's unencrypted key (PEM).",
        details=("Its text is sent, never its path.",),
        router_only=True,
        needs=("ssl_certificate|ssl_certificate_file",),
        not_secret=True,
        source="deploy",
    )
    inference_router_ha: bool | None = option(
        "bool",
        "Run three replicas of the router. Needs three nodes that can run them; on smaller clusters a new extension "
        "has it off unless set.",
        setting="inferenceRouterHA",
        setting_default="True",
        disruption="while_serving",
        source="deploy",
    )
    node_selector: Mapping[str, Any] = option(
        "dict",
        "Labels of the nodes on which the extension's own pods run.",
        details=("Azure merges settings, so a label cannot be taken back by an update.",),
        factory=dict,
        disruption="always",
        source="deploy",
    )
    install_nvidia_device_plugin: bool | None = option(
        "bool",
        "Let the extension install NVIDIA's device plugin.",
        setting="installNvidiaDevicePlugin",
        setting_default="False",
        disruption="when_switched_off",
        source="deploy",
    )
    install_prom_op: bool | None = option(
        "bool",
        "Let the extension install the Prometheus operator.",
        setting="installPromOp",
        setting_default="True",
        source="deploy",
    )
    install_volcano: bool | None = option(
        "bool",
        "Let the extension install the Volcano scheduler.",
        setting="installVolcano",
        setting_default="True",
        source="deploy",
    )
    install_dcgm_exporter: bool | None = option(
        "bool",
        "Let the extension install NVIDIA's DCGM exporter.",
        setting="installDcgmExporter",
        setting_default="False",
        source="deploy",
    )
    cluster_purpose: str | None = option(
        "str",
        "Whether the cluster is for development or for production.",
        choices=("DevTest", "FastProd"),
        setting="clusterPurpose",
        disruption="while_serving",
        source="cli",
    )
    enable_upgrade: bool | None = option(
        "bool",
        "Tell the extension to take over the router of AksCompute (setting `scoringFe.enableUpgrade`). "
        "Roles set it where the cluster has an azureml-fe that is to be taken over.",
        details=("The Deployment must carry the annotation that M(azureml.fleet.azureml_fe_annotation) sets.",),
        setting="scoringFe.enableUpgrade",
        setting_default="False",
        source="upgrade",
    )
    settings: Mapping[str, Any] = option(
        "dict",
        "Further settings of the extension, by their own names, which are case-sensitive.",
        details=("A name that Azure would store and ignore (an older one, or another letter case) is refused.",),
        factory=dict,
        variable="aml_extension_settings",
        source="api",
    )
    protected_settings: Mapping[str, Any] = option(
        "dict",
        "Further protected settings of the extension, by their own names.",
        details=(
            "Azure never tells their values, so a changed value cannot be seen. They are sent when a name is missing, "
            "when anything else is sent and none would be lost, or with O(resend_protected_settings=true).",
            "Sent ones replace all those that the extension has. Where that would delete one that is not given, the "
            "task fails.",
        ),
        factory=dict,
        secret=True,
        variable="aml_extension_protected_settings",
        source="api",
    )
    version: str | None = option(
        "str",
        "Pin the extension to this version.",
        variable="aml_extension_version",
        check=checks.version,
        source="api",
    )
    auto_upgrade_minor_version: bool | None = option(
        "bool",
        "Let Azure upgrade the extension's minor version.",
        details=("A new extension has this on, unless O(version) is given.",),
        source="api",
    )
    release_train: str | None = option(
        "str", "Release train of the extension.", details=("C(stable) for a new extension.",), source="api"
    )
    allow_disruption: bool = option(
        "bool",
        "Allow updates of a live extension that interrupt what it serves, such as those of the router's service type, "
        "TLS, replicas, or of node selectors.",
        default=False,
        source="cli: `az k8s-extension update` asks before some of them",
    )
    retry_failed: bool = option(
        "bool",
        "Submit the extension again where an earlier installation failed. When false, such a cluster is blocked.",
        default=False,
        module=False,
        variable="aml_retry_failed_extension",
        source="deploy",
    )


OPTIONS: dict[str, Option] = options_of(ExtensionOptions)
EXCLUSIONS = exclusions(ExtensionOptions)
#: Options that are on or off, and those with a text -> the setting that each becomes.
SWITCHES: dict[str, str] = {
    name: each.setting for name, each in OPTIONS.items() if each.setting and each.kind == "bool"
}
TEXTS: dict[str, str] = {name: each.setting for name, each in OPTIONS.items() if each.setting and each.kind == "str"}
#: Setting -> the chart's value where an extension has none.
DEFAULTS: dict[str, str] = {
    each.setting: each.setting_default for each in OPTIONS.values() if each.setting and each.setting_default
}
BY_SETTING: dict[str, Option] = {each.setting: each for each in OPTIONS.values() if each.setting}
