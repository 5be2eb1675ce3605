//! The families of batches, and their passes.

use super::{Flat, Input, Pass, Path, ReadShape, ReadState, Unread};
use crate::{
    MetricError,
    framework::delta::{Delta, HostDelta},
    ops::{
        decisions::Decisions, ensembles::Ensembles, observations::Observed, pairs::Pairs,
        rows::Rows, samples::Samples, values::Numbers,
    },
};
use burn::tensor::Device;
use std::sync::Arc;

/// The families of batches: a request and the passes of each.
macro_rules! families {
    ($($family:ident $passes:ident,)*) => {
        /// What an accumulator wants of a batch.
        #[derive(Debug, Clone)]
        pub(crate) enum Request {
            $(
                #[allow(missing_docs)]
                $family(Arc<$family>, <$family as Input>::Sink),
            )*
        }

        impl Request {
            /// Whether both are of the same batch.
            fn same_batch(&self, other: &Self) -> bool {
                match (self, other) {
                    $((Self::$family(a, _), Self::$family(b, _)) => Arc::ptr_eq(a, b),)*
                    #[allow(unreachable_patterns)]
                    _ => false,
                }
            }
        }

        $(
            impl From<(&Arc<$family>, <$family as Input>::Sink)> for Request {
                fn from((input, sink): (&Arc<$family>, <$family as Input>::Sink)) -> Self {
                    Self::$family(input.clone(), sink)
                }
            }
        )*

        /// The passes over the batches of one device, with their states.
        #[derive(Debug, Clone, Default)]
        pub(crate) struct Passes {
            $($passes: Vec<Pass<$family>>,)*
        }

        impl Passes {
            /// One pass for each batch of the requests.
            pub fn run(&mut self, requests: Vec<(Path, Request)>, device: &Device) {
                let mut rest = requests;
                while let Some((_, first)) = rest.first() {
                    let first = first.clone();
                    let (own, others): (Vec<_>, Vec<_>) = (rest.into_iter())
                        .partition(|(_, request)| request.same_batch(&first));
                    rest = others;
                    match first {
                        $(Request::$family(input, _) => {
                            let wants = own.into_iter().filter_map(|(path, request)| match request {
                                Request::$family(_, sink) => Some((path, sink)),
                                #[allow(unreachable_patterns)]
                                _ => None,
                            });
                            Pass::add(&mut self.$passes, &input, wants.collect(), device);
                        })*
                    }
                }
            }

            /// The states that are to be read from the device.
            pub fn unread(&self) -> impl Iterator<Item = Unread> {
                let none = std::iter::empty();
                $(let none = none.chain(self.$passes.iter().filter_map(Pass::unread));)*
                none
            }

            /// Gives the delta of a state what its lists on the device hold, to be condensed.
            pub fn lend(&self, state: usize, delta: &mut Delta) {
                $(self.$passes.iter().for_each(|pass| pass.lend(state, delta));)*
            }

            /// Leaves the lists of a state, which has been condensed, unread.
            pub fn leave_lists(&mut self, state: usize) {
                $(self.$passes.iter_mut().for_each(|pass| pass.leave_lists(state));)*
            }

            /// Whether no batch has come.
            pub fn is_empty(&self) -> bool {
                $(self.$passes.is_empty())&&*
            }

            /// Gives the block of every sink to its owner. `next` yields what was read of the
            /// [`unread`](Self::unread) states, in their order.
            pub fn hand_out(
                &self,
                deltas: &mut [HostDelta],
                mut next: impl FnMut(ReadShape) -> Result<ReadState, MetricError>,
            ) -> Result<(), MetricError> {
                $(for pass in &self.$passes {
                    let read = match &pass.flat {
                        Flat::Device(Some(state)) => {
                            let placed = pass.plan.sinks.iter();
                            Some(next(ReadShape {
                                counts: pass.plan.counts + 1,
                                samples: state.pieces(),
                                lists: placed.map(|placed| placed.size.lists()).sum(),
                                pieces: state.lists.count(),
                                words: state.slots > 0,
                            })?)
                        }
                        _ => None,
                    };
                    for (owner, block) in pass.blocks(read) {
                        let Some((first, parts)) = owner.split_first() else { continue };
                        deltas[*first].part_mut(parts).push_block(block);
                    }
                })*
                Ok(())
            }
        }
    };
}

families! {
    Decisions decisions,
    Rows rows,
    Pairs pairs,
    Numbers numbers,
    Ensembles ensembles,
    Observed observations,
    Samples samples,
}

/// Takes the requests of accumulators out of their deltas.
pub(crate) fn requests(deltas: &mut [Delta]) -> Vec<(Path, Request)> {
    let mut all = Vec::new();
    for (index, delta) in deltas.iter_mut().enumerate() {
        delta.take_requests(&mut vec![index], &mut all);
    }
    all
}
