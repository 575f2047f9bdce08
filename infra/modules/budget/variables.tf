variable "billing_account" {
  description = "Id of the billing account that pays for the project."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "billing_account must be of the form 012345-6789AB-CDEF01; received '${var.billing_account}'."
  }
}

variable "project_number" {
  description = "Number of the project that is watched."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]+$", var.project_number))
    error_message = "project_number must be digits, not the project's id; received '${var.project_number}'."
  }
}

variable "name" {
  description = "Name of the budget."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) >= 1 && length(var.name) <= 60
    error_message = "name must have 1 to 60 characters; received '${var.name}'."
  }
}

variable "amount_usd" {
  description = "Budget of a month, in whole US dollars."
  type        = number
  nullable    = false

  validation {
    condition     = var.amount_usd == floor(var.amount_usd) && var.amount_usd >= 1
    error_message = "amount_usd must be a whole number of at least 1; received ${var.amount_usd}."
  }
}

variable "thresholds" {
  description = "Shares of the amount at which an alert is sent."
  type        = set(number)
  nullable    = false
  default     = [0.5, 0.9, 1]

  validation {
    condition     = length(var.thresholds) > 0 && alltrue([for share in var.thresholds : share > 0 && share <= 2])
    error_message = "thresholds must be greater than 0 and at most 2; received ${jsonencode(var.thresholds)}."
  }
}
