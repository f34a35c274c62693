use super::*;

/// A table of entries such as `allow 10.0.0.0/8 !10.1.0.0/16`, as lines that
/// name entries by their index.
fn table(entries: &[&str]) -> Vec<String> {
    let parsed: Vec<(RuleAction, Prefix, Vec<Prefix>)> = entries.iter().map(|e| parse(e)).collect();
    let entries: Vec<Entry<'_>> = (parsed.iter().enumerate())
        .map(|(index, (action, cidr, except))| Entry {
            cidr: *cidr,
            except,
            action: *action,
            rule: RuleRef::Policy {
                policy: 0,
                rule: 0,
                entry: index,
            },
        })
        .collect();
    let table = Table::new(&entries);
    let lines = table.rows().iter().map(|(prefix, verdict)| {
        let (word, rule) = match verdict {
            TableVerdict::Allow(rule) => ("allow", rule),
            TableVerdict::Deny(rule) => ("deny", rule),
            TableVerdict::NoMatch => return format!("{prefix} none"),
        };
        let RuleRef::Policy { entry, .. } = rule else {
            panic!("{rule:?} is no rule of a policy");
        };
        format!("{prefix} {word} {entry}")
    });
    lines.collect()
}

fn parse(text: &str) -> (RuleAction, Prefix, Vec<Prefix>) {
    let mut words = text.split_whitespace();
    let action = match words.next() {
        Some("allow") => RuleAction::Allow,
        Some("deny") => RuleAction::Deny,
        other => panic!("{other:?}"),
    };
    let mut prefix = || {
        let word = words.next()?;
        Some(word.trim_start_matches('!').parse().expect(word))
    };
    let cidr = prefix().expect(text);
    (action, cidr, std::iter::from_fn(prefix).collect())
}

#[test]
fn rows() {
    for (entries, expected) in [
        (&[][..], &[][..]),
        (&["allow 10.0.0.0/8"], &["10.0.0.0/8 allow 0"]),
        // In order of the addresses, whatever the order of the rules.
        (
            &["allow ::/0", "allow 11.0.0.0/8", "deny 10.0.0.0/8"],
            &["10.0.0.0/8 deny 2", "11.0.0.0/8 allow 1", "::/0 allow 0"],
        ),
        // The longer prefix gives the name, then the earlier entry.
        (
            &["allow 10.0.0.0/8", "allow 10.1.0.0/16", "allow 10.1.0.0/16"],
            &["10.0.0.0/8 allow 0", "10.1.0.0/16 allow 1"],
        ),
        (
            &["allow 10.1.0.0/16", "allow 10.0.0.0/8"],
            &["10.0.0.0/8 allow 1", "10.1.0.0/16 allow 0"],
        ),
        // A hole, and what lies in it.
        (
            &["allow 10.0.0.0/8 !10.1.0.0/16", "allow 10.1.2.0/24"],
            &[
                "10.0.0.0/8 allow 0",
                "10.1.0.0/16 none",
                "10.1.2.0/24 allow 1",
            ],
        ),
        // A hole shows what lies around.
        (
            &["allow 0.0.0.0/0", "allow 10.0.0.0/8 !10.1.0.0/16"],
            &[
                "0.0.0.0/0 allow 0",
                "10.0.0.0/8 allow 1",
                "10.1.0.0/16 allow 0",
            ],
        ),
        // Behind a hole in a hole the outer one goes on.
        (
            &[
                "allow 10.0.0.0/8 !10.1.0.0/16 !10.1.2.0/24",
                "allow 10.1.3.0/24 !10.1.3.0/25",
            ],
            &[
                "10.0.0.0/8 allow 0",
                "10.1.0.0/16 none",
                "10.1.3.0/24 allow 1",
                "10.1.3.0/25 none",
            ],
        ),
        // Inside a denied prefix nothing else counts: rows that repeat what
        // encloses them are left out.
        (
            &["deny 10.0.0.0/8", "allow 10.1.0.0/16", "allow 0.0.0.0/0"],
            &["0.0.0.0/0 allow 2", "10.0.0.0/8 deny 0"],
        ),
        (
            &["deny 10.0.0.0/8 !10.1.0.0/16", "allow 10.1.0.0/16"],
            &["10.0.0.0/8 deny 0", "10.1.0.0/16 allow 1"],
        ),
        (
            &["allow 10.0.0.0/8", "deny 10.0.0.0/8"],
            &["10.0.0.0/8 deny 1"],
        ),
        // A hole of everything, given twice, leaves nothing.
        (&["allow 10.0.0.0/8 !10.0.0.0/8 !10.0.0.0/8"], &[]),
        (&["allow 10.0.0.0/8 !0.0.0.0/0"], &[]),
        // Neighbours stay apart: the end of one is not the end of the other.
        (
            &["allow 10.0.0.0/9", "allow 10.128.0.0/9 !10.255.255.255/32"],
            &[
                "10.0.0.0/9 allow 0",
                "10.128.0.0/9 allow 1",
                "10.255.255.255/32 none",
            ],
        ),
    ] {
        assert_eq!(table(entries), expected, "{entries:?}");
    }
}
