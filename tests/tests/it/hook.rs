//! `sanctum hook` and `sanctum hooks` as agents and people run them: the real binary, bytes in and bytes out.

mod bed;
mod claude;
mod commands;
mod config;
mod dummies;
mod installed;
mod journal;
mod packages;
mod plain;
mod registries;
mod run;
mod spend;
mod types;
