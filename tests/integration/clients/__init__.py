"""Other people's FHIR clients, unchanged, against a hub on a real port with a token given."""
