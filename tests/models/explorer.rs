//! A model in the browser.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use checker::model::browser::serve;
use checker::model::family::find;
use protocol::member::Rules;
use tests::wait_for;

#[test]
fn the_explorer_shows_the_first_states_and_a_taken_address_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let model = find("elections").unwrap();
    let error = serve(model, Rules::default(), address).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    drop(taken);
    // Serves until the process ends.
    std::thread::spawn(move || serve(model, Rules::default(), address));
    for (path, word) in [("/", "<html"), ("/.states/", "fingerprint")] {
        wait_for(word, || get(address, path).filter(|page| page.contains(word)));
    }
}

/// The answer's begin. The connection stays open as long as the server likes.
fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while answer.len() < 4096 {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(length) => answer.extend_from_slice(&piece[..length]),
        }
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    answer.starts_with("HTTP/1.1 200").then_some(answer)
}
