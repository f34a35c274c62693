use super::given::wrong;

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let text = "apiVersion: v1
kind: Pod
metadata:
  name: Upper
  labels: {count: 3, 'a b': x, ok: -x-, flag: true}
spec:
  hostNetwork: 'yes'
  containers:
  - ports:
    - {containerPort: 70000, name: http}
    - {containerPort: 80, name: HTTP}
    - {containerPort: 81, name: http}
    - {containerPort: 82, protocol: TPC}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec: {replicas: -1}
---
apiVersion: batch/v1
kind: CronJob
metadata: {}
spec: {jobTemplate: {}}
---
{apiVersion: v1, kind: Pod, metadata: {name: twice}}
---
{apiVersion: v1, kind: Pod, metadata: {name: twice}}
";
    let expected = [
        "name-malformed at 4:9",
        "wrong-type at 5:19",
        "label-malformed at 5:22",
        "label-malformed at 5:36",
        "wrong-type at 5:47",
        "wrong-type at 7:16",
        "out-of-range at 10:23",
        "port-name-malformed at 11:33",
        "duplicate-port-name at 12:33",
        "unknown-value at 13:37",
        "missing-key at 18:7",
        "out-of-range at 18:18",
        "missing-key at 22:11",
        "missing-key at 23:21",
        "duplicate-object at 27:46",
    ];
    assert_eq!(wrong(text), expected);
}

#[test]
fn what_comes_after_something_unreadable_is_read() {
    let text = "{apiVersion: v1, kind: Pod, metadata: [name]}
---
{apiVersion: [v1], kind: Pod}
---
{apiVersion: v1, kind: Pod, metadata: {name: Bad}}
";
    let expected = [
        "wrong-type at 1:39",
        "wrong-type at 3:14",
        "name-malformed at 5:46",
    ];
    assert_eq!(wrong(text), expected);
}
