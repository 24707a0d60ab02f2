"""What a physical process is: one class that moves all assets of its kind and group together.

A file in ``processes/`` holds one: ``crop.py`` holds ``class Crop(Process)`` with ``parameters`` set to its
dataclass. A process knows no prices, no tokens sold and no agents; what prices do to it comes in from
`terrarium.world.feedback`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.random import Generator
from pydantic import Field

from terrarium.random import keyed
from terrarium.scenario import Positive, Share
from terrarium.world.parameters import YEAR, Columns, Floats

Rate = Annotated[float, Field(ge=-0.5, le=0.5)]  # log-growth per year
Volatility = Annotated[float, Field(ge=0, le=2)]  # per square root of a year


@dataclass(frozen=True, kw_only=True)
class Common:
    """Parameters every process takes."""

    growth: Rate = 0.0  # expected growth of the price level behind the asset, per year
    volatility: Volatility = 0.15  # of that level's logarithm, per square root of a year
    correlation: Share = 0.5  # between two assets of one process and group that share this value
    appraisal_days: Positive = 30.0  # by which appraisals trail: e-folding time of their smoothing
    appraisal_noise: Annotated[float, Field(ge=0, le=1)] = 0.01  # standard deviation of one reporter's log-error

    def __post_init__(self) -> None:
        """Raises `ValueError` where parameters that are each in bounds do not go together."""


@dataclass(frozen=True)
class Site:
    """The k assets of one process and group, as a process gets them."""

    kind: str  # the process's name
    group: str
    names: tuple[str, ...]
    values: tuple[float, ...]  # dollars per token at the start
    params: tuple[Common, ...]
    seed: int
    tick_seconds: int


class Process(ABC):
    """Base of every process. Deterministic given its site; every draw is keyed, so an asset's path is its own."""

    parameters: ClassVar[type[Common]]

    def __init__(self, site: Site) -> None:
        self.site = site
        self.dt = site.tick_seconds / YEAR  # years per tick
        self.start = np.array(site.values)  # dollars per token, [k]
        self.p = Columns(site.params)

    @abstractmethod
    def step(self, tick: int, shift: Floats) -> tuple[Floats, Floats]:
        """Live through ``tick``. ``shift[k]``: log-change that shocks force on the level of value this tick.

        Returns ``(value[k], income[k])``: dollars per token at the end of the tick, after income was paid, and the
        income earned during the tick.
        """

    def shared(self, tick: int) -> Generator:
        """The tick's draws that all assets of the group share."""
        return keyed(self.site.seed, "world", self.site.kind, "group", self.site.group, tick)

    def own(self, tick: int) -> list[Generator]:
        """The tick's draws of each asset, keyed by its name: [k]."""
        return [keyed(self.site.seed, "world", self.site.kind, "asset", name, tick) for name in self.site.names]

    def mix(self, shared: Floats | float, own: Floats) -> Floats:
        """Standard normals with the wanted correlation from a shared and an own one: the one-factor model.

        Source: O. Vasicek, "The distribution of loan portfolio value", Risk 15 (2002).
        """
        return np.asarray(np.sqrt(self.p.correlation) * shared + np.sqrt(1.0 - self.p.correlation) * own)

    def level_move(self, noise: Floats, shift: Floats) -> Floats:
        """Log-change of a geometric Brownian level over one tick, exact for any tick length; [k]."""
        sigma = self.p.volatility
        return np.asarray((self.p.growth - 0.5 * sigma**2) * self.dt + sigma * np.sqrt(self.dt) * noise + shift)


@dataclass(frozen=True, kw_only=True)
class Discounted(Common):
    """Parameters of processes whose value is a discounted stream."""

    discount: Annotated[float, Field(gt=0, le=1)] = (
        0.10  # yearly rate at which holders discount, continuously compounded
    )

    def __post_init__(self) -> None:
        if self.discount <= self.growth:
            raise ValueError(
                f"discount ({self.discount:g}) must be above growth ({self.growth:g}), or the asset has no finite worth"
            )
