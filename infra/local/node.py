"""Kept for clusters that bakeoff 0.1 applied: their copied Terraform calls ``python -m infra.local.node`` to stop a node."""

from __future__ import annotations

import sys

from infra.targets.local.node import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
