//! Variables of the firmware, as Linux shows them in efivarfs: four bytes of attributes, then the value.
//! (UEFI specification 2.10, 8.2; Documentation/filesystems/efivarfs.rst)

use super::System;

/// Where efivarfs is.
const VARIABLES: &str = "/sys/firmware/efi/efivars";
/// Whose variables Secure Boot, SetupMode, KEK and PK are.
pub(crate) const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
/// shim's: MokListRT and its kin.
pub(crate) const SHIM: &str = "605dab50-e046-4300-abb6-3dd810dd8b23";
/// The signature databases db and dbx.
pub(crate) const DATABASES: &str = "d719b2cb-3d3a-4596-a3bc-dad00e67656f";

impl System {
    /// Whether this root was started by EFI and says so.
    pub(crate) fn has_efi(&self) -> bool {
        self.path("/sys/firmware/efi").is_dir()
    }

    /// The value of a variable; None where there is none, or it may not be read.
    pub(crate) fn efi_variable(&self, name: &str, vendor: &str) -> Option<Vec<u8>> {
        let whole = fs_err::read(self.path(VARIABLES).join(format!("{name}-{vendor}"))).ok()?;
        Some(whole.get(4..)?.to_vec())
    }

    /// The value of a variable that is yes or no.
    pub(crate) fn efi_flag(&self, name: &str, vendor: &str) -> Option<bool> {
        Some(*self.efi_variable(name, vendor)?.first()? == 1)
    }

    /// Whether Secure Boot is on, and shim does not leave it to kernels to load what they like (`mokutil
    /// --disable-validation`): what a kernel with CONFIG_LOCK_DOWN_IN_EFI_SECURE_BOOT goes by.
    pub(crate) fn is_secure_boot(&self) -> bool {
        let is_on = |name: &str, vendor: &str| self.efi_flag(name, vendor) == Some(true);
        is_on("SecureBoot", GLOBAL) && !is_on("MokSBStateRT", SHIM)
    }
}
