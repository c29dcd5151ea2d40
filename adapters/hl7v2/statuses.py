"""Statuses of results, reports and orders: HL7's tables and what they lead to.

A status that is not listed is an issue, never a guess: "final" would be recognised by other
hospitals, and a wrong "final" can reach a patient. Letters that the v2-to-FHIR guide leaves
without a target are decided here, once.
"""

from typing import Final

# HL7 table 0085, OBX-11 -> Observation.status. O and N make no Observation.
RESULT: Final = {
    "F": "final",
    "P": "preliminary",
    "C": "corrected",
    "A": "amended",
    "B": "amended",  # appended
    "D": "entered-in-error",
    "W": "entered-in-error",  # posted for the wrong patient
    "X": "cancelled",
    "R": "preliminary",  # entered, not verified
    "S": "preliminary",  # partial
    "I": "registered",  # pending
    "U": "final",  # final without sending the value again
    "V": "final",  # verified
}
RESULT_CODES: Final = frozenset(RESULT) | {"O", "N"}

# HL7 table 0123, OBR-25 -> DiagnosticReport.status. Y and Z are errors of the laboratory.
REPORT: Final = {
    "F": "final",
    "P": "preliminary",
    "C": "corrected",
    "A": "partial",  # some, not all results
    "R": "partial",
    "S": "registered",
    "I": "registered",
    "O": "registered",
    "X": "cancelled",
    "M": "preliminary",  # corrected, not final
    "N": "registered",  # procedure completed, results pending
}
REPORT_CODES: Final = frozenset(REPORT) | {"Y", "Z"}

# HL7 table 0038, ORC-5 -> ServiceRequest.status.
ORDER: Final = {
    "CA": "revoked",
    "CM": "completed",
    "DC": "revoked",
    "ER": "entered-in-error",
    "HD": "on-hold",
    "IP": "active",
    "RP": "revoked",
    "SC": "active",
    "A": "active",
}
# HL7 table 0119, ORC-1, when ORC-5 is empty. CA asks for a cancellation; it is none yet.
ORDER_CONTROL: Final = {
    "AF": "active", "CA": "active", "CR": "revoked", "DC": "revoked", "DF": "revoked",
    "DR": "revoked", "FU": "completed", "HD": "active", "HR": "on-hold", "NW": "active",
    "OC": "revoked", "OD": "revoked", "OH": "on-hold", "OK": "active", "PR": "active",
    "RL": "active", "RO": "active", "RQ": "active",
}  # fmt: skip

# HL7 table 0485 (TQ1-9, OBR-5) -> request-priority.
PRIORITY: Final = {
    "S": "stat",
    "STAT": "stat",
    "A": "asap",
    "ASAP": "asap",
    "R": "routine",
    "ROUTINE": "routine",
    "急": "stat",
    "急诊": "stat",
    "加急": "asap",
    "平": "routine",
    "常规": "routine",
    "普通": "routine",
}

RANK: Final = {
    "registered": 0,
    "preliminary": 1,
    "partial": 2,
    "final": 3,
    "amended": 4,
    "corrected": 4,
    "cancelled": 5,
    "entered-in-error": 5,
}
