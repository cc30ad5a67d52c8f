//! The corpus: claims as a conflict monitor would record them, each a function of the seed and its number alone.

use sayso_core::body::Record;
use sayso_core::event::{Act, Attribution, Citation, Claim, Content, Event, Question};
use sayso_core::ledger::NewEvent;
use sayso_core::text::{ExternalId, Label, Name, Text, Url};
use sayso_core::time::{Date, DateForm, Edtf, Qualifier, Stated, TimeZone};
use sayso_core::value::{Bounds, Value};

use crate::Failure;

/// Questions there are: subjects times predicates.
const QUESTIONS: u64 = (SUBJECTS * PREDICATES.len()) as u64;
const SUBJECTS: usize = 4_000;
/// Shortest note, in bytes; it ends with the word that reaches this, a few bytes later.
const NOTE_BYTES: usize = 196;

/// Source, speakers, organ. The first is quoted most often (Zipf).
const SOURCES: [(&str, &str, &str); 8] = [
    ("yerevan", "Nikol Pashinyan", "Ministry of Defence of Armenia"),
    ("baku", "Hikmet Hajiyev", "Ministry of Defence of Azerbaijan"),
    ("stepanakert", "Gegham Stepanyan", "Office of the Human Rights Defender"),
    ("moscow", "Maria Zakharova", "Ministry of Foreign Affairs"),
    ("eu", "Peter Stano", "EU Mission in Armenia"),
    ("icrc", "Zara Amatuni", "International Committee of the Red Cross"),
    ("washington", "Matthew Miller", "Department of State"),
    ("unattributed", "a resident of the village", "village council"),
];
const CARRIERS: [&str; 9] =
    ["armenpress", "azertac", "tass", "afp", "reuters", "interfax", "civilnet", "apa", "rfe-rl"];
const PLACES: [&str; 40] = [
    "sotk",
    "jermuk",
    "kapan",
    "goris",
    "vardenis",
    "tegh",
    "kornidzor",
    "shurnukh",
    "khndzoresk",
    "verishen",
    "ishkhanasar",
    "kelbajar",
    "lachin",
    "shusha",
    "stepanakert",
    "agdam",
    "fizuli",
    "jabrayil",
    "zangilan",
    "gubadli",
    "tartar",
    "goranboy",
    "gadabay",
    "tovuz",
    "gazakh",
    "berd",
    "ijevan",
    "noyemberyan",
    "kut",
    "norabak",
    "yeraskh",
    "sadarak",
    "ghazanchi",
    "paruyr-sevak",
    "khoznavar",
    "angeghakot",
    "artanish",
    "kutakan",
    "nerkin-hand",
    "srashen",
];
const INCIDENTS: [&str; 5] = ["clash", "shelling", "drone-strike", "blockade", "talks"];
/// What is asked, how it is answered, and in which unit.
const PREDICATES: [(&str, Answer, &str); 25] = [
    ("soldiers-wounded", Answer::Number(12), "people"),
    ("soldiers-killed", Answer::Number(8), "people"),
    ("civilians-wounded", Answer::Number(9), "people"),
    ("civilians-killed", Answer::Number(4), "people"),
    ("civilians-displaced", Answer::Number(12_000), "people"),
    ("prisoners-taken", Answer::Number(20), "people"),
    ("shells-fired", Answer::Number(400), "shells"),
    ("drones-used", Answer::Number(15), "drones"),
    ("houses-damaged", Answer::Number(60), "houses"),
    ("vehicles-destroyed", Answer::Number(25), "vehicles"),
    ("duration", Answer::Number(300), "minutes"),
    ("distance-from-border", Answer::Number(4_000), "metres"),
    ("livestock-lost", Answer::Number(90), "animals"),
    ("bridge-passable", Answer::YesNo, ""),
    ("road-open", Answer::YesNo, ""),
    ("ceasefire-holds", Answer::YesNo, ""),
    ("observers-present", Answer::YesNo, ""),
    ("artillery-used", Answer::YesNo, ""),
    ("opened-fire-first", Answer::Words, ""),
    ("weapon-type", Answer::Words, ""),
    ("direction-of-fire", Answer::Words, ""),
    ("reason-given", Answer::Words, ""),
    ("positions-changed", Answer::Words, ""),
    ("evacuated-to", Answer::Words, ""),
    ("next-meeting", Answer::Words, ""),
];
const RECORDERS: [&str; 3] = ["a.petrosyan", "l.mammadova", "import@monitor.example"];
const WORDS: &str = include_str!("words.txt");

/// The kind of answer a predicate has.
#[derive(Clone, Copy)]
enum Answer {
    /// A number below this.
    Number(u64),
    YesNo,
    Words,
}

/// Writes claims.
pub(crate) struct Corpus {
    seed: u64,
    words: Vec<&'static str>,
    zones: [TimeZone; 3],
}

impl Corpus {
    /// The corpus with this seed.
    pub(crate) fn new(seed: u64) -> Result<Self, Failure> {
        let zones = ["Asia/Yerevan".parse()?, "Asia/Baku".parse()?, TimeZone::UTC];
        Ok(Self { seed, words: WORDS.split_whitespace().collect(), zones })
    }

    /// Claims as a caller of the ledger hands them over.
    pub(crate) fn new_events(&self, first: u64, count: u64) -> Result<Vec<NewEvent>, Failure> {
        let event = |n| {
            let (event, recorder) = self.claim(n)?;
            Ok(NewEvent { event, recorder: Some(recorder), recorded: None })
        };
        (first..first + count).map(event).collect()
    }

    /// The same claims as the rivals get them.
    pub(crate) fn records(&self, first: u64, count: u64) -> Result<Vec<Record>, Failure> {
        let record = |n| {
            let (event, recorder) = self.claim(n)?;
            Ok(Record { recorder: Some(recorder), event })
        };
        (first..first + count).map(record).collect()
    }

    /// One claim and its recorder. It refers to nothing, so the kind of reference does not matter.
    fn claim<R>(&self, n: u64) -> Result<(Event<R>, Label), Failure> {
        let mut r = Random::new(self.seed, n);
        let question = r.below(QUESTIONS);
        let subject = question as usize / PREDICATES.len();
        let (predicate, answer, unit) = *pick(&PREDICATES, question as usize % PREDICATES.len())?;
        let (source, speaker, body) = *pick(&SOURCES, zipf8(&mut r))?;
        let place = *pick(&PLACES, subject % PLACES.len())?;
        let incident = *pick(&INCIDENTS, subject / PLACES.len() % INCIDENTS.len())?;
        // Subjects spread over 20 days of each month of two years.
        let (year, month, day) = (2022 + subject % 2, 1 + subject / 5 % 12, 1 + subject / 200 % 20);
        let stated_day = day + r.below(8) as usize;
        let date = |d: usize| -> Result<Edtf, Failure> {
            let form = DateForm::Day(i16::try_from(year)?, u8::try_from(month)?, u8::try_from(d)?);
            Ok(Edtf::Date(Date::new(form, Qualifier::Certain)?))
        };
        let zone = pick(&self.zones, r.below(3) as usize)?;
        let mut via = vec![Label::new(pick(&CARRIERS, r.below(9) as usize)?)?];
        if r.below(3) == 0 {
            via.push(Label::new(pick(&CARRIERS, r.below(9) as usize)?)?);
        }
        let value = self.value(answer, &mut r)?;
        let number = matches!(answer, Answer::Number(_));
        let claim = Claim {
            by: Attribution {
                source: Name::new(source)?,
                speaker: r.chance(60).then(|| Label::new(speaker)).transpose()?,
                body: r.chance(70).then(|| Label::new(body)).transpose()?,
                via,
                stated: Stated::new(date(stated_day)?, zone)?,
                published: r.chance(50).then(|| date(stated_day + 1)).transpose()?,
                lang: r
                    .chance(60)
                    .then(|| Label::new(["hy", "az", "ru"].get(r.below(3) as usize).unwrap_or(&"en")))
                    .transpose()?,
                translated: r.chance(40),
            },
            question: Question {
                subject: Name::new(&format!("{incident}-{year}-{month:02}-{day:02}-{place}"))?,
                predicate: Name::new(predicate)?,
            },
            value,
            unit: number.then(|| Label::new(unit)).transpose()?,
            act: if r.chance(85) {
                Act::Asserts
            } else {
                [Act::Denies, Act::Accuses, Act::Forecasts].get(r.below(3) as usize).copied().unwrap_or_default()
            },
            modality: r.chance(10).then(|| Text::new("according to preliminary information")).transpose()?,
            occurred: Some(date(day)?),
            quote: r.chance(30).then(|| Text::new(&self.prose(&mut r, 70))).transpose()?,
        };
        let url = format!(
            "https://{}.example/en/{year}/{month:02}/{stated_day:02}/{}",
            pick(&CARRIERS, r.below(9) as usize)?,
            1_000_000 + r.below(9_000_000)
        );
        let event = Event {
            id: n.is_multiple_of(2).then(|| ExternalId::new(&format!("S{:02}-{n:08}", r.below(40)))).transpose()?,
            content: Content::Claim(Box::new(claim)),
            note: Some(Text::new(&self.prose(&mut r, NOTE_BYTES))?),
            citations: vec![Citation::new(Some(Url::new(&url)?), None, None, None, None, None)?],
            tags: if r.chance(20) { vec![Label::new("to-verify")?] } else { vec![] },
        };
        Ok((event, Label::new(pick(&RECORDERS, r.below(3) as usize)?)?))
    }

    fn value(&self, answer: Answer, r: &mut Random) -> Result<Value, Failure> {
        Ok(match answer {
            Answer::YesNo => Value::YesNo(r.chance(50)),
            Answer::Words => Value::Text(Text::new(&self.prose(r, 24))?),
            Answer::Number(below) => {
                let n = r.below(below);
                let low = i64::try_from(n)?.into();
                match r.below(20) {
                    0..=11 => Value::Quantity(Bounds::exactly(low)),
                    12..=15 => Value::Quantity(Bounds::new(Some(low), None)?),
                    16..=17 => Value::Quantity(Bounds::new(None, Some(low))?),
                    18 => Value::Quantity(Bounds::new(Some(low), Some(i64::try_from(n + 1 + r.below(below))?.into()))?),
                    _ => Value::Approx(low),
                }
            }
        })
    }

    /// Words up to a length, in sentences, common ones more often, with figures here and there.
    fn prose(&self, r: &mut Random, bytes: usize) -> String {
        let mut out = String::with_capacity(bytes + 16);
        let mut in_sentence = 0;
        while out.len() < bytes {
            if !out.is_empty() {
                out.push(' ');
            }
            if r.chance(4) {
                out.push_str(&r.below(2_000).to_string());
            } else {
                // The square of a uniform number leans to the front of the list, as language does.
                let u = r.below(1 << 20) as usize;
                let at = (((u * u) >> 20) * self.words.len()) >> 20;
                let word = self.words.get(at).copied().unwrap_or("and");
                match word.split_at_checked(1) {
                    Some((first, rest)) if in_sentence == 0 => {
                        out.push_str(&first.to_ascii_uppercase());
                        out.push_str(rest);
                    }
                    _ => out.push_str(word),
                }
            }
            in_sentence += 1;
            if in_sentence > 6 && r.chance(15) {
                out.push('.');
                in_sentence = 0;
            }
        }
        out
    }
}

fn pick<T>(all: &[T], at: usize) -> Result<&T, Failure> {
    all.get(at).ok_or_else(|| "beyond the end of a list".into())
}

/// 0 to 7, with weights 1, 1/2, ... 1/8.
fn zipf8(r: &mut Random) -> usize {
    const WEIGHTS: [u64; 8] = [840, 420, 280, 210, 168, 140, 120, 105];
    let mut at = r.below(WEIGHTS.iter().sum());
    for (i, weight) in WEIGHTS.iter().enumerate() {
        if at < *weight {
            return i;
        }
        at -= weight;
    }
    0
}

/// SplitMix64: small, good enough for choosing words, and the same everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64, n: u64) -> Self {
        let mut r = Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ n);
        Self(r.next() ^ n.rotate_left(32))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, not including, `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}
