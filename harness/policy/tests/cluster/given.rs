//! Clusters written in the test that reads them.

use std::sync::Arc;

use netverdict_policy::diagnostic::{Diagnostic, Severity, SourceFile};
use netverdict_policy::frontend::{self, Cluster, ClusterOptions, HostNetwork};
use netverdict_policy::model::Workload;

/// A file.
pub(crate) fn file(path: &str, text: &str) -> Arc<SourceFile> {
    Arc::new(SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    })
}

/// Reads one file.
pub(crate) fn read(text: &str) -> Result<Cluster, Vec<Diagnostic>> {
    frontend::cluster(&[file("c.yaml", text)], &ClusterOptions::default())
}

/// The cluster of one file in which nothing is wrong.
pub(crate) fn cluster(text: &str) -> Cluster {
    read(text).unwrap_or_else(|found| panic!("{found:#?}"))
}

/// The same, with pods in the node's network as workloads of their own.
pub(crate) fn as_workloads(text: &str) -> Cluster {
    let options = ClusterOptions {
        host_network: HostNetwork::AsWorkloads,
        ..ClusterOptions::default()
    };
    frontend::cluster(&[file("c.yaml", text)], &options)
        .unwrap_or_else(|found| panic!("{found:#?}"))
}

/// The names of all workloads.
pub(crate) fn names(cluster: &Cluster) -> Vec<String> {
    let workloads = cluster.policy.workloads.iter();
    workloads.map(Workload::to_string).collect()
}

/// The only workload.
pub(crate) fn only(cluster: &Cluster) -> &Workload {
    let [workload] = cluster.policy.workloads.as_slice() else {
        panic!("{:?}", names(cluster));
    };
    workload
}

/// Its addresses.
pub(crate) fn addresses(workload: &Workload) -> Vec<String> {
    (workload.addresses.iter())
        .map(ToString::to_string)
        .collect()
}

/// `CODE at LINE:COLUMN` of each.
pub(crate) fn lines(found: &[Diagnostic]) -> Vec<String> {
    (found.iter())
        .map(|one| {
            let place = &one.labels[0].location;
            format!("{} at {}:{}", one.code, place.line, place.column)
        })
        .collect()
}

/// The errors of a file in which something is wrong.
pub(crate) fn wrong(text: &str) -> Vec<String> {
    let mut found = match read(text) {
        Ok(cluster) => panic!("nothing is wrong: {:?}", cluster.notes),
        Err(found) => found,
    };
    found.retain(|one| one.severity == Severity::Error);
    lines(&found)
}

/// What is remarkable about a file in which nothing is wrong.
pub(crate) fn notes(text: &str) -> Vec<String> {
    lines(&cluster(text).notes)
}
