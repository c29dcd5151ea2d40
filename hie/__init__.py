"""An exchange hub for mutual recognition of test results (检查检验结果互认).

The road of one result, left to right; whoever stands right never knows who stands left:

    adapters -> canonical -> identity -> recognition -> api, cds, web
    what did    one          whose is    may it stand   who asks, sees, decides;
    it say?     language     it?         in for a test? and it is recorded

Our own words, each with one meaning:

site         a registered sender: one system of one institution, with its profile
record       what a message said, as plain values, before it becomes FHIR
item         one of the tests the catalogue names (K, HBA1C ...), whoever performed it
candidate    an earlier result that could stand in for an order, as facts for the rules
condition    one yes/no/unknown question about a candidate
gate         conditions that are asked together; a refusal at one gate ends the asking
finding      one rule's answer: fired or not, unknown or not, with its basis and data
assessment   what the hub offers: recognise, clinician_review or do_not_recognise
decision     what the clinician decides: use it, or repeat it for a reason
home         the Patient of the site that sent a result; every clinical row has one, for life
person       the register's view of one human: a set of homes
ledger       the log of every access, check and decision
"""

__version__ = "0.1.0"
RELEASED = "2026-11-26"  # the day of this version: what the capability statement is dated
