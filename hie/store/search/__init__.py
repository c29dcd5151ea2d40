"""Search: which parameters there are, what a query asks, and its SQL over what may be seen."""
