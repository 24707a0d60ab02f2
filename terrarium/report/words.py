"""Numbers as people read them."""

from __future__ import annotations

import math


def money(value: float) -> str:
    """Dollars: "$1.24m", "$38.20", "−$5,300"; "–" where there is no number."""
    if not math.isfinite(value):
        return "–"
    size, sign = abs(value), "−" if value < 0 else ""
    for unit, letter in ((1e9, "bn"), (1e6, "m")):
        if size >= 0.9995 * unit:
            return f"{sign}${_three(size / unit)}{letter}"
    if size >= 99.995:
        return f"{sign}${size:,.0f}"
    return f"{sign}${size:.2f}" if round(size, 2) else "$0"


def share(value: float, digits: int = 0) -> str:
    """A share as a percentage: 0.456 is "46%"; small but not nothing is "< 1%"."""
    if not math.isfinite(value):
        return "–"
    least = 10.0**-digits
    if 0 < abs(value) * 100 < least / 2:
        return f"{'< ' if value > 0 else '> −'}{least:g}%"
    return f"{value:.{digits}%}".replace("-", "−")


def change(before: float, after: float) -> str:
    """What became of a value, with its sign: "+12%", "−45%"."""
    if not (math.isfinite(before) and math.isfinite(after)) or before == 0:
        return "–"
    text = f"{after / before - 1:+.{0 if abs(after / before - 1) >= 0.095 else 1}%}"
    return "0%" if text.strip("+-") == "0.0%" else text.replace("-", "−")


def count(value: int, noun: str, plural: str = "") -> str:
    """ "1 agent", "2,300 agents"."""
    return f"{value:,} {noun if value == 1 else plural or noun + 's'}"


def listed(items: list[str], most: int = 4) -> str:
    """ "TOWER", "TOWER and HARBOUR", "A, B, C and 5 more"."""
    if len(items) > most:
        items = [*items[: most - 1], f"{len(items) - most + 1} more"]
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1]))) if items else "nothing"


def title(name: str, capital: bool = True) -> str:
    """A name from code as words: "leveraged_fund" is "Leveraged fund"."""
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:] if capital else text


def _three(value: float) -> str:
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:,.0f}"
