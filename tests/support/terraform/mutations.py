"""Mistakes that a check must catch: each changes one text of one file of a module."""

from __future__ import annotations

from typing import NamedTuple


class Mutation(NamedTuple):
    """``old`` becomes ``new`` where it first occurs."""

    what: str
    file: str  # below infra/
    old: str
    new: str
    root: str = ""  # the root that plans it, where neither the schema nor the module's own tests can know


CLUSTER = "targets/dataproc/terraform/main.tf"
NETWORK = "foundation/network.tf"
BUCKETS = "foundation/buckets.tf"
CLIENTS = "foundation/clients.tf"
FOUNDATION = "foundation/main.tf"
ACCOUNT = "modules/service_account/main.tf"
BOOTSTRAP = "bootstrap/main.tf"
GITHUB = "bootstrap/github.tf"

SCHEMA = [
    Mutation("misspelt attribute", CLUSTER, "internal_ip_only = true", "internal_ip_onyl = true"),
    Mutation("misspelt block", CLUSTER, "    lifecycle_config {", "    life_cycle_config {"),
    Mutation("misspelt resource", BUCKETS, 'resource "google_storage_bucket"', 'resource "google_storage_buckets"'),
    Mutation("misspelt output", "modules/service_account/outputs.tf", "this.email", "this.mail"),
    Mutation("wrong type", CLUSTER, "      num_instances = 1", '      num_instances = "one"'),
    Mutation("list for a string", BOOTSTRAP, "= var.region\n  labels", "= [var.region]\n  labels"),
    Mutation("missing required attribute", CLUSTER, "          accelerator_type  = accelerators.key\n", ""),
    Mutation("attribute that only the provider sets", NETWORK, "  routing_mode ", '  self_link = "x"\n  routing_mode '),
    Mutation(
        "second block where one is allowed",
        BUCKETS,
        "  versioning {",
        "  versioning {\n    enabled = true\n  }\n\n  versioning {",
    ),
    Mutation("broken enumeration: log filter", NETWORK, '"ERRORS_ONLY"', '"ERRORS"'),
    Mutation("broken enumeration: budget", FOUNDATION, '"MONTH"', '"MONTHLY"'),
    Mutation("misspelt input of a module", CLUSTER, "  disk_type           = var", "  disc_type           = var"),
]

CLUSTERS = [
    Mutation("public addresses by default", CLUSTER, "      internal_ip_only = true\n", ""),
    Mutation("absolute expiry removed", CLUSTER, "      auto_delete_time = local.expires_at\n", ""),
    Mutation("idle expiry removed", CLUSTER, '      idle_delete_ttl  = "${var.idle_delete_s}s"\n', ""),
    Mutation("expiry of another form", CLUSTER, '"${var.idle_delete_s}s"', '"${var.idle_delete_s}m"'),
    Mutation("expiry of another day", CLUSTER, '"1970-01-01T00:00:00Z"', '"1970-01-02T00:00:00Z"'),
    Mutation("life not looked at", CLUSTER, '"900s")) >= 0', '"-900000000s")) >= 0'),
    Mutation("replaced by the next apply", CLUSTER, ', "useraccounts-ro", "storage-rw", "logging-write"]', "]"),
    Mutation("Secure Boot off", CLUSTER, "secure_boot          = var.accelerator_count == 0", "secure_boot = false"),
    Mutation("vTPM off", CLUSTER, "enable_vtpm                 = true", "enable_vtpm                 = false"),
    Mutation("project SSH keys let in", CLUSTER, 'ssh-keys = "true"', 'ssh-keys = "false"'),
    Mutation("keys in metadata let in", CLUSTER, 'enable-oslogin         = "TRUE"', 'enable-oslogin         = "FALSE"'),
    Mutation("default account", CLUSTER, "      service_account  = var.service_account\n", ""),
    Mutation("default network", CLUSTER, "      subnetwork       = var.subnetwork\n", ""),
    Mutation("Dataproc's own staging bucket", CLUSTER, "    staging_bucket = var.staging_bucket\n", ""),
    Mutation("network tag removed", CLUSTER, '["bakeoff"]', "[]"),
    Mutation("Spot becomes preemptible", CLUSTER, '"SPOT"', '"PREEMPTIBLE"'),
    Mutation("single node not allowed", CLUSTER, '{ "dataproc:dataproc.allow.zero.workers" = "true" }', "{}"),
    Mutation("disk of another type", CLUSTER, "boot_disk_type    = var.disk_type", 'boot_disk_type    = "pd-standard"'),
    Mutation("dependencies not installed", CLUSTER, '["${var.dependencies_uri}/install.sh"]', "[]"),
    Mutation("lease label removed", CLUSTER, "    bakeoff-lease    = var.lease_id\n", ""),
    Mutation("name that clean does not know", CLUSTER, '"bakeoff-${var.lease_id}"', '"cluster-${var.lease_id}"'),
    Mutation("the team's labels lost", CLUSTER, "merge(var.labels, {", "merge({}, {"),
    Mutation(
        "a rule that holds for everything",
        "targets/dataproc/terraform/variables.tf",
        'condition     = var.machine_type != "n1-standard-1"',
        "condition     = var.machine_type != null",
    ),
]

REST = [
    Mutation(
        "firewall open to the world",
        NETWORK,
        "source_tags = [local.node_tag]",
        'source_ranges = ["0.0.0.0/0"]',
        "foundation",
    ),
    Mutation(
        "firewall for other tags", NETWORK, "source_tags = [local.node_tag]", 'source_tags = ["web"]', "foundation"
    ),
    Mutation("firewall for every machine", NETWORK, "  target_tags = [local.node_tag]\n", "", "foundation"),
    Mutation("Private Google Access off", NETWORK, "google_access = true", "google_access = false", "foundation"),
    Mutation("a subnet in every region", NETWORK, "subnetworks = false", "subnetworks = true", "foundation"),
    Mutation("NAT always", NETWORK, "var.nat ? local.networks : 0", "local.networks"),
    Mutation("NAT for all subnets", NETWORK, '"LIST_OF_SUBNETWORKS"', '"ALL_SUBNETWORKS_ALL_IP_RANGES"'),
    Mutation("public bucket possible", BUCKETS, '"enforced"', '"inherited"', "foundation"),
    Mutation(
        "access lists on objects", BUCKETS, "bucket_level_access = true", "bucket_level_access = false", "foundation"
    ),
    Mutation("run data never expires", BUCKETS, "      age            = var.run_data_days\n", ""),
    Mutation("all expires, not the folder", BUCKETS, '      matches_prefix = ["leases/"]\n', ""),
    Mutation("scratch never expires", BUCKETS, "      age = var.scratch_days\n", ""),
    Mutation("a given bucket made again", BUCKETS, " if given == null]", "]"),
    Mutation("buckets without labels", BUCKETS, "  labels                      = local.labels\n", ""),
    Mutation("who may act may also make tokens", ACCOUNT, "iam.serviceAccountUser", "iam.serviceAccountTokenCreator"),
    Mutation(
        "sweeper without a condition",
        CLIENTS,
        """  condition {
    title       = "named bakeoff-"
    description = "Nothing whose name begins otherwise."
    expression  = local.ours
  }
""",
        "",
    ),
    Mutation("sweeper of every name", CLIENTS, ".startsWith('bakeoff-')", ".startsWith('')"),
    Mutation("sweeper may delete addresses", CLIENTS, '["compute.disks.delete"', '["compute.addresses.delete"'),
    Mutation("reviews may write records", CLIENTS, '"roles/storage.objectViewer"', '"roles/storage.objectUser"'),
    Mutation(
        "machines of others on the dashboard",
        "foundation/dashboard.tf",
        '=monitoring.regex.full_match(\\".+\\")',
        ":*",
    ),
    Mutation("no forecast alert", FOUNDATION, '"FORECASTED_SPEND"', '"CURRENT_SPEND"'),
    Mutation("nodes as editors", FOUNDATION, '"roles/dataproc.worker"', '"roles/editor"', "foundation"),
    Mutation(
        "training reaches every bucket",
        FOUNDATION,
        '["roles/logging.logWriter", ',
        '["roles/storage.objectAdmin", "roles/logging.logWriter", ',
        "foundation",
    ),
    Mutation("settings without the zone", FOUNDATION, "    zone                   = var.zone\n", ""),
    Mutation("APIs switched off for others", BOOTSTRAP, "disable_on_destroy = false", "disable_on_destroy = true"),
    Mutation("state without versions", BOOTSTRAP, "enabled = true", "enabled = false"),
    Mutation("every repository gets in", GITHUB, "assertion.repository_id == ", "assertion.repository_id != "),
    Mutation(
        "whoever it is given to gets in",
        GITHUB,
        "assertion.repository_owner_id == ",
        "assertion.repository_owner_id != ",
    ),
    Mutation("another issuer", GITHUB, "token.actions.githubusercontent.com", "token.example.com"),
    Mutation(
        "pull requests taken for main", GITHUB, "startsWith('pull_request') ? 'pull_request'", "startsWith('x') ? 'x'"
    ),
    Mutation(
        "plans may write states", GITHUB, '"roles/storage.objectViewer"', '"roles/storage.objectUser"', "bootstrap"
    ),
    Mutation("plans may change clusters", GITHUB, '"roles/dataproc.viewer"', '"roles/dataproc.editor"', "bootstrap"),
    Mutation("pull requests may clean", GITHUB, 'may_clean = ["main"]', 'may_clean = ["pull_requests"]'),
]
