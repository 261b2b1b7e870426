//! The edge of the house: command line, printing, exit codes, wiring of live hosts.
