// Connect to a set with today's shell, lose the primary to kill -9, write again over the same connection.
const fs = require("fs");
const connection = new Mongo(process.env.SET_URI + "&serverSelectionTimeoutMS=30000");
db = connection.getDB("stories");
db.shell.insertOne({ _id: "before" });
const primary = db.hello().primary;
const status = rs.status();
if (status.members.length !== 3) throw new Error("three members expected");
if (rs.conf().members.length !== 3) throw new Error("three members in the configuration expected");
print("kill " + primary);
while (fs.statSync(process.env.KILLED_FILE).size === 0) sleep(10);
// The shell's driver (mongodb 7.9.0) waits for ever when it writes to a socket in the moment that it closes: its `write` says
// that the buffer is full, and neither "drain" nor "error" follows (seen once in ten failovers, with no request at any
// member and no timeout that ends it). So the story goes on when another member leads: the socket is closed long since.
const hosts = status.members.map((member) => member.name).filter((host) => host !== primary);
const others = hosts.map((host) => new Mongo("mongodb://" + host + "/?directConnection=true").getDB("admin"));
while (!others.some((other) => other.hello().isWritablePrimary)) sleep(50);
// The shell's driver may give up on a member that refuses connections before its monitor has noticed; a person would
// press the up arrow. The connection stays the same.
const begun = Date.now();
for (;;) {
  try {
    db.shell.replaceOne({ _id: "after" }, { written: true }, { upsert: true });
    break;
  } catch (error) {
    if (Date.now() - begun > 30000) throw error;
    sleep(50);
  }
}
const found = db.shell.find().sort({ _id: 1 }).toArray().map((document) => document._id);
if (found.join() !== "after,before") throw new Error("found " + found);
if (db.shell.countDocuments({}) !== 2) throw new Error("two documents expected");
print("done");
