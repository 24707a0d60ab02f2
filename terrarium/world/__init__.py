"""Physical processes behind the assets, and how prices feed back on them."""

from terrarium.world.gain import loop_gain
from terrarium.world.world import Reading, World

__all__ = ["Reading", "World", "loop_gain"]
