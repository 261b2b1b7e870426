//! Hooks of coding agents: their protocols, their settings, what is thought of content, and the configuration of all that.
//!
//! Pure: text in, text out. `answer` goes from the bytes of a hook's input to the bytes of its answer with a judge that is handed in;
//! `settings` puts hooks into settings files and takes them out; `content` judges what is written, read and passed on;
//! `config` reads `.sanctum/config.toml`. What a command of a shell does is derived elsewhere.

pub mod answer;
pub mod config;
pub mod content;
pub mod dialect;
pub mod json;
mod patch;
pub mod paths;
pub mod request;
pub mod settings;
mod tool;

pub use answer::{Answered, Call, Guard, answer};
pub use dialect::Reply;
pub use patch::PatchError;
pub use request::{
    Agent, Change, Decision, Event, FileChange, Judgement, Request, Shell, Tool, ToolResult, Verb,
};
pub use tool::RequestError;
