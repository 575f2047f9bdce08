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


CLUSTER = "modules/dataproc_cluster/main.tf"
TARGET = "targets/dataproc/terraform/main.tf"
NETWORK = "modules/network/main.tf"
BUCKET = "modules/bucket/main.tf"
ACCOUNT = "modules/service_account/main.tf"
CLIENTS = "modules/client_access/main.tf"
IDENTITY = "modules/workload_identity/main.tf"
FOUNDATION = "foundation/main.tf"
BOOTSTRAP = "bootstrap/main.tf"

SCHEMA = [
    Mutation("misspelt attribute", CLUSTER, "internal_ip_only = true", "internal_ip_onyl = true"),
    Mutation("misspelt block", CLUSTER, "    lifecycle_config {", "    life_cycle_config {"),
    Mutation("misspelt resource", BUCKET, 'resource "google_storage_bucket"', 'resource "google_storage_buckets"'),
    Mutation("misspelt output", "modules/network/outputs.tf", "this.self_link", "this.selflink"),
    Mutation("wrong type", CLUSTER, "      num_instances = 1", '      num_instances = "one"'),
    Mutation("list for a string", BUCKET, "= var.location", "= [var.location]"),
    Mutation("missing required attribute", CLUSTER, "          accelerator_type  = accelerators.key\n", ""),
    Mutation("missing required name", NETWORK, '  name                     = "${var.name}-nodes"\n', ""),
    Mutation("attribute that only the provider sets", NETWORK, "  routing_mode ", '  self_link = "x"\n  routing_mode '),
    Mutation(
        "second block where one is allowed",
        BUCKET,
        "  versioning {",
        "  versioning {\n    enabled = true\n  }\n\n  versioning {",
    ),
    Mutation("broken enumeration: direction", NETWORK, '"INGRESS"', '"INBOUND"'),
    Mutation("broken enumeration: log filter", NETWORK, '"ERRORS_ONLY"', '"ERRORS"'),
    Mutation("broken enumeration: budget", "modules/budget/main.tf", '"MONTH"', '"MONTHLY"'),
    Mutation("misspelt input of a module", TARGET, "  idle_delete_s ", "  idle_delete "),
]

CLUSTERS = [
    Mutation("public addresses on", CLUSTER, "internal_ip_only = true", "internal_ip_only = false"),
    Mutation("public addresses by default", CLUSTER, "      internal_ip_only = true\n", ""),
    Mutation("absolute expiry removed", CLUSTER, "      auto_delete_time = var.expires_at\n", ""),
    Mutation("idle expiry removed", CLUSTER, '      idle_delete_ttl  = "${var.idle_delete_s}s"\n', ""),
    Mutation("expiry of another form", CLUSTER, '"${var.idle_delete_s}s"', '"${var.idle_delete_s}m"'),
    Mutation("labels removed", CLUSTER, "  labels  = var.labels\n", ""),
    Mutation(
        "Secure Boot off", CLUSTER, "secure_boot          = var.shape.accelerator_count == 0", "secure_boot = false"
    ),
    Mutation("vTPM off", CLUSTER, "enable_vtpm                 = true", "enable_vtpm                 = false"),
    Mutation(
        "integrity monitoring off", CLUSTER, "enable_integrity_monitoring = true", "enable_integrity_monitoring = false"
    ),
    Mutation("project SSH keys let in", CLUSTER, 'ssh-keys = "true"', 'ssh-keys = "false"'),
    Mutation("keys in metadata let in", CLUSTER, 'enable-oslogin         = "TRUE"', 'enable-oslogin         = "FALSE"'),
    Mutation("default account", CLUSTER, "      service_account  = var.service_account\n", ""),
    Mutation("default network", CLUSTER, "      subnetwork       = var.subnetwork\n", ""),
    Mutation("Dataproc's own staging bucket", CLUSTER, "    staging_bucket = var.staging_bucket\n", ""),
    Mutation("Dataproc's own temp bucket", CLUSTER, "    temp_bucket    = var.temp_bucket\n", ""),
    Mutation("network tag removed", CLUSTER, "[var.node_tag]", "[]"),
    Mutation("Spot becomes preemptible", CLUSTER, '"SPOT"', '"PREEMPTIBLE"'),
    Mutation("agent metrics off", CLUSTER, '"MONITORING_AGENT_DEFAULTS"', '"YARN"'),
    Mutation("agent property removed", CLUSTER, '{ "dataproc:dataproc.monitoring.stackdriver.enable" = "true" }', "{}"),
    Mutation("single node not allowed", CLUSTER, '{ "dataproc:dataproc.allow.zero.workers" = "true" }', "{}"),
    Mutation(
        "disk of another type", CLUSTER, "boot_disk_type    = var.shape.disk_type", 'boot_disk_type    = "pd-standard"'
    ),
    Mutation("dependencies not installed", CLUSTER, '["${var.dependencies_uri}/install.sh"]', "[]"),
    Mutation("lease label removed", TARGET, "    bakeoff-lease    = var.lease_id\n", ""),
    Mutation("scenario label removed", TARGET, "    bakeoff-scenario = var.name\n", ""),
    Mutation("expiry label removed", TARGET, '    bakeoff-expires  = format("%d", local.expires_s)\n', ""),
    Mutation("expiry label a day late", TARGET, "719468", "719467"),
    Mutation("name that clean does not know", TARGET, '"bakeoff-${var.lease_id}"', '"cluster-${var.lease_id}"'),
    Mutation("the team's labels lost", TARGET, "merge(var.labels, {", "merge({}, {"),
    Mutation(
        "Spot workers forgotten",
        TARGET,
        "    spot_workers        = var.spot_workers\n",
        "",
        "targets/dataproc/terraform",
    ),
]

REST = [
    Mutation(
        "firewall open to the world",
        NETWORK,
        "source_tags = [var.node_tag]",
        'source_ranges = ["0.0.0.0/0"]',
        "foundation",
    ),
    Mutation(
        "firewall open to the subnet",
        NETWORK,
        "  source_tags = [var.node_tag]\n",
        "  source_tags = [var.node_tag]\n  source_ranges = [var.cidr]\n",
    ),
    Mutation("firewall for other tags", NETWORK, "source_tags = [var.node_tag]", 'source_tags = ["web"]'),
    Mutation("firewall for every machine", NETWORK, "  target_tags = [var.node_tag]\n", ""),
    Mutation(
        "Private Google Access off", NETWORK, "private_ip_google_access = true", "private_ip_google_access = false"
    ),
    Mutation("a subnet in every region", NETWORK, "auto_create_subnetworks = false", "auto_create_subnetworks = true"),
    Mutation("NAT always", NETWORK, "count = var.nat ? 1 : 0", "count = 1"),
    Mutation("NAT for all subnets", NETWORK, '"LIST_OF_SUBNETWORKS"', '"ALL_SUBNETWORKS_ALL_IP_RANGES"'),
    Mutation("public bucket possible", BUCKET, '"enforced"', '"inherited"'),
    Mutation(
        "access lists on objects", BUCKET, "uniform_bucket_level_access = true", "uniform_bucket_level_access = false"
    ),
    Mutation("scratch never expires", BUCKET, "for_each = var.expire_days", "for_each = {}"),
    Mutation("all expires, not the folder", BUCKET, 'lifecycle_rule.key == "" ? null : [lifecycle_rule.key]', "null"),
    Mutation("versions of scratch", BUCKET, "enabled = var.versioning", "enabled = true"),
    Mutation("bucket without labels", BUCKET, "  labels                      = var.labels\n", ""),
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
    Mutation("sweeper of every type", CLIENTS, "resource.type == ", "resource.type != "),
    Mutation("sweeper may delete addresses", CLIENTS, '["compute.disks.delete"', '["compute.addresses.delete"'),
    Mutation("every repository gets in", IDENTITY, '"${local.by_name}${local.by_id}"', '"true"'),
    Mutation("a later owner of the name gets in", IDENTITY, '"${local.by_name}${local.by_id}"', '"${local.by_name}"'),
    Mutation("another issuer", IDENTITY, "token.actions.githubusercontent.com", "token.example.com"),
    Mutation("every branch gets in", "modules/workload_identity/outputs.tf", ":ref:refs/heads/${var.branch}", ""),
    Mutation("machines of others on the dashboard", "modules/dashboard/main.tf", " ${local.label}:*", ""),
    Mutation("no forecast alert", "modules/budget/main.tf", '"FORECASTED_SPEND"', '"CURRENT_SPEND"'),
    Mutation(
        "APIs switched off for others",
        "modules/project_services/main.tf",
        "disable_on_destroy = false",
        "disable_on_destroy = true",
    ),
    Mutation(
        "a validation without a rule",
        "modules/network/variables.tf",
        'condition     = can(regex("/(1[2-9]|2[0-6])$", var.cidr))',
        "condition     = var.cidr != null",
    ),
    Mutation("nodes as editors", FOUNDATION, '"roles/dataproc.worker"', '"roles/editor"', "foundation"),
    Mutation(
        "training reaches every bucket",
        FOUNDATION,
        '["roles/logging.logWriter", ',
        '["roles/storage.objectAdmin", "roles/logging.logWriter", ',
        "foundation",
    ),
    Mutation(
        "reviews may write records",
        FOUNDATION,
        '"roles/storage.objectViewer"',
        '"roles/storage.objectUser"',
        "foundation",
    ),
    Mutation("run data never expires", FOUNDATION, '{ "leases/" = var.run_data_days }', "{}", "foundation"),
    Mutation("a given bucket made again", FOUNDATION, " if bucket.given == null", "", "foundation"),
    Mutation("settings without the zone", FOUNDATION, "    zone                   = var.zone\n", "", "foundation"),
    Mutation("state without versions", BOOTSTRAP, "  versioning = true\n", "", "bootstrap"),
    Mutation(
        "plans may write states", BOOTSTRAP, '"roles/storage.objectViewer"', '"roles/storage.objectUser"', "bootstrap"
    ),
    Mutation("plans may change clusters", BOOTSTRAP, '"roles/dataproc.viewer"', '"roles/dataproc.editor"', "bootstrap"),
    Mutation(
        "pull requests may clean",
        BOOTSTRAP,
        "may_clean = merge([for github in module.github : { main = github.branch }",
        "may_clean = merge([for github in module.github : { main = github.pull_requests }",
        "bootstrap",
    ),
]
