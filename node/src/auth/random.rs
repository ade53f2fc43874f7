//! Salts and nonces. The one place in the server whose numbers nobody may be able to repeat.

/// Fresh bytes from the system.
///
/// # Errors
/// In words, when the system gives none.
pub fn bytes<const COUNT: usize>() -> Result<[u8; COUNT], String> {
    let mut bytes = [0; COUNT];
    getrandom::fill(&mut bytes).map_err(|error| format!("the system gives no random numbers: {error}"))?;
    Ok(bytes)
}
