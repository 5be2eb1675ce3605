//! From SVG to pixels.

use super::{
    Plot, PlotError,
    canvas::{printable, shorten},
};
use resvg::{
    tiny_skia::{Color, Pixmap, Transform},
    usvg::{FontResolver, Options, Tree, fontdb, roxmltree},
};
use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

/// The one font, so that a picture looks the same on every machine.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(epaint_default_fonts::UBUNTU_LIGHT.to_vec());
    let family = fonts.faces().next().and_then(|face| face.families.first());
    if let Some((family, _)) = family.cloned() {
        fonts.set_sans_serif_family(family);
    }
    Arc::new(fonts)
});

/// The longest side that is rendered.
const LIMIT: f32 = 16_384.0;

pub(super) fn render(plot: &Plot, scale: f32) -> Result<Vec<u8>, PlotError> {
    let (width, height) = plot.size();
    let (width, height) = (
        (width as f32 * scale).round(),
        (height as f32 * scale).round(),
    );
    let fits = |side: f32| (1.0..=LIMIT).contains(&side);
    if !(fits(width) && fits(height)) {
        return Err(PlotError::Size { width, height });
    }
    let (mut tree, missing) = parse(plot.svg())?;
    if !missing.is_empty() && !plot.class_names.is_empty() {
        tree = parse(&numbered(plot, &missing)?)?.0;
    }
    let mut pixels =
        Pixmap::new(width as u32, height as u32).ok_or(PlotError::Size { width, height })?;
    pixels.fill(Color::WHITE);
    let own = tree.size();
    let transform = Transform::from_scale(width / own.width(), height / own.height());
    resvg::render(&tree, transform, &mut pixels.as_mut());
    pixels.encode_png().map_err(render_error)
}

/// The picture, and the characters that the font lacks: the first such character of each text.
fn parse(svg: &str) -> Result<(Tree, BTreeSet<char>), PlotError> {
    let missing = Arc::new(Mutex::new(BTreeSet::new()));
    let found = missing.clone();
    let options = Options {
        fontdb: FONTS.clone(),
        font_resolver: FontResolver {
            select_fallback: Box::new(move |c, _, _| {
                found
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(c);
                None
            }),
            ..FontResolver::default()
        },
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).map_err(render_error)?;
    let missing = std::mem::take(&mut *missing.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((tree, missing))
}

/// The SVG with numbers in place of the class names that have one of these characters, since boxes could
/// not be told apart.
fn numbered(plot: &Plot, missing: &BTreeSet<char>) -> Result<String, PlotError> {
    let svg = plot.svg();
    let document = roxmltree::Document::parse(svg).map_err(render_error)?;
    let (mut text, mut end) = (String::new(), 0);
    for node in document.descendants().filter(|node| node.is_text()) {
        let shown = node.text().unwrap_or_default().trim_matches('\n');
        if !shown.contains(|c| missing.contains(&c)) {
            continue;
        }
        let length = shown.chars().count();
        let is_shown = |name: &String| printable(&shorten(name, length)) == shown;
        if let Some(class) = plot.class_names.iter().position(is_shown) {
            let range = node.range();
            text += &svg[end..range.start];
            text += &class.to_string();
            end = range.end;
        }
    }
    Ok(text + &svg[end..])
}

fn render_error(error: impl std::fmt::Display) -> PlotError {
    PlotError::Render(error.to_string())
}
