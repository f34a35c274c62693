use super::given::{addresses, cluster, file, lines, names, only};
use netverdict_policy::frontend::{self, ClusterOptions};
use netverdict_policy::model::Choices;

/// A pod of an owner.
fn pod(name: &str, owner: &str, labels: &str, address: &str) -> String {
    format!(
        "apiVersion: v1
kind: Pod
metadata:
  name: {name}
  labels: {labels}
  ownerReferences: [{owner}]
status: {{podIP: {address}}}
---
"
    )
}

const SET: &str = "{kind: ReplicaSet, name: web-5d, controller: true}";

#[test]
fn pods_of_one_owner_are_one_workload_under_its_name() {
    let text = pod(
        "web-a",
        SET,
        "{app: web, pod-template-hash: 5d}",
        "10.1.0.1",
    ) + &pod(
        "web-b",
        SET,
        "{app: web, pod-template-hash: 5d}",
        "10.1.0.2",
    );
    let cluster = cluster(&text);
    assert_eq!(names(&cluster), ["default/web-5d[ReplicaSet]"]);
    assert_eq!(addresses(only(&cluster))[0], "10.1.0.1");
    assert!(cluster.notes.is_empty(), "{:?}", cluster.notes);
}

#[test]
fn the_controller_is_the_owner_and_a_node_is_none() {
    let references = "{kind: Backup, name: b}, {kind: DaemonSet, name: agent, controller: true}";
    let text = pod("agent-x", references, "{}", "10.1.0.1")
        + &pod("kept", "{kind: Backup, name: b}", "{}", "10.1.0.2")
        + &pod(
            "kube-proxy",
            "{kind: Node, name: here, controller: true}",
            "{}",
            "10.1.0.3",
        );
    let expected = [
        "default/agent[DaemonSet]",
        "default/b[Backup]",
        "default/kube-proxy[Pod]",
    ];
    assert_eq!(names(&cluster(&text)), expected);
}

#[test]
fn owners_of_owners_stand_for_all_below_them() {
    let text = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {metadata: {labels: {app: template}}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-5d, ownerReferences: [{kind: Deployment, name: web, controller: true}]}
spec: {template: {metadata: {labels: {app: set}}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-4c, ownerReferences: [{kind: Deployment, name: web, controller: true}]}
spec: {replicas: 0, template: {metadata: {labels: {app: old}}}}
---
"
    .to_owned();
    let without_pods = cluster(&text);
    assert_eq!(names(&without_pods), ["default/web[Deployment]"]);
    assert_eq!(only(&without_pods).labels["app"], "set");
    let with_pods = cluster(&(text + &pod("web-a", SET, "{app: web}", "10.1.0.1")));
    assert_eq!(names(&with_pods), ["default/web[Deployment]"]);
    assert_eq!(only(&with_pods).labels["app"], "web");
    assert_eq!(addresses(only(&with_pods))[0], "10.1.0.1");
    assert_eq!(only(&with_pods).location.line, 3, "where the owner stands");
    assert!(with_pods.notes.is_empty(), "{:?}", with_pods.notes);
}

#[test]
fn an_operators_object_does_not_swallow_what_it_owns() {
    let owner = "ownerReferences: [{kind: Kafka, name: k, controller: true}]";
    let text = format!(
        "apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: brokers, {owner}}}
spec: {{template: {{}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: exporter, {owner}}}
spec: {{template: {{}}}}
"
    );
    let expected = [
        "default/brokers[StatefulSet]",
        "default/exporter[Deployment]",
    ];
    assert_eq!(names(&cluster(&text)), expected);
}

#[test]
fn pods_that_a_selector_tells_apart_stay_apart() {
    let pods = pod(
        "db-0",
        "{kind: StatefulSet, name: db}",
        "{app: db, role: primary, i: '0'}",
        "10.1.0.1",
    ) + &pod(
        "db-1",
        "{kind: StatefulSet, name: db}",
        "{app: db, role: replica, i: '1'}",
        "10.1.0.2",
    ) + &pod(
        "db-2",
        "{kind: StatefulSet, name: db}",
        "{app: db, role: replica, i: '2'}",
        "10.1.0.3",
    );
    assert_eq!(names(&cluster(&pods)), ["default/db[StatefulSet]"]);
    let policy = "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p}
spec: {podSelector: {matchLabels: {role: primary}}}
";
    let cluster = cluster(&(pods + policy));
    assert_eq!(names(&cluster), ["default/db-0[Pod]", "default/db-1[Pod]"]);
    assert_eq!(lines(&cluster.notes), ["replicas-differ at 4:9"]);
    assert!(cluster.notes[0].message.contains("in the labels role,"));
    // What the two replicas have in common stays.
    let labels = &cluster.policy.workloads[1].labels;
    assert_eq!(
        (labels.get("app"), labels.get("i")),
        (Some(&"db".to_owned()), None)
    );
}

#[test]
fn a_service_tells_pods_apart_too() {
    let text = pod(
        "db-0",
        "{kind: StatefulSet, name: db}",
        "{i: '0'}",
        "10.1.0.1",
    ) + &pod(
        "db-1",
        "{kind: StatefulSet, name: db}",
        "{i: '1'}",
        "10.1.0.2",
    ) + "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {selector: {i: '1'}, ports: [{port: 80}]}}";
    let expected = ["default/db-0[Pod]", "default/db-1[Pod]"];
    assert_eq!(names(&cluster(&text)), expected);
}

#[test]
fn finished_pods_give_way_to_those_that_run() {
    let job = "{kind: Job, name: j, controller: true}";
    let done =
        pod("j-a", job, "{run: '1'}", "10.1.0.1").replace("podIP", "phase: Succeeded, podIP");
    let alone = cluster(&done);
    assert_eq!(names(&alone), ["default/j[Job]"]);
    assert_eq!(lines(&alone.notes), ["pod-finished at 4:9"]);
    let both = cluster(&(done + &pod("j-b", job, "{run: '2'}", "10.1.0.2")));
    assert_eq!(names(&both), ["default/j[Job]"]);
    assert_eq!(only(&both).labels["run"], "2");
}

#[test]
fn owners_in_a_circle_end() {
    let text = "apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: a, ownerReferences: [{kind: Deployment, name: a}]}
spec: {template: {}}
---
apiVersion: v1
kind: Pod
metadata: {name: p, ownerReferences: [{kind: Pod, name: q}]}
---
apiVersion: v1
kind: Pod
metadata: {name: q, ownerReferences: [{kind: Pod, name: p}]}
";
    assert_eq!(cluster(text).policy.workloads.len(), 3);
}

#[test]
fn a_note_says_where_cidr_rules_tell_pods_apart() {
    let text = pod("web-a", SET, "{app: web}", "10.1.0.1")
        + &pod("web-b", SET, "{app: web}", "10.2.0.1")
        + "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p}
spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.2.0.0/16]}}]}]}
";
    let options = |ip_blocks_match_workloads| ClusterOptions {
        choices: Choices {
            ip_blocks_match_workloads,
            ..Choices::default()
        },
        ..ClusterOptions::default()
    };
    let codes = |ip_blocks_match_workloads| -> Vec<&str> {
        let options = options(ip_blocks_match_workloads);
        let cluster = frontend::cluster(&[file("c.yaml", &text)], &options).expect("a cluster");
        let notes = cluster.notes.iter();
        notes
            .map(|note| note.code)
            .filter(|code| *code == "replicas-addresses")
            .collect()
    };
    assert_eq!(codes(true), ["replicas-addresses"]);
    assert!(codes(false).is_empty(), "CIDR rules match no workloads");
}
