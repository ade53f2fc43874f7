// The life of a set with the shell's helpers: add, addArb, reconfig, remove, stepDown, freeze, syncFrom.
const nodes = process.env.NODES.split(",");
const direct = (host) => new Mongo("mongodb://" + host + "/?directConnection=true").getDB("admin");
const state = (host) => {
  const row = rs.status().members.find((member) => member.name === host);
  return row && row.stateStr;
};
const until = (what, done) => {
  const begun = Date.now();
  for (;;) {
    try {
      if (done()) return;
    } catch (error) {
      if (Date.now() - begun > 50000) throw error;
    }
    if (Date.now() - begun > 50000) throw new Error("still waiting: " + what + " " + JSON.stringify(rs.status().members));
    sleep(50);
  }
};
const versions = [];
const grown = () => {
  versions.push(rs.conf().version);
  const [last, now] = versions.slice(-2);
  if (versions.length > 1 && now !== last + 1) throw new Error("S2-16: " + versions);
};
const refused = (what) => {
  try {
    what();
  } catch (error) {
    return error.codeName;
  }
  return "done";
};

db = direct(nodes[0]);
const settings = { electionTimeoutMillis: 1000, heartbeatIntervalMillis: 250 };
// S2-13: everybody must reach everybody before there is a set.
const nobody = { _id: "t0", members: [{ _id: 0, host: nodes[0] }, { _id: 1, host: "127.0.0.1:1" }], settings };
if (refused(() => rs.initiate(nobody)) !== "NodeNotFound") throw new Error("S2-13: initiated without a member");
rs.initiate({ _id: "t0", members: [{ _id: 0, host: nodes[0] }], settings });
until("the first primary", () => db.hello().isWritablePrimary);
versions.push(rs.conf().version);

// S2-15, S3-12: one after the other, by name and by document.
rs.add(nodes[1]);
until("the second member", () => state(nodes[1]) === "SECONDARY" && !rs.conf().members[1].newlyAdded);
rs.add({ host: nodes[2], priority: 0, hidden: true, votes: 0, tags: { use: "reports" } });
until("the third member", () => state(nodes[2]) === "SECONDARY");
const third = () => rs.conf().members.find((member) => member.host === nodes[2]);
if (!third().hidden || third().votes !== 0 || third().tags.use !== "reports") throw new Error(JSON.stringify(third()));
if (db.hello().hosts.length !== 2) throw new Error("hidden members are nobody's business");
// S3-11: the helper; the arbiter stays one and serves nobody.
rs.addArb(nodes[3]);
until("the arbiter", () => state(nodes[3]) === "ARBITER");
if (db.hello().arbiters[0] !== nodes[3]) throw new Error("S3-11: " + JSON.stringify(db.hello()));

// S2-16, S2-17: the document, changed and given back; its version is one more each time.
until("a settled configuration", () => rs.conf().members.every((member) => !member.newlyAdded));
versions.length = 0;
grown();
let config = rs.conf();
config.members[2].priority = 0;
config.members[2].hidden = false;
rs.reconfig(config);
grown();
// S3-15: priority 0 is a passive member, and told as one; so is a bad priority refused.
if (db.hello().passives[0] !== nodes[2]) throw new Error("S3-15: " + JSON.stringify(db.hello()));
config = rs.conf();
config.members[1].priority = 1001;
if (refused(() => rs.reconfig(config)) === "done") throw new Error("S3-15: priority 1001");
// A member that nobody reaches may be added, and keeps nobody from learning that he was removed.
rs.add({ host: "127.0.0.1:1", priority: 0, votes: 0 });
grown();
until("all know of the dead one", () => direct(nodes[2]).adminCommand({ replSetGetConfig: 1 }).config.members.length === 5);
rs.remove(nodes[2]);
grown();
if (rs.conf().members.some((member) => member.host === nodes[2])) throw new Error("S2-15: still there");
until("S4-24: REMOVED", () => refused(() => direct(nodes[2]).adminCommand({ replSetGetStatus: 1 })) === "InvalidReplicaSetConfig");
rs.remove("127.0.0.1:1");
rs.add({ host: nodes[2], priority: 0 });
until("S4-24: back", () => state(nodes[2]) === "SECONDARY" && rs.conf().members.every((member) => !member.newlyAdded));

// S3-06: any member may be the source, when the operator says so.
const passive = direct(nodes[2]);
db = passive;
rs.syncFrom(nodes[1]);
const source = () => rs.status().members.find((member) => member.self).syncSourceHost;
until("S3-06: the chosen source", () => {
  if (source() !== nodes[1]) rs.syncFrom(nodes[1]);
  return source() === nodes[1];
});
db = direct(nodes[0]);
if (refused(() => rs.syncFrom(nodes[1])) === "done") throw new Error("a primary has no source");

// A frozen member does not stand; the primary that steps down stays away, so that nobody is primary until it thaws.
db = direct(nodes[1]);
rs.freeze(60);
db = direct(nodes[0]);
rs.stepDown(2);
if (db.hello().isWritablePrimary) throw new Error("still primary");
until("the old primary again", () => db.hello().isWritablePrimary);
db = direct(nodes[1]);
rs.freeze(0);
db = direct(nodes[0]);
until("a caught-up secondary", () => {
  rs.stepDown(60);
  return true;
});
until("the other one", () => direct(nodes[1]).hello().isWritablePrimary);

// The data has come along everywhere.
db = direct(nodes[1]);
db.getSiblingDB("shop").docs.insertOne({ _id: 1 }, { writeConcern: { w: "majority" } });
until("the document on the passive member", () => passive.getSiblingDB("shop").docs.countDocuments({}) === 1);
print("done");
