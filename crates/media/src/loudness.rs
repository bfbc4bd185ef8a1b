//! Every prompt and every piece of music is brought to the same loudness, measured as people hear it (EBU R 128), so
//! that no message startles after another and none is missed.

use ebur128::{EbuR128, Mode};
use media_core::g711::SAMPLE_RATE_HZ;

/// What all are brought to, in LUFS of one channel: what speech has where it is to be understood on a telephone.
pub(crate) const LOUDNESS_LUFS: f64 = -19.0;
/// No true peak rises above −3 dB, also not by what coding adds to it: half a decibel.
const TRUE_PEAK_DB: f64 = -3.5;
/// What is quieter than the target by more is noise, and making it louder would only show it.
const GAIN_DB_MAX: f64 = 30.0;
/// Length of the windows in which peaks are held down: 5 ms.
const WINDOW: usize = 40;
/// R 128 measures blocks of 400 ms (ITU-R BS.1770-5 annex 1): a shorter sound is heard over and over until one is full.
const BLOCK: usize = SAMPLE_RATE_HZ as usize * 2 / 5;

/// How often peaks are held down at most: without them a sound is quieter than it measured, and is raised again.
const PASSES_MAX: usize = 4;

/// A sound that is as near to the target is not levelled once more: nobody hears a quarter of a decibel, and each pass
/// measures all of it again.
const NEAR_DB: f64 = 0.25;

/// Samples that a point between samples is interpolated from (ITU-R BS.1770-5 annex 2).
const TAPS: usize = 12;
/// No true peak rises over those samples by more: what their weights come to together is 1.865 halfway between two of them, where
/// it is most.
const OVERSHOOT_MAX: f64 = 1.9;

/// Brings a sound to [`LOUDNESS_LUFS`]. Peaks that would rise too high are held down smoothly, so that a click doesn't make a
/// whole message faint. Silence stays silence.
pub(crate) fn level(samples: &mut [f32]) {
    let limit = amplitude(TRUE_PEAK_DB);
    let mut raised_db = 0.0;
    for pass in 0..PASSES_MAX {
        let Some(measured) = lufs(samples).filter(|it| it.is_finite()) else {
            return;
        };
        let gain_db = (LOUDNESS_LUFS - measured).min(GAIN_DB_MAX - raised_db);
        if pass > 0 && gain_db.abs() < NEAR_DB {
            break;
        }
        let gain = amplitude(gain_db);
        let peaks = peaks(samples, limit / gain);
        if peaks.iter().all(|peak| peak * gain <= limit) {
            return scale(samples, gain);
        }
        raised_db += gain_db.max(0.0);
        hold_down(samples, gain, limit, &peaks);
    }
    // A change of gain has a peak of its own: small, and made up for here.
    let peak = highest(&peaks(samples, limit));
    if peak > limit {
        scale(samples, limit / peak);
    }
}

/// Integrated loudness as R 128 measures it: none where there is nothing to measure, not finite where nothing is heard.
fn lufs(samples: &[f32]) -> Option<f64> {
    if samples.is_empty() {
        return None;
    }
    // It refuses only rates and numbers of channels that make no sense.
    let mut meter = EbuR128::new(1, SAMPLE_RATE_HZ, Mode::I).ok()?;
    let mut heard = 0;
    while heard < samples.len().max(BLOCK) {
        meter.add_frames_f32(samples).ok()?;
        heard += samples.len();
    }
    meter.loudness_global().ok()
}

/// The true peak of each window, told exactly where it may be over `bound`; elsewhere something that is no less, and not
/// over `bound`. True peaks cost more than all else that is measured, and most of what people say is far below.
fn peaks(samples: &[f32], bound: f64) -> Vec<f64> {
    let highest = |window: &[f32]| window.iter().fold(0.0, |most: f32, it| most.max(it.abs()));
    let may_be = |window: &[f32]| f64::from(highest(window)) * OVERSHOOT_MAX;
    let windows: Vec<&[f32]> = samples.chunks(WINDOW).collect();
    let most: Vec<f64> = windows.iter().map(|window| may_be(window)).collect();
    let Ok(mut meter) = EbuR128::new(1, SAMPLE_RATE_HZ, Mode::TRUE_PEAK) else {
        return most;
    };
    // What the meter was fed last: it hears a window well only right after the one before it.
    let mut fed = None;
    let mut peaks = Vec::with_capacity(windows.len());
    for (at, window) in windows.iter().enumerate() {
        // The peak at a window's very end is seen in the next one.
        let before = at.checked_sub(1);
        let around = before.map_or(0.0, |before| most[before]).max(most[at]);
        if around <= bound {
            peaks.push(around);
            continue;
        }
        let context = before
            .filter(|_| fed != before)
            .map(|before| &windows[before][WINDOW - TAPS..]);
        let mut feed = |window| meter.add_frames_f32(window).is_ok();
        let exact = context.is_none_or(&mut feed) && feed(window);
        fed = Some(at);
        let exact = exact.then(|| meter.prev_true_peak(0).ok()).flatten();
        peaks.push(exact.unwrap_or(around));
    }
    peaks
}

fn highest(peaks: &[f64]) -> f64 {
    peaks.iter().copied().fold(0.0, f64::max)
}

/// Amplifies by `gain`, and by less around peaks that would rise over `limit`: straight lines between the windows, so
/// that there is no step, and no window with more than it or its neighbours bear.
fn hold_down(samples: &mut [f32], gain: f64, limit: f64, peaks: &[f64]) {
    let wanted = |peak: &f64| gain.min(limit / peak.max(f64::MIN_POSITIVE));
    let wanted: Vec<f64> = peaks.iter().map(wanted).collect();
    let around = |at: usize| &wanted[at.saturating_sub(1)..(at + 2).min(wanted.len())];
    let least = |at: usize| around(at).iter().copied().fold(gain, f64::min);
    for (at, window) in samples.chunks_mut(WINDOW).enumerate() {
        let (here, next) = (least(at), least((at + 1).min(wanted.len() - 1)));
        for (index, sample) in window.iter_mut().enumerate() {
            let factor = here + (next - here) * index as f64 / WINDOW as f64;
            *sample = (f64::from(*sample) * factor) as f32;
        }
    }
}

fn scale(samples: &mut [f32], gain: f64) {
    for sample in samples {
        *sample = (f64::from(*sample) * gain) as f32;
    }
}

fn amplitude(db: f64) -> f64 {
    10f64.powf(db / 20.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f64, amplitude: f64, samples: usize) -> Vec<f32> {
        let step = std::f64::consts::TAU * hertz / f64::from(SAMPLE_RATE_HZ);
        let at = |n: usize| (amplitude * (step * n as f64).sin()) as f32;
        (0..samples).map(at).collect()
    }

    /// A sound as it is measured afterwards, each window's peak in full.
    struct Levelled {
        lufs: f64,
        peak: f64,
    }

    fn levelled(mut samples: Vec<f32>) -> Levelled {
        level(&mut samples);
        Levelled {
            lufs: lufs(&samples).unwrap(),
            peak: highest(&peaks(&samples, -1.0)),
        }
    }

    #[test]
    fn peaks_over_the_bound_are_those_of_a_meter_that_hears_all() {
        // Loud and quiet in turn, with edges anywhere within windows.
        let mut sound = tone(1_234.0, 0.9, 16_000);
        for (at, sample) in sound.iter_mut().enumerate() {
            *sample *= if at / 333 % 3 == 0 { 1.0 } else { 0.01 };
        }
        let all = peaks(&sound, -1.0);
        for bound in [0.05, 0.3, 0.6, 0.95] {
            let told = peaks(&sound, bound);
            for (at, (exact, told)) in all.iter().zip(&told).enumerate() {
                let right = (exact - told).abs() < 1e-6 || (exact <= told && *told <= bound);
                assert!(right, "window {at}: {told}, not {exact}, over {bound}");
            }
            assert!(all.iter().any(|exact| *exact > bound));
        }
    }

    #[test]
    fn loud_and_quiet_long_and_short_sounds_come_out_equally_loud() {
        for length in [400, 1_600, 3_199, 8_000, 80_000] {
            for amplitude in [0.02, 0.1, 0.5, 1.0] {
                let lufs = levelled(tone(1_000.0, amplitude, length)).lufs;
                assert!(
                    (lufs - LOUDNESS_LUFS).abs() < 0.1,
                    "{amplitude} for {length} samples: {lufs}"
                );
            }
        }
    }

    #[test]
    fn a_click_does_not_make_a_message_faint_and_no_peak_is_too_high() {
        let mut message = tone(500.0, 0.05, 16_000);
        for (at, sample) in message[4_000..4_010].iter_mut().enumerate() {
            *sample = if at % 2 == 0 { 0.9 } else { -0.9 };
        }
        let held = levelled(message);
        assert!((held.lufs - LOUDNESS_LUFS).abs() < 1.0, "{}", held.lufs);
        assert!(held.peak <= amplitude(-3.0), "{}", held.peak);
    }

    #[test]
    fn sound_that_is_all_peaks_stays_under_the_limit() {
        // 2 kHz sampled beside its crests: the true peak is 3 dB above every sample.
        let shifted = |n: usize| (std::f64::consts::FRAC_PI_2 * (n as f64 + 0.5)).sin() as f32;
        let mut bursts: Vec<f32> = (0..80_000).map(shifted).collect();
        for (at, sample) in bursts.iter_mut().enumerate() {
            *sample *= if at % 8_000 < 80 { 1.0 } else { 0.001 };
        }
        let held = levelled(bursts);
        assert!(held.peak <= amplitude(-3.0), "{}", held.peak);
    }

    #[test]
    fn what_comes_with_the_server_is_as_loud_as_what_is_imported() {
        let prompts = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../prompts");
        let mut decoder = crate::decode::Decoder::default();
        let mut files = 0;
        for group in ["sv", "en", "music"] {
            for file in std::fs::read_dir(prompts.join(group)).unwrap() {
                let path = file.unwrap().path();
                let sound = decoder.decode(&path).unwrap();
                if sound.iter().all(|sample| *sample == 0.0) {
                    continue;
                }
                let levelled = levelled(sound);
                let (lufs, peak) = (levelled.lufs, levelled.peak);
                let name = path.display();
                assert!((lufs - LOUDNESS_LUFS).abs() < 1.0, "{name}: {lufs} LUFS");
                assert!(peak <= amplitude(-3.0), "{name}: {peak}");
                files += 1;
            }
        }
        assert!(files > 400, "{files}");
    }

    #[test]
    fn silence_stays_silence_and_noise_is_not_brought_up_to_speech() {
        let mut silence = vec![0.0; 8_000];
        level(&mut silence);
        assert!(silence.iter().all(|sample| *sample == 0.0));
        level(&mut []);
        let faint = tone(1_000.0, 0.000_5, 8_000);
        let before = lufs(&faint).unwrap();
        let after = levelled(faint).lufs;
        assert!(
            (after - before - GAIN_DB_MAX).abs() < 0.1,
            "{before} to {after}"
        );
    }
}
