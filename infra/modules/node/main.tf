# One node: its namespace, limits and daemons, made and removed by `python -m infra.targets.local.node start|stop`.
#
# Two resources, because Terraform skips the destroy provisioner of a resource whose create provisioner failed: the
# half-started daemon would live on. `process` only starts; `slot`, which cannot fail to be made, only stops, and
# `stop` may run any number of times. Destroy goes process, then slot; so a failed start is cleaned up as well.
# `exec`, so that an interrupted Terraform ends the node program itself and not just a shell around it.

resource "terraform_data" "slot" {
  triggers_replace = [var.spec, var.restart_with]

  # A destroy provisioner can refer to nothing but its own resource.
  input = {
    spec        = jsonencode(merge(var.spec, { workers = 0 }))
    project_dir = var.project_dir
    python      = var.python
  }

  provisioner "local-exec" {
    when        = destroy
    command     = "exec \"$python\" -m infra.targets.local.node stop"
    working_dir = self.input.project_dir

    environment = {
      python            = self.input.python
      BAKEOFF_NODE_SPEC = self.input.spec
    }
  }
}

resource "terraform_data" "process" {
  triggers_replace = terraform_data.slot.id

  provisioner "local-exec" {
    command     = "exec \"$python\" -m infra.targets.local.node start"
    working_dir = var.project_dir

    environment = {
      python            = var.python
      BAKEOFF_NODE_SPEC = jsonencode(merge(var.spec, { workers = var.workers }))
    }
  }
}
