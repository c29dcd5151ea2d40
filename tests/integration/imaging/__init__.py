"""Images through the real doors: C-STORE, STOW-RS, files; QIDO-RS and WADO-RS out."""
