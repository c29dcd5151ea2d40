"""What R4 lets a search say and the hub does not answer: each refused by name, with what to do.

FHIR R4 search.html#all, #filter, #query, #list, #contained. Where a client asked for lenient
handling, they are left out like parameters nobody knows, and named in the answer.
"""

from collections.abc import Mapping

UNANSWERED: Mapping[str, str] = {
    "_text": "a parameter of the type: narratives are not indexed",
    "_content": "a parameter of the type: contents are not indexed",
    "_filter": "parameters of the type: a comma is OR, a repeat is AND",
    "_query": "parameters of the type: there are no named queries",
    "_list": "_id with the entries of the list",
    "_type": "one type in the address: there is no search over several types",
    "_contained": "resources as they stand: contained ones are not searched",
    "_containedType": "resources as they stand: contained ones are not searched",
    "_score": "_sort: matches are not ranked",
}
