//! What a planted bug is: a wrong rule, its story, and who must catch it.

use crate::member::Rules;
use crate::rules::rule::Rule;

/// A defect that real systems shipped, planted by replacing rows (mostly one) of [`crate::rules::NEXT`].
#[derive(Clone, Copy)]
pub struct Bug {
    /// Id in the exam's table, such as `E03`.
    pub id: &'static str,
    /// Named for what it forgets.
    pub name: &'static str,
    /// What goes wrong, and where it happened for real.
    pub story: &'static str,
    /// The wrong rules; each replaces the row of the same name.
    pub rules: &'static [Rule],
    /// Who must catch it: `model:I-01`, `check:no-lost-write`, …
    pub caught_by: &'static [&'static str],
}

impl Bug {
    /// The protocol with this one bug.
    ///
    /// # Panics
    /// When the wrong rule's name is not one of the table: the bug would not be planted at all.
    #[must_use]
    pub fn plant(&self) -> Rules {
        let mut rules = Rules::default();
        for wrong in self.rules {
            let row = rules.0.iter_mut().find(|rule| rule.name == wrong.name);
            *row.expect("a planted bug replaces a rule that exists") = *wrong;
        }
        rules
    }
}
