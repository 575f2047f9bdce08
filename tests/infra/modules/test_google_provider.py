"""The provider for checks: what the stand-in refuses, what it plans, and that every result says what it came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.base.errors import SetupError, TerraformError, UsageError
from infra.review.google_provider import provider as providers
from infra.review.google_provider.check import copied_root, plan_from_empty
from infra.review.google_provider.provider import CHOICE_VARIABLE, VERSIONS, prepare, types_in
from infra.review.google_provider.serve import served
from infra.review.google_provider.typescript import Source
from infra.terraform.client import Terraform

ROOT = """\
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.46, < 9"
    }
  }
  backend "gcs" {}
}

provider "google" {
  project = "p"
}

variable "name" {
  type = string
}

resource "google_storage_bucket" "data" {
  name     = var.name
  location = "US"

  versioning {
    enabled = false
  }
}

resource "google_compute_firewall" "internal" {
  name      = "${var.name}-internal"
  network   = "net"
  direction = "INGRESS"

  allow {
    protocol = "tcp"
  }
}

output "self_link" {
  value = google_storage_bucket.data.self_link
}

output "name" {
  value = google_storage_bucket.data.name
}
"""

WRONG = {
    "misspelt attribute": ('location = "US"', 'locaton = "US"', "locaton"),
    "missing attribute": ('  location = "US"\n', "", "location"),
    "wrong type": ('location = "US"', 'location = ["US"]', "string is required|string required"),
    "wrong type in a block": ("enabled = false", 'enabled = "off"', "bool is required"),
    "misspelt block": ("versioning {", "version {", "version"),
    "second block": ("  versioning {", "  versioning {\n    enabled = true\n  }\n  versioning {", "versioning"),
    "misspelt resource": ('"google_storage_bucket" "data"', '"google_storage_bukket" "data"', "google_storage_bukket"),
    "misspelt output": ("data.self_link", "data.selflink", "selflink"),
    "set by the provider alone": ('location = "US"', 'location = "US"\n  self_link = "x"', "self_link"),
    "outside the enumeration": ('"INGRESS"', '"SIDEWAYS"', "SIDEWAYS"),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "main.tf").write_text(ROOT, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("version", VERSIONS)
def test_a_right_module_is_valid_and_the_answer_says_by_what(root: Path, version: str) -> None:
    with copied_root(root, version) as (terraform, checked):
        terraform.validate()
    assert checked.version == version
    assert str(checked) in (
        f"real provider google {version}",
        f"schema stand-in for google {version} (no rules of the provider's code, no API)",
    )
    assert {path.name for path in root.iterdir()} == {"main.tf"}


def test_a_wrong_module_is_refused(root: Path) -> None:
    with copied_root(root) as (terraform, _):
        for what, (old, new, said) in WRONG.items():
            assert ROOT.count(old) == 1, what
            (terraform.root_dir / "main.tf").write_text(ROOT.replace(old, new), encoding="utf-8")
            with pytest.raises(TerraformError, match=said):
                terraform.validate()
        (terraform.root_dir / "main.tf").write_text(ROOT, encoding="utf-8")
        terraform.validate()


def test_a_plan_from_an_empty_state(root: Path) -> None:
    plan = plan_from_empty(root, {"name": "bakeoff-data"}, VERSIONS[0])
    assert [resource.address for resource in plan.resources] == [
        "google_compute_firewall.internal",
        "google_storage_bucket.data",
    ]
    bucket = plan.resources[1].values
    assert (bucket["name"], bucket["location"], bucket["versioning"]) == ("bakeoff-data", "US", [{"enabled": False}])
    assert bucket.get("self_link") is None
    assert plan.outputs["name"] == "bakeoff-data"
    assert plan.outputs.get("self_link") is None
    assert plan.provider.version == VERSIONS[0]


def test_the_stand_in_never_applies(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHOICE_VARIABLE, "stand-in")
    with copied_root(root) as (terraform, used):
        assert used.kind == "stand-in"
        (terraform.root_dir / "terraform.tfvars").write_text('name = "x"\n', encoding="utf-8")
        with pytest.raises(TerraformError, match="cannot apply"):
            terraform.apply()


def test_the_real_provider_is_taken_where_the_registry_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(self: Terraform, directory: Path) -> bool:
        assert 'version = "8.7.0"' in (self.root_dir / "main.tf").read_text(encoding="utf-8")
        directory.mkdir()
        return True

    monkeypatch.setattr(Terraform, "mirror_providers", answer)
    monkeypatch.setattr(providers, "_cache_dir", lambda: tmp_path)
    monkeypatch.delenv(CHOICE_VARIABLE, raising=False)
    found = prepare("8.7.0")
    assert (found.kind, str(found)) == ("real", "real provider google 8.7.0")
    with served(found) as environment:
        assert str(tmp_path / "real-8.7.0" / "mirror") in Path(environment["TF_CLI_CONFIG_FILE"]).read_text()


def test_wrong_use_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"Unknown version of the google provider '7\.40'.*7\.46\.1"):
        prepare("7.40")
    monkeypatch.setenv(CHOICE_VARIABLE, "fake")
    with pytest.raises(SetupError, match="must be real or stand-in; received 'fake'"):
        prepare()
    monkeypatch.setenv(CHOICE_VARIABLE, "real")
    monkeypatch.setattr(providers, "_cache_dir", lambda: tmp_path)
    monkeypatch.setattr(Terraform, "mirror_providers", lambda self, directory: False)
    with pytest.raises(SetupError, match="cannot fetch it"):
        prepare()


def test_types_are_found(root: Path) -> None:
    assert types_in(root) == {"google_storage_bucket", "google_compute_firewall"}


TYPESCRIPT = """
export interface ThingConfig extends cdktn.TerraformMetaArguments {
  /**
  * What it is called. Possible values: ["A", "B"]
  *
  * Docs at Terraform Registry: {@link https://example.com#name Thing#name}
  */
  readonly name: string;
  /**
  * part block
  *
  * Docs at Terraform Registry: {@link https://example.com#part Thing#part}
  */
  readonly part?: ThingPart[] | cdktn.IResolvable;
}
export interface ThingPart {
  /**
  * Docs at Terraform Registry: {@link https://example.com#tags Thing#tags}
  */
  readonly tags?: string[];
}
export function thingPartToHclTerraform(struct?: ThingPart): any {
  const attrs = {
    tags: {
      value: cdktn.listMapperHcl(cdktn.stringToHclTerraform, false)(struct!.tags),
      isBlock: false,
      type: "set",
      storageClassType: "stringList",
    },
  };
}
export class ThingPartOutputReference extends cdktn.ComplexObject {
  // tags - computed: false, optional: true, required: false
  private _tags?: string[];
  public get tags() {
    return cdktn.Fn.tolist(this.getListAttribute('tags'));
  }
}
export class ThingPartList extends cdktn.ComplexList {
  public get(index: number): ThingPartOutputReference {
    return new ThingPartOutputReference(this.terraformResource, this.terraformAttribute, index, this.wrapsSet);
  }
}
export class Thing extends cdktn.TerraformResource {
  // name - computed: false, optional: false, required: true
  private _name?: string;
  public get name() {
    return this.getStringAttribute('name');
  }
  // part - computed: false, optional: true, required: false
  private _part = new ThingPartList(this, "part", false);
  public get part() {
    return this._part;
  }
  protected synthesizeHclAttributes(): { [name: string]: any } {
    const attrs = {
      part: {
        value: cdktn.listMapperHcl(thingPartToHclTerraform, true)(this._part.internalValue),
        isBlock: true,
        type: "list",
        storageClassType: "ThingPartList",
      },
    };
  }
}
"""


def test_generated_typescript_is_read() -> None:
    source = Source(TYPESCRIPT)
    top = source.top()
    assert (top["name"].required, top["name"].type) == (True, "string")
    assert top["name"].description == 'What it is called. Possible values: ["A", "B"]'
    part = top["part"].nested
    assert part is not None
    assert (part.struct, part.nesting, part.at_most_one, part.is_block) == ("ThingPart", "list", False, True)
    assert source.struct("ThingPart")["tags"].type == ["set", "string"]
