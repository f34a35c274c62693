//! `CiliumNetworkPolicy` and `CiliumClusterwideNetworkPolicy`.

use super::{cilium, clusterwide, codes, linked, show, shown};

#[test]
fn subjects_stay_in_their_namespace() {
    for (text, expected) in [
        (
            cilium("{endpointSelector: {}, ingress: [{}]}"),
            "shop/{} isolates-ingress; allow ingress nobody : *",
        ),
        (
            cilium("{endpointSelector: {matchLabels: {'k8s:app': web, any:b: c}}, egress: [{}]}"),
            "shop/{app=web b=c} isolates-egress; allow egress nobody : *",
        ),
        (
            clusterwide("{endpointSelector: {}, ingress: [{}]}"),
            "*/{} isolates-ingress; allow ingress nobody : *",
        ),
        (
            clusterwide(
                "{endpointSelector: {matchLabels: {'k8s:io.kubernetes.pod.namespace': prod, a: b}}, \
                 ingress: [{}]}",
            ),
            "prod/{a=b} isolates-ingress; allow ingress nobody : *",
        ),
        (
            clusterwide(
                "{endpointSelector: {matchExpressions: [{key: 'io.kubernetes.pod.namespace', \
                 operator: NotIn, values: [kube-system]}]}, ingress: [{}]}",
            ),
            "*/{io.kubernetes.pod.namespace!=kube-system} isolates-ingress; \
             allow ingress nobody : *",
        ),
        (
            clusterwide("{nodeSelector: {matchLabels: {role: worker}}, ingress: [{}]}"),
            "nodes {role=worker} isolates-ingress; allow ingress nobody : *",
        ),
    ] {
        assert_eq!(shown(&text).join("; "), expected, "{text}");
    }
}

#[test]
fn default_deny_is_that_of_directions_with_rules() {
    for (sections, expected) in [
        ("ingress: [{}]", "isolates-ingress"),
        ("ingressDeny: [{}]", "isolates-ingress"),
        ("egress: [{}], ingress: []", "isolates-egress"),
        ("egressDeny: [{}]", "isolates-egress"),
        (
            "ingress: [{}], egressDeny: [{}]",
            "isolates-ingress isolates-egress",
        ),
        (
            "ingress: [{}], egress: [{}], enableDefaultDeny: {ingress: false}",
            "isolates-egress",
        ),
        (
            "ingress: [{}], enableDefaultDeny: {egress: true}",
            "isolates-ingress isolates-egress",
        ),
        ("ingress: [{}], enableDefaultDeny: {}", "isolates-ingress"),
    ] {
        let lines = shown(&cilium(&format!("{{endpointSelector: {{}}, {sections}}}")));
        assert_eq!(lines[0], format!("shop/{{}} {expected}"), "{sections}");
    }
}

#[test]
fn peers_of_every_kind_are_read() {
    for (rule, expected) in [
        ("fromEndpoints: [{}]", "shop/{}"),
        (
            "fromEndpoints: [{matchLabels: {a: b}}, {matchLabels: {'k8s:c': d}}]",
            "shop/{a=b} | shop/{c=d}",
        ),
        // Who names the namespace decides for himself.
        (
            "fromEndpoints: [{matchLabels: {'k8s:io.kubernetes.pod.namespace': other}}]",
            "other/{}",
        ),
        (
            "fromEndpoints: [{matchLabels: {'any:io.kubernetes.pod.namespace': other, a: b}}]",
            "other/{a=b}",
        ),
        (
            "fromEndpoints: [{matchExpressions: [{key: 'k8s:io.kubernetes.pod.namespace', \
             operator: In, values: [b, a]}]}]",
            "*/{io.kubernetes.pod.namespace=a|b}",
        ),
        (
            "fromEndpoints: [{matchExpressions: [{key: 'k8s:io.kubernetes.pod.namespace', \
             operator: Exists}]}]",
            "*/{io.kubernetes.pod.namespace}",
        ),
        (
            "fromEndpoints: [{matchLabels: {'k8s:io.cilium.k8s.namespace.labels.team': red}}]",
            "*/{io.cilium.k8s.namespace.labels.team=red}",
        ),
        (
            "fromEndpoints: [{matchLabels: \
             {'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name': red}}]",
            "*/{io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=red}",
        ),
        (
            "fromEndpoints: [{matchLabels: {io.cilium.k8s.policy.serviceaccount: luke}}]",
            "shop/{io.cilium.k8s.policy.serviceaccount=luke}",
        ),
        // Reserved labels are entities, in all their spellings.
        (
            "fromEndpoints: [{matchLabels: {'reserved:host': ''}}]",
            "Host",
        ),
        (
            "fromEndpoints: [{matchLabels: {reserved.world: ''}}]",
            "World",
        ),
        ("fromEndpoints: [{matchLabels: {$health: ''}}]", "Health"),
        (
            "fromEndpoints: [{matchExpressions: [{key: 'reserved:remote-node', operator: Exists}]}]",
            "RemoteNode",
        ),
        // No pod has one, so that its absence says nothing of pods.
        (
            "fromEndpoints: [{matchLabels: {a: b}, matchExpressions: \
             [{key: 'reserved:host', operator: DoesNotExist}]}]",
            "*/{a=b}",
        ),
        (
            "fromEntities: [all, world, world-ipv4, world-ipv6, cluster, host, remote-node, \
             kube-apiserver, init, ingress, health, unmanaged, none]",
            "All | World | WorldIpv4 | WorldIpv6 | Cluster | Host | RemoteNode | KubeApiserver | \
             Init | Ingress | Health | Unmanaged | None",
        ),
        (
            "fromCIDR: [10.0.0.0/8, 'fd00::/8']",
            "10.0.0.0/8 | fd00::/8",
        ),
        (
            "fromCIDRSet: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.0/16]}]",
            "10.0.0.0/8-10.1.0.0/16-10.2.0.0/16",
        ),
        (
            "fromCIDRSet: [{cidr: 10.0.0.0/8, except: [10.0.0.0/8]}]",
            "10.0.0.0/8-10.0.0.0/8",
        ),
        (
            "fromNodes: [{matchLabels: {role: control-plane}}]",
            "nodes {role=control-plane}",
        ),
    ] {
        let lines = shown(&cilium(&format!(
            "{{endpointSelector: {{}}, ingress: [{{{rule}}}]}}"
        )));
        assert_eq!(lines[1], format!("allow ingress {expected} : *"), "{rule}");
        let egress = rule.replacen("from", "to", 1);
        let lines = shown(&cilium(&format!(
            "{{endpointSelector: {{}}, egressDeny: [{{{egress}}}]}}"
        )));
        assert_eq!(lines[1], format!("deny egress {expected} : *"), "{egress}");
    }
    // A clusterwide policy has no namespace of its own.
    let text = "{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {a: b}}, {}]}]}";
    assert_eq!(
        shown(&clusterwide(text))[1],
        "allow ingress */{a=b} | */{} : *"
    );
}

#[test]
fn ports_and_messages_are_read() {
    for (rule, expected) in [
        ("toPorts: [{ports: [{port: '80'}]}]", "anybody : any/80"),
        (
            "toPorts: [{ports: [{port: '80', protocol: TCP}, {port: '53', protocol: ANY}]}, \
             {ports: [{port: '0', protocol: SCTP}]}]",
            "anybody : tcp/80,any/53,sctp/*",
        ),
        (
            "toPorts: [{ports: [{port: '1000', endPort: 2000, protocol: UDP}, \
             {port: '80', endPort: 0}]}]",
            "anybody : udp/1000-2000,any/80",
        ),
        // Names compare without case.
        (
            "toPorts: [{ports: [{port: HTTP-8080, protocol: TCP}, {port: '0x50'}]}]",
            "anybody : tcp/http-8080,any/0x50",
        ),
        (
            "fromEntities: [world], toPorts: [{ports: [{port: '80'}]}]",
            "World : any/80",
        ),
        (
            "icmps: [{fields: [{type: 8}, {type: EchoReply}, {family: IPv6, type: EchoRequest}, \
             {family: IPv6, type: '135'}]}]",
            "anybody : icmp/8,icmp/0,icmpv6/128,icmpv6/135",
        ),
        (
            "fromEndpoints: [{}], icmps: [{fields: [{type: TimeExceeded, family: IPv4}]}]",
            "shop/{} : icmp/11",
        ),
        ("authentication: {mode: disabled}", "nobody : *"),
    ] {
        let spec = format!("{{endpointSelector: {{}}, ingress: [{{{rule}}}]}}");
        let lines = shown(&cilium(&spec));
        assert_eq!(lines[1], format!("allow ingress {expected}"), "{rule}");
    }
}

#[test]
fn empty_lists_are_about_nobody_and_warned_of() {
    for (rule, expected, codes_expected) in [
        ("fromEndpoints: []", "nobody : *", "empty-list at ["),
        ("fromEntities: []", "nobody : *", "empty-list at ["),
        ("fromCIDR: []", "nobody : *", "empty-list at ["),
        ("toPorts: []", "nobody : *", "empty-list at ["),
        (
            "toPorts: [{ports: []}]",
            "anybody : no port",
            "empty-list at [",
        ),
        ("toPorts: [{}]", "anybody : no port", "empty-list at {"),
        (
            "fromEntities: [world], toPorts: []",
            "World : *",
            "empty-list at [",
        ),
        ("icmps: []", "nobody : *", "empty-list at ["),
    ] {
        let text = cilium(&format!(
            "{{endpointSelector: {{}}, ingress: [{{{rule}}}]}}"
        ));
        let (resolved, found) = linked(&text);
        assert_eq!(codes(&found), [codes_expected], "{rule}");
        let lines = show(&resolved.policies[0]);
        assert_eq!(lines[1], format!("allow ingress {expected}"), "{rule}");
    }
}

#[test]
fn several_specs_are_several_policies() {
    let text = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: test}\n\
                spec: {endpointSelector: {matchLabels: {a: b}}, ingress: [{}]}\n\
                specs:\n\
                - {endpointSelector: {matchLabels: {c: d}}, egress: [{}], description: words}\n\
                - {endpointSelector: {}, ingress: [{}], labels: [{key: x, value: y}]}\n";
    assert_eq!(
        shown(text),
        [
            "default/{a=b} isolates-ingress",
            "allow ingress nobody : *",
            "default/{c=d} isolates-egress",
            "allow egress nobody : *",
            "default/{} isolates-ingress",
            "allow ingress nobody : *",
        ]
    );
    let (resolved, _) = linked(text);
    let fields: Vec<&str> = (resolved.coverage.rules.iter())
        .map(|rule| rule.field.as_str())
        .collect();
    assert_eq!(
        fields,
        [
            "spec.ingress[0]",
            "specs[0].egress[0]",
            "specs[1].ingress[0]"
        ]
    );
}

#[test]
fn what_cilium_overrules_is_warned_of() {
    for (spec, expected) in [
        (
            "{endpointSelector: {matchLabels: {'k8s:io.kubernetes.pod.namespace': other}}, \
             ingress: [{}]}",
            "foreign-namespace at 'k8s:io.kubernetes.pod.namespace'",
        ),
        (
            "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: web, endPort: 90}]}]}]}",
            "end-port-ignored at 90",
        ),
        (
            "{endpointSelector: {}, ingress: [{fromCIDR: [10.1.2.3/8]}]}",
            "prefix-host-bits at 10.1.2.3/8",
        ),
    ] {
        let (resolved, found) = linked(&cilium(spec));
        assert_eq!(codes(&found), [expected], "{spec}");
        assert_eq!(resolved.policies.len(), 1, "{spec}");
    }
}
