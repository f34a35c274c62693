use super::given::{cluster, wrong};
use netverdict_policy::model::{
    Backend, DRY_RUN, ObjectName, Service, ServiceKind, ServicePort, XDP_VALIDATED,
};

const CLUSTER: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: sales}, annotations: {owner: ann}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, spec: {containers: [{ports: [{containerPort: 8080, name: http}]}]}}
---
apiVersion: v1
kind: Service
metadata: {name: inside, namespace: shop, labels: {tier: front}}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: outside, namespace: shop, annotations: {service.beta.kubernetes.io/public: "true"}}
spec: {type: LoadBalancer, selector: {app: web}, loadBalancerSourceRanges: [10.0.0.0/8], ports: [{port: 443, targetPort: 8443, nodePort: 30443}]}
---
apiVersion: v1
kind: Service
metadata: {name: elsewhere, namespace: shop}
spec: {ports: [{port: 53, protocol: UDP}]}
---
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata:
  name: everywhere
  labels: {team: net}
  annotations:
    policy.cilium.io/dry-run: "true"
    policy.cilium.io/ebpf-xdp-validated: "false"
spec: {endpointSelector: {}, ingress: [{}]}
"#;

fn named(namespace: &str, name: &str) -> ObjectName {
    ObjectName {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

#[test]
fn objects_say_what_their_metadata_says() {
    let objects = cluster(CLUSTER).policy.objects;
    let policy = objects.get("CiliumClusterwideNetworkPolicy", &named("", "everywhere"));
    let policy = policy.expect("it is there");
    assert_eq!(policy.labels["team"], "net");
    let dry_run = policy.set(DRY_RUN).expect("it is set");
    assert_eq!((dry_run.location.line, dry_run.location.column), (29, 31));
    assert!(policy.annotations.contains_key(XDP_VALIDATED));
    assert_eq!(policy.set(XDP_VALIDATED), None);
    let namespace = objects.get("Namespace", &named("", "shop"));
    assert_eq!(
        namespace.expect("it is there").annotations["owner"].value,
        "ann"
    );
    let service = objects.get("Service", &named("shop", "inside"));
    let service = service.expect("it is there");
    assert_eq!(service.labels["tier"], "front");
    assert_eq!(service.location.text(), "inside");
}

#[test]
fn services_are_known_without_node_port_too() {
    let objects = cluster(CLUSTER).policy.objects;
    let ports = |service: &Service| -> Vec<String> {
        let port = |port: &ServicePort| {
            let backends = port.backends.iter();
            let backends: Vec<String> = backends
                .map(|Backend { workload, port }| format!("{workload}:{port}"))
                .collect();
            format!("{} {:?} {}", port.port, port.node_port, backends.join(" "))
        };
        service.ports.iter().map(port).collect()
    };
    let [inside, outside, elsewhere] = objects.services.as_slice() else {
        panic!("{:#?}", objects.services);
    };
    assert_eq!(inside.kind, ServiceKind::ClusterIp);
    assert!(!inside.is_exposed());
    assert_eq!(inside.selected.as_deref(), Some(&[0][..]));
    assert_eq!(ports(inside), ["80/tcp None 0:8080"]);
    assert_eq!(outside.kind, ServiceKind::LoadBalancer);
    assert!(outside.is_exposed());
    assert_eq!(outside.source_ranges[0].prefix.to_string(), "10.0.0.0/8");
    assert_eq!(ports(outside), ["443/tcp Some(30443) 0:8443"]);
    assert_eq!(elsewhere.selected, None);
    assert_eq!(ports(elsewhere), ["53/udp None "]);
}

/// A policy with one annotation, in line 3.
fn annotated(annotation: &str) -> String {
    format!(
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{name: p, annotations: \
         {{{annotation}}}}}\nspec: {{endpointSelector: {{}}, ingress: [{{}}]}}\n"
    )
}

#[test]
fn an_annotation_that_is_understood_is_true_or_false() {
    cluster(&annotated(r#"policy.cilium.io/dry-run: "false""#));
    let yes = annotated("policy.cilium.io/dry-run: yes-please");
    assert_eq!(wrong(&yes), ["annotation-value at 3:61"]);
    let unquoted = annotated("policy.cilium.io/ebpf-xdp-validated: true");
    assert_eq!(wrong(&unquoted), ["wrong-type at 3:72"]);
}

#[test]
fn other_annotations_of_cilium_are_refused() {
    let misspelt = annotated(r#"policy.cilium.io/dryrun: "true""#);
    assert_eq!(wrong(&misspelt), ["unsupported-field at 3:35"]);
    let proxied = annotated("policy.cilium.io/proxy-visibility: x");
    assert_eq!(wrong(&proxied), ["unsupported-field at 3:35"]);
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: s, annotations: \
                   {policy.cilium.io/dry-run: \"true\"}}\nspec: {ports: [{port: 80}]}\n";
    assert_eq!(wrong(service), ["unsupported-field at 3:35"]);
}
