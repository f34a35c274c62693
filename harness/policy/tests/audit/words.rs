use netverdict_policy::audit::Options;

use super::given::{audit, places};

/// A pod behind a NodePort Service, and a policy with this ingress rule.
fn exposed(ingress: &str, marks: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: web, labels: {{app: web}}}}}}\n---\n\
         {{apiVersion: v1, kind: Service, metadata: {{name: web{marks}}}, spec: {{type: NodePort, \
         selector: {{app: web}}, ports: [{{port: 80, nodePort: 30080}}]}}}}\n---\n\
         apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{name: web}}\nspec:\n  \
         endpointSelector: {{}}\n  ingress:\n    - {ingress}\n"
    )
}

fn wildcards(text: &str, options: &Options) -> Vec<String> {
    (audit(text, options).iter())
        .filter(|finding| finding.kind.id == "wildcard-cidr")
        .map(|finding| finding.message.clone())
        .collect()
}

#[test]
fn a_wildcard_says_how_many_addresses_get_where() {
    let text = exposed(
        "{fromCIDRSet: [{cidr: 0.0.0.0/0, except: [128.0.0.0/1]}]}",
        "",
    );
    assert_eq!(
        wildcards(&text, &Options::default()),
        [
            "CiliumNetworkPolicy default/web lets in 0.0.0.0/0 except 128.0.0.0/1: 2,092,957,696 \
             IPv4 addresses (56.53 %) outside private ranges, to default/web 80/tcp (NodePort \
             30080/tcp)"
        ]
    );
}

#[test]
fn a_wildcard_at_another_port_exposes_no_service() {
    let other = "{fromCIDR: [0.0.0.0/0], toPorts: [{ports: [{port: \"81\", protocol: TCP}]}]}";
    let findings = audit(&exposed(other, ""), &Options::default());
    assert_eq!(places(&findings, "wildcard-cidr"), Vec::<String>::new());
}

#[test]
fn rules_that_are_a_wildcard_together_are_named_together() {
    let three = "{fromCIDR: [11.0.0.0/8]}\n    - {fromCIDR: [12.0.0.0/8]}\n    - {fromCIDR: \
                 [13.0.0.0/8, 10.0.0.0/8]}";
    let text = exposed(three, "");
    let found = audit(&text, &Options::default());
    let found = found.iter().find(|it| it.kind.id == "wildcard-cidr");
    let found = found.expect("1.36 % of all");
    assert!(
        found
            .message
            .contains("11.0.0.0/8, 12.0.0.0/8 and 13.0.0.0/8: 50,331,648 ")
    );
    let lines: Vec<u32> = found
        .places
        .iter()
        .map(|place| place.location.line)
        .collect();
    assert_eq!(lines[..3], [11, 12, 13]);
}

#[test]
fn a_share_is_a_choice() {
    let text = exposed("{fromCIDR: [198.0.0.0/8]}", "");
    assert_eq!(wildcards(&text, &Options::default()), Vec::<String>::new());
    let narrow = Options {
        wildcard_share: 0.1,
        ..Options::default()
    };
    assert_eq!(wildcards(&text, &narrow).len(), 1);
}

#[test]
fn what_is_marked_public_may_be_open() {
    let open = "{fromCIDR: [0.0.0.0/0]}";
    for (marks, found) in [
        (
            ", labels: {service.beta.kubernetes.io/public: yes-please}",
            0,
        ),
        (
            ", annotations: {service.beta.kubernetes.io/public: \"false\"}",
            1,
        ),
        (", annotations: {exposure: internet}", 1),
    ] {
        let wildcards = wildcards(&exposed(open, marks), &Options::default());
        assert_eq!(wildcards.len(), found, "{marks}");
    }
    let own = Options {
        public: vec!["exposure=internet".parse().expect("a mark")],
        ..Options::default()
    };
    let marked = exposed(open, ", annotations: {exposure: internet}");
    assert_eq!(wildcards(&marked, &own), Vec::<String>::new());
    let otherwise = exposed(open, ", annotations: {exposure: cluster}");
    assert_eq!(wildcards(&otherwise, &own).len(), 1);
}

#[test]
fn policies_without_their_workloads_are_read_all_the_same() {
    let alone = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: web}\nspec: \
                 {endpointSelector: {}, ingress: [{fromCIDR: [0.0.0.0/0]}]}\n";
    let findings = audit(alone, &Options::default());
    assert_eq!(places(&findings, "wildcard-cidr"), ["warning at 4:52"]);
}
