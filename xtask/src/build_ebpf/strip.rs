//! Leaving out of an object what no loader reads.

use anyhow::{Context, Result};
use object::build::elf::{Builder, SectionData};
use object::elf;

/// The object without DWARF. The BTF stays: it describes the maps.
pub(super) fn strip(object: &[u8]) -> Result<Vec<u8>> {
    let mut builder = Builder::read(object).context("read the built object")?;
    for section in builder.sections.iter_mut() {
        section.delete = is_surplus(&section.name.to_string());
    }
    builder.delete_orphans();
    // LLVM keeps names of sections and symbols in one table, the writer in two.
    let names = builder.sections.add();
    names.name = b".shstrtab".as_slice().into();
    names.sh_type = elf::SHT_STRTAB;
    names.sh_addralign = 1;
    names.data = SectionData::SectionString;
    let mut stripped = Vec::new();
    builder.write(&mut stripped).context("write the object")?;
    Ok(stripped)
}

/// DWARF, its relocations, and those of the BTF: loaders find where a variable
/// lies by its symbol.
fn is_surplus(section: &str) -> bool {
    section.starts_with(".debug_")
        || section.starts_with(".rel.debug_")
        || section.starts_with(".rel.BTF")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_loads_stays() {
        for (section, surplus) in [
            (".debug_info", true),
            (".rel.debug_info", true),
            (".rel.BTF", true),
            (".rel.BTF.ext", true),
            (".BTF", false),
            (".BTF.ext", false),
            (".maps", false),
            (".netverdict.digest", false),
            ("xdp.frags", false),
            (".relxdp.frags", false),
            ("license", false),
        ] {
            assert_eq!(is_surplus(section), surplus, "{section}");
        }
    }
}
