//! The recycle bin: where whatever is removed goes first.
