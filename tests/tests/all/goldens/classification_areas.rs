//! Curves of weighted elements, and what only one of the metrics over thresholds has.

use super::{
    classification_curves::{self, averaged, options},
    runner::Run,
};
use metrics_core::classification::{Auroc, AveragePrecision, LogAuc};

/// Builds the metric of a case and runs it.
pub fn check(run: &mut Run) {
    let case = run.case;
    let args = &case.args;
    run.by_rows &= !run.has_logits();
    macro_rules! tasks {
        ($metric:ident $(, $option:ident($($value:expr),*))?) => {
            match case.task.as_deref() {
                Some("binary") => {
                    run.check(options($metric::binary(), args)$(.$option($($value),*))?)
                }
                Some("multiclass") => {
                    let metric = options($metric::multiclass(args.size("num_classes")), args);
                    run.check(averaged(metric, args)$(.$option($($value),*))?)
                }
                _ => {
                    let metric = options($metric::multilabel(args.size("num_labels")), args);
                    run.check(averaged(metric, args)$(.$option($($value),*))?)
                }
            }
        };
    }
    let certified = args.get("certified").is_some();
    match (case.metric.as_str(), args.get("fpr_range")) {
        ("LogAUC", None) => tasks!(LogAuc),
        ("LogAUC", Some(range)) => {
            let [low, high] = [0, 1].map(|end| range[end].as_f64().expect("a number"));
            tasks!(LogAuc, fpr_range(low, high))
        }
        ("AUROC", _) if certified => tasks!(Auroc, certified()),
        ("AveragePrecision", _) if certified => tasks!(AveragePrecision, certified()),
        ("AUROC", _) if args.get("interval").is_some() => {
            let level = args.float("interval").expect("a level");
            run.check(options(Auroc::binary(), args).interval(level));
        }
        _ => classification_curves::check(run),
    }
}
