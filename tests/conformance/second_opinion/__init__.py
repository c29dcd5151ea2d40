"""A second opinion on recognition: a literal reading of the rules, slow on purpose.

It shares no code and no catalogue with the engine. It reads the same cases (rulebook/README.md)
and answers with everything an assessment says: findings, outcomes, the order of candidates, the
leading one, marks, limits, reasons, savings. Where the two differ, one of them has misread the
rules: `test_second_opinion.py` compares them over the cases and over questions made at random.

One module for each part of the rules: `times`, `places` and `marks`, `policy`, `words` and `units`,
`gate0` … `gate6`, the `order` of candidates, the `answer`.
"""
