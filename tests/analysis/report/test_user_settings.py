"""What users set for their own plots never reaches our figures: neither matplotlibrc, nor a backend, nor LaTeX or fonts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.analysis import factory

THEIRS = """
text.usetex: True
font.family: monospace
font.size: 31
axes.facecolor: red
lines.linewidth: 9
svg.fonttype: path
figure.dpi: 33
backend: TkAgg
"""
DRAW = """
import sys
from pathlib import Path
import pandas as pd
from analysis.report.write import build
from analysis.search.core.problem import Objective
from analysis.search.replay.tournament import play
from analysis.search.scaling.fit import scale_up
from tests.support.analysis.recorded import recordings
folder = Path(sys.argv[1])
build(folder, "demo", folder / "out")
from analysis.report.figures import scaling, search_runs
found = recordings(folder)
replay = play(["fixed"], found[:1], found, Objective(), 1)
search_runs.draw(replay, "made up", folder / "out" / "figures" / "replay.svg")
runs = pd.DataFrame({"machines": [1.0, 2, 4, 8], "scale": [1.0] * 4, "runtime_s": [90.0, 50, 30, 20]})
scaling.draw(scale_up(runs, [16.0], [1.0]), folder / "out" / "figures" / "scale.svg")
import matplotlib
print(matplotlib.rcParams["font.size"])
"""


def drawn(folder: Path, **theirs: str) -> tuple[dict[str, bytes], str]:
    """The figures that a process of its own draws, by file, and the font size that is in force afterwards."""
    row = factory.measurement(7.5, operation="write", format="tfrecord")
    factory.write(folder, factory.run_json(), measurements=[row])
    clean = {name: value for name, value in os.environ.items() if name not in ("MPLBACKEND", "MATPLOTLIBRC")}
    command = [sys.executable, "-c", DRAW, str(folder)]
    done = subprocess.run(command, env=clean | theirs, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {file.name: file.read_bytes() for file in (folder / "out" / "figures").iterdir()}, done.stdout.strip()


def test_figures_are_the_same_whatever_users_set_for_their_own(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text(THEIRS)
    ours, _ = drawn(tmp_path / "plain")
    found, left = drawn(
        tmp_path / "set", MATPLOTLIBRC=str(tmp_path / "matplotlibrc"), MPLBACKEND="a_backend_that_is_nowhere"
    )
    assert {"replay.svg", "scale.png", "stages.svg", "throughput.png"} <= ours.keys()
    assert found == ours
    assert float(left) == 31  # nor do ours reach theirs
