//! What a nemesis sees of the cluster when it decides.

use super::fault::Member;

/// The cluster at one moment, as far as the world that suffers knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// One entry per member, by number.
    pub members: Vec<MemberView>,
    /// Machines that run a server and are no members yet, by number.
    pub spares: Vec<Member>,
    /// How much of the set a nemesis may take away at once.
    pub budget: QuorumBudget,
}

/// One member at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// What it last said it is.
    pub role: Role,
    /// What its process is doing.
    pub condition: Condition,
    /// Some link from or to it is cut or jammed.
    pub cut: bool,
    /// Its clock is not the machine's clock.
    pub skewed: bool,
}

/// What a member last said it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It takes writes, or believes so.
    Primary,
    /// It follows.
    Secondary,
    /// It copies the set's data (STARTUP2).
    Copying,
    /// It votes and holds no data.
    Arbiter,
    /// It has data and does not serve them (RECOVERING): it catches up, or is too stale to.
    Recovering,
    /// Starting, rolling back, removed, or not heard of.
    Other,
}

/// What a member's process is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It runs.
    Running,
    /// It was stopped with SIGSTOP.
    Paused,
    /// There is no process.
    Down,
}

/// How much of the set may be disturbed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuorumBudget {
    /// A majority stays undisturbed, so that writes can go on (safety and liveness are asked).
    KeepMajority,
    /// Anything goes (only safety is asked while it lasts).
    Any,
}

impl View {
    /// All of `count` members running, healthy, member 0 primary: how a world starts, and how tests do.
    pub fn healthy(count: u8, budget: QuorumBudget) -> Self {
        let member = |index| MemberView {
            role: if index == 0 {
                Role::Primary
            } else {
                Role::Secondary
            },
            condition: Condition::Running,
            cut: false,
            skewed: false,
        };
        Self {
            members: (0..count).map(member).collect(),
            spares: Vec::new(),
            budget,
        }
    }

    /// All members' numbers.
    pub fn numbers(&self) -> Vec<Member> {
        (0..self.members.len() as u8).collect()
    }

    /// Members that say they are primary and run. More than one can say so at once, in different terms.
    pub fn primaries(&self) -> Vec<Member> {
        self.select(|member| member.role == Role::Primary && member.condition == Condition::Running)
    }

    /// Members whose process runs.
    pub fn running(&self) -> Vec<Member> {
        self.select(|member| member.condition == Condition::Running)
    }

    /// Members that run and are reachable: those which a majority can be made of.
    pub fn healthy_members(&self) -> Vec<Member> {
        self.select(|member| member.condition == Condition::Running && !member.cut)
    }

    /// Members whose clock is the machine's clock.
    pub fn true_clocks(&self) -> Vec<Member> {
        self.select(|member| !member.skewed)
    }

    /// Of these members those that hold data, or may.
    pub fn with_data(&self, members: Vec<Member>) -> Vec<Member> {
        let holds = |member: &Member| self.members[usize::from(*member)].role != Role::Arbiter;
        members.into_iter().filter(holds).collect()
    }

    /// How many members make a majority.
    pub fn majority(&self) -> usize {
        self.members.len() / 2 + 1
    }

    /// How many more healthy members may be taken away now.
    pub fn spare(&self) -> usize {
        let healthy = self.healthy_members().len();
        match self.budget {
            QuorumBudget::KeepMajority => healthy.saturating_sub(self.majority()),
            QuorumBudget::Any => healthy,
        }
    }

    fn select(&self, wanted: impl Fn(&MemberView) -> bool) -> Vec<Member> {
        self.numbers()
            .into_iter()
            .filter(|number| wanted(&self.members[usize::from(*number)]))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spare_never_takes_the_majority_away() {
        let mut view = View::healthy(3, QuorumBudget::KeepMajority);
        assert_eq!(view.spare(), 1);
        view.members[1].condition = Condition::Down;
        assert_eq!(view.spare(), 0);
        view.budget = QuorumBudget::Any;
        assert_eq!(view.spare(), 2);
    }

    #[test]
    fn a_dead_primary_is_no_primary() {
        let mut view = View::healthy(3, QuorumBudget::Any);
        view.members[0].condition = Condition::Paused;
        assert_eq!(view.primaries(), Vec::<Member>::new());
    }
}
