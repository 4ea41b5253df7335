//! How names are spelled.

/// `TimedOut` as `timed_out`.
pub(crate) fn snake(name: &str) -> String {
    let mut snake = String::new();
    for (place, letter) in name.char_indices() {
        if place > 0 && letter.is_uppercase() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// `TimedOut` as `TIMED_OUT`, and `Election` as `ELECTION`.
pub(crate) fn kind(name: &str) -> String {
    snake(name).to_uppercase()
}
