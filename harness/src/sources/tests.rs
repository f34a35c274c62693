use super::*;

fn tree(files: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder");
    for file in files {
        let path = root.path().join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, "a: 1\n").expect("written");
    }
    root
}

#[test]
fn folders_are_searched_but_for_those_that_are_named_on_purpose() {
    let root = tree(&[
        "b.yaml",
        "a.yml",
        "notes.txt",
        "deep/er/c.yaml",
        "manifests/m.yaml",
        "deep/invalid/i.yaml",
    ]);
    let names = |paths: &[PathBuf]| -> Vec<String> {
        (find(paths).expect("readable").iter())
            .map(|path| {
                path.strip_prefix(root.path())
                    .expect("inside")
                    .display()
                    .to_string()
            })
            .collect()
    };
    let at = |path: &str| root.path().join(path);
    assert_eq!(names(&[at("")]), ["a.yml", "b.yaml", "deep/er/c.yaml"]);
    assert_eq!(names(&[at("manifests")]), ["manifests/m.yaml"]);
    assert_eq!(names(&[at("deep/invalid")]), ["deep/invalid/i.yaml"]);
    // A file that is named counts whatever its name, and each counts once.
    assert_eq!(
        names(&[at("notes.txt"), at("b.yaml"), at("deep/../b.yaml")]),
        ["notes.txt", "b.yaml"]
    );
}

#[test]
fn of_json_in_folders_only_manifests_count() {
    let root = tree(&[
        "a.yaml",
        "list.json",
        "schema.json",
        "broken.json",
        "cut.json",
    ]);
    let write = |name: &str, text: &str| {
        fs::write(root.path().join(name), text).expect("written");
    };
    write(
        "list.json",
        r#"{"apiVersion": "v1", "kind": "PodList", "items": []}"#,
    );
    write(
        "schema.json",
        r#"{"properties": {"apiVersion": {}, "kind": {}}}"#,
    );
    write(
        "cut.json",
        r#"{"apiVersion": "v1", "kind": "PodList", "items": ["#,
    );
    let found = find(&[root.path().to_owned()]).expect("readable");
    let names: Vec<_> = (found.iter())
        .map(|path| path.file_name().expect("a name").to_owned())
        .collect();
    assert_eq!(names, ["a.yaml", "cut.json", "list.json"]);
}

#[test]
fn every_path_that_is_not_there_is_named() {
    let root = tree(&["a.yaml"]);
    let missing = ["x.yaml", "y.yaml"].map(|name| root.path().join(name));
    let errors = find(&missing).expect_err("neither is there");
    assert_eq!(errors.len(), 2);
}

#[test]
fn a_scenario_names_files_from_its_own_folder() {
    let root = tree(&["deep/scenario.yaml", "manifests/m.yaml"]);
    let mut reader = Reader::default();
    let scenario = reader
        .open(&root.path().join("deep/scenario.yaml"))
        .expect("readable");
    let named = reader
        .read(&scenario, "../manifests/m.yaml")
        .expect("readable");
    let direct = reader
        .open(&root.path().join("manifests/m.yaml"))
        .expect("readable");
    assert!(Arc::ptr_eq(&named, &direct), "each file is read once");
    assert!(reader.read(&scenario, "missing.yaml").is_err());
}
