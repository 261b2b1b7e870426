//! A fleet asked at once: bounded concurrency, one result a node, jump hosts shared.
//!
//! The runtime lives for one round. A node's failure is its own; only what keeps the whole client from starting is an
//! error of the round.

use super::agent::Keys;
use super::answer::{self, Raw};
use super::client::{Client, Open, within};
use super::error::{FleetError, Step};
use super::known_hosts::{HostPort, KnownHosts};
use super::openssh::{Openssh, OpensshError};
use super::report::NodeReport;
use super::target::{Endpoint, Target};
use super::{Limits, probe};
use crate::status::Status;
use russh::keys::ssh_key::PublicKey;
use sanctum_host::clock::{self, Monotonic};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OnceCell, Semaphore};

/// Who speaks SSH.
#[derive(Clone, Debug)]
pub enum Transport {
    /// Our own client.
    Own(Keys),
    /// The system's `ssh`.
    Openssh(Openssh),
}

/// How a fleet is asked.
#[derive(Clone, Debug)]
pub struct Fleet {
    /// Host keys.
    pub known: KnownHosts,
    /// Who speaks SSH.
    pub transport: Transport,
    /// Time limits.
    pub limits: Limits,
    /// How many nodes at once.
    pub concurrency: usize,
    /// Ask with the script even where sanctum is installed.
    pub agentless: bool,
    /// Version of this binary.
    pub version: &'static str,
}

/// Why nothing can be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No runtime.
    #[error("cannot start threads")]
    Runtime(#[source] std::io::Error),
    /// The system's ssh cannot be used.
    #[error("cannot use the system's ssh")]
    Openssh(#[from] OpensshError),
    /// A task ended by itself.
    #[error("asking a node ended too early")]
    Task,
}

/// A jump that several nodes go through, or why it cannot be.
type Jump = Result<Arc<Open>, Arc<FleetError>>;
type Jumps = Mutex<BTreeMap<Vec<Endpoint>, Arc<OnceCell<Jump>>>>;

struct Round {
    client: Client,
    jumps: Jumps,
    script: String,
    version: &'static str,
}

impl Fleet {
    /// Asks every target; the order of the reports is the order of the targets. `told` hears of each that is done.
    pub fn ask(
        &self,
        targets: &[Target],
        told: &mut dyn FnMut(&NodeReport),
    ) -> Result<Vec<NodeReport>, ClientError> {
        let runtime = runtime(self.concurrency)?;
        let reports = runtime.block_on(self.round(targets, told));
        // Connections that hang are left to the end of the process.
        runtime.shutdown_background();
        reports
    }

    async fn round(
        &self,
        targets: &[Target],
        told: &mut dyn FnMut(&NodeReport),
    ) -> Result<Vec<NodeReport>, ClientError> {
        let script = probe::script(self.agentless);
        let round = Arc::new(Round {
            client: self.client(),
            jumps: Jumps::default(),
            script: script.clone(),
            version: self.version,
        });
        let openssh = match &self.transport {
            Transport::Own(_) => None,
            Transport::Openssh(openssh) => Some(Arc::new(openssh.ready(self.limits, &script)?)),
        };
        let gate = Arc::new(Semaphore::new(self.concurrency.max(1)));
        let mut tasks = tokio::task::JoinSet::new();
        for (n, target) in targets.iter().cloned().enumerate() {
            let (gate, round, openssh) = (Arc::clone(&gate), Arc::clone(&round), openssh.clone());
            tasks.spawn(async move {
                let _turn = gate.acquire().await;
                let began = Monotonic::now();
                let answer = match openssh {
                    None => round.ask(&target).await,
                    Some(ready) => {
                        let asked = target.clone();
                        let version = round.version;
                        let done = tokio::task::spawn_blocking(move || ready.ask(&asked, version));
                        done.await.unwrap_or(Err(FleetError::Client(Box::new(ClientError::Task))))
                    }
                };
                let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                let address = target.route.last().map(|end| end.at.to_string());
                (n, NodeReport::new(target.node, address, took, answer))
            });
        }
        let mut reports = BTreeMap::new();
        while let Some(done) = tasks.join_next().await {
            let (n, report) = done.map_err(|_| ClientError::Task)?;
            told(&report);
            reports.insert(n, report);
        }
        Ok(reports.into_values().collect())
    }

    fn client(&self) -> Client {
        let keys = match &self.transport {
            Transport::Own(keys) => keys.clone(),
            Transport::Openssh(_) => Keys::default(),
        };
        Client { known: Arc::new(self.known.clone()), keys: Arc::new(keys), limits: self.limits }
    }

    /// The host key that a node shows, believed by nobody; the hosts on the way to it are judged as always.
    pub fn look(&self, target: &Target) -> Result<(HostPort, PublicKey), FleetError> {
        self.alone(target, async |client, end, jump| {
            Ok((end.at.clone(), client.look(&end.at, jump).await?))
        })
    }

    /// The host keys that a node proves to hold over a connection to the key that is on record.
    pub fn proven(&self, target: &Target) -> Result<(HostPort, Vec<PublicKey>), FleetError> {
        let limit = self.limits.command;
        self.alone(target, async |client, end, jump| {
            let open = client.open(end, jump).await?;
            let keys = open.proven_keys(limit).await;
            open.close().await;
            Ok((end.at.clone(), keys?))
        })
    }

    /// Runs a constant command on one node with these bytes on its standard input; by our own client alone, whatever
    /// the transport for questions is.
    pub fn run(
        &self,
        target: &Target,
        command: &'static str,
        input: Vec<u8>,
    ) -> Result<Raw, FleetError> {
        let limit = self.limits.command;
        self.alone(target, async |client, end, jump| {
            let open = client.open(end, jump).await?;
            let raw = open.run(command, input, limit).await;
            open.close().await;
            raw
        })
    }

    fn alone<T>(
        &self,
        target: &Target,
        act: impl AsyncFnOnce(&Client, &Endpoint, Option<&Open>) -> Result<T, FleetError>,
    ) -> Result<T, FleetError> {
        let runtime = runtime(1).map_err(|error| FleetError::Client(Box::new(error)))?;
        let round = Round {
            client: self.client(),
            jumps: Jumps::default(),
            script: String::new(),
            version: self.version,
        };
        let done = runtime.block_on(async {
            let (end, jump) = round.way(target).await?;
            within(
                self.limits.total,
                &end.at,
                Step::Total,
                act(&round.client, end, jump.as_deref()),
            )
            .await
        });
        runtime.shutdown_background();
        done
    }
}

fn runtime(concurrency: usize) -> Result<tokio::runtime::Runtime, ClientError> {
    tokio::runtime::Builder::new_multi_thread()
        // Threads that wait for children of the other transport, and for names to be looked up.
        .max_blocking_threads(concurrency.max(4))
        .enable_all()
        .build()
        .map_err(ClientError::Runtime)
}

impl Round {
    async fn ask(&self, target: &Target) -> Result<Status, FleetError> {
        let Some(end) = target.route.last() else {
            return Err(FleetError::Client(Box::new(ClientError::Task)));
        };
        let limits = self.client.limits;
        let asking = async {
            let (end, jump) = self.way(target).await?;
            let open = self.client.open(end, jump.as_deref()).await?;
            let raw = open.ask(&self.script, limits.command).await;
            open.close().await;
            answer::read(&raw?, &end.at, self.version, clock::now())
        };
        within(limits.total, &end.at, Step::Total, asking).await
    }

    /// The last endpoint of a route, and the open connection to the one before it.
    async fn way<'t>(
        &self,
        target: &'t Target,
    ) -> Result<(&'t Endpoint, Option<Arc<Open>>), FleetError> {
        let Some((end, before)) = target.route.split_last() else {
            return Err(FleetError::Client(Box::new(ClientError::Task)));
        };
        let mut open: Option<Arc<Open>> = None;
        for (n, hop) in before.iter().enumerate() {
            let route: Vec<Endpoint> = before.iter().take(n + 1).cloned().collect();
            let cell = {
                let mut jumps = self.jumps.lock().unwrap_or_else(PoisonError::into_inner);
                Arc::clone(jumps.entry(route).or_default())
            };
            let through = open.take();
            let opened = cell.get_or_init(|| async {
                self.client.open(hop, through.as_deref()).await.map(Arc::new).map_err(Arc::new)
            });
            let opened = opened
                .await
                .clone()
                .map_err(|source| FleetError::Through { jump: hop.at.clone(), source })?;
            open = Some(opened);
        }
        Ok((end, open))
    }
}
