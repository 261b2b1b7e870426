//! Words that more than one floor needs and no floor owns.
