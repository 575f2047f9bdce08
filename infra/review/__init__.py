"""``bakeoff review``: what a change of scenarios or Terraform does to configuration, cost and policy, as one comment."""
