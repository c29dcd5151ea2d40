"""Why a caller was refused: the closed list that the audit log keeps and the caller never sees.

A refused caller learns "not accepted" and nothing else; whoever reads the log learns the reason.
The names are those of the attack tables the doors are tested against.
"""

from enum import StrEnum

from hie.errors import Fault, NotAuthenticated


class Reason(StrEnum):
    """Machine code in `Event.reason`; `docs/audit-events.md` describes each."""

    NO_TOKEN = "no-token"  # noqa: S105 - nothing was presented
    SCHEME = "scheme"  # an Authorization header that is not one Bearer token
    SHAPE = "shape"  # not three segments, or too long
    ENC = "enc"  # padding, foreign characters, non-canonical base64url
    JSON = "json"  # header or payload is not the strict JSON asked for
    DUP = "dup"  # a member occurs twice
    JWS_ALG = "jws-alg"  # unsigned, or an algorithm nobody offers
    ALG_CONFUSION = "alg-confusion"  # a shared-secret algorithm where public keys are used
    KEY_MISMATCH = "key-mismatch"  # the algorithm is not that of the key
    HDR = "hdr"  # a header member that is not accepted here
    TYPE = "type"  # a token made for another door
    KID = "kid"  # no such key
    KEY_USE = "key-use"  # the key is not for verifying signatures
    INTROSPECT = "introspect"  # a token of another client was asked about, or to be ended
    JWKS = "jwks"  # a client's key set could not be fetched from its address
    KEY_GONE = "key-gone"  # for a day now: its client is refused
    CNF = "cnf"  # a token, or a client, bound to a certificate or key that the sender has not shown
    DPOP = "dpop"  # a proof of possession that does not hold (RFC 9449)
    NONCE = "nonce"  # a proof without the hub's nonce of now
    CROSS_CLIENT = "cross-client"  # one client's key under another client's name
    SIG = "sig"  # the signature does not verify
    CLAIM = "claim"  # a claim is missing or of the wrong type
    LIFETIME = "lifetime"  # expired, not yet valid, or valid for too long
    AUD = "aud"  # made for another server
    JTI = "jti"  # no usable token id
    REPLAY = "replay"  # the same assertion a second time
    QUOTA = "quota"  # too many live assertions of one client
    RATE = "rate"  # over the rate
    BACK_OFF = "back-off"  # too many failures from one source
    METHOD = "method"  # an authentication method that is not offered
    GRANT = "grant"  # a grant type that is not offered
    REQUEST = "request"  # a malformed token request
    SCOPE = "scope"  # more than was registered, or not in the grammar
    PURPOSE = "purpose"  # a purpose that was not registered, or does not permit this
    REVOKED = "revoked"  # a token that was ended before its time
    STATUS = "status"  # client, institution or user suspended or unknown
    SESSION = "session"  # no such session, or ended
    PASSWORD = "password"  # noqa: S105 - sign-in failed
    CSRF = "csrf"  # a form from elsewhere
    OIDC = "oidc"  # an answer, a code or a ticket that does not fit the sign-in or launch it is of
    ORG_SPOOF = "org-spoof"  # acting for another institution
    ROLE = "role"  # this person's role does not include it
    REL = "rel"  # no relation of the institution to this patient that counts
    NETWORK = "network"  # the client calls from a network it was not registered with
    BREAK_GLASS = "btg"  # an attempt to break the glass that was not permitted, or to reach past it
    LABEL = "label"  # less than a resource's label: lowering is a security officer's act
    CONSENT = "consent"  # the patient withholds it from this caller
    OPERATOR = "operator"  # takes another operator, or one of whom it can be told who they are
    POLICY = "policy"  # another rule of the hub forbids it
    MEDIA = "media"  # a media type or coding that is not read or written here
    PARAM = "param"  # a parameter or header that is not known, or not well formed
    COST = "cost"  # more than a door takes, or than an index answers
    FHIR = "fhir"  # well-formed JSON that is no sound resource
    ABSENT = "absent"  # nothing there that this caller may see
    CONFLICT = "conflict"  # it contradicts what is recorded, or meets several
    SIZE = "size"  # an address, a header or a body over the limit of the door
    SSRF = "ssrf"  # an address that leads into the hub's own network
    AUDIT_WRITE = "audit-write"  # an attempt to change the audit log


# What is an attack rather than a mistake: outcome 8, to the alarm channel.
ALERTS: frozenset[Reason] = frozenset(
    {
        Reason.JWS_ALG,
        Reason.ALG_CONFUSION,
        Reason.KEY_MISMATCH,
        Reason.HDR,
        Reason.TYPE,
        Reason.DUP,
        Reason.CROSS_CLIENT,
        Reason.CNF,
        Reason.DPOP,
        Reason.KEY_GONE,
        Reason.AUD,
        Reason.REPLAY,
        Reason.ORG_SPOOF,
        Reason.OIDC,
        Reason.BREAK_GLASS,
        Reason.SSRF,
        Reason.AUDIT_WRITE,
    }
)


def refused(reason: Reason, expected: str = "") -> NotAuthenticated:
    """The error a door raises; its fault carries the reason to the log, not to the caller."""
    return NotAuthenticated("not accepted", (Fault("token", reason, expected),))


def reason_of(error: NotAuthenticated) -> Reason:
    """The reason that `refused` put into the error."""
    return Reason(error.faults[0].code) if error.faults else Reason.NO_TOKEN
