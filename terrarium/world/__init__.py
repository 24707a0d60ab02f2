"""Physical processes behind the assets, and how prices feed back on them."""
