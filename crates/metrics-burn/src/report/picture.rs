//! Pictures of pixels, such as predicted masks beside their targets.

use crate::plot::{PlotError, escape};
use resvg::tiny_skia::{IntSize, Pixmap};
use serde::{Deserialize, Serialize};

/// A picture for a [`RunReport`](super::RunReport).
///
/// ```
/// use metrics_burn::report::Picture;
///
/// let red_and_blue = [[255, 0, 0], [0, 0, 255]];
/// let picture = Picture::new("Two pixels", 2, &red_and_blue)?;
/// assert_eq!(&picture.png()[1..4], b"PNG");
/// # Ok::<(), metrics_burn::plot::PlotError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    pub(super) caption: String,
    pub(super) width: u32,
    pub(super) height: u32,
    png: Vec<u8>,
}

impl Picture {
    /// From pixels in red, green and blue, row by row, of `width` pixels each.
    ///
    /// # Errors
    /// [`PlotError::Size`] unless they are whole rows, and some.
    pub fn new(
        caption: impl Into<String>,
        width: usize,
        pixels: &[[u8; 3]],
    ) -> Result<Self, PlotError> {
        let height = pixels.len().checked_div(width).unwrap_or(0);
        let wrong = PlotError::Size {
            width: width as f32,
            height: height as f32,
        };
        if height * width != pixels.len() {
            return Err(wrong);
        }
        let data = pixels.iter().flat_map(|[r, g, b]| [*r, *g, *b, 255]);
        let size = IntSize::from_wh(width as u32, height as u32);
        let Some(map) = size.and_then(|size| Pixmap::from_vec(data.collect(), size)) else {
            return Err(wrong);
        };
        let png = map.encode_png();
        Ok(Self {
            caption: caption.into(),
            width: map.width(),
            height: map.height(),
            png: png.map_err(|error| PlotError::Render(error.to_string()))?,
        })
    }

    /// The picture as a PNG file.
    pub fn png(&self) -> &[u8] {
        &self.png
    }

    /// The file in the text of a page.
    pub(super) fn uri(&self) -> String {
        const DIGITS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut uri = "data:image/png;base64,".to_string();
        for part in self.png.chunks(3) {
            let mut bytes = [0; 4];
            bytes[1..=part.len()].copy_from_slice(part);
            let bits = u32::from_be_bytes(bytes);
            for place in 0..4 {
                uri.push(if place <= part.len() {
                    DIGITS[(bits >> (18 - 6 * place) & 63) as usize] as char
                } else {
                    '='
                });
            }
        }
        uri
    }
}

/// The pictures of a page.
pub(super) fn figures(pictures: &[Picture]) -> String {
    let figures: String = pictures
        .iter()
        .map(|picture| {
            let caption = escape(&picture.caption);
            format!(
                "<figure><img src=\"{}\" width=\"{}\" height=\"{}\" alt=\"{caption}\" \
                 style=\"width:100%;height:auto;image-rendering:pixelated\">\
                 <figcaption>{caption}</figcaption></figure>\n",
                picture.uri(),
                picture.width,
                picture.height
            )
        })
        .collect();
    if figures.is_empty() {
        return figures;
    }
    format!("<div class=\"figures\">\n{figures}</div>\n")
}
