# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes API of a simulated cluster: `SimulatedKubernetesApi`.

`server.api` is the door, over HTTP and directly; `server.cluster` answers requests; `access` tells who may ask;
`writes` and `reads` are what a kube-apiserver does, on the objects in `store`; `controllers` do what
kube-controller-manager, kube-scheduler and the kubelets would do.

Source: the real Kubernetes API server, which passes the same tests (tests/contract).
"""
