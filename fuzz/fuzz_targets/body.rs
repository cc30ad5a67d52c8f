//! Bodies: any bytes are read or refused; what is read is written again; and audit's own reader of claims, which builds
//! nothing, agrees with the decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sayso_core::body::Record;

fuzz_target!(|body: &[u8]| {
    let in_the_one_form = Record::is_in_the_one_form(body);
    let Ok(record) = Record::decode(body) else {
        assert!(in_the_one_form.is_err(), "audit reads what the decoder does not");
        return;
    };
    match record.encode() {
        Ok(written) => {
            assert_eq!(in_the_one_form, Ok(written == body));
            assert_eq!(Record::decode(&written).as_ref(), Ok(&record));
            assert_eq!(Record::is_in_the_one_form(&written), Ok(true));
        }
        Err(_) => assert_eq!(in_the_one_form, Ok(false)),
    }
});
