//! Boundaries of rotation: records as they are on disk, answers as they come from providers.

use sanctum_rotation::http::{Answer, judge, parse};
use sanctum_rotation::providers::{
    anthropic, aws_iam, cloudflare, command, openai, openrouter, tailscale,
};
use sanctum_rotation::{Command, Event, Failure, Machine, Material, Record, Settings};
use sanctum_types::UnixTime;

/// A record: refused, or read again as it was, and gone on from without a panic and without touching a known key.
pub fn rotation_record(bytes: &[u8]) {
    let _ = Material::from_bytes(bytes);
    let _ = serde_json::from_slice::<Settings>(bytes);
    let Ok(record) = Record::decode(bytes) else { return };
    let again = record.encode().expect("a record is JSON");
    assert_eq!(Record::decode(&again).expect("its own JSON"), record);
    let (known, now) = (record.known.clone(), record.begun);
    let mut machine = Machine::resume(record);
    let mut event = Some(Event::Start);
    for _ in 0..100 {
        let Some(told) = event.take() else { return };
        for command in machine.on(told, now) {
            if let Command::Delete(key) = &command {
                assert!(!known.contains(key));
            }
            event = command.has_answer().then_some(match command {
                Command::Wait { .. } => Event::Tick,
                Command::List => Event::Keys(Vec::new()),
                _ => Event::Done,
            });
        }
        assert!(
            !machine.record().halted.as_ref().is_some_and(|halt| halt.why.to_string().is_empty())
        );
    }
}

/// A body as an answer of every kind: it is judged, and what is a success of one form is no failure of the same.
pub fn rotation_answers(bytes: &[u8]) {
    let (first, body) = bytes.split_first().unwrap_or((&0, &[]));
    let status =
        [200, 201, 204, 302, 400, 401, 403, 404, 409, 429, 500, 503][usize::from(*first) % 12];
    let answer = || Answer { status, retry_after: None, html: false, body: body.to_vec().into() };
    for is_read in [true, false] {
        let judged = judge(is_read, Ok(answer()));
        assert_eq!(judged.is_ok(), judged.is_ok() && (200..300).contains(&status));
        if let Err(failure) = judged {
            // A read never leaves anything unknown.
            assert!(!is_read || !matches!(failure, Failure::Unknown(_)));
        }
        let _ = aws_iam::classify(is_read, Ok(answer()));
        let _ = parse::<openrouter::Data<Vec<openrouter::Key>>>(is_read, body);
        let _ = parse::<openrouter::Created>(is_read, body);
        let _ = parse::<openai::Page<openai::Account>>(is_read, body);
        let _ = parse::<openai::Page<openai::Key>>(is_read, body);
        let _ = parse::<openai::Created>(is_read, body);
        let _ = parse::<tailscale::Keys>(is_read, body);
        let _ = parse::<tailscale::Created>(is_read, body);
        let _ = parse::<cloudflare::Envelope<Vec<cloudflare::Token>>>(is_read, body);
        let _ = parse::<cloudflare::Envelope<cloudflare::Created>>(is_read, body);
        let _ = parse::<anthropic::Page>(is_read, body);
        let _ = command::read(is_read, body);
    }
    if let Ok(keys) = aws_iam::read_keys(body) {
        assert!(keys.iter().all(|key| key.created.is_some_and(|at| at > UnixTime(i64::MIN))));
    }
    let _ = aws_iam::read_created(body);
}
