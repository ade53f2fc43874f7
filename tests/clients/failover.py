"""Connect to a set, lose the primary to kill -9, write again over the same client."""

import os
import time

import pymongo

client = pymongo.MongoClient(os.environ["SET_URI"], serverSelectionTimeoutMS=30000)
collection = client.stories.failover
collection.insert_one({"_id": "before"})
assert client.primary is not None
assert len(client.nodes) >= 1
print("kill %s:%d" % client.primary, flush=True)
while os.path.getsize(os.environ["KILLED_FILE"]) == 0:
    time.sleep(0.01)
collection.insert_one({"_id": "after"})
found = [document["_id"] for document in collection.find().sort("_id", 1)]
assert found == ["after", "before"], found
# A retried write runs once: the counter shows each increment.
for _ in range(20):
    collection.update_one({"_id": "counter"}, {"$inc": {"n": 1}}, upsert=True)
assert collection.find_one({"_id": "counter"})["n"] == 20
print("done", flush=True)
