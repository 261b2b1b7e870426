//! Drives the published client in Rust: `vault-client ADDRESS AGENT KEYFILE`, one call a line on standard input as JSON
//! (`{"do": "retrieve", "args": ["a/b", 60]}`), one answer a line (`{"result": …}` or `{"error": {…}}`).

use sanctum_ai::{SanctumClient, SanctumError};
use serde_json::{Value, json};
use std::io::BufRead as _;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    if std::env::args().nth(1).as_deref() == Some("--version") {
        println!("sanctum-ai 0.4.0");
        return Ok(());
    }
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(drive())
}

async fn drive() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    let mut next = || args.next().ok_or("vault-client ADDRESS AGENT KEYFILE");
    let (address, agent, key) = (next()?, next()?, next()?);
    let text = std::fs::read_to_string(key)?;
    let digits = text.trim().as_bytes();
    let mut seed = [0_u8; 32];
    for (byte, pair) in seed.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair)?, 16)?;
    }
    let key = ed25519_dalek::SigningKey::from_bytes(&seed);
    let mut client = None;
    for line in std::io::stdin().lock().lines() {
        let call: Value = serde_json::from_str(&line?)?;
        let word = |at: usize| call["args"][at].as_str().unwrap_or_default();
        if client.is_none() {
            client = Some(SanctumClient::connect(&address).await?);
        }
        let client = client.as_ref().ok_or("it is connected")?;
        let answer = match call["do"].as_str().unwrap_or_default() {
            "connect" => client.authenticate(&agent, &key).await.map(|told| json!(told.session_id.is_some())),
            "list" => client.list().await.map(|all| json!(all)),
            "retrieve" => {
                let ttl = call["args"][1].as_u64().unwrap_or(60);
                client.retrieve(word(0), ttl).await.map(|found| json!(found))
            }
            "use_credential" => {
                let used = client.use_credential(word(0), word(1), call["args"][2].clone()).await;
                used.map(|used| json!(used))
            }
            "release_lease" => client.release_lease(word(0)).await.map(|()| Value::Null),
            other => return Err(format!("no method {other}").into()),
        };
        println!("{}", answer.map_or_else(|error| json!({ "error": failed(error) }), |result| json!({ "result": result })));
    }
    Ok(())
}

fn failed(error: SanctumError) -> Value {
    match error {
        SanctumError::Vault(error) => json!({
            "class": "Vault", "code": error.code.to_string(), "message": error.message, "detail": error.detail,
            "suggestion": error.suggestion, "docs_url": error.docs_url, "context": error.context,
        }),
        other => json!({ "class": "other", "message": other.to_string() }),
    }
}
