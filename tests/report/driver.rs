//! A browser with hands: clicks, keys and questions through chromedriver (W3C WebDriver over HTTP on loopback).

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// How long the driver may take to come up, and the page to look as it must.
const PATIENCE: Duration = Duration::from_secs(30);

/// Escape, as WebDriver writes it.
pub(crate) const ESCAPE: &str = "\u{e00c}";

/// The arrow to the right.
pub(crate) const RIGHT: &str = "\u{e014}";

/// A page in a window.
pub(crate) struct Window {
    driver: Child,
    port: u16,
    session: String,
    _profile: tempfile::TempDir,
}

impl Window {
    /// Opens a page in a window of this size; `None`, with a notice, when there is no driver on this machine.
    pub(crate) fn open(page: &Path, width: u32, height: u32) -> Option<Self> {
        let Some(program) = program() else {
            eprintln!(
                "NOTICE: no chromedriver here (Debian: apt-get install chromium-driver): nobody clicked in {}",
                page.display()
            );
            return None;
        };
        let mut driver = Command::new(program)
            .args(["--port=0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let port = port(&mut driver);
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-sync".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let wanted =
            json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": { "args": arguments } } } });
        let began = ask(port, "POST", "/session", &wanted);
        let session = began["sessionId"]
            .as_str()
            .unwrap_or_else(|| panic!("{began}"))
            .to_owned();
        let window = Self {
            driver,
            port,
            session,
            _profile: profile,
        };
        // Headless windows are larger than they were asked to be: the emulated screen is exact.
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        let command = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": screen });
        window.post("/goog/cdp/execute", &command);
        let url = format!("file://{}", page.canonicalize().unwrap().display());
        window.post("/url", &json!({ "url": url }));
        window.wait_for("document.documentElement.dataset.ready === 'yes'");
        Some(window)
    }

    /// What a script answers.
    pub(crate) fn evaluate(&self, expression: &str) -> Value {
        self.post(
            "/execute/sync",
            &json!({ "script": format!("return {expression}"), "args": [] }),
        )
    }

    /// Waits until this is true.
    pub(crate) fn wait_for(&self, expression: &str) {
        let began = Instant::now();
        while self.evaluate(expression) != Value::Bool(true) {
            assert!(began.elapsed() < PATIENCE, "still not: {expression}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Clicks where the first match is shown; scrolls there first if need be.
    pub(crate) fn click(&self, selector: &str) {
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector }));
        let id = found
            .as_object()
            .and_then(|found| found.values().next()?.as_str());
        let id = id.unwrap_or_else(|| panic!("{selector}: {found}")).to_owned();
        self.post(&format!("/element/{id}/click"), &json!({}));
    }

    /// Presses and lets go each of these keys.
    pub(crate) fn press(&self, keys: &str) {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| {
                ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }))
            })
            .collect();
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] });
        self.post("/actions", &actions);
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        ask(
            self.port,
            "POST",
            &format!("/session/{}{path}", self.session),
            body,
        )
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // Ends the browser; the driver alone would leave it behind.
        let _ = request(
            self.port,
            "DELETE",
            &format!("/session/{}", self.session),
            &json!({}),
        );
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The driver names its port when it listens.
fn port(driver: &mut Child) -> u16 {
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = lines.by_ref().find_map(|line| {
        let line = line.unwrap();
        let (_, port) = line.split_once("successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    // Read on, or the driver blocks on a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    port.expect("chromedriver says on which port it listens")
}

fn ask(port: u16, method: &str, path: &str, body: &Value) -> Value {
    let answer = request(port, method, path, body).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut answer: Value =
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{path}: {error}: {answer}"));
    assert!(answer["value"]["error"].is_null(), "{path}: {answer}");
    answer["value"].take()
}

fn request(port: u16, method: &str, path: &str, body: &Value) -> std::io::Result<String> {
    let body = body.to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE * 2))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: \
         close\r\n\r\n{body}",
        body.len()
    )?;
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut answer = vec![0; length];
    reader.read_exact(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn program() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMEDRIVER").map(PathBuf::from);
    named
        .into_iter()
        .chain(["/usr/bin/chromedriver".into()])
        .find(|path| path.is_file())
}
