use burn::tensor::*;
use metrics_benches::{devices, logits};
use metrics_core::{batch::Multiclass, ops, *};
use std::time::Instant;
fn t(name: &str, n: usize, mut f: impl FnMut()) {
    for _ in 0..n / 10 + 1 {
        f()
    }
    let mut best = f64::MAX;
    for _ in 0..5 {
        let s = Instant::now();
        for _ in 0..n {
            f()
        }
        best = best.min(s.elapsed().as_secs_f64() / n as f64);
    }
    println!("{name:40} {:8.2} us", best * 1e6);
}
fn main() {
    let (_, d) = devices().remove(0);
    for (rows, c, n) in [(512, 10, 2000), (256, 1000, 40)] {
        let b = logits(1, rows, c, &d).remove(0);
        println!("== {rows}x{c} dtype {:?}", b.1.dtype());
        t("make batch", n, || {
            std::hint::black_box(Multiclass::from_scores(b.0.clone(), b.1.clone()).unwrap());
        });
        t("row_ranks", n, || {
            std::hint::black_box(ops::row_ranks(b.0.clone(), b.1.clone()));
        });
        t("row_scan", n, || {
            std::hint::black_box(ops::row_scan(b.0.clone(), b.1.clone()));
        });
        let ranks = ops::row_ranks(b.0.clone(), b.1.clone());
        let mut st = Some(Tensor::<1, Int>::zeros([c * c + 4], (&d, DType::I32)));
        t("confusion", n, || {
            st = Some(ops::confusion(
                st.take().unwrap(),
                ranks.clone(),
                b.1.clone(),
                ops::ConfusionOptions {
                    classes: c,
                    top_k: 1,
                    ignore_index: None,
                },
            ));
        });
        let (r, s) = ops::row_scan(b.0.clone(), b.1.clone());
        t("top_confidence", n, || {
            std::hint::black_box(ops::top_confidence(
                b.0.clone(),
                s.clone(),
                ops::ScoreKind::Auto,
            ));
        });
        t("hits", n, || {
            std::hint::black_box(ops::hits(r.clone(), b.1.clone(), None));
        });
        let mut m = MetricCollection::new().with(F1Score::multiclass(c));
        t("collection update (1 state)", n, || {
            m.update(&Multiclass::from_scores(b.0.clone(), b.1.clone()).unwrap())
                .unwrap();
        });
        t("compute+reset", if c > 100 { 10 } else { n }, || {
            m.reset();
            m.update(&Multiclass::from_scores(b.0.clone(), b.1.clone()).unwrap())
                .unwrap();
            m.compute().unwrap();
        });
        let mut m = MetricCollection::new().with(CalibrationError::multiclass(c));
        t("calibration update", n, || {
            m.update(&Multiclass::from_scores(b.0.clone(), b.1.clone()).unwrap())
                .unwrap();
        });
    }
}
