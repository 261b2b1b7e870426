//! Pure verdicts on text: credential rules and redaction.
