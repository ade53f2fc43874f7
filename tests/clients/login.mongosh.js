// Log in to a set whose members share a key, with today's shell's helpers; the primary dies meanwhile.
const fs = require("fs");
const uri = process.env.SET_URI + "&serverSelectionTimeoutMS=30000";
const codeOf = (what) => {
  try {
    what();
  } catch (error) {
    return error.code;
  }
  return 0;
};
const expect = (what, found, wanted) => {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) throw new Error(what + ": " + JSON.stringify(found));
};
const as = (user, word, more) => uri.replace("mongodb://", "mongodb://" + user + ":" + word + "@") + (more ?? "");

db = new Mongo(uri).getDB("admin");
expect("without a login", codeOf(() => db.getSiblingDB("shop").docs.findOne()), 13);
db.createUser({ user: "root", pwd: "pencil", roles: ["root"] });
expect("the exception is over", codeOf(() => db.createUser({ user: "eve", pwd: "x", roles: [] })), 13);
expect("a wrong password", codeOf(() => new Mongo(as("root", "pencils")).getDB("admin").stats()), 18);

// The same connection logs in and out.
expect("auth", db.auth("root", "pencil").ok, 1);
const who = () => db.runCommand({ connectionStatus: 1 }).authInfo.authenticatedUsers;
expect("who", who(), [{ user: "root", db: "admin" }]);
db = db.getSiblingDB("shop");
db.createUser({ user: "ann", pwd: "chalk", roles: [{ role: "readWrite", db: "shop" }] });
expect("users", db.getUsers().users.map((user) => user.user), ["ann"]);
db.grantRolesToUser("ann", ["dbAdmin"]);
expect("roles", db.getUser("ann").roles.map((role) => role.role), ["readWrite", "dbAdmin"]);
db.revokeRolesFromUser("ann", ["dbAdmin"]);
db.changeUserPassword("ann", "marble");

const ann = new Mongo(as("ann", "marble", "&authSource=shop")).getDB("shop");
ann.docs.insertOne({ _id: "before" });
expect("not hers", codeOf(() => ann.getSiblingDB("other").docs.findOne()), 13);
expect("not hers either", codeOf(() => ann.adminCommand({ replSetGetStatus: 1 })), 13);
const { primary, hosts } = db.hello();
print("kill " + primary);
while (fs.statSync(process.env.KILLED_FILE).size === 0) sleep(10);
// As in failover.mongosh.js: the shell's driver must not write in the moment that its socket closes.
const others = hosts.filter((host) => host !== primary);
const direct = others.map((host) => new Mongo("mongodb://" + host + "/?directConnection=true").getDB("admin"));
while (!direct.some((other) => other.hello().isWritablePrimary)) sleep(50);
const begun = Date.now();
for (;;) {
  try {
    ann.docs.replaceOne({ _id: "after" }, { written: true }, { upsert: true });
    break;
  } catch (error) {
    if (Date.now() - begun > 30000) throw error;
    sleep(50);
  }
}
expect("documents", ann.docs.countDocuments({}), 2);
db.dropUser("ann");
expect("dropped", codeOf(() => ann.docs.findOne()), 13);
db.logout();
print("done");
