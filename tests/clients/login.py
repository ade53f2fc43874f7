"""Log in to a set whose members share a key: first user, wrong password, rights, another primary."""

import os
import time

import pymongo
from pymongo.errors import OperationFailure

uri = os.environ["SET_URI"] + "&serverSelectionTimeoutMS=30000"


def code_of(what):
    try:
        what()
    except OperationFailure as error:
        return error.code
    return 0


# Nobody is there yet: this machine may make the first user, and that is all.
nobody = pymongo.MongoClient(uri)
assert code_of(lambda: nobody.shop.docs.find_one()) == 13
nobody.admin.command("createUser", "root", pwd="p\u00e9ncil", roles=["root"])
assert code_of(lambda: nobody.admin.command("createUser", "eve", pwd="x", roles=["root"])) == 13

root = pymongo.MongoClient(uri, username="root", password="p\u00e9ncil")
root.shop.docs.insert_one({"_id": "before"})
info = root.admin.command("usersInfo", "root")["users"][0]
assert info["mechanisms"] == ["SCRAM-SHA-256"] and "credentials" not in info, info
root.shop.command("createUser", "ann", pwd="chalk", roles=["read"])

wrong = pymongo.MongoClient(uri, username="root", password="pencil")
assert code_of(lambda: wrong.shop.docs.find_one()) == 18
old = pymongo.MongoClient(uri, username="root", password="p\u00e9ncil", authMechanism="SCRAM-SHA-1")
assert code_of(lambda: old.shop.docs.find_one()) == 334
elsewhere = pymongo.MongoClient(uri, username="ann", password="chalk")
assert code_of(lambda: elsewhere.shop.docs.find_one()) == 18

ann = pymongo.MongoClient(uri, username="ann", password="chalk", authSource="shop")
assert ann.shop.docs.find_one()["_id"] == "before"
assert code_of(lambda: ann.shop.docs.insert_one({})) == 13
assert code_of(lambda: ann.other.docs.find_one()) == 13
assert [row["name"] for row in ann.list_databases()] == ["shop"]

print("kill %s:%d" % root.primary, flush=True)
while os.path.getsize(os.environ["KILLED_FILE"]) == 0:
    time.sleep(0.01)
root.shop.docs.insert_one({"_id": "after"})
assert ann.shop.docs.count_documents({}) == 2
root.shop.command("updateUser", "ann", pwd="marble")
late = pymongo.MongoClient(uri, username="ann", password="chalk", authSource="shop")
assert code_of(lambda: late.shop.docs.find_one()) == 18
now = pymongo.MongoClient(uri, username="ann", password="marble", authSource="shop")
assert now.shop.docs.count_documents({}) == 2
print("done", flush=True)
