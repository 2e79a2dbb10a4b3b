"""HTTP as this API speaks it: requests and responses, parameters, problems, routing, and its description."""
