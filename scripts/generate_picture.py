# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of the floors in docs/architecture.md, from the floors that the tests hold (scripts/structure.py)."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from html import escape

from scripts.structure import FLOORS

WIDTH = 900
_EDGE, _GAP, _ARROW, _LINE = 20, 16, 22, 18
#: Pixels of a letter of the words, on average and with something to spare.
_LETTER = 6.8
_DOMAIN = "module_utils/_domain"
#: What stands above all floors.
_TOP = ("playbooks", "roles")
#: What a room is for.
WORDS = {
    "playbooks": "the order of things; each says how far a run goes",
    "roles": "one a stage, in the order of the table of stages; each also works by itself",
    "modules": "documentation and one line: a process of its own",
    "action": "two lines: the same core inside Ansible's worker",
    "lookup": "a host's variables",
    "filter": "records",
    "doc_fragments": "options that modules share",
    "plugin_utils": "running cores in Ansible's worker: the only place that knows ansible-core's internals",
    "module_utils/_core": "one file a module: read, plan, apply unless check mode, report",
    "module_utils/_module": "how a core is called and what it gives back: call, spec, options",
    "module_utils/_azure": "Azure Resource Manager, identities, clouds: raises AzureError",
    "module_utils/_kubernetes": "one cluster's API: raises KubernetesError",
    "module_utils/_domain/run": "stages, modes, plan, verification, report",
    "module_utils/_domain/rules": "preflight: may it be done?",
    "module_utils/_domain/host": "variables, and the settings of one host",
    "module_utils/_domain/v1": "azureml-fe, services and namespaces of v1",
    "module_utils/_domain/extension": "options, final settings, checks, plan, health",
    "module_utils/_domain/computes": "attachments: what differs",
    "module_utils/_domain/nodes": "GPUs, labels, placement, instance types",
    "module_utils/_domain/cluster": "regions and versions",
    _DOMAIN: "facts, changes, findings, names: plain data that all rooms share",
    "module_utils/_foundation": "resource ids, errors, waiting, states, declarations of options, secrets, quantities",
}


def picture() -> str:
    """Return the picture as SVG: a box for each room, floor upon floor, and an arrow down from each floor."""
    rows = [_TOP, *reversed(FLOORS)]
    drawn: list[str] = []
    arrows: list[str] = []
    y, begin = _EDGE, 0
    for number, rooms in enumerate(rows):
        inside = rooms[0].startswith(_DOMAIN)
        if inside and not rows[number - 1][0].startswith(_DOMAIN):
            drawn.append(
                _text(_EDGE + 16, y + 24, "_domain/   pure functions over plain data, no SDK, no Ansible", bold=True)
            )
            begin, y = y, y + 40
        indent = _EDGE + (16 if inside else 0)
        boxes, height = _floor(rooms, indent, y)
        drawn += boxes
        y += height
        if rooms == (_DOMAIN,):
            y += 14
            frame = f'<rect x="{_EDGE}" y="{begin}" width="{WIDTH - 2 * _EDGE}" height="{y - begin}" rx="8" {_GREEN}/>'
            drawn.insert(0, frame)
        if number < len(rows) - 1:
            arrows.append(f'<path d="M{WIDTH // 2} {y} V{y + _ARROW}"/>')
            y += _ARROW
    return _page(y + _EDGE, drawn, arrows)


_GREEN = 'fill="#eef7ee" stroke="#3d7a3d"'
_COLOURS = {_DOMAIN: 'fill="#ffffff" stroke="#3d7a3d"', "module_utils/_foundation": 'fill="#f6f1e7" stroke="#8a6d35"'}
_BLUE = 'fill="#eef3fb" stroke="#35558a"'


def _floor(rooms: Sequence[str], x: int, y: int) -> tuple[list[str], int]:
    """Return the boxes of one floor, side by side, and their height."""
    width = (WIDTH - 2 * x - _GAP * (len(rooms) - 1)) // len(rooms)
    words = [textwrap.wrap(WORDS[room], int((width - 24) / _LETTER)) for room in rooms]
    height = 34 + _LINE * max(len(lines) for lines in words)
    drawn: list[str] = []
    for number, (room, lines) in enumerate(zip(rooms, words, strict=True)):
        left = x + number * (width + _GAP)
        colours = next((each for prefix, each in _COLOURS.items() if room.startswith(prefix)), _BLUE)
        drawn.append(f'<rect x="{left}" y="{y}" width="{width}" height="{height}" rx="6" {colours}/>')
        name = "its own files" if room == _DOMAIN else f"{room.rpartition('/')[2]}/"
        drawn.append(_text(left + 12, y + 22, name, bold=True))
        drawn += [_text(left + 12, y + 22 + _LINE * (at + 1), line) for at, line in enumerate(lines)]
    return drawn, height


def _text(x: int, y: int, words: str, *, bold: bool = False) -> str:
    """Return a line of words."""
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}"{weight}>{escape(words)}</text>'


def _page(height: int, drawn: Sequence[str], arrows: Sequence[str]) -> str:
    """Return the whole picture."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="14" role="img" aria-labelledby="title">',
        "  <!-- Generated by python -m scripts.generate from the floors in scripts/structure.py. -->",
        '  <title id="title">The floors of the collection: imports point downwards only</title>',
        f'  <rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        '  <g fill="#1b1b1b">',
        *(f"    {each}" for each in drawn),
        "  </g>",
        '  <g stroke="#555555" stroke-width="2" fill="none" marker-end="url(#arrow)">',
        *(f"    {each}" for each in arrows),
        "  </g>",
        "  <defs>",
        '    <marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">',
        '      <path d="M0 0 L10 5 L0 10 z" fill="#555555"/>',
        "    </marker>",
        "  </defs>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"
