"""What can go wrong, as one tree.

TerrariumError
├── InputError          the user gave something unusable: the message names field, value and remedy (exit code 2)
│   ├── ScenarioError   … in a scenario file
│   ├── ManifestError   … in a deployment manifest, or it does not match the chain
│   └── RecordError     … in a run folder: cut, altered, or not one
├── ToolError           a program we need is missing or refuses to start: Anvil, Node, the compiler (exit code 2)
├── ChainError          a node answered with an error, or not at all
└── BudgetExceeded      a strategy reached past its budget (the loop benches the agent; users never see it raised)
"""

from __future__ import annotations


class TerrariumError(Exception):
    """Base of every error Terrarium raises on purpose."""


class InputError(TerrariumError):
    """Unusable input. The message names the field, the value and what would do."""


class ScenarioError(InputError):
    """A scenario file or an override in it is unusable."""


class ManifestError(InputError):
    """A deployment manifest is unusable, or the chain does not hold what it says."""


class RecordError(InputError):
    """A run folder is unusable: not one, cut, or altered."""


class ToolError(TerrariumError):
    """A program Terrarium needs is missing or does not start; the message says what to install."""


class ChainError(TerrariumError):
    """A node answered with an error, or not at all."""


class BudgetExceeded(TerrariumError):
    """A strategy asked for more than its budget of information or computation allows."""
