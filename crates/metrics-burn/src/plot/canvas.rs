//! Lines, rectangles and text on an SVG.

use super::palette::{INK, MUTED, SURFACE, Shade};
use plotters::{
    backend::{DrawingBackend, SVGBackend},
    style::{
        Color, FontDesc, FontFamily, FontStyle, FontTransform, ShapeStyle, TextStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

/// A point in pixels.
pub type Point = (f64, f64);

/// The number of the backend's units in a pixel: the backend knows whole units only.
const UNITS: f64 = 8.0;

/// Sizes of text, in pixels.
pub const TITLE: f64 = 15.0;
pub const TEXT: f64 = 12.0;

/// How much is seen of what is nearly transparent.
pub const PALE: f64 = 0.3;

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy)]
pub enum Align {
    Left,
    Center,
    Right,
}

/// What a legend shows beside a name: the mark as it is drawn.
#[derive(Debug, Clone, Copy)]
pub enum Swatch {
    Area,
    /// An area that is nearly transparent.
    Pale,
    Line,
    Dashes,
    Ring,
}

/// A mark, its colour and its name.
pub type Entry = (Swatch, Shade, String);

/// Draws on an SVG in memory. Writing to memory cannot fail, so the backend's results are
/// ignored.
pub struct Canvas<'a> {
    backend: SVGBackend<'a>,
}

impl Canvas<'_> {
    /// The SVG of a drawing, with a name for screen readers.
    pub fn draw(label: &str, width: f64, height: f64, drawing: impl FnOnce(&mut Canvas)) -> String {
        let mut svg = String::new();
        let mut canvas = Canvas {
            backend: SVGBackend::with_string(
                &mut svg,
                ((width * UNITS) as u32, (height * UNITS) as u32),
            ),
        };
        canvas.rect((0.0, 0.0), (width, height), SURFACE, 1.0);
        drawing(&mut canvas);
        let _ = canvas.backend.present();
        drop(canvas);
        // The backend's own first tag says units instead of pixels.
        let body = svg.split_once('>').map_or("", |(_, body)| body);
        // What these say holds anyway; no text can contain them, since its quotes are escaped.
        let body = body
            .replace(" opacity=\"1\"", "")
            .replace(" stroke=\"none\"", "");
        let (w, h) = (width * UNITS, height * UNITS);
        let label = escape(label);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {w} {h}\" role=\"img\" aria-label=\"{label}\" \
             stroke-linejoin=\"round\" stroke-linecap=\"round\">\n<title>{label}</title>{body}"
        )
    }

    pub fn line(&mut self, points: &[Point], shade: Shade, width: f64, opacity: f64) {
        let path: Vec<_> = points.iter().map(|point| units(*point)).collect();
        let _ = self.backend.draw_path(path, &style(shade, width, opacity));
    }

    /// A line of dashes.
    pub fn dashes(&mut self, from: Point, to: Point, shade: Shade, width: f64) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        let dash = 5.0;
        let along = |at: f64| {
            let part = (at / length).min(1.0);
            (from.0 + dx * part, from.1 + dy * part)
        };
        for i in 0..(length / (2.0 * dash)).ceil().min(1e3) as usize {
            let start = i as f64 * 2.0 * dash;
            self.line(&[along(start), along(start + dash)], shade, width, 1.0);
        }
    }

    /// A filled rectangle; nothing if it has no area, which renderers warn of.
    pub fn rect(&mut self, corner: Point, other: Point, shade: Shade, opacity: f64) {
        let (a, b) = (units(corner), units(other));
        if a.0 == b.0 || a.1 == b.1 {
            return;
        }
        let low = (a.0.min(b.0), a.1.min(b.1));
        let high = (a.0.max(b.0), a.1.max(b.1));
        let filled = style(shade, 0.0, opacity);
        let _ = self.backend.draw_rect(low, high, &filled, true);
    }

    pub fn dot(&mut self, center: Point, radius: f64, shade: Shade) {
        let radius = (radius * UNITS) as u32;
        let filled = style(shade, 0.0, 1.0);
        let _ = self
            .backend
            .draw_circle(units(center), radius, &filled, true);
    }

    /// A text that is centred vertically on the point.
    pub fn text(&mut self, at: Point, align: Align, size: f64, shade: Shade, text: &str) {
        self.write(at, align, size, shade, text, FontTransform::None);
    }

    /// The same, turned to read upwards.
    pub fn upward(&mut self, at: Point, align: Align, size: f64, shade: Shade, text: &str) {
        self.write(at, align, size, shade, text, FontTransform::Rotate270);
    }

    fn write(
        &mut self,
        at: Point,
        align: Align,
        size: f64,
        shade: Shade,
        text: &str,
        transform: FontTransform,
    ) {
        let h_pos = match align {
            Align::Left => HPos::Left,
            Align::Center => HPos::Center,
            Align::Right => HPos::Right,
        };
        // The backend writes a font size that is smaller by this factor.
        let size = size * UNITS * 1.24;
        let font = FontDesc::new(FontFamily::SansSerif, size, FontStyle::Normal);
        let style = TextStyle {
            font: font.transform(transform),
            color: shade.light.to_backend_color(),
            pos: Pos::new(h_pos, VPos::Center),
        };
        let _ = self.backend.draw_text(&printable(text), &style, units(at));
    }

    /// A dot with a hole.
    pub fn ring(&mut self, center: Point, radius: f64, shade: Shade) {
        self.dot(center, radius, shade);
        self.dot(center, 0.6 * radius, SURFACE);
    }

    /// A line from one end of an interval to the other, with a tick at each end.
    pub fn whisker(&mut self, from: Point, to: Point, shade: Shade) {
        self.line(&[from, to], shade, 2.0, 1.0);
        for (x, y) in [from, to] {
            self.line(&[(x, y - 4.0), (x, y + 4.0)], shade, 2.0, 1.0);
        }
    }

    /// The title and the line below it.
    pub fn heading(&mut self, title: &str, subtitle: &str) {
        self.text((16.0, 20.0), Align::Left, TITLE, INK, &shorten(title, 52));
        self.text(
            (16.0, 40.0),
            Align::Left,
            TEXT,
            MUTED,
            &shorten(subtitle, 72),
        );
    }

    /// What the marks mean, in rows from a height on.
    pub fn legend(&mut self, top: f64, width: f64, entries: &[Entry]) {
        for ((swatch, shade, name), (x, row)) in entries.iter().zip(places(width, entries)) {
            let y = top + row as f64 * ROW;
            let (left, right) = ((x, y), (x + 16.0, y));
            match swatch {
                Swatch::Area => self.rect((x, y - 4.0), (x + 16.0, y + 4.0), *shade, 1.0),
                Swatch::Pale => self.rect((x, y - 4.0), (x + 16.0, y + 4.0), *shade, PALE),
                Swatch::Line => self.line(&[left, right], *shade, 2.0, 1.0),
                Swatch::Dashes => self.dashes(left, right, *shade, 1.5),
                Swatch::Ring => self.ring((x + 8.0, y), 5.0, *shade),
            }
            let name = shorten(name, LEGEND);
            self.text((x + 22.0, y), Align::Left, TEXT, INK, &name);
        }
    }
}

/// The height of a row of a legend.
const ROW: f64 = 18.0;
/// The longest name in a legend, in characters.
const LEGEND: usize = 28;

/// The height of a legend.
pub fn legend_height(width: f64, entries: &[Entry]) -> f64 {
    let rows = places(width, entries).last().map_or(0, |(_, row)| row + 1);
    rows as f64 * ROW
}

/// Where each entry of a legend begins, and in which row: as many in a row as it has room for.
fn places(width: f64, entries: &[Entry]) -> Vec<(f64, usize)> {
    let (mut x, mut row) = (16.0, 0);
    let place = |(_, _, name): &Entry| {
        let own = 22.0 + text_width(&shorten(name, LEGEND), TEXT);
        if x > 16.0 && x + own > width - 16.0 {
            (x, row) = (16.0, row + 1);
        }
        let place = (x, row);
        x += own + 18.0;
        place
    };
    entries.iter().map(place).collect()
}

fn units(point: Point) -> (i32, i32) {
    let unit = |pixels: f64| (pixels * UNITS).round().clamp(-1e6, 1e6) as i32;
    (unit(point.0), unit(point.1))
}

fn style(shade: Shade, width: f64, opacity: f64) -> ShapeStyle {
    ShapeStyle {
        color: shade.light.mix(opacity),
        filled: true,
        stroke_width: (width * UNITS) as u32,
    }
}

/// The approximate width of a text, in pixels.
pub fn text_width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * size * 0.54
}

/// The text, shortened to a width.
pub fn fit(text: &str, width: f64, size: f64) -> String {
    shorten(text, (width / (size * 0.54)).max(1.0) as usize)
}

/// At most `limit` characters: the start and the end, since names often differ only there.
pub fn shorten(text: &str, limit: usize) -> String {
    let count = text.chars().count();
    if count <= limit {
        return text.to_string();
    }
    let kept = limit.saturating_sub(1);
    let (start, end) = (kept.div_ceil(2), kept / 2);
    let chars = || text.chars();
    (chars().take(start).chain(['…']))
        .chain(chars().skip(count - end))
        .collect()
}

/// The text without the characters that XML cannot hold.
pub fn printable(text: &str) -> String {
    let valid = |c: char| !c.is_control() && c != '\u{fffe}' && c != '\u{ffff}';
    text.chars()
        .map(|c| if valid(c) { c } else { ' ' })
        .collect()
}

/// The text with markup escaped, for an element or an attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
