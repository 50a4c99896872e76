//! The table: one file for countries, one for networks, or one for both.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::{fmt, io};

use countersign_kernel::{Country, Locate, Location};
use maxminddb::PathElement::Key;

use crate::error::Error;
use crate::file::TableFile;

/// Where addresses are. The files are in memory as a whole: some ten megabytes for the usual free ones.
pub struct Table {
    country: Option<Arc<TableFile>>,
    asn: Option<Arc<TableFile>>,
}

impl Table {
    /// Reads the files. The same path for both is read once.
    ///
    /// # Errors
    /// [`Error`] where a file cannot be read or is broken.
    pub fn open(country: Option<&Path>, asn: Option<&Path>) -> Result<Self, Error> {
        let read = |path: Option<&Path>| path.map(TableFile::open).transpose().map(|file| file.map(Arc::new));
        let country_file = read(country)?;
        let asn_file = if asn == country { country_file.clone() } else { read(asn)? };
        Ok(Self { country: country_file, asn: asn_file })
    }
}

impl Locate for Table {
    fn locate(&self, address: IpAddr) -> Location {
        let address = address.to_canonical();
        let country = |of: &str| find_text(self.country.as_deref(), address, &[of, "iso_code"]);
        let code = country("country").or_else(|| country("registered_country"));
        let asn = self.asn.as_deref().and_then(|file| {
            let found = file.reader();
            let path = [Key("autonomous_system_number")];
            found.lookup(address).ok()?.decode_path::<u32>(&path).ok()?
        });
        Location { country: code.and_then(|code| Country::parse(&code)), asn: asn.filter(|asn| *asn > 0) }
    }

    fn network_name(&self, address: IpAddr) -> Option<String> {
        find_text(self.asn.as_deref(), address.to_canonical(), &["autonomous_system_organization"])
    }

    fn refresh(&self) -> io::Result<()> {
        for file in self.country.iter().chain(&self.asn) {
            file.refresh().map_err(io::Error::other)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Table");
        shown.field("country", &self.country.is_some()).field("asn", &self.asn.is_some()).finish()
    }
}

fn find_text(file: Option<&TableFile>, address: IpAddr, path: &[&str]) -> Option<String> {
    let reader = file?.reader();
    let path: Vec<_> = path.iter().copied().map(Key).collect();
    // An address that the file does not have, or has in another shape, is one of which nothing is known.
    reader.lookup(address).ok()?.decode_path::<String>(&path).ok()?
}
