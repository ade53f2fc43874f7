//! The property behind planning: a batch of statements does what the same statements do one by one.

use bson::{Document, doc};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::harness::Member;

#[test]
fn a_batch_equals_its_statements_one_by_one() {
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    for round in 0..60 {
        let (mut together, mut alone) = (Member::new(), Member::new());
        for member in [&mut together, &mut alone] {
            member.insert((0..6).map(|n| doc! { "_id": n, "a": n % 3, "u": n }).collect());
            let index =
                |name: &str, unique: bool| doc! { "key": { name: 1 }, "name": name, "unique": unique };
            let indexes = vec![index("a", false), index("u", true)];
            member.command(doc! { "createIndexes": "c", "indexes": indexes });
        }
        let statements: Vec<Document> = (0..8).map(|_| statement(&mut dice)).collect();
        let whole = together.command(doc! { "update": "c", "ordered": false, "updates": statements.clone() });
        let (mut n, mut modified) = (0, 0);
        for statement in &statements {
            let reply = alone.command(doc! { "update": "c", "updates": [statement.clone()] });
            n += reply.get_i32("n").expect("n");
            modified += reply.get_i32("nModified").expect("n");
        }
        let sum = (
            whole.get_i32("n").expect("n"),
            whole.get_i32("nModified").expect("n"),
        );
        assert_eq!(sum, (n, modified), "round {round}: {statements:?}");
        assert_eq!(
            together.find(doc! {}),
            alone.find(doc! {}),
            "round {round}: {statements:?}"
        );
    }
}

fn statement(dice: &mut ChaCha8Rng) -> Document {
    let mut number = |below: u32| (dice.next_u32() % below) as i32;
    let query = match number(4) {
        0 => doc! { "_id": number(9) },
        1 => doc! { "a": number(4) },
        2 => doc! { "u": { "$gte": number(8) } },
        // Which one of several is updated is not defined over several ranges of an index, so only one is asked for.
        _ => doc! { "a": { "$in": [number(4)] } },
    };
    let update = match number(4) {
        0 => doc! { "$inc": { "a": 1 } },
        1 => doc! { "$set": { "a": number(4) } },
        2 => doc! { "$set": { "u": number(12) } },
        _ => doc! { "$set": { "x": number(3) } },
    };
    // A multi-update that fails half-way keeps its first half, so the unique field is only set one at a time.
    let multi = !update.get_document("$set").is_ok_and(|set| set.contains_key("u")) && number(2) == 0;
    // An _id that the server makes differs between two members.
    let upsert = query.contains_key("_id") && number(4) == 0;
    doc! { "q": query, "u": update, "multi": multi, "upsert": upsert }
}
