"""The pages on which a project is made and looked after: rubric, settings, people by link, samples, leases, trail."""
