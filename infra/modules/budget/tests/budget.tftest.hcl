mock_provider "google" {}

variables {
  billing_account = "012345-6789AB-CDEF01"
  project_number  = "123456789012"
  name            = "bakeoff"
  amount_usd      = 100
}

run "warns_before_and_at_the_amount" {
  assert {
    condition     = google_billing_budget.this.amount[0].specified_amount[0].units == "100" && google_billing_budget.this.amount[0].specified_amount[0].currency_code == "USD"
    error_message = "amount is ${jsonencode(google_billing_budget.this.amount)}"
  }

  assert {
    condition     = toset([for rule in google_billing_budget.this.threshold_rules : "${rule.spend_basis} ${rule.threshold_percent}"]) == toset(["CURRENT_SPEND 0.5", "CURRENT_SPEND 0.9", "CURRENT_SPEND 1", "FORECASTED_SPEND 1"])
    error_message = "rules are ${jsonencode(google_billing_budget.this.threshold_rules)}"
  }

  assert {
    condition     = tolist(google_billing_budget.this.budget_filter[0].projects) == tolist(["projects/123456789012"])
    error_message = "the budget watches ${jsonencode(google_billing_budget.this.budget_filter[0].projects)}"
  }
}
