use super::given::{cluster, lines, names, notes, read, wrong};
use netverdict_policy::diagnostic::Severity;

#[test]
fn kinds_without_effect_are_one_note_each() {
    let text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: b}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}
---
{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: d}}
";
    let notes = cluster(text).notes;
    let expected = [
        "kind-passed-over at 1:24",
        "kind-passed-over at 3:42",
        "kind-passed-over at 7:44",
    ];
    assert_eq!(lines(&notes), expected);
    assert!(notes.iter().all(|note| note.severity == Severity::Note));
    assert_eq!(
        notes[0].message,
        "2 objects of the kind 'v1 ConfigMap' passed over"
    );
}

#[test]
fn kinds_that_change_what_is_allowed_are_refused() {
    for (api_version, kind) in [
        ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"),
        ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"),
        ("crd.projectcalico.org/v1", "GlobalNetworkPolicy"),
        ("projectcalico.org/v3", "NetworkPolicy"),
        ("cilium.io/v2", "CiliumEgressGatewayPolicy"),
        ("cilium.io/v2", "CiliumLocalRedirectPolicy"),
        ("k8s.ovn.org/v1", "EgressFirewall"),
    ] {
        let text = format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\n");
        assert_eq!(wrong(&text), ["unsupported-kind at 2:7"], "{kind}");
    }
}

#[test]
fn kinds_that_proxies_enforce_are_warned_of() {
    let text = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n";
    assert_eq!(notes(text), ["kind-not-enforced at 2:7"]);
}

#[test]
fn typing_errors_in_kinds_are_found() {
    for (api_version, kind, meant) in [
        (
            "networking.k8s.io/v1",
            "NetworkPolicys",
            "did you mean 'networking.k8s.io/v1 NetworkPolicy'?",
        ),
        ("apps/v1", "Pod", "did you mean 'v1 Pod'?"),
        ("v1", "deployment", "did you mean 'apps/v1 Deployment'?"),
        (
            "networking.k8s.io/v2",
            "NetworkPolicy",
            "it understands NetworkPolicy of the version v1",
        ),
    ] {
        let text = format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\n");
        let found = read(&text).expect_err("no such kind");
        assert_eq!(lines(&found), ["unsupported-kind at 2:7"], "{kind}");
        assert_eq!(found[0].help, meant);
    }
}

#[test]
fn kinds_that_look_alike_are_not_mistaken() {
    for (api_version, kind) in [
        ("kubevirt.io/v1", "VirtualMachineInstanceReplicaSet"),
        ("apps/v1", "ControllerRevision"),
        ("v1", "ServiceAccount"),
        ("v1", "PodTemplate"),
        ("batch.volcano.sh/v1alpha1", "Job"),
        ("cilium.io/v2", "CiliumNode"),
    ] {
        let text = format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\n");
        assert_eq!(notes(&text), ["kind-passed-over at 2:7"], "{kind}");
    }
}

#[test]
fn old_versions_of_workloads_are_read() {
    for (api_version, kind) in [
        ("extensions/v1beta1", "Deployment"),
        ("extensions/v1beta1", "DaemonSet"),
        ("apps/v1beta2", "StatefulSet"),
    ] {
        let text = format!(
            "apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\nspec: {{template: {{}}}}\n"
        );
        assert_eq!(names(&cluster(&text)), [format!("default/a[{kind}]")]);
    }
}
