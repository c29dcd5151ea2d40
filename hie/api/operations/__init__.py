"""FHIR operations: one operation, one module."""
