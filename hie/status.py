"""Error class to HTTP status: the only such table.

A subclass that is not listed has the status of its nearest listed ancestor; a test walks the tree.
"""

from hie import errors

STATUS: dict[type[errors.HubError], int] = {
    errors.HubError: 500,
    errors.MessageRefused: 422,
    errors.MalformedMessage: 400,
    errors.RequestRefused: 400,
    errors.InvalidRequest: 400,
    errors.UnprocessableRequest: 422,
    errors.NotSupported: 400,
    errors.IdNotOffered: 405,
    errors.NotAcceptable: 406,
    errors.UnsupportedMedia: 415,
    errors.TooLarge: 413,
    errors.TooMany: 429,
    errors.ResourceNotFound: 404,
    errors.ResourceDeleted: 410,
    errors.Conflict: 409,
    errors.VersionMismatch: 412,
    errors.MultipleMatches: 412,
    errors.ReferenceUnmatched: 412,
    errors.NotAtHand: 412,
    errors.TooCostly: 400,
    errors.AccessRefused: 403,
    errors.NotAuthenticated: 401,
    errors.NotPermitted: 403,
    errors.ConsentWithheld: 404,
    errors.HubMisconfigured: 500,
    errors.LedgerBroken: 503,
    errors.SourceRefused: 502,
    errors.Unavailable: 503,
}


def status_of(error: errors.HubError) -> int:
    """The HTTP status of an error: its own, or that of its nearest listed ancestor."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)
