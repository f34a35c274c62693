//! A map image entry by entry, as a person reads it.

use netverdict_abi::map;

use super::{MapImage, RuleId, SourceVerdict};
use crate::prefix::{Family, Prefix};

impl MapImage {
    /// Every entry of every policy map, one a text, in a stable order.
    /// Generations and service numbers, which differ from load to load, are left
    /// out: the port stands for them.
    pub fn entries(&self) -> Vec<String> {
        let mut entries = Vec::new();
        if self.pass_all {
            entries.push(format!("{}: pass-all", map::MODES));
        }
        for (port, service) in &self.services {
            let mut meaning = Vec::new();
            if let Some(stage) = &service.prefilter {
                let default = if stage.default_pass { "pass" } else { "drop" };
                let bypass = if stage.bypass_policy {
                    ", bypasses policy"
                } else {
                    ""
                };
                let rule = stage.default_rule.0;
                meaning.push(format!(
                    "prefilter with default {default}{bypass} (rule {rule})"
                ));
            }
            if let Some(stage) = &service.policy {
                meaning.push(format!(
                    "policy with default deny (rule {})",
                    stage.default_rule.0
                ));
            }
            if meaning.is_empty() {
                meaning.push("neither prefilter nor policy".to_owned());
            }
            entries.push(format!("{} {port}: {}", map::SERVICES, meaning.join("; ")));
            for (prefix, rule) in service.prefilter.iter().flat_map(|stage| &stage.allow) {
                let name = of_family(*prefix, map::PREFILTER_V4, map::PREFILTER_V6);
                entries.push(format!("{name} {port} {prefix}: allow (rule {})", rule.0));
            }
            for (prefix, verdict) in service.policy.iter().flat_map(|stage| &stage.sources) {
                let name = of_family(*prefix, map::POLICY_V4, map::POLICY_V6);
                let meaning = match verdict {
                    SourceVerdict::Allow(RuleId(rule)) => format!("allow (rule {rule})"),
                    SourceVerdict::Deny(RuleId(rule)) => format!("deny (rule {rule})"),
                    SourceVerdict::NoMatch => "no match".to_owned(),
                };
                entries.push(format!("{name} {port} {prefix}: {meaning}"));
            }
        }
        entries
    }
}

fn of_family(prefix: Prefix, v4: &'static str, v6: &'static str) -> &'static str {
    match prefix.family() {
        Family::V4 => v4,
        Family::V6 => v6,
    }
}

#[cfg(test)]
mod tests {
    use crate::image::{PolicyImage, PrefilterImage, ServiceImage};
    use crate::port::{ProtoPort, Protocol};

    use super::*;

    #[test]
    fn every_entry_is_listed() {
        let prefix = |text: &str| text.parse::<Prefix>().expect(text);
        let service = ServiceImage {
            prefilter: Some(PrefilterImage {
                default_pass: true,
                bypass_policy: true,
                default_rule: RuleId(1),
                allow: [(prefix("10.0.0.0/8"), RuleId(2))].into(),
            }),
            policy: Some(PolicyImage {
                default_rule: RuleId(3),
                sources: [
                    (prefix("0.0.0.0/0"), SourceVerdict::Allow(RuleId(4))),
                    (prefix("192.0.2.0/24"), SourceVerdict::NoMatch),
                    (prefix("fd00::/8"), SourceVerdict::Deny(RuleId(5))),
                ]
                .into(),
            }),
        };
        let port = ProtoPort {
            port: 30007,
            protocol: Protocol::Tcp,
        };
        let image = MapImage {
            services: [(port, service)].into(),
            ..MapImage::default()
        };
        assert_eq!(
            image.entries(),
            [
                "SERVICES 30007/tcp: prefilter with default pass, bypasses policy (rule 1); \
                 policy with default deny (rule 3)",
                "PREFILTER_V4 30007/tcp 10.0.0.0/8: allow (rule 2)",
                "POLICY_V4 30007/tcp 0.0.0.0/0: allow (rule 4)",
                "POLICY_V4 30007/tcp 192.0.2.0/24: no match",
                "POLICY_V6 30007/tcp fd00::/8: deny (rule 5)",
            ]
        );
        assert_eq!(MapImage::pass_all().entries(), ["MODES: pass-all"]);
    }
}
