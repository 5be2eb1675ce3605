//! Lists of pairs and of terms.

use crate::{
    ops::pairs::{PairSink, Pairs},
    pass::{HostList, Plan},
};

/// Appends to the lists of the sinks that have one.
#[cfg(any(feature = "flex", feature = "ndarray"))]
pub(in crate::ops::pairs) fn append(
    pairs: &Pairs,
    plan: &Plan<PairSink>,
    counts: &mut [i32],
    lists: &mut [HostList],
) {
    use crate::{
        ops::host::{counters, floats},
        pass::grow,
    };

    for placed in &plan.sinks {
        match &placed.sink {
            PairSink::Ranks { .. } => floats(&pairs.pred, |pred| {
                floats(&pairs.target, |target| {
                    let list = grow(&mut placed.lists_of(lists)[0], 2 * pred.len());
                    let numbers = pred.iter().zip(target);
                    for (list, (pred, target)) in
                        list.as_chunks_mut::<2>().0.iter_mut().zip(numbers)
                    {
                        *list = [pred.to_bits(), target.to_bits()];
                    }
                });
            }),
            PairSink::List(terms) => {
                let (rows, terms) = terms.0.measure(pairs.of(terms.0.unit()));
                let width = terms.dims()[1];
                counters(rows.codes(), |codes| {
                    floats(&terms, |terms| {
                        let counts = placed.counts_of(counts);
                        let list = grow(&mut placed.lists_of(lists)[0], codes.len());
                        let rows = codes.iter().zip(terms.chunks_exact(width.max(1)));
                        for (list, (code, terms)) in list.iter_mut().zip(rows) {
                            counts[code.unsigned_abs() as usize] += 1;
                            let term = if *code < 0 { f32::NAN } else { terms[0] };
                            *list = term.to_bits();
                        }
                    });
                });
            }
            _ => {}
        }
    }
}

#[cfg(not(any(feature = "flex", feature = "ndarray")))]
pub(in crate::ops::pairs) fn append(
    _: &Pairs,
    _: &Plan<PairSink>,
    _: &mut [i32],
    _: &mut [HostList],
) {
}
