"""Bytes to text: declared charset, UTF-8, GB18030, or a refusal; never a replacement character.

What a newcomer would get wrong: the declared charset is a hint that is often false, nearly any
bytes "decode" as GB18030 (UTF-8 and Big5 do), and GBK text can be valid UTF-8 by accident. So a
candidate must decode strictly *and* read like text. Big5 is used only when a profile names it.
Python's `gb18030` contains GBK and GB2312 and reads all three.
"""

from hie.charset.decoding import Decoding, decode
from hie.charset.misread import has_lost_characters, mojibake, repair
from hie.charset.names import codec

__all__ = ["Decoding", "codec", "decode", "has_lost_characters", "mojibake", "repair"]
