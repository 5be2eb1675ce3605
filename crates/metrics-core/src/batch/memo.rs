use std::{
    any::Any,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

type Shared = Arc<dyn Any + Send + Sync>;

/// What was made of a batch, each thing once: a field of batch types that have
/// [tasks](crate::wrappers::Task).
///
/// A clone is empty, since a cloned batch may be changed. A batch must not change after something was
/// made of it.
#[derive(Default)]
pub struct Memo(Mutex<Vec<(Shared, Shared)>>);

impl Memo {
    /// What was made for a key, which is known by its address and kept for that.
    pub(crate) fn get_or_make<T: Clone + Send + Sync + 'static>(
        &self,
        key: Shared,
        make: impl FnOnce() -> T,
    ) -> T {
        // Not locked meanwhile: what is made may itself be made of something in here.
        self.get(&key).unwrap_or_else(|| {
            let made = make();
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push((key, Arc::new(made.clone())));
            made
        })
    }

    fn get<T: Clone + 'static>(&self, key: &Shared) -> Option<T> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, made) = kept.iter().find(|(other, _)| Arc::ptr_eq(other, key))?;
        made.downcast_ref().cloned()
    }
}

impl Clone for Memo {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memo")
    }
}
