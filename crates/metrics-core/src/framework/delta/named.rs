//! Blocks by name.

/// Blocks by name, of which there are few.
#[derive(Debug, Clone)]
pub(super) struct Named<T>(Vec<(&'static str, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Named<T> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, name: &str) -> Option<&T> {
        let mut blocks = self.0.iter();
        blocks.find_map(|(own, block)| (*own == name).then_some(block))
    }

    /// Moves a block out, so that a backend may update its tensor in place.
    pub fn take(&mut self, name: &str) -> Option<T> {
        let at = self.0.iter().position(|(own, _)| *own == name)?;
        Some(self.0.swap_remove(at).1)
    }

    /// The inverse of [`take`](Self::take).
    pub fn put(&mut self, name: &'static str, block: T) {
        self.0.push((name, block));
    }

    pub fn update(
        &mut self,
        name: &'static str,
        new: impl FnOnce() -> T,
        update: impl FnOnce(T) -> T,
    ) {
        let block = self.take(name).unwrap_or_else(new);
        self.put(name, update(block));
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &T)> {
        self.0.iter().map(|(name, block)| (*name, block))
    }

    /// The same names with what `f` makes of the blocks.
    pub fn try_map<U, E>(&self, mut f: impl FnMut(&T) -> Result<U, E>) -> Result<Named<U>, E> {
        let blocks = self.iter().map(|(name, block)| Ok((name, f(block)?)));
        Ok(Named(blocks.collect::<Result<_, E>>()?))
    }
}
