"""The ``google`` provider of Terraform for checks without an account: the real one, or a stand-in made of its schema."""
