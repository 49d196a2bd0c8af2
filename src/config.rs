//! The configuration file, the environment and the state folder: the only place that reads them.
