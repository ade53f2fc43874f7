//! The operator's hands: one direct connection to each member's real port, past all proxies.

use std::net::SocketAddr;

use mongodb::{
    Client,
    bson::{Bson, Document, doc},
    error::Error,
};
use tokio::{task::JoinSet, time::timeout};

use super::tempo;
use crate::{client, record::status::OptimeRecord};

/// Direct clients, by member.
#[derive(Clone, Debug)]
pub struct Admin {
    clients: Vec<Client>,
    addresses: Vec<SocketAddr>,
    /// The last of them are arbiters.
    arbiters: u8,
}

/// What a member said of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// `PRIMARY`, `SECONDARY`, …; `None`: no answer in time.
    pub state: Option<String>,
    /// Its term.
    pub term: Option<i64>,
    /// Its commit point.
    pub commit: Option<OptimeRecord>,
    /// Its newest applied entry.
    pub applied: Option<OptimeRecord>,
}

impl Admin {
    /// Clients of the members' real addresses, in their order; the last `arbiters` of them hold no data.
    ///
    /// # Errors
    /// When the driver refuses its options.
    pub fn connect(members: &[SocketAddr], arbiters: u8) -> Result<Self, Error> {
        let clients = members
            .iter()
            .map(|member| client::direct(*member, "checker admin"));
        Ok(Self {
            clients: clients.collect::<Result<_, _>>()?,
            addresses: members.to_vec(),
            arbiters,
        })
    }

    /// The client of one member.
    pub fn client(&self, member: u8) -> &Client {
        &self.clients[usize::from(member)]
    }

    /// A client of one member for reading all that it holds.
    ///
    /// # Errors
    /// When the driver refuses its options.
    pub fn reader(&self, member: u8) -> Result<Client, Error> {
        client::patient(self.addresses[usize::from(member)], "checker comparison")
    }

    /// How many members hold data.
    pub fn members(&self) -> u8 {
        u8::try_from(self.clients.len()).unwrap_or(u8::MAX) - self.arbiters
    }

    /// How many members are arbiters.
    pub fn arbiters(&self) -> usize {
        usize::from(self.arbiters)
    }

    /// `replSetInitiate` at member 0 with the fast timing profile. `hosts`: how the members know each other.
    ///
    /// # Errors
    /// What the member answered.
    pub async fn initiate(&self, hosts: &[String]) -> Result<(), Error> {
        let members: Vec<Document> = (0_i32..)
            .zip(hosts)
            .map(|(id, host)| {
                let mut row = doc! {"_id": id, "host": host.as_str()};
                if id >= i32::from(self.members()) {
                    row.insert("arbiterOnly", true);
                }
                row
            })
            .collect();
        let config = doc! {
            "_id": super::start::SET,
            "version": 1,
            "members": members,
            "settings": {
                "electionTimeoutMillis": tempo::ELECTION_TIMEOUT_MS as i64,
                "heartbeatIntervalMillis": tempo::HEARTBEAT_INTERVAL_MS as i64,
                "heartbeatTimeoutSecs": tempo::HEARTBEAT_TIMEOUT_SECONDS as i64,
            },
        };
        let command = doc! {"replSetInitiate": config};
        self.clients[0].database("admin").run_command(command).await?;
        Ok(())
    }

    /// Looks at all members at the same time; whoever does not answer in time has no state.
    pub async fn look_all(&self) -> Vec<Look> {
        let mut looks = vec![Look::default(); self.clients.len()];
        let mut asked = JoinSet::new();
        for (index, client) in self.clients.iter().cloned().enumerate() {
            asked.spawn(async move { (index, look(&client).await) });
        }
        while let Some(ended) = asked.join_next().await {
            if let Ok((index, look)) = ended {
                looks[index] = look;
            }
        }
        looks
    }
}

async fn look(client: &Client) -> Look {
    let database = client.database("admin");
    let asked = database.run_command(doc! {"replSetGetStatus": 1});
    match timeout(tempo::STATUS_TIMEOUT, asked).await {
        Ok(Ok(status)) => parse(&status),
        Ok(Err(_)) | Err(_) => Look::default(),
    }
}

fn parse(status: &Document) -> Look {
    let members = status.get_array("members").map(Vec::as_slice).unwrap_or_default();
    let own = members
        .iter()
        .filter_map(Bson::as_document)
        .find(|member| matches!(member.get("self"), Some(Bson::Boolean(true))));
    let optimes = status.get_document("optimes").ok();
    let optime = |name| optimes.and_then(|optimes| parse_optime(optimes.get(name)?));
    Look {
        state: own.and_then(|own| own.get_str("stateStr").ok().map(str::to_owned)),
        term: integer(status.get("term")),
        commit: optime("lastCommittedOpTime"),
        applied: optime("appliedOpTime"),
    }
}

fn parse_optime(value: &Bson) -> Option<OptimeRecord> {
    let optime = value.as_document()?;
    let Some(Bson::Timestamp(timestamp)) = optime.get("ts") else {
        return None;
    };
    Some(OptimeRecord {
        term: integer(optime.get("t"))?,
        seconds: timestamp.time,
        increment: timestamp.increment,
    })
}

fn integer(value: Option<&Bson>) -> Option<i64> {
    match value? {
        Bson::Int32(number) => Some(i64::from(*number)),
        Bson::Int64(number) => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::Timestamp;

    #[test]
    fn a_status_is_read_and_gaps_stay_gaps() {
        let optime = |increment| doc! {"ts": Timestamp {time: 7, increment}, "t": 3_i64};
        let status = doc! {
            "set": "checker", "myState": 1, "term": 3_i64,
            "optimes": {"lastCommittedOpTime": optime(1), "appliedOpTime": optime(2)},
            "members": [
                {"_id": 0, "stateStr": "SECONDARY"},
                {"_id": 1, "stateStr": "PRIMARY", "self": true},
            ],
        };
        let record = |increment| {
            Some(OptimeRecord {
                term: 3,
                seconds: 7,
                increment,
            })
        };
        let expected = Look {
            state: Some("PRIMARY".to_owned()),
            term: Some(3),
            commit: record(1),
            applied: record(2),
        };
        assert_eq!(parse(&status), expected);
        assert_eq!(parse(&doc! {"ok": 1.0}), Look::default());
    }
}
