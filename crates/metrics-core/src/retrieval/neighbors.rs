//! The nearest items of a gallery, for each query.

use crate::{
    MetricError,
    batch::Documents,
    ops::{
        self,
        pairwise::{self, Measure, Plan},
    },
    pairwise::{check, wide},
};
use burn::tensor::{Bool, Int, Tensor};

/// How alike two embeddings are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Similarity {
    /// The cosine of their angle; 0 of an embedding of zeros.
    #[default]
    Cosine,
    /// Their product.
    Dot,
    /// The negative of their Euclidean distance.
    Euclidean,
}

/// The `k` items of a gallery that are most alike to each of `Q` queries.
#[derive(Debug, Clone)]
pub struct Neighbors {
    scores: Tensor<2>,
    items: Tensor<2, Int>,
    /// How many items there are.
    gallery: usize,
    /// Whether queries are the items themselves.
    own: bool,
}

/// Finds the `k` items of `gallery [G, D]` that are most alike to each of `queries [Q, D]`, or without a gallery the other queries.
///
/// Exact, in tiles: it takes memory for `Q * k` scores and numbers, and for a tile, never for `Q * G`. If there are fewer than `k`
/// items, all are found. Of equally similar ones in host memory the first are found. A similarity that is NaN comes before all, so that it is
/// seen. [`Neighbors::documents`] makes documents of the items, for all metrics of retrieval: recall, precision and hit rate at `k`, and
/// MAP@R by [`RetrievalMap::at_r`](crate::retrieval::RetrievalMetric::at_r), for which `k` must be at least the number of relevant items of
/// a query.
///
/// ```
/// use burn::tensor::{Device, Int, Tensor};
/// use metrics_core::{Metric, retrieval::{RetrievalMap, RetrievalRecall, Similarity, nearest}};
///
/// let device = Device::default();
/// let embeddings = Tensor::<2>::from_floats([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.6, 0.5]], &device);
/// let labels = Tensor::<1, Int>::from_ints([0, 0, 1, 1], &device);
/// let neighbors = nearest(embeddings, None, Similarity::Cosine, 2)?;
/// let documents = neighbors.documents(labels, None)?;
/// assert_eq!(RetrievalRecall::new().top_k(1).evaluate(&documents)?.scalar(), Some(0.75));
/// assert_eq!(RetrievalMap::new().at_r().evaluate(&documents)?.scalar(), Some(0.75));
/// # Ok::<(), metrics_core::MetricError>(())
/// ```
///
/// # Errors
/// [`MetricError::ShapeMismatch`] for embeddings of different widths, and for a dimension of 0; [`MetricError::DTypeMismatch`];
/// [`MetricError::DeviceMismatch`]; [`MetricError::InvalidOption`] for a `k` of 0; [`MetricError::TooFew`] for one query and no gallery.
pub fn nearest(
    queries: Tensor<2>,
    gallery: Option<Tensor<2>>,
    similarity: Similarity,
    k: usize,
) -> Result<Neighbors, MetricError> {
    let queries = queries.without_autodiff();
    let gallery = gallery.map(Tensor::without_autodiff);
    check(&queries, gallery.as_ref())?;
    let own = gallery.is_none();
    let items = gallery.as_ref().unwrap_or(&queries).dims()[0];
    if k == 0 {
        let what = "`retrieval::nearest`: k is 0, and must be at least 1";
        return Err(MetricError::InvalidOption(what.into()));
    }
    let most = items - usize::from(own);
    if most == 0 {
        return Err(MetricError::TooFew {
            needed: 2,
            found: items as u64,
        });
    }
    let plan = Plan {
        measure: match similarity {
            Similarity::Cosine => Measure::Cosine,
            Similarity::Dot => Measure::Linear,
            Similarity::Euclidean => Measure::Minkowski(2.0),
        },
        zero_diagonal: own,
    };
    let (scores, found) = pairwise::nearest(wide(queries), gallery.map(wide), plan, k.min(most));
    Ok(Neighbors {
        scores,
        items: found,
        gallery: items,
        own,
    })
}

/// The most pairs of labels that are compared at a time.
const PAIRS: usize = 1 << 22;

impl Neighbors {
    /// How alike the items are `[Q, k]`, falling.
    pub fn scores(&self) -> &Tensor<2> {
        &self.scores
    }

    /// The numbers of the items `[Q, k]`.
    pub fn items(&self) -> &Tensor<2, Int> {
        &self.items
    }

    /// The items as documents of the queries, relevant if their label is that of the query. Relevant items that are not among the
    /// `k` are counted, see [`Documents::with_relevant`]. Without a gallery its labels are those of the queries.
    ///
    /// # Errors
    /// [`MetricError::ShapeMismatch`] unless there is one label for each query and each item; [`MetricError::DeviceMismatch`].
    pub fn documents(
        &self,
        queries: Tensor<1, Int>,
        gallery: Option<Tensor<1, Int>>,
    ) -> Result<Documents, MetricError> {
        let items = gallery.unwrap_or_else(|| queries.clone());
        let [n, k] = self.scores.dims();
        for (name, labels, expected) in [
            ("labels of queries", &queries, n),
            ("labels of the gallery", &items, self.gallery),
        ] {
            if labels.dims()[0] != expected {
                return Err(MetricError::ShapeMismatch {
                    left_name: name,
                    left: labels.dims().to_vec(),
                    right_name: "embeddings",
                    right: vec![expected],
                    hint: ": each has one label",
                });
            }
            crate::batch::same_device(name, labels.device(), "embeddings", self.scores.device())?;
        }
        let (queries, items) = if queries.dtype() == items.dtype() {
            (queries, items)
        } else {
            (ops::as_i32(queries), ops::as_i32(items))
        };
        let same = |queries: Tensor<1, Int>, items: Tensor<2, Int>| -> Tensor<2, Bool> {
            let shape = items.dims();
            queries.reshape([shape[0], 1]).expand(shape).equal(items)
        };
        let found = items.clone().select(0, self.items.clone().flatten(0, 1));
        let relevance = same(queries.clone(), found.reshape([n, k]));
        let rows = (PAIRS / self.gallery).clamp(1, n);
        let counts = (0..n).step_by(rows).map(|first| {
            let own = queries.clone().narrow(0, first, rows.min(n - first));
            let shape = [own.dims()[0], self.gallery];
            let all = items.clone().reshape([1, self.gallery]).expand(shape);
            let count = same(own, all).int().sum_dim(1).flatten::<1>(0, 1);
            count - i32::from(self.own)
        });
        let counts = Tensor::cat(counts.collect(), 0);
        Documents::by_query(self.scores.clone(), relevance)?.with_relevant(counts)
    }
}
