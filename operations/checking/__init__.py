"""Whether an account and a region can take a deployment, before it is made."""
