use super::given::{cluster, file, names, notes, read, wrong};
use netverdict_policy::frontend::{self, ClusterOptions, FileKind};

#[test]
fn objects_of_a_typed_list_need_not_say_what_they_are() {
    let cluster = cluster(
        "apiVersion: v1
kind: PodList
items:
- metadata: {name: a}
- {apiVersion: v1, kind: Pod, metadata: {name: b}}
---
apiVersion: v1
kind: NamespaceList
metadata: {resourceVersion: '1'}
items:
- metadata: {name: empty, labels: {team: x}}
---
apiVersion: apps/v1
kind: DeploymentList
items:
- metadata: {name: c}
  spec: {template: {}}
",
    );
    let expected = ["default/a[Pod]", "default/b[Pod]", "default/c[Deployment]"];
    assert_eq!(names(&cluster), expected);
    assert_eq!(cluster.policy.namespaces["empty"]["team"], "x");
}

#[test]
fn a_list_of_anything_holds_lists_too() {
    let cluster = cluster(
        r#"{"apiVersion": "v1", "kind": "List", "items": [
	{"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "a\u002db"}}]},
	{"apiVersion": "v1", "kind": "List", "items": null}
]}"#,
    );
    assert_eq!(names(&cluster), ["default/a-b[Pod]"]);
}

#[test]
fn lists_inside_lists_end_somewhere() {
    let deep = |levels: usize| {
        let begin = "{apiVersion: v1, kind: List, items: [".repeat(levels);
        let end = "]}".repeat(levels);
        format!("{begin}{{apiVersion: v1, kind: Pod, metadata: {{name: a}}}}{end}")
    };
    assert_eq!(names(&cluster(&deep(8))), ["default/a[Pod]"]);
    let codes: Vec<&str> = (read(&deep(9)).expect_err("too deep").iter())
        .map(|found| found.code)
        .collect();
    assert_eq!(codes, ["list-too-deep"]);
}

#[test]
fn objects_of_a_plain_list_say_what_they_are() {
    let text = "apiVersion: v1
kind: List
items:
- metadata: {name: a}
- {apiVersion: v1, metadata: {name: b}}
- {kind: Pod, metadata: {name: c}}
";
    let expected = [
        "not-a-manifest at 4:3",
        "not-a-manifest at 5:3",
        "not-a-manifest at 6:3",
    ];
    assert_eq!(wrong(text), expected);
}

#[test]
fn a_list_has_items() {
    assert_eq!(
        wrong("apiVersion: v1\nkind: List\n"),
        ["missing-key at 1:1"]
    );
}

#[test]
fn several_files_are_one_cluster() {
    let files = [
        file(
            "ns.yaml",
            "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: x}}}",
        ),
        file(
            "pod.json",
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"shop"}}"#,
        ),
    ];
    let cluster = frontend::cluster(&files, &ClusterOptions::default()).expect("a cluster");
    assert_eq!(names(&cluster), ["shop/a[Pod]"]);
    let labels = &cluster.policy.workloads[0].labels;
    assert_eq!(labels["io.cilium.k8s.namespace.labels.team"], "x");
}

#[test]
fn what_is_no_manifest_is_passed_over_with_a_warning() {
    let text = "replicaCount: 1\n---\n{apiVersion: v1, kind: Pod, metadata: {name: a}}\n";
    assert_eq!(notes(text), ["not-a-manifest at 1:1"]);
}

#[test]
fn manifests_in_json_are_manifests() {
    let text = "{\n\t\"kind\": \"PodList\",\n\t\"apiVersion\": \"v1\",\n\t\"items\": []\n}\n";
    assert_eq!(frontend::kind(&file("a.json", text)), FileKind::Manifest);
    let cut = &text[..text.len() - 3];
    assert_eq!(frontend::kind(&file("a.json", cut)), FileKind::Manifest);
}
