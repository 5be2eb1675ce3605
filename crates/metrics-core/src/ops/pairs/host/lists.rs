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
        ops::host::{counters, doubles, floats},
        pass::{grow, put},
    };

    for placed in &plan.sinks {
        match &placed.sink {
            PairSink::Ranks { .. } if pairs.is_wide() => doubles(&pairs.pred, |pred| {
                doubles(&pairs.target, |target| {
                    let list = grow(&mut placed.lists_of(lists)[0], 4 * pred.len());
                    let numbers = pred.iter().zip(target).flat_map(|(p, t)| [*p, *t]);
                    put(list, numbers);
                });
            }),
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
                    doubles(&terms, |terms| {
                        let counts = placed.counts_of(counts);
                        let rows = codes.iter().zip(terms.chunks_exact(width.max(1)));
                        let numbers = rows.map(|(code, terms)| {
                            counts[code.unsigned_abs() as usize] += 1;
                            if *code < 0 { f64::NAN } else { terms[0] }
                        });
                        let list = &mut placed.lists_of(lists)[0];
                        if pairs.is_wide() {
                            put(grow(list, 2 * codes.len()), numbers);
                        } else {
                            let list = grow(list, codes.len()).iter_mut();
                            list.zip(numbers)
                                .for_each(|(list, term)| *list = (term as f32).to_bits());
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
