//! A live cluster on this machine: its processes, the network between them, and the hands on their clocks.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitStatus,
};

use super::{
    disk_image::DiskImage,
    error::ClusterError,
    fuse_disk::{DISK_BYTES, FuseDisk, NamesLaw},
    launch::Launch,
    network::{Network, NetworkBackend},
    own_disk::OwnDisk,
    process::{Gone, NodeProcess},
    shim_page::ShimPage,
};
use crate::nemesis::{
    fault::{Link, Member},
    view::{Condition, MemberView, QuorumBudget, Role, View},
};

/// What a cluster is made of.
pub struct RigPlan<'a> {
    /// How many members.
    pub members: u8,
    /// How many more machines, whose servers are no members yet: their numbers follow.
    pub spares: u8,
    /// The server's binary.
    pub program: &'a Path,
    /// Another one that a fault may put in its place; `None`: the same one.
    pub other_program: Option<&'a Path>,
    /// The preload library; without it clocks and disks are out of reach.
    pub shim: Option<&'a Path>,
    /// A directory of the run's own: `n0/data`, `n0/log`, … are made in it.
    pub directory: &'a Path,
    /// The command line of one member.
    pub arguments: &'a dyn Fn(&Seat) -> Vec<OsString>,
    /// Variables added to every member's environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Whether writes are journaled, so that power can be lost. It costs each write some microseconds.
    pub power: PowerBackend,
    /// How the members are connected.
    pub network: NetworkBackend,
    /// Feeds the network's jitter.
    pub seed: u64,
}

/// How power loss is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerBackend {
    /// It is not.
    None,
    /// The shim journals what is not yet fsynced, and a loss undoes it (needs no privilege).
    UndoJournal,
    /// Each member has a file system of its own on a loop device, and a loss leaves what had reached it (needs root).
    Image,
    /// Each member has a file system of its own in the checker's memory, and a loss leaves what was synced (needs
    /// namespaces and `/dev/fuse`).
    Fuse(NamesLaw),
}

impl PowerBackend {
    /// Its name in records.
    pub fn word(self) -> &'static str {
        match self {
            PowerBackend::None => "plain",
            PowerBackend::UndoJournal => "undo journal",
            PowerBackend::Image => "ext4 on a loop device",
            PowerBackend::Fuse(NamesLaw::Ordered) => "FUSE in memory",
            PowerBackend::Fuse(NamesLaw::Strict) => "FUSE in memory, strict names",
        }
    }
}

/// Where a member lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Which member.
    pub member: Member,
    /// Where its process listens past all faults, for the operator.
    pub listen: SocketAddr,
    /// The address under which the set and its clients know it: faults strike what goes there.
    pub advertised: SocketAddr,
    /// Its data directory.
    pub data: PathBuf,
    /// Its log file.
    pub log: PathBuf,
    /// Where its undo journal is kept.
    pub undo: PathBuf,
}

/// The cluster. Dropping it kills and reaps every process.
#[derive(Debug)]
pub struct Rig {
    pub(super) processes: Vec<NodeProcess>,
    /// Behind the processes, so that nobody uses them any more when they are taken out.
    pub(super) disks: BTreeMap<Member, OwnDisk>,
    pub(super) pages: Vec<Option<ShimPage>>,
    pub(super) network: Network,
    pub(super) power: PowerBackend,
    /// Links that some fault holds.
    pub(super) cut: BTreeSet<Link>,
    /// Members whose clock some fault bends.
    pub(super) skewed: BTreeSet<Member>,
    /// Members that some fault has taken down or may take down: their exits surprise nobody.
    pub(super) excused: BTreeMap<Member, u32>,
    /// Members whose files some fault has damaged, and who have not been replaced since.
    pub(super) damaged: BTreeSet<Member>,
    /// Disk rules in force: member and slot.
    pub(super) disk_slots: BTreeSet<(Member, usize)>,
    /// The two binaries between which members may be swapped, perhaps the same one.
    pub(super) programs: [PathBuf; 2],
    seats: Vec<Seat>,
    members: u8,
}

impl Seat {
    /// Where its process may write down the steps of its core.
    pub fn trace(&self) -> PathBuf {
        self.log.with_file_name("trace")
    }

    /// The addresses to which its process must bind, separated by commas.
    pub fn bind(&self) -> String {
        let (own, advertised) = (self.listen.ip(), self.advertised.ip());
        if own == advertised {
            return own.to_string();
        }
        format!("{advertised},{own}")
    }
}

impl Rig {
    /// Makes directories, starts the network and then every process.
    pub fn start(plan: &RigPlan<'_>) -> Result<Self, ClusterError> {
        let network = Network::start(plan.network, plan.members + plan.spares, plan.seed)?;
        let mut rig = Self {
            processes: Vec::new(),
            disks: BTreeMap::new(),
            pages: Vec::new(),
            network,
            power: match plan.power {
                PowerBackend::UndoJournal if plan.shim.is_none() => PowerBackend::None,
                power => power,
            },
            cut: BTreeSet::new(),
            skewed: BTreeSet::new(),
            excused: BTreeMap::new(),
            damaged: BTreeSet::new(),
            disk_slots: BTreeSet::new(),
            programs: [plan.program, plan.other_program.unwrap_or(plan.program)].map(Path::to_owned),
            seats: Vec::new(),
            members: plan.members,
        };
        for member in 0..plan.members + plan.spares {
            let (listen, advertised) = (rig.network.private(member), rig.network.address(member));
            let seat = seat(plan.directory, member, listen, advertised)?;
            rig.start_member(plan, seat)?;
        }
        Ok(rig)
    }

    /// Where the members live, by number, and then the spare machines.
    pub fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// Where those live that are members from the beginning.
    pub fn members(&self) -> &[Seat] {
        &self.seats[..usize::from(self.members)]
    }

    /// The network between them.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The hand on a member's clocks and disk, if it runs under the shim.
    pub fn page(&self, member: Member) -> Option<&ShimPage> {
        self.pages[usize::from(member)].as_ref()
    }

    /// How power loss is possible in this run.
    pub fn power(&self) -> PowerBackend {
        self.power
    }

    /// A member's process id while it runs.
    pub fn pid(&mut self, member: Member) -> Option<i32> {
        let process = self.process(member);
        process.is_running().then(|| process.pid()).flatten()
    }

    /// What a nemesis may see: `roles` as the members last told them, and what the rig itself knows.
    pub fn view(&mut self, roles: &[Role], budget: QuorumBudget) -> View {
        let look = |member: Member| {
            let process = &mut self.processes[usize::from(member)];
            MemberView {
                role: roles.get(usize::from(member)).copied().unwrap_or(Role::Other),
                condition: match (process.is_running(), process.is_paused()) {
                    (false, _) => Condition::Down,
                    (true, true) => Condition::Paused,
                    (true, false) => Condition::Running,
                },
                cut: self.cut.iter().any(|(from, to)| *from == member || *to == member),
                skewed: self.skewed.contains(&member),
            }
        };
        let members = (0..self.members).map(look).collect();
        let spares = (self.members..self.seats.len() as Member)
            .filter(|spare| self.processes[usize::from(*spare)].is_running());
        View {
            members,
            spares: spares.collect(),
            budget,
        }
    }

    /// Members that have ended although no fault took them down: a crash of the server, to be reported.
    pub fn unexpected_exits(&mut self) -> Vec<(Member, ExitStatus)> {
        let excused: Vec<Member> = self.excused.keys().copied().collect();
        let ended = (0..)
            .zip(&mut self.processes)
            .filter(|(member, _)| !excused.contains(member));
        ended
            .filter_map(|(member, process)| Some((member, process.exit()?)))
            .collect()
    }

    /// Starts a member that is down.
    pub fn restart(&mut self, member: Member) -> Result<(), ClusterError> {
        let process = self.process(member);
        process.restart()?;
        let pid = process.pid();
        self.network.set_pid(member, pid);
        Ok(())
    }

    /// Ends every process politely, and not so politely whoever is still there after `grace`.
    pub async fn stop(&mut self, grace: std::time::Duration) -> Vec<Result<Gone, ClusterError>> {
        let mut ends = Vec::new();
        for member in 0..self.seats.len() as Member {
            self.excuse(member);
            let process = self.process(member);
            if process.is_running() {
                ends.push(process.terminate(grace).await);
            }
            self.network.set_pid(member, None);
        }
        // Before their directories go.
        self.disks.clear();
        ends
    }

    pub(super) fn process(&mut self, member: Member) -> &mut NodeProcess {
        &mut self.processes[usize::from(member)]
    }

    pub(super) fn page_mut(&mut self, member: Member) -> Result<&mut ShimPage, ClusterError> {
        self.pages[usize::from(member)]
            .as_mut()
            .ok_or(ClusterError::NoShim { member })
    }

    /// From now on it may be down. Excuses are counted: each is taken back by one `blame`.
    pub(super) fn excuse(&mut self, member: Member) {
        *self.excused.entry(member).or_default() += 1;
    }

    /// Takes one excuse back.
    pub(super) fn blame(&mut self, member: Member) {
        if let Some(count) = self.excused.get_mut(&member) {
            *count -= 1;
            if *count == 0 {
                self.excused.remove(&member);
            }
        }
    }

    fn start_member(&mut self, plan: &RigPlan<'_>, seat: Seat) -> Result<(), ClusterError> {
        if let Some(disk) = disk(plan, &seat)? {
            self.disks.insert(seat.member, disk);
        }
        let mut launch = Launch::new(plan.program, (plan.arguments)(&seat), &seat.log);
        launch.environment.extend(plan.environment.iter().cloned());
        launch.room = self.network.room(seat.member);
        let mut page = None;
        if let Some(shim) = plan.shim {
            let file = seat.log.with_file_name("shim");
            page = Some(ShimPage::create(&file)?);
            let undo = (plan.power == PowerBackend::UndoJournal).then_some(seat.undo.as_path());
            launch = launch.with_shim(shim, &file).with_disk(&seat.data, undo)?;
        }
        let process = NodeProcess::start(launch)?;
        self.network.set_pid(seat.member, process.pid());
        self.processes.push(process);
        self.pages.push(page);
        self.seats.push(seat);
        Ok(())
    }
}

fn disk(plan: &RigPlan<'_>, seat: &Seat) -> Result<Option<OwnDisk>, ClusterError> {
    Ok(match plan.power {
        PowerBackend::None | PowerBackend::UndoJournal => None,
        PowerBackend::Image => {
            let memory = seat.log.with_file_name("disk");
            Some(OwnDisk::Image(DiskImage::create(memory, seat.data.clone())?))
        }
        PowerBackend::Fuse(law) => {
            let seed = plan.seed.wrapping_add(u64::from(seat.member));
            Some(OwnDisk::Fuse(FuseDisk::create(
                &seat.data, law, DISK_BYTES, seed,
            )?))
        }
    })
}

fn seat(
    directory: &Path,
    member: Member,
    listen: SocketAddr,
    advertised: SocketAddr,
) -> Result<Seat, ClusterError> {
    let home = directory.join(format!("n{member}"));
    let data = home.join("data");
    fs::create_dir_all(&data).map_err(|source| ClusterError::Make {
        path: data.clone(),
        source,
    })?;
    // The shim knows files by their paths: the node is given the very path that is its scope.
    let data = fs::canonicalize(&data).map_err(|source| ClusterError::Make { path: data, source })?;
    Ok(Seat {
        member,
        listen,
        advertised,
        data,
        log: home.join("log"),
        undo: home.join("undo"),
    })
}
