//! What a program says about where it comes from, and whether that fits the rest of its file.

use ovsm_interface::Interface;
use ovsm_interface::model::hex;
use ovsm_interface::provenance::{INTERFACE_SECTION, Provenance, SECTION, hash};

/// The provenance of a file; it need not be true.
pub(super) struct Origin {
    /// What it says; `None` if it says nothing.
    pub provenance: Option<Result<Provenance, String>>,
    /// The interface that it holds.
    pub interface: Option<Result<Interface, String>>,
    /// The hash of what is loaded.
    loaded: Option<[u8; 32]>,
}

impl Origin {
    /// Reads the sections of a file, which may be any bytes.
    pub(super) fn of(bytes: &[u8]) -> Origin {
        let provenance = ovsm_sbpf::section(bytes, SECTION).map(Provenance::from_bytes);
        let interface = ovsm_sbpf::section(bytes, INTERFACE_SECTION).map(|bytes| {
            let text = std::str::from_utf8(bytes).map_err(|_| "it is no text".to_string())?;
            Interface::from_text(text)
        });
        Origin { provenance, interface, loaded: ovsm_sbpf::loaded_bytes(bytes).map(|bytes| hash(&bytes)) }
    }

    /// True if the code is the one that was built.
    fn code_fits(&self, provenance: &Provenance) -> bool {
        self.loaded == Some(provenance.loaded)
    }

    /// True if the interface in the file is that of the program; `None` if there is none.
    fn interface_fits(&self, provenance: &Provenance) -> Option<bool> {
        let interface = self.interface.as_ref()?;
        Some(interface.as_ref().is_ok_and(|interface| interface.hash() == provenance.interface))
    }

    /// What does not fit.
    pub(super) fn fault(&self) -> Option<String> {
        let provenance = match self.provenance.as_ref()? {
            Ok(provenance) => provenance,
            Err(reason) => return Some(format!("has a provenance that can not be read: {reason}")),
        };
        if !self.code_fits(provenance) {
            return Some("has other code than its provenance says".to_string());
        }
        match self.interface_fits(provenance) {
            Some(false) => Some("holds another interface than its provenance says".to_string()),
            _ => None,
        }
    }

    /// As a part of a JSON object; null if the file says nothing.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match &self.provenance {
            None => serde_json::Value::Null,
            Some(Err(reason)) => serde_json::json!({ "error": reason }),
            Some(Ok(provenance)) => serde_json::json!({
                "compiler": provenance.compiler,
                "options": provenance.options,
                "source": hex(&provenance.source),
                "interface": hex(&provenance.interface),
                "loaded": hex(&provenance.loaded),
                "lock": provenance.lock.map(|lock| hex(&lock)),
                "code_fits": self.code_fits(provenance),
                "interface_fits": self.interface_fits(provenance),
            }),
        }
    }

    /// For people; nothing if the file says nothing.
    pub(super) fn to_text(&self) -> String {
        let provenance = match &self.provenance {
            None => return String::new(),
            Some(Err(reason)) => return format!("\nprovenance\n  can not be read: {reason}\n"),
            Some(Ok(provenance)) => provenance,
        };
        let code = match self.code_fits(provenance) {
            true => "that of this file",
            false => "NOT that of this file",
        };
        let interface = match self.interface_fits(provenance) {
            None => "not in this file",
            Some(true) => "that of this file",
            Some(false) => "NOT that of this file",
        };
        let lock = provenance.lock.map_or_else(String::new, |lock| format!("  lock       {}\n", hex(&lock)));
        format!(
            "\nprovenance\n  compiler   {}\n  options    {}\n  source     {}\n{lock}  interface  {}, {interface}\n  \
             loaded     {}, {code}\n",
            provenance.compiler,
            provenance.options.join(" "),
            hex(&provenance.source),
            hex(&provenance.interface),
            hex(&provenance.loaded),
        )
    }
}
