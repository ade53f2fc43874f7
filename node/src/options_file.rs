//! The two forms of a configuration file: `key=value` lines as in MongoDB 2.4 (S0-05), and YAML as today.
//!
//! Of YAML just what such files need: maps by indentation, plain or quoted scalars, comments.

/// One setting of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Line number, from 1.
    pub(crate) line: usize,
    /// The command line's name of the option; a YAML path that no option has stays a path.
    pub(crate) key: String,
    /// Its value.
    pub(crate) value: String,
}

/// A line that is neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadLine {
    /// Line number, from 1.
    pub(crate) line: usize,
    /// The line.
    pub(crate) text: String,
}

/// YAML's paths and the options that they mean.
const PATHS: [(&str, &str); 10] = [
    ("net.port", "port"),
    ("net.bindIp", "bind_ip"),
    ("storage.dbPath", "dbpath"),
    ("replication.replSetName", "replSet"),
    ("replication.replSet", "replSet"),
    ("replication.oplogSizeMB", "oplogSize"),
    ("systemLog.path", "logpath"),
    ("net.maxIncomingConnections", "maxConns"),
    ("security.keyFile", "keyFile"),
    ("security.authorization", "auth"),
];

/// YAML's settings that can only say what is so anyway, each with the values that it may have.
const GRANTED: [(&str, &[&str]); 5] = [
    ("systemLog.destination", &["file"]),
    ("systemLog.logAppend", &["true"]),
    ("storage.journal.enabled", &["true"]),
    ("processManagement.fork", &["false"]),
    ("net.tls.mode", &["disabled"]),
];

/// The settings of a file, in order.
pub(crate) fn parse(text: &str) -> Result<Vec<Setting>, BadLine> {
    let lines = || {
        let numbered = text.lines().enumerate().map(|(index, line)| (index + 1, line));
        numbered.filter(|(_, line)| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with('#') && line != "---"
        })
    };
    let is_yaml = lines().next().is_some_and(|(_, first)| {
        let colon = first.find(':').unwrap_or(usize::MAX);
        colon < first.find('=').unwrap_or(usize::MAX)
    });
    let bad = |line: usize, text: &str| BadLine {
        line,
        text: text.trim().to_owned(),
    };
    let mut settings = Vec::new();
    // The maps around a line: how far each is indented, and its name.
    let mut around: Vec<(usize, String)> = Vec::new();
    for (line, raw) in lines() {
        let separator = if is_yaml { ':' } else { '=' };
        let (key, value) = raw.split_once(separator).ok_or_else(|| bad(line, raw))?;
        let (name, value) = (key.trim(), scalar(value));
        if !is_yaml {
            settings.push(Setting {
                line,
                key: name.to_owned(),
                value: raw
                    .split_once('=')
                    .map_or("", |(_, value)| value)
                    .trim()
                    .to_owned(),
            });
            continue;
        }
        if raw.contains('\t') || name.is_empty() || name.starts_with('-') {
            return Err(bad(line, raw));
        }
        let indent = raw.len() - raw.trim_start().len();
        around.retain(|(outer, _)| *outer < indent);
        if value.is_empty() {
            around.push((indent, name.to_owned()));
            continue;
        }
        let outer = around.iter().map(|(_, name)| name.as_str());
        let path = outer.chain([name]).collect::<Vec<_>>().join(".");
        if let Some(parameter) = path.strip_prefix("setParameter.") {
            let value = format!("{parameter}={value}");
            let key = "setParameter".to_owned();
            settings.push(Setting { line, key, value });
            continue;
        }
        if GRANTED
            .iter()
            .any(|(known, values)| *known == path && values.contains(&value.as_str()))
        {
            continue;
        }
        let option = PATHS.iter().find(|(known, _)| *known == path);
        let key = option.map_or(path.clone(), |(_, option)| (*option).to_owned());
        settings.push(Setting { line, key, value });
    }
    Ok(settings)
}

/// A scalar without its quotes and without the comment after it.
fn scalar(text: &str) -> String {
    let text = text.trim();
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote)
            && let Some((inner, _)) = rest.split_once(quote)
        {
            return inner.to_owned();
        }
    }
    let plain = text.split(" #").next().unwrap_or(text).trim();
    if plain.starts_with('#') {
        String::new()
    } else {
        plain.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(usize, String, String)> {
        let settings = parse(text).unwrap();
        settings
            .into_iter()
            .map(|one| (one.line, one.key, one.value))
            .collect()
    }

    fn expected(rows: &[(usize, &str, &str)]) -> Vec<(usize, String, String)> {
        let own = |(line, key, value): &(usize, &str, &str)| (*line, (*key).to_owned(), (*value).to_owned());
        rows.iter().map(own).collect()
    }

    #[test]
    fn both_forms_say_the_same() {
        let ini = "port=27018\n# a comment\ndbpath = data/b\nreplSet=shopex/127.0.0.1:27018\n";
        assert_eq!(
            pairs(ini),
            expected(&[
                (1, "port", "27018"),
                (3, "dbpath", "data/b"),
                (4, "replSet", "shopex/127.0.0.1:27018")
            ])
        );
        let yaml = "# today\nnet:\n  port: 27018 # ours\n  bindIp: \"127.0.0.1\"\nstorage:\n  journal:\n    enabled: true\n  \
                    dbPath: 'data/b'\nreplication:\n  replSetName: shopex\nsetParameter:\n  enableTestCommands: 1\n";
        assert_eq!(
            pairs(yaml),
            expected(&[
                (3, "port", "27018"),
                (4, "bind_ip", "127.0.0.1"),
                (8, "dbpath", "data/b"),
                (10, "replSet", "shopex"),
                (12, "setParameter", "enableTestCommands=1"),
            ])
        );
    }

    #[test]
    fn what_is_not_understood_keeps_its_path_and_line() {
        let tls = "net:\n  tls:\n    mode: requireTLS\n";
        assert_eq!(pairs(tls), expected(&[(3, "net.tls.mode", "requireTLS")]));
        assert_eq!(parse("net:\n  - port\n").unwrap_err().line, 2);
        assert_eq!(parse("port=1\nnonsense\n").unwrap_err().line, 2);
    }
}
