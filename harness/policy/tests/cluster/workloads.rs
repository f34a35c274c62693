use super::given::{addresses, cluster, lines, names, notes, only};
use netverdict_policy::model::NamedPort;

/// `NAME=PORT` of each.
fn ports(ports: &[NamedPort]) -> Vec<String> {
    let shown = ports.iter().map(|one| format!("{}={}", one.name, one.port));
    shown.collect()
}

#[test]
fn every_kind_of_workload_takes_labels_and_ports_from_its_template() {
    let template = "{metadata: {labels: {app: web}}, spec: {containers: [{ports: [{containerPort: 80, name: http}]}]}}";
    for (api_version, kind, spec) in [
        ("apps/v1", "Deployment", format!("{{template: {template}}}")),
        (
            "apps/v1",
            "StatefulSet",
            format!("{{template: {template}}}"),
        ),
        ("apps/v1", "DaemonSet", format!("{{template: {template}}}")),
        ("apps/v1", "ReplicaSet", format!("{{template: {template}}}")),
        (
            "v1",
            "ReplicationController",
            format!("{{template: {template}}}"),
        ),
        ("batch/v1", "Job", format!("{{template: {template}}}")),
        (
            "batch/v1",
            "CronJob",
            format!("{{jobTemplate: {{spec: {{template: {template}}}}}}}"),
        ),
    ] {
        let text = format!(
            "apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a, namespace: shop, labels: {{app: other}}}}\nspec: {spec}\n"
        );
        let cluster = cluster(&text);
        assert_eq!(names(&cluster), [format!("shop/a[{kind}]")]);
        assert_eq!(only(&cluster).labels["app"], "web", "{kind}");
        assert_eq!(ports(&only(&cluster).named_ports), ["http=80/tcp"]);
    }
}

#[test]
fn virtual_machines_are_workloads() {
    let interface = "{domain: {devices: {interfaces: [{name: default, ports: [{name: http, port: 80}, {port: 53, protocol: UDP}]}]}}}";
    let machine = cluster(&format!(
        "apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {{name: a}}
spec: {{running: false, template: {{metadata: {{labels: {{vm: a}}}}, spec: {interface}}}}}
"
    ));
    assert_eq!(names(&machine), ["default/a[VirtualMachine]"]);
    assert_eq!(only(&machine).labels["vm"], "a");
    assert_eq!(ports(&only(&machine).named_ports), ["http=80/tcp"]);
    let instance = cluster(&format!(
        "apiVersion: kubevirt.io/v1alpha3
kind: VirtualMachineInstance
metadata: {{name: a, labels: {{vm: a}}}}
spec: {interface}
status: {{interfaces: [{{ipAddress: 10.1.0.1, ipAddresses: [10.1.0.1, 'fd00::1']}}]}}
"
    ));
    assert_eq!(names(&instance), ["default/a[VirtualMachineInstance]"]);
    assert_eq!(only(&instance).labels["vm"], "a");
    assert_eq!(addresses(only(&instance)), ["10.1.0.1", "fd00::1"]);
}

#[test]
fn sidecars_have_ports_and_other_init_containers_none() {
    let cluster = cluster(
        "apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers:
  - name: one
    ports: [{containerPort: 53, name: dns, protocol: UDP}, {containerPort: 53, name: dns-tcp}, {containerPort: 9}]
  initContainers:
  - {name: proxy, restartPolicy: Always, ports: [{containerPort: 15001, name: proxy}]}
  - {name: setup, ports: [{containerPort: 1, name: setup}]}
",
    );
    let expected = ["dns=53/udp", "dns-tcp=53/tcp", "proxy=15001/tcp"];
    assert_eq!(ports(&only(&cluster).named_ports), expected);
    let listen: Vec<String> = (cluster.topology.workloads[0].listen.iter())
        .map(ToString::to_string)
        .collect();
    assert_eq!(listen, ["53/udp", "53/tcp", "9/tcp", "15001/tcp"]);
}

#[test]
fn workloads_have_the_labels_that_cilium_derives() {
    let cluster = cluster(
        "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: x}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop, labels: {app: web}}, spec: {serviceAccountName: robot}}
",
    );
    let labels: Vec<String> = (only(&cluster).labels.iter())
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let expected = [
        "app=web",
        "io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=shop",
        "io.cilium.k8s.namespace.labels.team=x",
        "io.cilium.k8s.policy.cluster=default",
        "io.cilium.k8s.policy.serviceaccount=robot",
        "io.kubernetes.pod.namespace=shop",
    ];
    assert_eq!(labels, expected);
}

#[test]
fn namespaces_have_their_name_for_a_label_whatever_they_say() {
    let cluster = cluster(
        "{apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {kubernetes.io/metadata.name: b}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: unsaid}}
",
    );
    for name in ["a", "unsaid"] {
        let labels = &cluster.policy.namespaces[name];
        assert_eq!(labels["kubernetes.io/metadata.name"], name);
        assert_eq!(labels.len(), 1);
    }
}

#[test]
fn pods_in_the_nodes_network_are_the_node() {
    let text = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostNetwork: true}, status: {podIP: 10.9.9.9}}";
    let cluster = cluster(text);
    let workload = only(&cluster);
    assert!(workload.host_network && cluster.topology.workloads[0].host_network);
    assert_eq!(workload.addresses, cluster.policy.node.addresses);
    assert_eq!(lines(&cluster.notes), ["host-network at 1:46"]);
    let cluster = super::given::as_workloads(text);
    assert!(!only(&cluster).host_network && cluster.notes.is_empty());
    assert_eq!(addresses(only(&cluster))[0], "10.9.9.9");
}

#[test]
fn what_is_remarkable_is_one_note_for_all() {
    let text = "apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  replicas: 0
  template: {spec: {containers: [{ports: [{containerPort: 80, hostPort: 8080}]}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: b}
spec: {replicas: 0, template: {}}
";
    let cluster = cluster(text);
    let expected = ["no-replicas at 3:18", "host-port at 6:73"];
    assert_eq!(lines(&cluster.notes), expected);
    assert_eq!(cluster.notes[0].message, "2 workloads have no replicas");
    assert_eq!(cluster.policy.workloads.len(), 2);
}

#[test]
fn fields_that_do_not_bear_on_packets_are_let_pass_and_slips_are_not() {
    let text = "apiVersion: v1
kind: Pod
metadata: {name: a, annotations: {io.cilium.proxy-visibility: x}, uid: 1}
spec:
  someday: {invented: true}
  containers:
  - {name: c, image: i, Ports: [{containerPort: 80}], ports: [{containerport: 80}]}
";
    let expected = [
        "field-misspelt at 7:25",
        "port-without-number at 7:63",
        "field-misspelt at 7:64",
    ];
    assert_eq!(notes(text), expected);
}
