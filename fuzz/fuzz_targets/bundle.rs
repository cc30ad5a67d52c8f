//! Bundles of entries: any bytes are read or refused, and what is read is what is written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sayso_core::bundle::{Bundle, Codec};

const CONTEXT: &str = "sayso 2023-05 bundle checksum v1";

fuzz_target!(|content: &[u8]| {
    let _ = Bundle::decode(content);
    let mut sum = [0; 16];
    blake3::Hasher::new_derive_key(CONTEXT).update(content).finalize_xof().fill(&mut sum);
    let bytes = [content, &sum].concat();
    if let Some(bundle) = Bundle::decode_damaged(&bytes) {
        let _ = bundle.entries.iter().map(|e| e.header(0, bundle.previous).hash()).count();
    }
    let Ok(bundle) = Bundle::decode(&bytes) else { return };
    for codec in [Codec::Plain, Codec::Lz4] {
        let written = bundle.encode(codec);
        assert_eq!(Bundle::decode(&written).as_ref(), Ok(&bundle));
        // Compressed bytes may differ from library to library; plain ones are the one form.
        if codec == Codec::Plain && bytes[1] == 0 {
            assert_eq!(written, bytes);
        }
    }
});
