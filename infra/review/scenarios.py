"""Which scenarios a change adds, removes, changes or breaks, and what an hour of each costs before and after."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, computed_field

from infra.catalogue import Catalogue
from infra.catalogue.pricing import usd_per_hour
from infra.inputs.scenario import SUFFIX, load_scenario, scenario_names
from workloads.record import Scenario

SCENARIOS = Path("infra/scenarios")
CATALOGUE = Path("infra/catalogue")

Kind = Literal["added", "removed", "changed", "price", "text", "same"]


class Side(BaseModel):
    """A scenario in one revision: what it says and costs, or why it cannot be read."""

    model_config = ConfigDict(frozen=True)

    scenario: Scenario | None
    usd_per_hour: float | None  # list price
    problem: str | None


class ScenarioChange(BaseModel):
    """One scenario in both revisions. ``price``: the shape is the same and its price is not; ``text``: only comments."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: Kind
    before: Side | None
    after: Side | None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def fields(self) -> dict[str, tuple[object, object]]:
        """Attributes that differ, with their values before and after; None where there is no scenario to read."""
        sides = [side.scenario.model_dump() if side and side.scenario else {} for side in (self.before, self.after)]
        names = list(sides[0] | sides[1])
        return {n: (sides[0].get(n), sides[1].get(n)) for n in names if sides[0].get(n) != sides[1].get(n)}

    @computed_field  # type: ignore[prop-decorator]
    @property
    def usd_per_hour(self) -> tuple[float | None, float | None]:
        """List price before and after; None: not there, or not known."""
        before, after = (side.usd_per_hour if side else None for side in (self.before, self.after))
        return before, after

    @computed_field  # type: ignore[prop-decorator]
    @property
    def problems(self) -> dict[str, str]:
        """What is wrong, by revision: before, after."""
        sides = {"before": self.before, "after": self.after}
        return {when: side.problem for when, side in sides.items() if side and side.problem}


def compare_scenarios(before: Path, after: Path, region: str) -> list[ScenarioChange]:
    """Every scenario of either tree, by name.

    Args:
        before: root of the tree to compare with.
        after: root of the tree under review.
        region: whose list prices are used; each tree's own, so that a new price list shows too.
    """
    old, new = _sides(before, region), _sides(after, region)
    return [
        ScenarioChange(name=name, kind=_kind(name, before, after, old, new), before=old.get(name), after=new.get(name))
        for name in sorted({*old, *new})
    ]


def load_catalogue(tree: Path) -> Catalogue:
    """Machine types and prices of a tree; where it has none, those of this bakeoff."""
    return Catalogue(tree / CATALOGUE) if (tree / CATALOGUE / "prices.csv").is_file() else Catalogue.default()


def prices_dated(tree: Path, region: str) -> str | None:
    """Date of the oldest price of a tree's list for the region; None if the tree has no such price."""
    return min((price.dated for price in load_catalogue(tree).prices if price.region == region), default=None)


def _sides(tree: Path, region: str) -> dict[str, Side]:
    catalogue = load_catalogue(tree)
    return {name: _side(name, tree, region, catalogue) for name in scenario_names(tree / SCENARIOS)}


def _side(name: str, tree: Path, region: str, catalogue: Catalogue) -> Side:
    scenario = None
    try:
        scenario = load_scenario(name, tree / SCENARIOS, catalogue)
        return Side(scenario=scenario, usd_per_hour=usd_per_hour(scenario, region, catalogue), problem=None)
    except Exception as error:  # whatever is wrong with a file under review is a finding, and the rest is still told
        said = str(error) or type(error).__name__
        return Side(scenario=scenario, usd_per_hour=None, problem=said.replace(f"{tree}/", ""))


def _kind(name: str, before: Path, after: Path, old: dict[str, Side], new: dict[str, Side]) -> Kind:
    if name not in old:
        return "added"
    if name not in new:
        return "removed"
    one, other = old[name], new[name]
    if one.scenario != other.scenario:
        return "changed"
    if one.scenario is not None and one.usd_per_hour != other.usd_per_hour:
        return "price"
    texts = [_bytes(tree / SCENARIOS / f"{name}{SUFFIX}") for tree in (before, after)]
    if texts[0] == texts[1]:
        return "same"
    return "changed" if one.scenario is None else "text"


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
