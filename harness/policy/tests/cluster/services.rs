use super::given::{cluster, lines, notes, read, wrong};
use netverdict_policy::diagnostic::Severity;

const PODS: &str = "
{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: web}}, spec: {containers: [{ports: [{containerPort: 8080, name: http}]}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b, labels: {app: web}}, spec: {containers: [{ports: [{containerPort: 9090, name: http}]}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: c, labels: {app: web}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: d, namespace: other, labels: {app: web}}}
---
";

/// A service over the pods, which begins in line 10.
fn service(spec: &str) -> String {
    format!("{PODS}apiVersion: v1\nkind: Service\nmetadata: {{name: s}}\nspec: {spec}\n")
}

/// `NODE PORT => WORKLOAD:PORT …` of each node port.
fn node_ports(text: &str) -> Vec<String> {
    (cluster(text).policy.node_ports.iter())
        .map(|port| {
            let backends = port.backends.iter();
            let backends: Vec<String> = backends
                .map(|backend| format!("{}:{}", backend.workload, backend.port))
                .collect();
            format!("{} => {}", port.node_port, backends.join(" "))
        })
        .collect()
}

#[test]
fn node_ports_have_the_pods_of_their_namespace_for_backends() {
    let spec = "{type: NodePort, selector: {app: web}, ports: [{port: 80, nodePort: 30080, targetPort: 8080}]}";
    assert_eq!(
        node_ports(&service(spec)),
        ["30080/tcp => 0:8080 1:8080 2:8080"]
    );
    let cluster = cluster(&service(spec));
    let forward = cluster.topology.forwards[0];
    assert_eq!((forward.workload, forward.target_port), (0, 8080));
}

#[test]
fn named_target_ports_are_each_pods_own() {
    let spec = "{type: LoadBalancer, selector: {app: web}, ports: [{port: 80, nodePort: 30080, targetPort: http}]}";
    assert_eq!(node_ports(&service(spec)), ["30080/tcp => 0:8080 1:9090"]);
}

#[test]
fn the_target_port_is_the_port_unless_given() {
    let spec = "{type: NodePort, selector: {app: web}, ports: [{port: 53, protocol: UDP, nodePort: 30053}]}";
    assert_eq!(node_ports(&service(spec)), ["30053/udp => 0:53 1:53 2:53"]);
}

#[test]
fn services_inside_the_cluster_have_no_node_ports() {
    for spec in [
        "{selector: {app: web}, ports: [{port: 80}]}",
        "{type: ClusterIP, clusterIP: None, selector: {app: web}, ports: [{port: 80}]}",
        "{type: ExternalName, externalName: example.com}",
    ] {
        let cluster = cluster(&service(spec));
        assert!(cluster.policy.node_ports.is_empty());
        assert!(cluster.notes.is_empty(), "{spec}: {:?}", cluster.notes);
    }
}

#[test]
fn what_a_service_leaves_open_is_a_note() {
    for (spec, expected) in [
        (
            "{type: NodePort, selector: {app: web}, ports: [{port: 80}]}",
            "node-port-unassigned at 13:54",
        ),
        (
            "{type: ClusterIP, ports: [{port: 80}]}",
            "service-without-selector at 10:1",
        ),
        (
            "{type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/8], selector: {app: web}, ports: [{port: 80, nodePort: 30080}]}",
            "source-ranges at 13:54",
        ),
        (
            "{type: NodePort, externalTrafficPolicy: Cluster, selector: {app: web}, ports: [{port: 80, nodePort: 30080}]}",
            "traffic-policy at 13:47",
        ),
        (
            "{type: NodePort, ipFamilies: [IPv4], selector: {app: web}, ports: [{port: 80, nodePort: 30080}]}",
            "service-of-one-family at 13:36",
        ),
        (
            "{externalIPs: [198.51.100.1], selector: {app: web}, ports: [{port: 80}]}",
            "external-addresses at 13:21",
        ),
    ] {
        assert_eq!(notes(&service(spec)), [expected], "{spec}");
    }
}

#[test]
fn a_load_balancer_may_do_without_node_ports() {
    let spec = "{type: LoadBalancer, allocateLoadBalancerNodePorts: false, selector: {app: web}, ports: [{port: 80}]}";
    assert!(notes(&service(spec)).is_empty());
}

#[test]
fn references_to_nothing_are_warned_of_with_what_is_near() {
    for (spec, expected, help) in [
        (
            "{type: NodePort, selector: {app: webb}, ports: [{port: 80, nodePort: 30080}]}",
            "service-without-backend at 13:34",
            "did you mean 'app: web'?",
        ),
        (
            "{selector: {app: web}, ports: [{port: 80, targetPort: htpp}]}",
            "port-without-backend at 13:61",
            "did you mean 'http'?",
        ),
        (
            "{selector: {app: web}, ports: [{port: 80, targetPort: http, protocol: UDP}]}",
            "port-without-backend at 13:61",
            "there it is 8080/tcp: write its protocol",
        ),
    ] {
        let cluster = cluster(&service(spec));
        assert_eq!(lines(&cluster.notes), [expected], "{spec}");
        assert_eq!(cluster.notes[0].help, help);
        assert_eq!(cluster.notes[0].severity, Severity::Warning);
        assert!(cluster.policy.node_ports.is_empty());
    }
}

#[test]
fn services_that_cannot_be_are_refused() {
    for (spec, expected) in [
        (
            "{selector: {app: web}, ports: [{port: 80, nodePort: 30080}]}",
            "unsupported-field at 13:59",
        ),
        (
            "{type: NodePort, clusterIP: None, selector: {app: web}, ports: [{port: 80, nodePort: 30080}]}",
            "unsupported-field at 13:35",
        ),
        (
            "{type: NodePort, selector: {app: 1}, ports: [{port: 80, nodePort: 30080}]}",
            "wrong-type at 13:40",
        ),
        (
            "{type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.1/8], selector: {app: web}}",
            "prefix-host-bits at 13:55",
        ),
        (
            "{selector: {app: web}, ports: [{port: 80, targetPort: 0x10000}]}",
            "out-of-range at 13:61",
        ),
        (
            "{selector: {app: web}, magic: true}",
            "unsupported-field at 13:30",
        ),
    ] {
        assert_eq!(wrong(&service(spec)), [expected], "{spec}");
    }
}

#[test]
fn a_node_port_belongs_to_one_port_of_one_service() {
    let spec = "{type: NodePort, selector: {app: web}, ports: [{port: 80, nodePort: 30080}, {port: 81, nodePort: 30080}, {port: 82, nodePort: 30080, protocol: UDP}]}";
    let found = read(&service(spec)).expect_err("taken");
    assert_eq!(lines(&found), ["duplicate-node-port at 13:83"]);
}
