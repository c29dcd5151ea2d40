"""From where an image was taken: ViewPosition, or the view code in the same words.

PS3.3 sections C.8.1.1 and C.8.11; codes of PS3.16, CID 4014 and CID 4010.
"""

from typing import Final

from adapters.dicom.study import coded
from adapters.dicom.tags import VIEW_CODE_SEQUENCE, VIEW_POSITION
from adapters.dicom.view import View


def read_projection(view: View) -> str | None:
    """ViewPosition, else the view code's meaning as an abbreviation if it has one."""
    stated = view.text(VIEW_POSITION).upper()
    if stated:
        return stated
    for one in coded(view, VIEW_CODE_SEQUENCE):
        words = (one.display or "").casefold()
        return _VIEWS.get(words) or _VIEW_CODES.get(one.code or "") or one.display or one.code
    return None


# Meanings and codes of views (PS3.16, CID 4014 and CID 4010) -> what ViewPosition says.
_VIEWS: Final = {
    "cranio-caudal": "CC",
    "craniocaudal": "CC",
    "medio-lateral oblique": "MLO",
    "mediolateral oblique": "MLO",
    "medio-lateral": "ML",
    "latero-medial": "LM",
    "latero-medial oblique": "LMO",
    "caudo-cranial (from below)": "FB",
    "exaggerated cranio-caudal": "XCC",
    "cranio-caudal exaggerated laterally": "XCCL",
    "cranio-caudal exaggerated medially": "XCCM",
    "postero-anterior": "PA",
    "antero-posterior": "AP",
    "left lateral": "LL",
    "right lateral": "RL",
    "lateral": "LAT",
}
_VIEW_CODES: Final = {
    "R-10242": "CC", "R-10226": "MLO", "R-10224": "ML", "R-10228": "LM", "R-10230": "LMO",
    "R-10244": "FB", "Y-X1770": "XCCL", "Y-X1771": "XCCM", "399162004": "CC",
    "399368009": "MLO", "399260004": "ML", "399352003": "LM", "399099002": "LMO",
}  # fmt: skip
