// The notes' transcript of MongoDB 2.4.9, told with today's shell: three processes, one set of two members with data and
// an arbiter, the master dies, the other takes over (rows S0-01 to S0-26, S2-05, S2-11, S2-17, S3-02, S3-10).
const fs = require("fs");
const [one, two, arbiter] = process.env.NODES.split(",");
const expect = (what, is) => {
  if (!is) throw new Error(what);
};
const until = (what, done) => {
  const begun = Date.now();
  for (;;) {
    try {
      const value = done();
      if (value) return value;
    } catch (error) {
      if (Date.now() - begun > 60000) throw new Error(what + ": " + error);
    }
    if (Date.now() - begun > 60000) throw new Error("still waiting for " + what);
    sleep(100);
  }
};

// The shell throws what the server refuses; here the refusal is looked at.
const ask = (database, command) => {
  try {
    const reply = database.runCommand(command);
    return reply;
  } catch (error) {
    return { ok: 0, code: error.code, errmsg: error.message };
  }
};

// `mongo --nodb`, then a connection by hand, to the database admin (S2-02, S0-24).
const connection = new Mongo("mongodb://" + one + "/admin?directConnection=true");
db = connection.getDB("admin");

// Not initiated: the line of the log is also the answer (S0-07).
const refused = ask(db, { replSetGetStatus: 1 });
expect("S0-07 " + tojsonline(refused), refused.ok === 0 && refused.code === 94);
expect("no set yet", db.hello().setName === undefined && db.hello().isreplicaset === true);

// replSetInitiate with ids from 1; the reply word by word (S0-09, S0-10).
const reply = db.runCommand({
  replSetInitiate: {
    _id: "t0",
    members: [{ _id: 1, host: one }, { _id: 2, host: two }, { _id: 5, host: arbiter, arbiterOnly: true }],
    settings: { electionTimeoutMillis: 1000, heartbeatIntervalMillis: 250 },
  },
});
expect("S0-10 " + tojsonline(reply), reply.ok === 1);
expect("S0-10", reply.info === "Config now saved locally.  Should come online in about a minute.");
until("a primary", () => db.hello().primary);

// rs.status(): one row a state, with the notes' fields (S0-12 to S0-18).
until("all states", () => {
  const states = rs.status().members.map((member) => member.stateStr).sort();
  return states.join() === "ARBITER,PRIMARY,SECONDARY";
});
const status = rs.status();
for (const field of ["set", "date", "myState", "members", "ok"]) expect("S0-13 " + field, field in status);
expect("S0-09 ids", status.members.map((member) => member._id).join() === "1,2,5");
for (const row of status.members) {
  for (const field of ["_id", "name", "health", "state", "stateStr", "uptime"]) expect("S0-14 " + field, field in row);
  const others = ["lastHeartbeat", "lastHeartbeatRecv", "pingMs"];
  for (const field of others) expect("S0-15 " + field, field in row === !row.self);
  expect("S0-15 syncingTo", "syncingTo" in row === (row.stateStr === "SECONDARY"));
  const number = { PRIMARY: 1, SECONDARY: 2, ARBITER: 7 }[row.stateStr];
  expect("S0-17 " + row.stateStr, row.state === number && row.health === 1);
  expect("S0-18", "optime" in row === (row.stateStr !== "ARBITER"));
  if (row.optime) {
    // S0-16: the date is the timestamp's seconds.
    const seconds = row.optime.ts.getHighBits();
    expect("S0-16 " + tojsonline(row), row.optimeDate.getTime() === seconds * 1000);
  }
}

// The configuration can be read, also as a collection (S0-08, S2-16).
expect("S0-08", db.getSiblingDB("local").system.replset.findOne()._id === "t0");
expect("S2-16", rs.conf().version === 1);

// isMaster in its old spelling (S2-05).
const master = db.runCommand({ isMaster: 1 });
expect("S2-05", master.hosts.length === 2 && master.arbiters[0] === arbiter && "ismaster" in master);

// An arbiter holds no data and serves none (S3-10).
const silent = ask(new Mongo("mongodb://" + arbiter + "/?directConnection=true").getDB("shop"), { find: "orders" });
expect("S3-10 " + tojsonline(silent), silent.ok === 0 && silent.code === 13436);

// What is written is copied by the slave principle, and a secondary can be read (S0-22, S2-07).
const first = rs.status().members.find((member) => member.state === 1).name;
const second = first === one ? two : one;
const shop = new Mongo("mongodb://" + first + "/?directConnection=true").getDB("shop");
shop.orders.insertOne({ _id: 1, item: "book" }, { writeConcern: { w: 2, wtimeout: 30000 } });
const copy = new Mongo("mongodb://" + second + "/?directConnection=true");
copy.setReadPref("secondaryPreferred");
expect("S0-22", copy.getDB("shop").orders.findOne().item === "book");

// The master dies; the other one is master by the arbiter's vote, and takes writes (S0-02, S0-03, S0-23).
print("kill " + first);
while (fs.statSync(process.env.KILLED_FILE).size === 0) sleep(10);
db = copy.getDB("admin");
until("the other to take over", () => db.hello().isWritablePrimary);
copy.getDB("shop").orders.insertOne({ _id: 2, item: "pen" }, { writeConcern: { w: 1 } });
expect("S0-03", copy.getDB("shop").orders.countDocuments({}) === 2);

// The dead row (S0-19).
const dead = until("the row to be dead", () => {
  const row = rs.status().members.find((member) => member.name === first);
  return row.state === 8 && row;
});
expect("S0-19 " + tojsonline(dead), dead.health === 0 && dead.stateStr === "(not reachable/healthy)");
expect("S0-19 " + tojsonline(dead), Number(dead.uptime) === 0 && dead.optime.ts.getHighBits() > 0 && !("syncingTo" in dead));
const later = until("heartbeats that go on", () => {
  const row = rs.status().members.find((member) => member.name === first);
  return row.lastHeartbeat > dead.lastHeartbeat && row;
});
expect("S0-19", later.lastHeartbeatRecv.getTime() === dead.lastHeartbeatRecv.getTime());
expect("S0-20", Number(rs.status().members.find((member) => member.self).uptime) >= 0);
print("done");

function tojsonline(value) {
  return JSON.stringify(value);
}
