// What an operator looks at with today's shell, and how a member is shut down.
const until = (what, done) => {
  const begun = Date.now();
  for (;;) {
    try {
      const value = done();
      if (value) return value;
    } catch (error) {
      if (Date.now() - begun > 60000) throw error;
    }
    if (Date.now() - begun > 60000) throw new Error("still waiting for " + what);
    sleep(50);
  }
};
const expect = (what, holds) => {
  if (!holds) throw new Error("not so: " + what);
};

const connection = new Mongo(process.env.SET_URI + "&serverSelectionTimeoutMS=30000");
db = connection.getDB("shop");
db.orders.insertOne({ _id: 1, item: "book" }, { writeConcern: { w: 3, wtimeout: 30000 } });
db.visitors.insertOne({ _id: 1 });

// `show dbs`, `show collections`: the shell's own words, as text.
const rows = (shown) => (shown.value ?? shown).map((row) => row.name);
const databases = rows(show("dbs"));
expect("show dbs: " + databases, ["config", "local", "shop"].every((name) => databases.includes(name)));
const collections = rows(show("collections")).sort().join();
expect("show collections: " + collections, collections === "orders,visitors");

// The oplog's window, and how far each secondary is behind.
const told = (result) => result.value ?? result;
const window = told(rs.printReplicationInfo());
const fields = ["configured oplog size", "log length start to end", "oplog first event time", "oplog last event time", "now"];
for (const field of fields) expect("rs.printReplicationInfo: " + JSON.stringify(window), field in window);
const secondaries = until("rows of both secondaries", () => {
  const info = told(rs.printSecondaryReplicationInfo());
  const behind = Object.values(info).filter((row) => "syncedTo" in row && / secs /.test(row.replLag));
  return behind.length === 2 && info;
});
const names = rs.status().members.filter((member) => member.state === 2).map((member) => "source: " + member.name);
expect(JSON.stringify(secondaries), Object.keys(secondaries).sort().join() === names.sort().join());

// `db.shutdownServer()` on the primary: it hands over, answers, and its process ends.
const primary = db.hello().primary;
const direct = new Mongo("mongodb://" + primary + "/?directConnection=true").getDB("admin");
const reply = direct.shutdownServer();
expect("db.shutdownServer: " + JSON.stringify(reply), reply.ok === 1);
print("ends " + primary);
const next = until("the next primary", () => {
  const now = rs.status().members.find((member) => member.state === 1);
  return now && now.name !== primary && now.name;
});
db.orders.insertOne({ _id: 2, item: "pen" }, { writeConcern: { w: "majority", wtimeout: 30000 } });
expect("two orders", db.orders.countDocuments({}) === 2);
print(next + " leads");
print("done");
