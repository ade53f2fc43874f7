//! The results as a site on this machine only, for those who want a URL instead of a file.
//!
//! It answers GET and HEAD for files below one directory. It listens on the loopback address, follows no link
//! out of the directory, and refuses requests that name another host (a page elsewhere could otherwise have its
//! own name resolve to this machine and read the results).

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Longest request line and header block.
const HEAD_LIMIT: u64 = 16 * 1024;
/// Most requests at a time; further ones are told to come again.
const CONNECTIONS_LIMIT: usize = 64;
/// A peer that says nothing for so long is left.
const PATIENCE: Duration = Duration::from_secs(10);

/// A bound server that serves when asked to.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    root: Arc<PathBuf>,
}

impl Server {
    /// Binds `127.0.0.1:port` (0: any free port) for the files below `root`.
    pub fn bind(root: &Path, port: u16) -> io::Result<Self> {
        let root = Arc::new(root.canonicalize()?);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        Ok(Self { listener, root })
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the process ends; a thread for each request.
    pub fn serve(self) -> io::Result<()> {
        let busy = Arc::new(AtomicUsize::new(0));
        for stream in self.listener.incoming() {
            // A peer that hung up before it was accepted is no reason to stop.
            let Ok(stream) = stream else { continue };
            let (root, busy) = (Arc::clone(&self.root), Arc::clone(&busy));
            if busy.fetch_add(1, Ordering::AcqRel) >= CONNECTIONS_LIMIT {
                busy.fetch_sub(1, Ordering::AcqRel);
                drop(refuse(&stream, "503 Service Unavailable"));
                continue;
            }
            std::thread::spawn(move || {
                // The peer sees what went wrong, or is gone.
                drop(answer(&stream, &root));
                busy.fetch_sub(1, Ordering::AcqRel);
            });
        }
        Ok(())
    }
}

fn answer(stream: &TcpStream, root: &Path) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream.take(HEAD_LIMIT));
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut host = None;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 {
            return refuse(stream, "431 Request Header Fields Too Large");
        }
        if header.trim_end().is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("host")
        {
            host = Some(value.trim().to_owned());
        }
    }
    if !host.is_some_and(|host| is_local(&host)) {
        return refuse(stream, "421 Misdirected Request");
    }
    let mut words = request.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if !matches!(method, "GET" | "HEAD") {
        return refuse(stream, "405 Method Not Allowed");
    }
    match find(root, target) {
        Found::File(path) => send(stream, &path, method == "GET"),
        Found::Directory => redirect(stream, target),
        Found::Nothing => refuse(stream, "404 Not Found"),
    }
}

fn is_local(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "localhost" | "127.0.0.1")
}

#[derive(Debug, PartialEq)]
enum Found {
    File(PathBuf),
    /// Named without the final slash: relative links of its page would miss.
    Directory,
    Nothing,
}

/// The file of a request target. The path is resolved by the operating system and must then still lie below
/// `root`: neither `..` in any spelling nor a link leads out.
fn find(root: &Path, target: &str) -> Found {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let Some(decoded) = path.strip_prefix('/').and_then(decode) else {
        return Found::Nothing;
    };
    let Ok(found) = root.join(decoded.trim_start_matches('/')).canonicalize() else {
        return Found::Nothing;
    };
    if !found.starts_with(root) {
        return Found::Nothing;
    }
    if !found.is_dir() {
        return if found.is_file() {
            Found::File(found)
        } else {
            Found::Nothing
        };
    }
    if !path.ends_with('/') {
        return Found::Directory;
    }
    for name in ["index.html", "report.html"] {
        if found.join(name).is_file() {
            return Found::File(found.join(name));
        }
    }
    Found::Nothing
}

/// Undoes `%20`; `None` for half an escape, for a zero byte and for what is not UTF-8.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (code, tail) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok()?);
        rest = tail;
    }
    String::from_utf8(bytes).ok().filter(|path| !path.contains('\0'))
}

fn send(mut stream: &TcpStream, path: &Path, whole: bool) -> io::Result<()> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let kind = match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("json") => "application/json",
        _ => "text/plain; charset=utf-8",
    };
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nx-content-type-options: nosniff\r\ncache-control: no-cache\r\nconnection: close\r\n\r\n"
    )?;
    if whole {
        // A file that grows meanwhile must not say more than was announced.
        io::copy(&mut (&mut file).take(length), &mut stream)?;
    }
    stream.flush()
}

fn redirect(mut stream: &TcpStream, target: &str) -> io::Result<()> {
    // One leading slash only: `//host/` would lead elsewhere.
    let path = target
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .trim_start_matches('/');
    write!(
        stream,
        "HTTP/1.1 301 Moved Permanently\r\nlocation: /{path}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
}

fn refuse(mut stream: &TcpStream, status: &str) -> io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{status}",
        status.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        let outside = directory.path().join("secret.txt");
        std::fs::write(&outside, "secret").unwrap();
        let root = directory.path().join("results");
        std::fs::create_dir_all(root.join("a b")).unwrap();
        std::fs::write(root.join("a b/report.html"), "page").unwrap();
        std::os::unix::fs::symlink(&outside, root.join("link")).unwrap();
        let root = root.canonicalize().unwrap();

        let report = Found::File(root.join("a b/report.html"));
        assert_eq!(find(&root, "/a%20b/report.html?x#y"), report);
        assert_eq!(find(&root, "/a%20b/"), report);
        assert_eq!(find(&root, "/a%20b"), Found::Directory);
        for target in [
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/a%20b/..%2f..%2fsecret.txt",
            "/link",
            "//etc/passwd",
            "/%2fetc/passwd",
            "/a%00b",
            "/%zz",
            "/%",
            "",
            "secret.txt",
            "http://elsewhere/",
        ] {
            assert_eq!(find(&root, target), Found::Nothing, "{target}");
        }
    }

    #[test]
    fn serves_to_this_machine_only() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("index.html"), "hello").unwrap();
        let server = Server::bind(directory.path(), 0).unwrap();
        let address = server.address().unwrap();
        std::thread::spawn(move || server.serve());
        let ask = |head: &str| {
            let mut stream = TcpStream::connect(address).unwrap();
            write!(stream, "{head}\r\n\r\n").unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            text
        };
        assert!(ask("GET / HTTP/1.1\r\nHost: localhost:1").ends_with("\r\n\r\nhello"));
        assert!(!ask("HEAD / HTTP/1.1\r\nhost: 127.0.0.1").contains("hello"));
        assert!(ask("GET / HTTP/1.1\r\nHost: elsewhere.example").starts_with("HTTP/1.1 421"));
        assert!(ask("GET / HTTP/1.1").starts_with("HTTP/1.1 421"));
        assert!(ask("POST / HTTP/1.1\r\nHost: localhost").starts_with("HTTP/1.1 405"));
        assert!(ask("GET /no HTTP/1.1\r\nHost: localhost").starts_with("HTTP/1.1 404"));
    }
}
