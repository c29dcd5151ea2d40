"""What a patient agreed to: FHIR Consent read, and made into rules a store can ask (pure)."""
