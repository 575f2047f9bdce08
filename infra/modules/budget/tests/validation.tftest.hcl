# Each rule of variables.tf refuses what breaks it.

mock_provider "google" {}

variables {
  billing_account = "012345-6789AB-CDEF01"
  project_number  = "123456789012"
  name            = "bakeoff"
  amount_usd      = 100
}

run "account_with_a_prefix" {
  command = plan

  variables {
    billing_account = "billingAccounts/012345-6789AB-CDEF01"
  }

  expect_failures = [var.billing_account]
}

run "id_as_number" {
  command = plan

  variables {
    project_number = "my-project"
  }

  expect_failures = [var.project_number]
}

run "no_name" {
  command = plan

  variables {
    name = ""
  }

  expect_failures = [var.name]
}

run "half_a_dollar" {
  command = plan

  variables {
    amount_usd = 0.5
  }

  expect_failures = [var.amount_usd]
}

run "no_thresholds" {
  command = plan

  variables {
    thresholds = []
  }

  expect_failures = [var.thresholds]
}
