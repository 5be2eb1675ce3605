//! From SVG to pixels.

use super::{Plot, PlotError};
use resvg::{
    tiny_skia::{Color, Pixmap, Transform},
    usvg::{Options, Tree, fontdb},
};
use std::sync::{Arc, LazyLock};

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
    let options = Options {
        fontdb: FONTS.clone(),
        ..Options::default()
    };
    let tree =
        Tree::from_str(plot.svg(), &options).map_err(|e| PlotError::Render(e.to_string()))?;
    let mut pixels =
        Pixmap::new(width as u32, height as u32).ok_or(PlotError::Size { width, height })?;
    pixels.fill(Color::WHITE);
    let own = tree.size();
    let transform = Transform::from_scale(width / own.width(), height / own.height());
    resvg::render(&tree, transform, &mut pixels.as_mut());
    pixels
        .encode_png()
        .map_err(|e| PlotError::Render(e.to_string()))
}
