output "roles" {
  description = "Roles on the project that each member has."
  value       = concat(local.roles, [for role in google_project_iam_custom_role.sweeper : role.name])
}
