# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from decimal import Decimal

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.quantities import (
    QuantityError,
    all_equal,
    amount,
    equal,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", Decimal(1)),
        (2, Decimal(2)),
        (0.5, Decimal("0.5")),
        ("500m", Decimal("0.5")),
        ("1Gi", Decimal(2**30)),
        ("1.5Gi", Decimal(3 * 2**29)),
        ("1e3", Decimal(1000)),
        ("1E3", Decimal(1000)),
        ("1E", Decimal(10**18)),
        ("128k", Decimal(128000)),
        (".5", Decimal("0.5")),
        ("5.", Decimal(5)),
        ("+1", Decimal(1)),
        ("100u", Decimal("0.0001")),
    ],
)
def test_quantity_of_the_api_is_read(text: str | int | float, value: Decimal) -> None:
    assert amount(text) == value


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "1K", "1gi", "1mi", "one", "NaN", "Infinity", "1Gi2", "1 Gi", "--1", "0x10", True, "1,5", "."],
)
def test_text_that_the_api_would_refuse_is_refused(text: str) -> None:
    with pytest.raises(QuantityError, match="is not a Kubernetes quantity"):
        amount(text)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1", "1000m", True),
        ("1Gi", "1024Mi", True),
        ("1G", "1Gi", False),
        (1, "1", True),
        (None, None, True),
        (None, "0", False),
        ("what", "what", True),
        ("what", "1", False),
    ],
)
def test_amounts_are_compared_and_not_texts(one: str | None, other: str | None, same: bool) -> None:
    assert [equal(*pair) for pair in ((one, other), (other, one))] == [same, same]


def test_resource_lists_are_equal_only_with_the_same_resources() -> None:
    assert all_equal({"cpu": "1", "memory": "1Gi"}, {"memory": "1024Mi", "cpu": "1000m"})
    assert not all_equal({"cpu": "1"}, {"cpu": "1", "memory": "1Gi"})
    assert not all_equal({"cpu": "1", "memory": "1Gi"}, {"cpu": "1"})
