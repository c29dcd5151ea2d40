"""What codes and units mean (pure): result and specimen words, units, a site's codes."""
