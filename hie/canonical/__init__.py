"""Records become FHIR (pure): the one place that builds clinical resources."""
