//! The colours. Plots use only these colours, so that a dark page can replace them.

use plotters::style::RGBColor;

/// A colour on light ground, and its counterpart on dark ground.
#[derive(Debug, Clone, Copy)]
pub struct Shade {
    pub light: RGBColor,
    pub dark: RGBColor,
}

const fn shade(light: u32, dark: u32) -> Shade {
    Shade {
        light: rgb(light),
        dark: rgb(dark),
    }
}

const fn rgb(hex: u32) -> RGBColor {
    RGBColor((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

pub const SURFACE: Shade = shade(0xffffff, 0x161b22);
pub const INK: Shade = shade(0x1b2430, 0xe6edf3);
pub const MUTED: Shade = shade(0x5b6675, 0x9aa6b2);
pub const GRID: Shade = shade(0xe3e8ee, 0x2a323d);
pub const AXIS: Shade = shade(0xa9b4c0, 0x4c5866);
/// A curve among too many to tell apart.
pub const FAINT: Shade = shade(0xb9c3ce, 0x465260);
/// Text on the dark end of the heat.
pub const ON_HEAT: Shade = shade(0xfdfdfe, 0x0d1117);

/// Apart for colour-blind eyes too (after Okabe and Ito), in the order of use.
pub const SERIES: [Shade; 10] = [
    shade(0x0072b2, 0x4ba6e8),
    shade(0xd55e00, 0xf58a3c),
    shade(0x009e73, 0x2cc79a),
    shade(0xcc79a7, 0xe29cc4),
    shade(0xe69f00, 0xf2b632),
    shade(0x56b4e9, 0x8fd0f5),
    shade(0x6b4fa1, 0xa58fdc),
    shade(0x8c6d31, 0xc4a25c),
    shade(0x44566c, 0xb3c3d6),
    shade(0xa3b300, 0xd3e04b),
];

/// How many steps the heat has: few enough for one rule each in a style sheet.
pub const HEAT_STEPS: usize = 24;
/// The last step on which text has the colour [`INK`]. The next is far enough from it that neither text is ever
/// hard to read.
const TURN: usize = HEAT_STEPS / 2;

/// The colour of a share in `[0, 1]`: pale to strong, darker on light ground and lighter on dark.
/// Any share above 0 differs from 0.
pub fn heat(share: f64) -> Shade {
    let steps = HEAT_STEPS as f64;
    heat_step((share.clamp(0.0, 1.0) * steps).ceil() as usize)
}

fn heat_step(step: usize) -> Shade {
    if step <= TURN {
        let at = step as f64 / TURN as f64;
        Shade {
            light: ramp(&[0xf4f7fa, 0xb5d3e9, 0x4392c9], at),
            dark: ramp(&[0x1e2631, 0x1d4a72, 0x2d6da2], at),
        }
    } else {
        let at = (step.min(HEAT_STEPS) - TURN - 1) as f64 / (HEAT_STEPS - TURN - 1) as f64;
        Shade {
            light: ramp(&[0x2779b8, 0x0b559a, 0x083a6b], at),
            dark: ramp(&[0x3b83ba, 0x8cc5ee, 0xd0e9fb], at),
        }
    }
}

/// The share above which text needs the colour [`ON_HEAT`].
pub const HEAT_TURNS: f64 = TURN as f64 / HEAT_STEPS as f64;

fn ramp(stops: &[u32], at: f64) -> RGBColor {
    let place = at * (stops.len() - 1) as f64;
    let left = (place as usize).min(stops.len() - 2);
    let (from, to) = (rgb(stops[left]), rgb(stops[left + 1]));
    let mix =
        |a: u8, b: u8| (a as f64 + (b as f64 - a as f64) * (place - left as f64)).round() as u8;
    RGBColor(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

/// Every colour there is.
pub fn all() -> impl Iterator<Item = Shade> {
    [SURFACE, INK, MUTED, GRID, AXIS, FAINT, ON_HEAT]
        .into_iter()
        .chain(SERIES)
        .chain((0..=HEAT_STEPS).map(heat_step))
}

/// The colour as it stands in an SVG.
pub fn hex(color: RGBColor) -> String {
    format!("#{:02X}{:02X}{:02X}", color.0, color.1, color.2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeSet, HashMap};

    /// The least contrast of text by WCAG 2, level AA.
    const TEXT: f64 = 4.5;

    /// The contrast of two colours, as WCAG 2 defines it.
    fn contrast(a: RGBColor, b: RGBColor) -> f64 {
        let linear = |part: u8| match f64::from(part) / 255.0 {
            share if share <= 0.04045 => share / 12.92,
            share => ((share + 0.055) / 1.055).powf(2.4),
        };
        let luminance =
            |c: RGBColor| 0.2126 * linear(c.0) + 0.7152 * linear(c.1) + 0.0722 * linear(c.2);
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    fn readable(what: &str, text: Shade, ground: Shade) {
        for (mode, text, ground) in [
            ("light", text.light, ground.light),
            ("dark", text.dark, ground.dark),
        ] {
            let contrast = contrast(text, ground);
            assert!(contrast >= TEXT, "{what}, {mode}: {contrast:.2}");
        }
    }

    #[test]
    fn contrast_is_that_of_the_guidelines() {
        assert_eq!(contrast(rgb(0), rgb(0xffffff)), 21.0);
        // The greys that are given as just enough and as just not enough on white.
        assert!(contrast(rgb(0x767676), rgb(0xffffff)) >= TEXT);
        assert!(contrast(rgb(0x777777), rgb(0xffffff)) < TEXT);
    }

    #[test]
    fn text_is_readable_on_every_ground() {
        readable("text", INK, SURFACE);
        readable("names of axes", MUTED, SURFACE);
        readable("a count of 0", MUTED, heat(0.0));
        for step in 0..=10_000 {
            let share = f64::from(step) / 1e4;
            let ink = if share > HEAT_TURNS { ON_HEAT } else { INK };
            readable(&format!("a cell of {share}"), ink, heat(share));
        }
    }

    #[test]
    fn the_page_is_readable() {
        let style = include_str!("../report/style.css");
        let (light, dark) = style.split_once("prefers-color-scheme: dark").unwrap();
        let colors = |rules: &str| -> HashMap<String, RGBColor> {
            let rules = rules.split(";").filter_map(|rule| rule.rsplit_once("--"));
            let named = rules.filter_map(|(_, rule)| rule.split_once(": #"));
            named
                .filter_map(|(name, hex)| Some((name.into(), u32::from_str_radix(hex, 16).ok()?)))
                .map(|(name, hex)| (name, rgb(hex)))
                .collect()
        };
        let (light, dark) = (colors(light), colors(dark));
        let shade = |name: &str| Shade {
            light: light[name],
            dark: dark[name],
        };
        for ground in ["surface", "ground"] {
            for text in ["ink", "muted", "accent"] {
                readable(&format!("{text} on {ground}"), shade(text), shade(ground));
            }
        }
        readable("a warning", shade("warn-ink"), shade("warn-ground"));
        // The dark rules replace pictures' colours by their light ones.
        assert_eq!(hex(light["surface"]), hex(SURFACE.light));
        assert_eq!(hex(dark["surface"]), hex(SURFACE.dark));
    }

    #[test]
    fn each_colour_has_one_counterpart() {
        let lights: BTreeSet<_> = all().map(|shade| hex(shade.light)).collect();
        assert_eq!(lights.len(), all().count());
    }
}
