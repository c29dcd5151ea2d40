"""Source formats: one folder each; bytes in, records out.

An adapter sees `hie.adapter`, `hie.records`, `hie.charset` and `hie.errors`, and no other adapter.
The hub finds them through the entry-point group `hie.adapters`, ours like a stranger's.
"""
