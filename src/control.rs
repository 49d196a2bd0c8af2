//! The socket between a mounting process and the command line.
